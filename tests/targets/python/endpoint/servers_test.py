"""The endpoint under real servers, mounted in each way that the docs name, asked over a socket."""

from __future__ import annotations

import asyncio
import gzip
import http.client
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from .conftest import PERSON, Stall


@contextmanager
def uvicorn_at(app: Any) -> Iterator[int]:
    """Serve an ASGI application; give its port."""
    import socket

    import uvicorn

    with socket.create_server(("127.0.0.1", 0)) as listening:
        server = uvicorn.Server(uvicorn.Config(app, log_level="warning"))
        thread = threading.Thread(target=lambda: asyncio.run(server.serve([listening])))
        thread.start()
        try:
            yield listening.getsockname()[1]
        finally:
            server.should_exit = True
            thread.join(20)


@contextmanager
def werkzeug_at(app: Any) -> Iterator[int]:
    """Serve a WSGI application, several requests at once; give its port."""
    from werkzeug.serving import make_server

    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        thread.join(20)
        server.server_close()


def starlette_route(stall: Stall) -> Any:
    from starlette.applications import Starlette

    app = Starlette()
    app.add_route("/t", stall.module.AsgiEndpoint(user=lambda scope: PERSON))
    return app


def fastapi_mount(stall: Stall) -> Any:
    from fastapi import FastAPI

    app = FastAPI()
    app.mount("/t", stall.module.AsgiEndpoint(user=lambda scope: PERSON))
    return app


def fastapi_middleware(stall: Stall) -> Any:
    from fastapi import FastAPI

    app = FastAPI()
    app.add_middleware(stall.module.AsgiEndpoint, user=lambda scope: PERSON)
    app.get("/other")(lambda: "there")
    return app


def bare_asgi(stall: Stall) -> Any:
    return stall.module.AsgiEndpoint(user=lambda scope: PERSON)


def flask_view(stall: Stall) -> Any:
    from flask import Flask, request, session
    from werkzeug.wrappers import Response

    app = Flask("stall")
    app.secret_key = "secret"
    endpoint = stall.module.WsgiEndpoint(user=lambda environ: session.get("user", PERSON))
    app.add_url_rule("/t", "t", lambda: Response.from_app(endpoint, request.environ), methods=["POST", "OPTIONS"])
    return app


def flask_around(stall: Stall) -> Any:
    from flask import Flask

    app = Flask("stall")
    app.add_url_rule("/other", "other", lambda: "there")
    app.wsgi_app = stall.module.WsgiEndpoint(app.wsgi_app, user=lambda environ: PERSON)  # type: ignore[method-assign]
    return app


def dispatcher(stall: Stall) -> Any:
    from flask import Flask
    from werkzeug.middleware.dispatcher import DispatcherMiddleware

    endpoint = stall.module.WsgiEndpoint(user=lambda environ: PERSON)
    return DispatcherMiddleware(Flask("stall"), {"/t": endpoint})


SITES: dict[Any, Any] = {
    starlette_route: uvicorn_at,
    fastapi_mount: uvicorn_at,
    fastapi_middleware: uvicorn_at,
    bare_asgi: uvicorn_at,
    flask_view: werkzeug_at,
    flask_around: werkzeug_at,
    dispatcher: werkzeug_at,
}


