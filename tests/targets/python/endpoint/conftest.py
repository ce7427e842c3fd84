"""A stall with an endpoint of its own for each test."""

from __future__ import annotations

import asyncio
import importlib
import io
import json
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent
DEVICE = "3f0c6a1e-5b7d-4c2a-9e8f-0123456789ab"
PERSON = "customer-4711"
OWN = {"content-type": "text/plain;charset=UTF-8", "origin": "http://testserver", "host": "testserver"}


@pytest.fixture(scope="session")
def plan_text() -> str:
    """The plan of these tests."""
    return (HERE / "plan.yaml").read_text(encoding="utf-8")


class Stall:
    """A package with an endpoint, asked without a server between: `post` gives status and answer."""

    def __init__(self, package: Any) -> None:
        self.package = package
        self.module = importlib.import_module(f"{package.__name__}.endpoint")
        self.runtime = importlib.import_module(f"{package.__name__}._runtime.endpoint")
        self.events_module = importlib.import_module(f"{package.__name__}._runtime.endpoint_events")
        self.keys = importlib.import_module(f"{package.__name__}._runtime.keys")
        self.sink = package.RecordingSink()
        package.configure(sink=self.sink, strict=False)
        self.serve()

    def serve(self, *, asgi: bool = False, **options: Any) -> None:
        """Make a new endpoint, of either kind."""
        self.endpoint = self.module.AsgiEndpoint(**options) if asgi else self.module.WsgiEndpoint(**options)
        self.is_asgi = asgi

    def who(self, user_id: str) -> int:
        return int(self.events_module.who(user_id))

    def insert_id(self, name: str, *parts: str) -> str:
        return str(self.keys.hashed(self.keys.prefix("https://stall.example", name), list(parts)))

    def event(self, name: str, properties: dict[str, Any] | None = None, **members: Any) -> dict[str, Any]:
        """Make an event as a page seals it; a member that is None is left out."""
        event = {
            "event_type": name,
            "insert_id": str(uuid.uuid4()),
            "time": int(time.time() * 1000),
            "device_id": DEVICE,
            "event_properties": properties or {},
            "ingestion_metadata": {"source_name": "stall/web", "source_version": "2.0.0"},
            "trackside": {"consent": ["analytics", "marketing"]},
            **members,
        }
        return {key: value for key, value in event.items() if value is not None}

    def paid(self, order: str = "O-1", copy: str = "unconfirmed", **members: Any) -> dict[str, Any]:
        """Make a page's copy of a purchase."""
        return self.event(
            "paid",
            {"order": order, "total": 9.5},
            **{"insert_id": self.insert_id("paid", order), "trackside": {"copy": copy}, **members},
        )

    def upload(self, *events: Any, **members: Any) -> bytes:
        body = {"trackside": 1, "sent_at": int(time.time() * 1000), "events": events, **members}
        return json.dumps(body).encode()

    def ask(self, body: bytes, method: str = "POST", **headers: str) -> tuple[int, dict[str, str], Any]:
        """Ask the endpoint; a header is written with underscores."""
        given = {**OWN, **{name.replace("_", "-"): value for name, value in headers.items()}}
        if self.is_asgi:
            return asyncio.run(self._ask_asgi(body, method, given))
        environ = {
            "REQUEST_METHOD": method,
            "PATH_INFO": "/t",
            "REMOTE_ADDR": "203.0.113.9",
            "wsgi.url_scheme": "http",
            "wsgi.input": io.BytesIO(body),
            "CONTENT_LENGTH": str(len(body)),
            **{f"HTTP_{name.upper().replace('-', '_')}": value for name, value in given.items()},
        }
        found: list[Any] = []
        parts = self.endpoint(environ, lambda status, headers: found.extend((status, headers)))
        text = b"".join(parts)
        return int(found[0][:3]), dict(found[1]), json.loads(text) if text else None

    async def _ask_asgi(self, body: bytes, method: str, given: dict[str, str]) -> tuple[int, dict[str, str], Any]:
        half = len(body) // 2
        parts = [(body[:half], True), (body[half:], False)]
        sent: list[dict[str, Any]] = []
        scope = {
            "type": "http",
            "method": method,
            "path": "/t",
            "scheme": "http",
            "client": ("203.0.113.9", 50_000),
            "headers": [(name.encode(), value.encode("latin-1")) for name, value in given.items()],
        }

        async def receive() -> dict[str, Any]:
            part, more = parts.pop(0)
            return {"type": "http.request", "body": part, "more_body": more}

        async def send(message: dict[str, Any]) -> None:
            sent.append(message)

        await self.endpoint(scope, receive, send)
        begun, *rest = sent
        text = b"".join(message.get("body", b"") for message in rest)
        found = {name.decode(): value.decode() for name, value in begun["headers"]}
        return begun["status"], found, json.loads(text) if text else None

    def post(self, *events: Any, **members: Any) -> Any:
        """Upload events, which has to be answered by 200."""
        status, _, answer = self.ask(self.upload(*events, **members))
        assert status == 200, answer
        assert answer["code"] == 200
        return answer

    @property
    def names(self) -> list[str]:
        """The names of the events that were forwarded."""
        return [event["event_type"] for event in self.sink.events]

    @property
    def dropped(self) -> dict[str, int]:
        return dict(self.package.stats().dropped)


@pytest.fixture
def stall(load: Callable[[str], Any], plan_text: str) -> Stall:
    """A fresh stall that records what it forwards."""
    return Stall(load(plan_text))


@pytest.fixture
def outbox(stall: Stall, tmp_path: Path) -> Any:
    """An outbox that the stall sends through."""
    sink = stall.package.OutboxSink(stall.package.SQLite(tmp_path / "outbox.db"))
    stall.package.configure(sink=sink, strict=False)
    return sink
