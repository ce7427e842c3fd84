"""One small shop in each framework: the same paths, behind the generated middleware."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from types import SimpleNamespace
from typing import Any, NamedTuple
from wsgiref.util import setup_testing_defaults
from wsgiref.validate import validator

PERSON = "10001"
ANOTHER = "10002"


class Answer(NamedTuple):
    """What came back; names of headers are in lower case."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes

    def header(self, name: str) -> str | None:
        """Give the values of a header, joined as a browser joins them."""
        found = [value for key, value in self.headers if key == name.lower()]
        return ", ".join(found) if found else None

    def cookie(self, name: str) -> str | None:
        """Give the line that sets a cookie."""
        lines = [value for key, value in self.headers if key == "set-cookie" and value.startswith(f"{name}=")]
        assert len(lines) < 2
        return lines[0] if lines else None


class Failure(Exception):
    """What the shop fails with."""


def act(shop: Any, path: str) -> tuple[int, dict[str, str], Any]:
    """Do what a path says: status, headers, and the body or the parts of a stream."""
    track, current = shop.track, shop.Request.current
    action, _, rest = path.strip("/").partition("/")
    match action:
        case "see":
            track.seen(step=rest)
        case "buy":
            track.purchase_completed(order_id=rest)
        case "buy-many":
            for number in range(int(rest)):
                track.purchase_completed(order_id=f"ORD-{number}")
        case "buy-and-fail":
            track.purchase_completed(order_id=rest)
            raise Failure
        case "buy-with":
            status, _, order = rest.partition("/")
            track.purchase_completed(order_id=order)
            return int(status), {"Location": "/see/thanks"}, b""
        case "buy-exposed":
            track.purchase_completed(order_id=rest)
            return 200, {"Access-Control-Expose-Headers": "X-Own"}, b"done"
        case "declined":
            current().no_fact()
        case "version":
            shop.set_context(app_version=rest)
            track.seen(step="versioned")
        case "sign-up":
            if rest:
                current().set_attempt(rest)
            track.signed_up()
        case "consents":
            track.seen(step="consents")
            track.offered()
            track.invoiced()
        case "dump":
            return 200, {}, shop.Context.current().dump().encode()
        case "in-transaction":
            with shop.sink.using(shop.connection):
                track.purchase_completed(order_id="ORD-1")
                track.promise_paid_by_bank(order_id="ORD-1")
            if rest == "commit":
                shop.connection.commit()
            elif rest == "rollback":
                shop.connection.rollback()
        case "thread":
            context = copy_context()
            threads = [
                threading.Thread(target=lambda: context.run(track.seen, step="copied")),
                threading.Thread(target=lambda: track.seen(step="bare")),
            ]
            for thread in threads:
                thread.start()
                thread.join()
            with ThreadPoolExecutor(1) as pool:
                passed = shop.Context.current()
                pool.submit(lambda: track.seen(step="passed", context=passed)).result()
    return 200, {}, b"done"


def parts(shop: Any) -> Iterator[bytes]:
    """Stream, and send events while the answer is on its way."""
    shop.track.seen(step="first part")
    yield b"1"
    shop.track.purchase_completed(order_id="ORD-LATE")
    yield b"2"
    shop.track.seen(step="last part")


async def parts_async(shop: Any) -> AsyncIterator[bytes]:
    """Do the same in async code."""
    shop.track.seen(step="first part")
    yield b"1"
    await asyncio.sleep(0)
    shop.track.purchase_completed(order_id="ORD-LATE")
    yield b"2"
    await asyncio.sleep(0)
    shop.track.seen(step="last part")


async def in_tasks(shop: Any) -> None:
    """Send from a task, and from the event loop's pool of threads."""

    async def task() -> None:
        await asyncio.sleep(0)
        shop.track.seen(step="task")

    await asyncio.create_task(task())
    await asyncio.to_thread(shop.track.seen, step="pool")


# --- the frameworks ---


def flask_site(shop: Any, **options: Any) -> Callable[..., Answer]:
    """Flask; the person is in Flask's own session, which the middleware's `user` reads while a view runs."""
    import flask

    app = flask.Flask("shop")
    app.secret_key = "a test's secret"

    @app.route("/<path:path>", methods=["GET", "POST"])
    def view(path: str) -> Any:
        if path.startswith("log-in/"):
            shop.track.seen(step="before")
            flask.session["user_id"] = path.removeprefix("log-in/")
            shop.track.seen(step="after")
            return "done"
        if path == "log-out":
            shop.track.seen(step="before")
            flask.session.clear()
            shop.track.seen(step="after")
            return "done"
        if path == "stream":
            return flask.Response(flask.stream_with_context(parts(shop)))
        status, headers, body = act(shop, path)
        return flask.Response(body, status, headers)

    options.setdefault("user", lambda environ: flask.session.get("user_id"))
    app.wsgi_app = shop.middleware.WsgiMiddleware(app.wsgi_app, **options)  # type: ignore[method-assign]
    return wsgi_client(app)


