"""The stall's server as a process: a page, orders that go well or badly, a webhook, accounts, and the endpoint.

DATABASE names the file of the orders, and of the outbox where SINK says `outbox`; with `memory`, events go straight to
DESTINATION. ORIGINS lists the other origins whose pages may ask, CONNECT those that the pages here ask. SITE is the
folder of what the browser loads. `job` as an argument runs the nightly job instead.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import sqlite3
import sys
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import uvicorn
from backend import Context, HttpSink, OutboxSink, Request, SQLite, close, configure, flush, stats, track
from backend.endpoint import AsgiEndpoint
from backend.middleware import AsgiMiddleware
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request as HttpRequest
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

DATABASE = os.environ["DATABASE"]
KEEPS = os.environ["SINK"] == "outbox"
ORIGINS = os.environ.get("ORIGINS", "").split()
CONNECT = os.environ.get("CONNECT", "")
POLICY = (
    f"default-src 'none'; script-src 'self'; connect-src 'self' {CONNECT}; img-src data:; form-action 'self'; "
    "base-uri 'none'"
)
PAGE = '<!doctype html><link rel="icon" href="data:,"><title>Page</title><script type="module" src="/page.js"></script>'
FORMS = {
    "/form": '<form method="post" action="/orders/form"><input name="order"><input name="total"></form>',
    "/join": (
        '<form method="post" action="/accounts/form"><input name="mail">'
        '<input type="hidden" name="trackside_attempt"></form>'
    ),
}
SCRIPT = """
import * as web from "/web/index.js";
window.web = web;
web.configure(window.settings);
document.title = "Ready";
"""
AMOUNT = 12.5
"""What the server charges, whatever the page believes."""

if KEEPS:
    OUTBOX = OutboxSink(SQLite(DATABASE))
    configure(sink=OUTBOX)
else:
    configure(sink=HttpSink("local", server_url=os.environ["DESTINATION"] + "/2/httpapi", interval=0.05))


@contextmanager
def orders() -> Iterator[sqlite3.Connection]:
    """Open a transaction, which ends with the block: committed, or rolled back where an error leaves it."""
    connection = sqlite3.connect(DATABASE, timeout=10, isolation_level=None)
    try:
        connection.execute("BEGIN IMMEDIATE")
        yield connection
        connection.commit()
    finally:
        connection.close()


def pay(order: str, context: str, status: str = "paid", event: Any = None, *, fails: bool = False) -> None:
    """Write an order down, and tell of it in the same transaction where there is an outbox, else after it."""
    with orders() as connection:
        connection.execute("INSERT OR REPLACE INTO orders VALUES (?, ?, ?)", (order, status, context))
        if KEEPS and event is not None:
            with OUTBOX.using(connection):
                event()
        if fails:
            raise HTTPException(500, "It failed before the commit.")
    if not KEEPS and event is not None:
        event()


def exists(event: str, key: Mapping[str, Any]) -> bool | None:
    """Tell the endpoint whether an order was paid."""
    if event != "order_paid":
        return None
    with orders() as connection:
        row = connection.execute("SELECT status FROM orders WHERE number = ?", (key["order"],)).fetchone()
    return row is not None and row[0] == "paid"


def user(scope: Any) -> str | None:
    """Give who is logged in. A cookie that nobody signed is enough of a session here."""
    return HttpRequest(scope).cookies.get("session") or None


def stored() -> str:
    """Give the request's context as text, for a later webhook or job."""
    context = Context.current()
    return "" if context is None else context.dump()


async def order(request: HttpRequest) -> Response:
    """Take an order by script: `how` says what becomes of it."""
    given = await request.json()
    number, how = given["order"], request.path_params["how"]
    if how == "declined":
        return JSONResponse({"error": "declined"}, 402)
    if how == "none":
        Request.current().no_fact()
        return JSONResponse({"declined": True})
    if how == "silent":  # a server that makes a fact, and an answer of which it takes no part
        with orders() as connection:
            connection.execute("INSERT OR REPLACE INTO orders VALUES (?, 'paid', '')", (number,))
        return JSONResponse({})
    if how == "later":
        pay(number, stored(), "reserved", lambda: track.promise_order_captured(order=number, within=600))
        return JSONResponse({})
    if how == "coupon":
        track.coupon_used(order=number, value=AMOUNT)
        return JSONResponse({})
    pay(number, stored(), event=lambda: track.order_paid(order=number, total=AMOUNT, tax=2), fails=how == "broken")
    if how == "killed":
        os.kill(os.getpid(), signal.SIGKILL)
    return JSONResponse({"paid": number})


async def form(request: HttpRequest) -> Response:
    """Take an order by a form, and lead to the next page."""
    given = parse_qs((await request.body()).decode())
    number = given["order"][0]
    pay(number, stored(), event=lambda: track.order_paid(order=number, total=AMOUNT, tax=2))
    return RedirectResponse("/thanks", 303)


