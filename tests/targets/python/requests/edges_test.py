"""What only some frameworks have, what a program may get wrong, and many requests at once."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from . import sites
from .conftest import Site
from .frameworks_test import DEVICE, HEADER, context_text, listed
from .sites import ANOTHER, PERSON

SOCKET = {
    "type": "websocket",
    "asgi": {"version": "3.0"},
    "http_version": "1.1",
    "scheme": "ws",
    "path": "/socket",
    "raw_path": b"/socket",
    "query_string": b"",
    "root_path": "",
    "headers": [(b"host", b"testserver"), (b"trackside-context", context_text().encode())],
    "client": ("198.51.100.7", 4711),
    "server": ("testserver", 80),
    "subprotocols": [],
}


def test_a_websocket_has_its_context_as_long_as_it_lives(shop: Any) -> None:
    incoming = [
        {"type": "websocket.connect"},
        {"type": "websocket.receive", "text": "ORD-1"},
        {"type": "websocket.receive", "text": "ORD-2"},
        {"type": "websocket.disconnect", "code": 1000},
    ]
    sent: list[Any] = []

    async def receive() -> Any:
        await asyncio.sleep(0)
        return incoming.pop(0)

    async def send(message: Any) -> None:
        sent.append(message)

    asyncio.run(sites.starlette_app(shop)(SOCKET, receive, send))
    first, second = [event["insert_id"] for event in shop.sink.events]
    assert [event["device_id"] for event in shop.sink.events] == [DEVICE, DEVICE]
    # Its messages are the program's own: it says itself what is confirmed, at any time.
    assert [message["text"] for message in sent[1:]] == [first, f"{first} {second}"]
    assert shop.stats().problems == {}
    assert not [name for name, _ in sent[0].get("headers", ()) if name.startswith(b"trackside")]


def test_other_scopes_are_passed_on(shop: Any) -> None:
    seen: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        seen.append((scope["type"], shop.Context.current()))

    asyncio.run(shop.middleware.AsgiMiddleware(app)({"type": "lifespan"}, None, None))
    assert seen == [("lifespan", None)]


def test_starlette_s_own_middlewares_and_background_tasks_have_the_context(shop: Any) -> None:
    from starlette.applications import Starlette
    from starlette.background import BackgroundTask
    from starlette.middleware import Middleware
    from starlette.middleware.base import BaseHTTPMiddleware
    from starlette.responses import Response
    from starlette.routing import Route

    class Outer(BaseHTTPMiddleware):
        async def dispatch(self, request: Any, call_next: Any) -> Any:
            return await call_next(request)

    class Inner(BaseHTTPMiddleware):
        async def dispatch(self, request: Any, call_next: Any) -> Any:
            shop.track.seen(step="inner, before")
            response = await call_next(request)
            shop.track.seen(step="inner, after")
            return response

    def later() -> None:
        shop.track.seen(step="background")
        shop.track.purchase_completed(order_id="ORD-LATE")

    async def view(request: Any) -> Any:
        shop.track.purchase_completed(order_id="ORD-1")
        return Response(b"done", background=BackgroundTask(later))

    app = Starlette(
        routes=[Route("/buy", view)],
        middleware=[Middleware(Outer), Middleware(shop.middleware.AsgiMiddleware), Middleware(Inner)],
    )
    site = Site("starlette", shop, sites.asgi_client(app))
    answer = site.ask("/buy", HEADER)
    assert len(listed(answer)) == 2
    assert site.steps("device_id") == dict.fromkeys(("inner, before", "inner, after", "background"), DEVICE)
    assert shop.stats().problems == {"confirmed_too_late": 1}


def test_a_dependency_in_another_thread_sets_the_context_of_the_request(build: Callable[..., Site]) -> None:
    site = build("fastapi")
    site.ask("/see/with", {**HEADER, "X-Version": "3.1"})
    site.ask("/see/without", HEADER)
    versions = [event["event_properties"].get("app_version") for event in site.events]
    assert versions == ["3.1", None]


# --- who is logged in ---


def test_a_person_who_cannot_be_asked_for_is_counted(build: Callable[..., Site]) -> None:
    site = build("flask", user=lambda environ: environ["no such key"])
    assert site.ask("/see/it", HEADER).status == 200
    assert "user_id" not in site.events[0]
    assert site.shop.stats().problems == {"user_failed": 1}


@pytest.mark.parametrize("wrong", [42, "42", "", "null"])
def test_a_user_id_that_is_none_refuses_the_event(build: Callable[..., Site], wrong: Any) -> None:
    site = build("starlette", user=lambda scope: wrong)
    site.ask("/see/it", HEADER)
    assert site.events == []
    assert site.shop.stats().violations == {"seen.user_id": 1}


def test_a_scope_may_tell_the_person(build: Callable[..., Site]) -> None:
    site = build("fastapi", user=lambda scope: f"user-of-{scope['path'].rpartition('/')[2]}")
    site.ask("/see/it", HEADER)
    assert site.events[0]["user_id"] == "user-of-it"


def named(request: Any) -> str | None:
    """Give the person by name."""
    return request.user.get_username() if request.user.is_authenticated else None


async def named_async(request: Any) -> str | None:
    """Do so in async code."""
    user = await request.auser()
    return user.get_username() if user.is_authenticated else None


@pytest.mark.parametrize(
    ("kind", "user"),
    [
        ("django wsgi, views", named),
        ("django asgi, views", named),
        ("django wsgi, views", f"{__name__}.named"),
        ("django asgi, async views", named_async),
    ],
)
def test_django_may_be_told_who_the_person_is(
    build: Callable[..., Site], monkeypatch: pytest.MonkeyPatch, kind: str, user: Any
) -> None:
    import sys

    monkeypatch.setitem(sys.modules, __name__, sys.modules[named.__module__])
    site = build(kind, user=user)
    site.ask(f"/log-in/{PERSON}", HEADER)
    site.ask("/see/it", HEADER)
    assert site.steps("user_id")["it"] == f"person-{PERSON}"
    assert site.shop.stats().problems == {}


def test_django_without_users_has_nobody(build: Callable[..., Site], django_settings: Any) -> None:
    django_settings.MIDDLEWARE = django_settings.MIDDLEWARE[2:]
    for kind in ("django wsgi, views", "django asgi, async views"):
        site = build(kind)
        site.ask("/see/it", {**HEADER, "Cookie": "sessionid=abc"})
    assert ["user_id" in event for event in site.events] == [False, False]
    assert site.shop.stats().problems == {}


def test_a_session_that_is_not_valid_is_nobody_s(site: Site) -> None:
    site.ask("/see/it", {**HEADER, "Cookie": "sessionid=forged; session=forged"})
    assert site.steps("user_id") == {"it": None}
    assert site.steps("device_id") == {"it": DEVICE}
    assert site.shop.stats().problems == {}


def test_wrong_settings_of_django_are_told_at_the_start(build: Callable[..., Site]) -> None:
    from django.core.exceptions import ImproperlyConfigured

    with pytest.raises(ImproperlyConfigured, match="TRACKSIDE has no option 'proxies': there are api_key, origins"):
        build("django wsgi, views", proxies=1)
    with pytest.raises(ImproperlyConfigured, match="async"):
        build("django wsgi, views", user=named_async)


# --- bodies of WSGI ---


def test_a_body_that_is_a_list_or_a_file_is_left_to_the_server(shop: Any) -> None:
    class File:
        def __iter__(self) -> Any:
            return iter([b"1"])

    for body in ([b"1"], (b"1",), File()):
        app = shop.middleware.WsgiMiddleware(lambda environ, start, body=body: body)
        assert app({"wsgi.file_wrapper": File}, None) is body


def test_a_body_is_closed_in_its_context(shop: Any) -> None:
    class Body:
        def __iter__(self) -> Any:
            return iter([b"1"])

        def close(self) -> None:
            shop.track.seen(step="closed")

    def app(environ: Any, start: Any) -> Any:
        start("200 OK", [("Content-Type", "text/plain")])
        return Body()

    site = Site("wsgi", shop, sites.wsgi_client(shop.middleware.WsgiMiddleware(app)))
    site.ask("/", HEADER)
    assert site.steps("device_id") == {"closed": DEVICE}
    assert shop.Context.current() is None


def test_a_body_may_be_made_by_another_thread(shop: Any) -> None:
    def app(environ: Any, start: Any) -> Any:
        start("200 OK", [])
        return sites.parts(shop)

    environ = {"HTTP_TRACKSIDE_CONTEXT": context_text()}
    body = shop.middleware.WsgiMiddleware(app)(environ, lambda *_: None)
    threads = [threading.Thread(target=next, args=(body, None)) for _ in range(4)]
    for thread in threads:
        thread.start()
        thread.join()
    assert [event["device_id"] for event in shop.sink.events] == [DEVICE] * 3


def test_an_answer_that_is_taken_back_confirms_nothing(shop: Any) -> None:
    """An application may start an answer, fail, and start another with what went wrong."""
    import sys

    def app(environ: Any, start: Any) -> Any:
        shop.track.purchase_completed(order_id="ORD-1")
        try:
            start("200 OK", [])
            raise sites.Failure
        except sites.Failure:
            start("500 Internal Server Error", [], sys.exc_info())
        return [b"sorry"]

    started: list[Any] = []
    environ = {"HTTP_TRACKSIDE_CONTEXT": context_text()}
    shop.middleware.WsgiMiddleware(app)(environ, lambda *arguments: started.append(arguments))
    assert [len(headers) for _, headers, *_ in started] == [1, 0]
    assert len(started[1]) == 3


# --- many at once ---


def test_a_thousand_tasks_do_not_mix(shop: Any) -> None:
    app = sites.starlette_app(shop, user=lambda scope: f"user-{scope['path'].rpartition('/')[2]}")

    async def one(number: int) -> None:
        header = [("Trackside-Context", context_text(d=f"device-{number}"))]
        answer = await sites.exchange(app, f"/tasks/{number}", header)
        assert answer.status == 200
        answer = await sites.exchange(app, f"/buy/{number}", header)
        confirmed.append(answer.header("Trackside-Confirmed"))

    async def all_of_them() -> None:
        await asyncio.gather(*(one(number) for number in range(1000)))

    confirmed: list[str | None] = []
    asyncio.run(all_of_them())
    bought = [event for event in shop.sink.events if event["event_type"] == "purchase_completed"]
    seen = [event for event in shop.sink.events if event["event_type"] == "seen"]
    assert (len(bought), len(seen)) == (1000, 2000)
    for event in bought:
        assert event["device_id"] == f"device-{event['event_properties']['order_id']}"
    for event in seen:
        assert event["device_id"].removeprefix("device-") == event["user_id"].removeprefix("user-")
    assert {f"1 {event['insert_id']}" for event in bought} == set(confirmed)
    assert shop.stats().dropped == {}


@pytest.mark.parametrize("kind", ["flask", "django wsgi, views"])
def test_sixteen_threads_do_not_mix(build: Callable[..., Site], kind: str) -> None:
    site = build(kind)
    wrong: list[object] = []

    def work(thread: int) -> None:
        for number in range(50):
            key = f"{thread}-{number}"
            answer = site.ask(f"/buy/{key}", {"Trackside-Context": context_text(d=f"device-{key}")})
            if len(listed(answer)) != 2:
                wrong.append(answer)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert len(site.events) == 800
    for event in site.events:
        assert event["device_id"] == f"device-{event['event_properties']['order_id']}"


def test_people_do_not_mix(build: Callable[..., Site]) -> None:
    """Two people use one framework in turn, each with cookies of their own."""
    first = build("starlette")
    second = Site("starlette", first.shop, sites.starlette_site(first.shop))
    first.ask(f"/log-in/{PERSON}", HEADER)
    second.ask(f"/log-in/{ANOTHER}", HEADER)
    first.events.clear()
    first.ask("/see/first", HEADER)
    second.ask("/see/second", HEADER)
    assert first.steps("user_id") == {"first": PERSON, "second": ANOTHER}


# --- confirmation and transactions ---


@pytest.mark.parametrize("several", [False, True])
@pytest.mark.parametrize("kind", ["flask", "starlette", "fastapi", "django wsgi, views", "django asgi, async views"])
@pytest.mark.parametrize(
    ("end", "confirmed", "problems"),
    [
        ("commit", 2, {}),
        ("rollback", 0, {"confirmation_withdrawn": 2}),
        ("leave-open", 0, {"confirmation_withdrawn": 2}),
    ],
)
def test_a_fact_of_a_transaction_is_confirmed_when_it_is_committed(
    build: Callable[..., Site],
    tmp_path: Path,
    kind: str,
    end: str,
    confirmed: int,
    problems: dict[str, int],
    several: bool,
) -> None:
    site = build(kind)
    shop, path = site.shop, tmp_path / "outbox.sqlite"
    shop.sink = shop.OutboxSink(shop.SQLite(path))
    shop.configure(sink=shop.Tee(shop.RecordingSink(), shop.sink) if several else shop.sink, strict=False)
    shop.connect = lambda: sqlite3.connect(path, check_same_thread=False)
    with closing(shop.connect()) as connection:
        shop.connection = connection
        answer = site.ask(f"/in-transaction/{end}", {**HEADER, "Sec-Fetch-Mode": "navigate"})
        assert answer.status == 200
        assert len(listed(answer)[1:]) == confirmed
        assert (answer.cookie("trackside_ok") is not None) == bool(confirmed)
        assert shop.stats().problems == problems
        connection.rollback()
    assert len(listed(site.ask("/buy/ORD-3", HEADER))) == 2
    shop.close()


def test_a_store_that_cannot_say_confirms_nothing(build: Callable[..., Site]) -> None:
    site = build("starlette")

    def broken() -> bool:
        raise OSError("no database")

    async def app(scope: Any, receive: Any, send: Any) -> None:
        site.shop.Request.current().confirm("123", broken)
        await send({"type": "http.response.start", "status": 200, "headers": []})

    answer = asyncio.run(sites.exchange(site.shop.middleware.AsgiMiddleware(app), "/", []))
    assert answer == sites.Answer(200, [], b"")
    assert site.shop.stats().problems == {"confirmation_unknown": 1, "confirmation_withdrawn": 1}


@pytest.mark.parametrize(
    "wrong",
    [
        {"origins": "https://shop.example"},
        {"origins": ["https://shop.example/"]},
        {"origins": ["shop.example"]},
        {"trusted_proxies": -1},
        {"trusted_proxies": True},
    ],
)
def test_options_that_could_not_work_are_refused_at_the_start(shop: Any, wrong: dict[str, Any]) -> None:
    for middleware in (shop.middleware.WsgiMiddleware, shop.middleware.AsgiMiddleware):
        with pytest.raises((TypeError, ValueError)):
            middleware(None, **wrong)