def ask(port: int, body: Any, path: str = "/t", method: str = "POST", **headers: str) -> tuple[int, Any]:
    """Ask over a connection of its own, following one redirect as a browser does."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    given = {"Origin": f"http://127.0.0.1:{port}", "Content-Type": "text/plain;charset=UTF-8", **headers}
    try:
        connection.request(method, path, body, given)
        response = connection.getresponse()
        text = response.read()
        location = response.getheader("location")
        if response.status == 307 and location is not None:
            return ask(port, body, location.partition(f":{port}")[2], method, **headers)
        return response.status, json.loads(text) if text[:1] == b"{" else text
    finally:
        connection.close()


@pytest.mark.parametrize("make", SITES, ids=lambda make: make.__name__)
def test_uploads_over_a_socket(stall: Stall, make: Callable[[Stall], Any]) -> None:
    events = [stall.event("viewed", {"path": "/"}, trackside={"who": stall.who(PERSON)}) for _ in range(3)]
    body = stall.upload(*events)
    with SITES[make](make(stall)) as port:
        status, answer = ask(port, body, **{"User-Agent": "Mozilla/5.0"})
        assert (status, answer["events_ingested"], answer["payload_size_bytes"]) == (200, 3, len(body))
        parts = [body[:20], body[20:]]
        assert ask(port, parts)[0] == 200  # in chunks
        assert ask(port, body, Origin="https://evil.example")[0] == 403
        assert ask(port, b" " * 1_000_001)[0] == 413
        assert ask(port, [b" " * 60_000] * 40)[0] == 413
        assert ask(port, b"", method="GET")[0] == 405
        if make in {fastapi_middleware, flask_around}:
            assert ask(port, None, "/other", "GET")[0] == 200
        if make is not bare_asgi:
            assert ask(port, body, "/nowhere")[0] == 404
    forwarded = stall.sink.events
    assert len(forwarded) == 6
    assert {(event["user_id"], event["ip"]) for event in forwarded} == {(PERSON, "127.0.0.1")}
    assert forwarded[0]["user_agent"] == "Mozilla/5.0"


def test_a_hook_may_be_a_coroutine(stall: Stall) -> None:
    async def exists(event: str, key: Any) -> bool | None:
        await asyncio.sleep(0)
        return {"O-1": True, "O-2": False}.get(key["order"])

    with pytest.raises(TypeError, match="WSGI"):
        stall.module.WsgiEndpoint(exists=exists)
    with uvicorn_at(stall.module.AsgiEndpoint(exists=exists)) as port:
        copies = [stall.paid(f"O-{number}") for number in (1, 2, 3)]
        assert ask(port, stall.upload(*copies))[1]["trackside"] == {"known": [], "later": []}
    assert [event["event_properties"]["order"] for event in stall.sink.events] == ["O-1"]
    assert stall.dropped == {"endpoint:copy_not_a_fact": 1, "endpoint:quarantined_unclaimed_revenue": 1}


def test_many_at_once_lose_nothing(stall: Stall, outbox: Any) -> None:
    events = [[stall.event("viewed", {"path": "/"}, device_id=f"device-{n}-{m}") for m in range(5)] for n in range(40)]
    answers: list[int] = []
    with uvicorn_at(stall.module.AsgiEndpoint()) as port:

        def upload(some: list[list[dict[str, Any]]]) -> None:
            answers.extend(ask(port, stall.upload(*one))[0] for one in some)

        threads = [threading.Thread(target=upload, args=(events[start::8],)) for start in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert answers == [200] * 40
    assert outbox.store.status().waiting == 200
    assert stall.package.stats().accepted == 200


class ThreadsSink:
    """Notes which threads hand events on."""

    def __init__(self, stall: Stall, durable: bool | None) -> None:
        self.inner = stall.package.RecordingSink()
        self.threads: list[threading.Thread] = []
        if durable is not None:
            self.durable = durable

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)

    def accept(self, events: Any) -> Any:
        self.threads.append(threading.current_thread())
        return self.inner.accept(events)


@pytest.mark.parametrize(
    ("durable", "options", "events", "packed", "in_the_loop"),
    [
        (False, {}, 1, False, True),
        (False, {}, 100, False, False),  # long to read
        (False, {}, 1, True, False),  # may be long
        (False, {"exists": lambda event, key: True}, 1, False, False),
        (False, {"user": lambda scope: PERSON}, 1, False, False),  # may ask a database
        (True, {}, 1, False, False),
        (None, {}, 1, False, False),  # a sink of the application's, of which nothing is known
    ],
)
def test_only_what_waits_for_nothing_is_done_in_the_loop(
    stall: Stall, durable: bool | None, options: dict[str, Any], events: int, packed: bool, in_the_loop: bool
) -> None:
    sink = ThreadsSink(stall, durable)
    stall.package.configure(sink=sink, strict=False)
    stall.serve(asgi=True, **options)
    body = stall.upload(*(stall.event("viewed", {"path": "/"}) for _ in range(events)))
    if packed:
        assert stall.ask(gzip.compress(body), content_encoding="gzip")[0] == 200
    else:
        assert stall.ask(body)[0] == 200
    assert len(sink.inner.events) == events
    assert {thread is threading.main_thread() for thread in sink.threads} == {in_the_loop}