class Cookies:
    """Cookies as a browser keeps them."""

    def __init__(self) -> None:
        self._kept: dict[str, str] = {}

    def header(self, own: str) -> list[str]:
        """Give the Cookie headers of a request: the test's own, and what was kept."""
        return [cookie for cookie in (own, *[f"{name}={value}" for name, value in self._kept.items()]) if cookie]

    def keep(self, answer: Answer) -> Answer:
        """Keep what an answer sets."""
        for name, value in answer.headers:
            if name == "set-cookie":
                key, _, text = value.split(";")[0].partition("=")
                self._kept[key] = text
                if text in {"", '""'} or "max-age=0" in value.lower() or "01 Jan 1970" in value:
                    del self._kept[key]
        return answer


def wsgi_client(app: Any) -> Callable[..., Answer]:
    """Ask a WSGI application as a server would; the standard library checks that all keep to the protocol."""
    cookies = Cookies()
    checked = validator(app)

    def ask(path: str, headers: dict[str, str] | None = None, method: str = "GET") -> Answer:
        own = dict(headers or {})
        joined = "; ".join(cookies.header(own.pop("Cookie", "")))
        environ: dict[str, Any] = {
            "REQUEST_METHOD": method,
            "PATH_INFO": path,
            "QUERY_STRING": "",
            "SCRIPT_NAME": "",
            "REMOTE_ADDR": "198.51.100.7",
            **{f"HTTP_{name.upper().replace('-', '_')}": value for name, value in own.items()},
            **({"HTTP_COOKIE": joined} if joined else {}),
        }
        setup_testing_defaults(environ)
        started: list[Any] = []

        def start_response(status: str, found: list[tuple[str, str]], error: Any = None) -> Any:
            started[:] = [int(status[:3]), [(name.lower(), value.strip()) for name, value in found]]
            return lambda data: None

        try:
            parts = checked(environ, start_response)
            try:
                body = b"".join(parts)
            finally:
                parts.close()  # type: ignore[attr-defined]
        except Failure:
            return Answer(500, [], b"")
        return cookies.keep(Answer(*started, body))

    return ask


def asgi_client(app: Any) -> Callable[..., Answer]:
    """Ask an ASGI application as a server would."""
    cookies = Cookies()

    def ask(path: str, headers: dict[str, str] | None = None, method: str = "GET") -> Answer:
        own = dict(headers or {})
        sent = cookies.header(own.pop("Cookie", ""))  # HTTP/2 sends each by itself
        pairs = [*own.items(), *[("Cookie", cookie) for cookie in sent]]
        return cookies.keep(asyncio.run(exchange(app, path, pairs, method)))

    return ask


async def exchange(app: Any, path: str, headers: list[tuple[str, str]], method: str = "GET") -> Answer:
    """Make one request of an ASGI application; an exception is an answer of 500, as a server gives it."""
    sent: list[Any] = []
    asked = False

    async def receive() -> Any:
        nonlocal asked
        if asked:
            await asyncio.sleep(60)  # the client stays
        asked = True
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "http_version": "2",
        "method": method,
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": [(b"host", b"testserver"), *[(name.lower().encode(), value.encode()) for name, value in headers]],
        "client": ("198.51.100.7", 4711),
        "server": ("testserver", 80),
    }
    with contextlib.suppress(Failure):
        await app(scope, receive, send)
    if not sent:
        return Answer(500, [], b"")
    start, *rest = sent
    found = [(name.decode().lower(), value.decode()) for name, value in start["headers"]]
    return Answer(start["status"], found, b"".join(message.get("body", b"") for message in rest))