async def captured(request: HttpRequest) -> Response:
    """Take the payment provider's report, which knows the order alone."""
    number = (await request.json())["order"]
    with orders() as connection:
        (context,) = connection.execute("SELECT context FROM orders WHERE number = ?", (number,)).fetchone()
    with Context.load(context).activate():
        pay(number, context, event=lambda: track.order_captured(order=number, total=AMOUNT))
    return JSONResponse({})


async def sign_up(request: HttpRequest) -> Response:
    """Make an account; once more for the same person changes nothing, and says so again."""
    given = await request.json()
    pay(given["mail"], stored(), "account", lambda: track.signed_up(way="mail"), fails=given["how"] == "broken")
    return JSONResponse({})


async def join(request: HttpRequest) -> Response:
    """Make an account by a form, which carries the key of the attempt in a hidden field, and lead to the next page."""
    given = parse_qs((await request.body()).decode())
    Request.current().set_attempt(given["trackside_attempt"][0])
    pay(given["mail"][0], stored(), "account", lambda: track.signed_up(way="mail"))
    return RedirectResponse("/thanks", 303)


async def log_in(request: HttpRequest) -> Response:
    """Begin the session of whoever it says."""
    answer = JSONResponse({})
    answer.set_cookie("session", (await request.json())["user"], httponly=True, samesite="lax")
    return answer


async def state(request: HttpRequest) -> Response:
    """Tell what waits and what was counted, after sending what can go."""
    counts = stats()
    done = OUTBOX.store.status().waiting == 0 if KEEPS else flush(0.1)
    return JSONResponse({"done": done, "dropped": counts.dropped, "problems": counts.problems})


def shown(request: HttpRequest) -> Response:
    """Tell how an order stands."""
    with orders() as connection:
        number = request.path_params["number"]
        row = connection.execute("SELECT status FROM orders WHERE number = ?", (number,)).fetchone()
    return JSONResponse({"status": row and row[0]})


def page(request: HttpRequest) -> Response:
    return Response(
        PAGE + FORMS.get(request.url.path, ""),
        media_type="text/html",
        headers={"content-security-policy": POLICY},
    )


def script(request: HttpRequest) -> Response:
    return Response(SCRIPT, media_type="text/javascript")


@asynccontextmanager
async def life(_: Starlette) -> AsyncIterator[None]:
    yield
    close(5.0)


def application() -> Any:
    """Make the application."""
    app = Starlette(
        lifespan=life,
        routes=[
            Route("/orders/form", form, methods=["POST"]),
            Route("/orders/{how}", order, methods=["POST"]),
            Route("/webhook", captured, methods=["POST"]),
            Route("/accounts", sign_up, methods=["POST"]),
            Route("/accounts/form", join, methods=["POST"]),
            Route("/login", log_in, methods=["POST"]),
            Route("/state", state),
            Route("/order/{number}", shown),
            Route("/page.js", script),
            Mount("/web", StaticFiles(directory=Path(os.environ["SITE"]) / "web")),
            Route("/{any:path}", page),
        ],
    )
    if ORIGINS:
        headers = ["Trackside-Context", "Trackside-Attempt"]
        app.add_middleware(CORSMiddleware, allow_origins=ORIGINS, allow_methods=["POST"], allow_headers=headers)
    app.add_middleware(AsgiEndpoint, exists=exists if os.environ.get("EXISTS") else None, origins=ORIGINS or None)
    app.add_middleware(AsgiMiddleware, user=user, origins=ORIGINS)
    return app


def job(run: str) -> None:
    """Tell of what the night brought: once for each order, in the context that was stored with it, and once for all."""
    with orders() as connection:
        rows = connection.execute("SELECT number, context FROM orders WHERE context <> ''").fetchall()
    for number, context in rows:
        with Context.load(context).activate():
            track.order_shipped(order=number)
            track.letter_written(order=number)
    with Context.system().activate():
        track.stock_counted(run=run, pieces=len(rows))
    close(10.0)
    counts = stats()
    print(json.dumps({"accepted": counts.accepted, "dropped": counts.dropped}))


def serve() -> None:
    """Serve on any free port, and say where."""
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    with orders() as connection:
        connection.execute("CREATE TABLE IF NOT EXISTS orders (number TEXT PRIMARY KEY, status TEXT, context TEXT)")
    server = uvicorn.Server(uvicorn.Config(application(), log_level="error", lifespan="on"))
    listening.listen(64)
    print(f"listening at {listening.getsockname()[1]}", flush=True)
    server.run(sockets=[listening])


if __name__ == "__main__":
    if sys.argv[1:2] == ["job"]:
        job(sys.argv[2])
    else:
        serve()
