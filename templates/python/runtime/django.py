"""The middleware for Django, for sync and async views, under WSGI and ASGI."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from importlib import import_module
from typing import Any, Final

from .asgi import headers_of as headers_of_scope
from .exchange import Exchange, Middleware, settle
from .request import Request
from .wsgi import headers_of

_OPTIONS: Final = frozenset(("api_key", "origins", "trusted_proxies", "user"))
_END: Final = object()


class DjangoMiddleware(Middleware):
    """Gives every request its context, and its answer the confirmations. It stands
    after Django's AuthenticationMiddleware.

    The setting `TRACKSIDE` has its options: `user`, a function or the dotted path of
    one, is given Django's request and answers the user_id, and may be async where all
    is; without it, it is the primary key of `request.user`. The rest is told at
    `Settings`.
    """

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: Callable[[Any], Any]) -> None:
        sync: Any = import_module("asgiref.sync")
        settings: Any = import_module("django.conf").settings
        options = dict(getattr(settings, "TRACKSIDE", None) or {})
        unknown = sorted(set(options) - _OPTIONS)
        if unknown:
            improper: Any = import_module("django.core.exceptions").ImproperlyConfigured
            raise improper(
                f"TRACKSIDE has no option {unknown[0]!r}: there are "
                f"{', '.join(sorted(_OPTIONS))}"
            )
        user = options.pop("user", None)
        if isinstance(user, str):
            user = import_module("django.utils.module_loading").import_string(user)
        self._asks_django = user is None
        self._user_is_async = user is not None and sync.iscoroutinefunction(user)
        super().__init__(user=user, **options)
        self.get_response = get_response
        self._async_mode = sync.iscoroutinefunction(get_response)
        if self._async_mode:
            sync.markcoroutinefunction(self)
        elif self._asks_django:
            self.process_view = self._look_before
        elif self._user_is_async:
            improper = import_module("django.core.exceptions").ImproperlyConfigured
            raise improper("TRACKSIDE: an async `user` wants async middleware only")

    def __call__(self, request: Any) -> Any:
        """Answer one request; a coroutine where all is async."""
        if self._async_mode:
            return self._answer_async(request)
        exchange, own = self._take(request, _logged_in)
        with own.active():
            response = self.get_response(request)
        return _told(exchange, own, response)

    def _look_before(self, request: Any, view: Any, *_: Any) -> None:
        """Look the person up before an async view of a sync server runs: no event in it
        may wait for the database.
        """
        sync: Any = import_module("asgiref.sync")
        if sync.iscoroutinefunction(view) and _has_session(request):
            try:
                _logged_in(request)
            except Exception as error:
                self.tracker.counts.problem("user_failed", error)

    async def _answer_async(self, request: Any) -> Any:
        exchange, own = self._take(request, await self._find_user(request))
        with own.active():
            response = await self.get_response(request)
        await settle(own, response.status_code)
        return _told(exchange, own, response)

    def _take(
        self, request: Any, user: Callable[[Any], str | None]
    ) -> tuple[Exchange, Request]:
        meta = request.META
        scope = getattr(request, "scope", None)
        return self._begin(
            request,
            # META joins the cookies of HTTP/2 by commas.
            headers_of(meta) if scope is None else headers_of_scope(scope),
            peer=meta.get("REMOTE_ADDR"),
            scheme=request.scheme,
            user=user if self._asks_django or self._user_is_async else None,
        )

    async def _find_user(self, request: Any) -> Callable[[Any], str | None]:
        """Look the person up before an async view runs, in which no event may wait for
        the database.

        A request without a session's cookie is nobody's and costs nothing. Django
        replaces `request.user` at a login or logout; from then on it is that one.
        """
        try:
            if self._user_is_async and self._user is not None:
                answer: Any = self._user(request)
                user_id: str | None = await answer
                return lambda _: user_id
            if (
                not self._asks_django
                or not _has_session(request)
                or not hasattr(request, "auser")
            ):
                return _nobody_until_login(request)
            found = await request.auser()
        except Exception as error:
            self.tracker.counts.problem("user_failed", error)
            return _nobody_until_login(request)
        lazy = getattr(request, "user", None)

        def now(request: Any) -> str | None:
            user = getattr(request, "user", None)
            return _id_of(found if user is lazy else user)

        return now


def _has_session(request: Any) -> bool:
    settings: Any = import_module("django.conf").settings
    return settings.SESSION_COOKIE_NAME in request.COOKIES


def _logged_in(request: Any) -> str | None:
    return _id_of(getattr(request, "user", None))


def _nobody_until_login(request: Any) -> Callable[[Any], str | None]:
    lazy = getattr(request, "user", None)

    def now(request: Any) -> str | None:
        user = getattr(request, "user", None)
        return None if user is lazy else _id_of(user)

    return now


def _id_of(user: Any) -> str | None:
    return None if user is None or not user.is_authenticated else str(user.pk)


def _told(exchange: Exchange, own: Request, response: Any) -> Any:
    """Add the headers, and keep the context for what is made while it is sent."""
    exposed = response.headers.get("Access-Control-Expose-Headers")
    for name, value in exchange.answer(
        own, response.status_code, () if exposed is None else (exposed,)
    ):
        if name == "Set-Cookie":
            response.cookies.load(value)
        elif name in response.headers:
            response.headers[name] = f"{response.headers[name]}, {value}"
        else:
            response.headers[name] = value
    # A file is left to the server, which may send it without reading it.
    if response.streaming and getattr(response, "file_to_stream", None) is None:
        parts = response.streaming_content
        response.streaming_content = (
            _parts_async(own, parts) if response.is_async else _parts(own, parts)
        )
    return response


def _parts(own: Request, parts: Any) -> Iterator[Any]:
    iterator = iter(parts)
    while True:
        with own.active():
            part = next(iterator, _END)
        if part is _END:
            return
        yield part


async def _parts_async(own: Request, parts: Any) -> AsyncIterator[Any]:
    iterator = aiter(parts)
    while True:
        with own.active():
            part = await anext(iterator, _END)
        if part is _END:
            return
        yield part
