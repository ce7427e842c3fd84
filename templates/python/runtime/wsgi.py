"""The middleware for WSGI applications: Flask and the rest."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import Any, Final, TypeAlias

from .exchange import WANTED, Middleware
from .request import Request

Environ: TypeAlias = dict[str, Any]
StartResponse: TypeAlias = Callable[..., Callable[[bytes], object]]
Application: TypeAlias = Callable[[Environ, StartResponse], Iterable[bytes]]

_KEYS: Final = {f"HTTP_{name.upper().replace('-', '_')}": name for name in WANTED}


class WsgiMiddleware(Middleware):
    """Gives every request its context, and its answer the confirmations.

    `user(environ)` gives the user_id of the server's own session, None for nobody. It
    is asked while the application runs, so it may use what that has set up: Flask's
    `session`, say. The rest is told at `Settings`.
    """

    def __init__(
        self,
        app: Application,
        *,
        user: Callable[[Environ], str | None] | None = None,
        trusted_proxies: int = 0,
        origins: Collection[str] = (),
        api_key: str | None = None,
    ) -> None:
        super().__init__(
            user=user, trusted_proxies=trusted_proxies, origins=origins, api_key=api_key
        )
        self.app = app

    def __call__(
        self, environ: Environ, start_response: StartResponse
    ) -> Iterable[bytes]:
        """Answer one request."""
        exchange, request = self._begin(
            environ,
            headers_of(environ),
            peer=environ.get("REMOTE_ADDR"),
            scheme=environ.get("wsgi.url_scheme", "http"),
        )

        def answer(
            status: str, headers: list[tuple[str, str]], *error: Any
        ) -> Callable[[bytes], object]:
            exposed = [
                value
                for name, value in headers
                if name.lower() == "access-control-expose-headers"
            ]
            more = exchange.answer(request, _number(status), exposed)
            return start_response(status, [*headers, *more], *error)

        with request.active():
            body = self.app(environ, answer)
        file = environ.get("wsgi.file_wrapper")
        if isinstance(body, (list, tuple)) or (
            isinstance(file, type) and isinstance(body, file)
        ):
            return body  # nothing of the application runs any more
        return _Body(request, body)


def headers_of(environ: Mapping[str, Any]) -> dict[str, str]:
    """Give the headers that are read, in lower case."""
    return {name: environ[key] for key, name in _KEYS.items() if key in environ}


def _number(status: str) -> int:
    return int(status[:3]) if status[:3].isdecimal() else 0


class _Body:
    """The parts of an answer that are made while it is sent, in the context of their
    request. A server may take each from another thread.
    """

    def __init__(self, request: Request, body: Iterable[bytes]) -> None:
        self._request = request
        self._body = body
        self._parts: Iterator[bytes] | None = None

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        with self._request.active():
            parts = self._parts
            if parts is None:
                parts = self._parts = iter(self._body)
            return next(parts)

    def close(self) -> None:
        close: Any = getattr(self._body, "close", None)
        if close is not None:
            with self._request.active():
                close()
