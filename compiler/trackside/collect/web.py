"""The page that shows what comes while it comes: its files, and the stream of server-sent events that feeds it.

The page is plain HTML, CSS and JavaScript in the folder `page`, and asks for nothing from elsewhere.
"""

from __future__ import annotations

import asyncio
import json
import re
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from trackside.collect.collector import Collector
from trackside.collect.live import Place, next_batch, row
from trackside.collect.plan_check import PlanCheck
from trackside.collect.project import Project

_SCRIPTS: Final = ("main.js", "rows.js", "timeline.js", "details.js", "text.js", "welcome.js")
FILES: Final = {
    "/": "index.html",
    "/page/page.css": "page.css",
    "/page/icon.svg": "icon.svg",
    **{f"/page/{name}": name for name in _SCRIPTS},
}
"""The page's paths and the files that they answer."""

MOST_READERS: Final = 16
"""Pages that may be open at the same time."""

PAUSE: Final = 0.1
"""Seconds between two messages to one page: what comes in between goes together."""

HEARTBEAT: Final = 15.0
"""Seconds of silence after which a comment shows both ends that the connection lives."""

_NUMBER: Final = re.compile(r"[0-9]{1,15}")
_FOLDER: Final = Path(__file__).parent / "page"
_TYPES: Final = {".html": "text/html", ".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}

Handler = Callable[[Request], Awaitable[Response]]


class Json(Response):
    """An answer in JSON of ASCII alone: events may hold halves of characters, which have no UTF-8."""

    media_type = "application/json"

    def render(self, content: Any) -> bytes:
        return json.dumps(content).encode()


def answer_file(name: str) -> Handler:
    """Make the handler that answers a file of the page."""
    path = _FOLDER / name
    content = path.read_bytes()

    async def answered(request: Request) -> Response:
        return Response(content, media_type=_TYPES[path.suffix])

    return answered


def answer_event(project: Project) -> Handler:
    """Make the handler that answers one event in full."""

    async def answered(request: Request) -> Response:
        stated = request.path_params["number"]
        if _NUMBER.fullmatch(stated):
            number = int(stated)
            for arrival in project.arrivals(number, number + 1):
                return Json(row(arrival))
        return Json({"error": f"there is no event {stated[:20]}, or not any more"}, status_code=404)

    return answered


class Live:
    """`GET /live`: server-sent events for the page.

    `hello` says what the plan's sources are, which properties come with many events, and whether the reader's place
    still stands; `events` are the next events;
    `counts` is sent when a number changed, `reset` when all was forgotten.
    """

    def __init__(self, collector: Collector) -> None:
        self._collector = collector
        self._process = secrets.token_hex(8)  # a place of another process means nothing to this one
        self._readers = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._readers >= MOST_READERS:
            full = {"error": f"{MOST_READERS} pages are open: close one"}
            await Json(full, status_code=503)(scope, receive, send)
            return
        self._readers += 1
        try:
            place = Place.read(Request(scope).headers.get("last-event-id", ""))
            answer = StreamingResponse(self._messages(place), media_type="text/event-stream")
            await answer(scope, receive, send)
        finally:
            self._readers -= 1

    async def _messages(self, place: Place | None) -> AsyncIterator[str]:
        project = self._collector.project
        resets = project.resets
        number = project.begun
        is_resumed = place is not None and (place.process, place.resets) == (self._process, resets)
        if place is not None and is_resumed:
            number = max(number, min(place.number, project.arrived))
        hello = {**self._plan(), "resumed": is_resumed}
        yield _message("hello", json.dumps(hello), Place(self._process, resets, number))
        told = ""
        while True:
            if project.resets != resets:
                resets, number = project.resets, project.begun
                yield _message("reset", "{}", Place(self._process, resets, number))
            counts = json.dumps(self._counts())
            batch = next_batch(project, number)
            if counts == told and not batch.rows and not batch.missed:
                # Nothing is awaited between the look and the wait: no change is missed.
                try:
                    async with asyncio.timeout(HEARTBEAT):
                        await self._collector.change()
                except TimeoutError:
                    yield ": still here\n\n"
                continue
            if batch.rows or batch.missed:
                number = batch.following
                data = f'{{"missed": {batch.missed}, "events": [{", ".join(batch.rows)}]}}'
                yield _message("events", data, Place(self._process, resets, number))
            if counts != told:
                told = counts
                yield _message("counts", counts)
            await asyncio.sleep(PAUSE)

    def _plan(self) -> dict[str, Any]:
        check = self._collector.project.check
        if not isinstance(check, PlanCheck):
            return {"plan": None, "sources": [], "context": []}
        sources = [
            {"stated": stated, "name": source.name, "side": source.side} for stated, source in check.senders.items()
        ]
        return {"plan": check.plan_name, "sources": sources, "context": check.context}

    def _counts(self) -> dict[str, Any]:
        collector, project = self._collector, self._collector.project
        last = collector.troubles[-1] if collector.troubles else None
        return {
            **{name: project.counts[name] for name in ("good", "bad", "duplicates", "refused", "forgotten")},
            "requests": {str(status): number for status, number in sorted(project.requests.items())},
            "faults": len(collector.faults.stated()),
            "ahead": project.ahead,
            "trouble": None if last is None else last._asdict(),
        }


def _message(kind: str, data: str, place: Place | None = None) -> str:
    """Write a server-sent event. `data` is JSON in ASCII, which has no line ends."""
    head = f"id: {place}\n" if place is not None else ""
    return f"{head}event: {kind}\ndata: {data}\n\n"