def starlette_app(shop: Any, **options: Any) -> Any:
    """Starlette; the session's middleware is inside ours, and is read all the same."""
    from starlette.applications import Starlette
    from starlette.middleware import Middleware
    from starlette.middleware.sessions import SessionMiddleware
    from starlette.responses import Response, StreamingResponse
    from starlette.routing import Route, WebSocketRoute

    async def view(request: Any) -> Any:
        path = request.path_params["path"]
        if path.startswith("log-in/"):
            shop.track.seen(step="before")
            request.session["user_id"] = path.removeprefix("log-in/")
            shop.track.seen(step="after")
            return Response(b"done")
        if path == "log-out":
            shop.track.seen(step="before")
            request.session.clear()
            shop.track.seen(step="after")
            return Response(b"done")
        if path == "stream":
            return StreamingResponse(parts_async(shop))
        if path == "stream-in-threads":
            return StreamingResponse(parts(shop))
        if path.startswith("tasks"):
            await in_tasks(shop)
        status, headers, body = act(shop, path)
        return Response(body, status, headers)

    async def socket(websocket: Any) -> None:
        await websocket.accept()
        async for text in websocket.iter_text():
            shop.track.purchase_completed(order_id=text)
            confirmed = shop.Request.current().confirmed
            await websocket.send_text(" ".join(confirmed))

    options.setdefault("user", lambda scope: scope["session"].get("user_id"))
    return Starlette(
        routes=[
            Route("/{path:path}", view, methods=["GET", "POST"]),
            WebSocketRoute("/socket", socket),
        ],
        middleware=[
            Middleware(shop.middleware.AsgiMiddleware, **options),
            Middleware(SessionMiddleware, secret_key="a test's secret"),
        ],
    )


def starlette_site(shop: Any, **options: Any) -> Callable[..., Answer]:
    return asgi_client(starlette_app(shop, **options))


def fastapi_site(shop: Any, **options: Any) -> Callable[..., Answer]:
    """FastAPI with plain functions, which run in its pool of threads; so does the dependency that sets the context."""
    import fastapi
    from fastapi.responses import Response, StreamingResponse
    from starlette.middleware.sessions import SessionMiddleware

    app = fastapi.FastAPI()

    def version(request: fastapi.Request) -> None:
        asked = request.headers.get("x-version")
        if asked:
            shop.set_context(app_version=asked)

    def view(path: str, request: fastapi.Request) -> Any:
        if path.startswith("log-in/"):
            shop.track.seen(step="before")
            request.session["user_id"] = path.removeprefix("log-in/")
            shop.track.seen(step="after")
            return "done"
        if path == "log-out":
            shop.track.seen(step="before")
            request.session.clear()
            shop.track.seen(step="after")
            return "done"
        if path == "stream":
            return StreamingResponse(parts(shop))
        status, headers, body = act(shop, path)
        return Response(body, status, headers)

    # Annotations of functions inside a function are text that FastAPI cannot look up.
    view.__annotations__ = {"path": str, "request": fastapi.Request}
    version.__annotations__ = {"request": fastapi.Request}
    app.api_route("/{path:path}", methods=["GET", "POST"], dependencies=[fastapi.Depends(version)])(view)
    app.add_middleware(SessionMiddleware, secret_key="a test's secret")
    options.setdefault("user", lambda scope: scope["session"].get("user_id"))
    app.add_middleware(shop.middleware.AsgiMiddleware, **options)
    return asgi_client(app)


def django_views(shop: Any) -> tuple[Any, Any]:
    """Give two lists of paths, of plain views and of async ones."""
    from django.contrib import auth
    from django.http import HttpResponse, StreamingHttpResponse
    from django.urls import path as route

    def view(request: Any, path: str) -> Any:
        if path.startswith("log-in/"):
            shop.track.seen(step="before")
            auth.login(request, auth.get_user_model().objects.get(pk=path.removeprefix("log-in/")))
            shop.track.seen(step="after")
            return HttpResponse(b"done")
        if path == "log-out":
            shop.track.seen(step="before")
            auth.logout(request)
            shop.track.seen(step="after")
            return HttpResponse(b"done")
        if path == "stream":
            return StreamingHttpResponse(parts(shop))
        status, headers, body = act(shop, path)
        return HttpResponse(body, status=status, headers=headers)

    async def view_async(request: Any, path: str) -> Any:
        if path.startswith("log-in/"):
            shop.track.seen(step="before")
            user = await auth.get_user_model().objects.aget(pk=path.removeprefix("log-in/"))
            await auth.alogin(request, user)
            shop.track.seen(step="after")
            return HttpResponse(b"done")
        if path == "log-out":
            shop.track.seen(step="before")
            await auth.alogout(request)
            shop.track.seen(step="after")
            return HttpResponse(b"done")
        if path == "stream":
            return StreamingHttpResponse(parts_async(shop))
        if path.startswith("tasks"):
            await in_tasks(shop)
        status, headers, body = act(shop, path)
        return HttpResponse(body, status=status, headers=headers)

    return (
        SimpleNamespaceOfPaths(urlpatterns=[route("<path:path>", view)]),
        SimpleNamespaceOfPaths(urlpatterns=[route("<path:path>", view_async)]),
    )


class SimpleNamespaceOfPaths(SimpleNamespace):
    """A list of paths that Django can keep in a cache."""

    __hash__ = object.__hash__
