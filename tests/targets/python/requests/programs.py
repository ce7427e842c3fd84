"""The programs of a service, each run in a process of its own: a web server, a payment provider, jobs.

Each is called with its name and a folder; `package` there is the generated package, `events.ndjson` what it sent.
"""

from __future__ import annotations

import os
import sqlite3
import sys
import threading
import time
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib import import_module
from pathlib import Path
from typing import Any

FOLDER = Path(os.environ["SHOP_FOLDER"])
sys.path.insert(0, str(FOLDER))


def package() -> Any:
    """Import the package, and let it write to the file that all processes share."""
    shop = import_module("package")
    import_module("package.middleware")
    shop.configure(sink=shop.NdjsonSink(FOLDER / "events.ndjson"), strict=True)
    return shop


def post(url: str, headers: dict[str, str] | None = None) -> dict[str, str]:
    """Post, and give the headers of the answer."""
    with urllib.request.urlopen(urllib.request.Request(url, b"", headers or {}), timeout=30) as answer:
        return dict(answer.headers)


# --- a shop whose payments are told by a webhook ---


def web() -> Any:
    """Make the shop: an order keeps its context with its row, and the webhook loads it."""
    from starlette.applications import Starlette
    from starlette.middleware import Middleware
    from starlette.responses import PlainTextResponse
    from starlette.routing import Route

    shop = package()

    def database() -> sqlite3.Connection:
        return sqlite3.connect(FOLDER / "orders.sqlite")

    with database() as orders:
        orders.execute("CREATE TABLE orders (id TEXT PRIMARY KEY, context TEXT)")

    def check_out(request: Any) -> Any:
        order = request.path_params["order"]
        with database() as orders:
            orders.execute("INSERT INTO orders VALUES (?, ?)", (order, shop.Context.current().dump()))
        shop.track.promise_paid_by_bank(order_id=order)
        post(f"{os.environ['PROVIDER']}/{order}", {"Callback": f"{request.base_url}paid/{order}"})
        return PlainTextResponse("wait for your bank")

    def paid(request: Any) -> Any:
        order = request.path_params["order"]
        with database() as orders:
            ((text,),) = orders.execute("SELECT context FROM orders WHERE id = ?", (order,))
        with shop.Context.load(text).activate():
            shop.track.paid_by_bank(order_id=order)
            shop.track.seen(step="paid")
        return PlainTextResponse("thank you")

    return Starlette(
        routes=[
            Route("/check-out/{order}", check_out, methods=["POST"]),
            Route("/paid/{order}", paid, methods=["POST"]),
        ],
        middleware=[Middleware(shop.middleware.AsgiMiddleware, trusted_proxies=1, user=lambda scope: "user-12345")],
    )


class Provider(BaseHTTPRequestHandler):
    """Takes a payment at once, and tells of it twice a little later, as providers do."""

    def do_POST(self) -> None:
        threading.Thread(target=self.tell, args=(self.headers["Callback"],)).start()
        self.send_response(202)
        self.end_headers()

    def tell(self, callback: str) -> None:
        for _ in range(2):
            time.sleep(0.05)
            post(callback, {"User-Agent": "Provider/1.0", "X-Forwarded-For": "192.0.2.99"})

    def log_message(self, format: str, *args: object) -> None:
        pass


# --- jobs ---


def jobs() -> Any:
    """Make the Celery application; its broker is a folder."""
    from celery import Celery

    shop = package()
    queue = FOLDER / "queue"
    queue.mkdir(exist_ok=True)
    app = Celery("jobs", broker="filesystem://")
    app.conf.update(
        broker_transport_options={
            "data_folder_in": str(queue),
            "data_folder_out": str(queue),
            "control_folder": str(FOLDER / "control"),
            "polling_interval": 0.05,
        },
        worker_prefetch_multiplier=1,
    )

    @app.task(name="send")
    def send(context: str, order: str) -> None:
        with shop.Context.load(context).activate():
            shop.track.paid_by_bank(order_id=order)
            shop.track.seen(step=f"{order} in {os.getpid()}")

    return app


def enqueue() -> None:
    """Answer one request in Flask; it leaves the rest to jobs."""
    import flask

    shop = package()
    send = jobs().tasks["send"]
    app = flask.Flask("shop")

    @app.post("/check-out")
    def check_out() -> str:
        for number in range(40):
            send.delay(shop.Context.current().dump(), f"ORD-{number}")
        return "done"

    app.wsgi_app = shop.middleware.WsgiMiddleware(app.wsgi_app)  # type: ignore[method-assign]
    headers = {"Trackside-Context": os.environ["CARRIED"], "User-Agent": "Shop/1.0"}
    print(app.test_client().post("/check-out", headers=headers).status_code)


if __name__ == "__main__":
    if sys.argv[1] == "provider":
        server = ThreadingHTTPServer(("127.0.0.1", 0), Provider)
        print(f"http://127.0.0.1:{server.server_port}", flush=True)
        server.serve_forever()
    elif sys.argv[1] == "web":
        import socket

        import uvicorn

        with socket.socket() as listening:
            listening.bind(("127.0.0.1", 0))
            print(f"http://127.0.0.1:{listening.getsockname()[1]}", flush=True)
            settings = uvicorn.Config(web(), log_level="warning")
            uvicorn.Server(settings).run([listening])
    elif sys.argv[1] == "enqueue":
        enqueue()
    else:
        jobs().worker_main(["worker", "--pool=prefork", "--concurrency=2", "--loglevel=WARNING", "--without-gossip"])
