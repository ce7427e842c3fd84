"""HTTP around the project: the vendor's three paths to send to, and ours to look at what came.

An ASGI application. To spoil an answer on the wire it needs the connection under it, which `server` puts into the
scope's extensions; under another server such a fault closes with an error instead.
"""

from __future__ import annotations

import asyncio
import json
import socket
import struct
from collections.abc import AsyncIterator, Mapping
from typing import Any, Final, cast

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from trackside.collect.asked import LARGEST_BODY, WrongAskingError, read_ahead, read_json, read_wait
from trackside.collect.collector import Collector, Trouble
from trackside.collect.faults import Fault, WrongFaultError
from trackside.collect.guard import Guard
from trackside.collect.project import SORTS, Sort
from trackside.collect.upload import LARGEST, Endpoint, RefusedError, Upload, read_identification, read_upload
from trackside.collect.web import FILES, Json, Live, answer_event, answer_file

TRANSPORT: Final = "trackside.transport"
"""The scope's extension that holds the connection, an asyncio.Transport."""

_PATHS: Final[dict[str, Endpoint]] = {"/2/httpapi": "httpapi", "/batch": "batch", "/identify": "identify"}
_BODILESS: Final = frozenset({204, 304})
_ABORTING: Final = struct.pack("ii", 1, 0)  # SO_LINGER: on, no time: what closes the socket resets the connection


def application(collector: Collector) -> Starlette:
    """Make the application."""
    looking = _Looking(collector)
    routes = [
        *(Route(path, _Intake(collector, endpoint), methods=["POST"]) for path, endpoint in _PATHS.items()),
        *(Route(f"/{sort}", looking.listing(sort), methods=["GET"]) for sort in SORTS),
        Route("/stats", looking.stats, methods=["GET"]),
        Route("/wait", looking.wait, methods=["GET"]),
        Route("/reset", looking.reset, methods=["POST"]),
        Route("/faults", looking.faults, methods=["GET", "POST"]),
        Route("/clock", looking.clock, methods=["POST"]),
        Route("/live", Live(collector), methods=["GET"]),
        Route("/event/{number}", answer_event(collector.project), methods=["GET"]),
        *(Route(path, answer_file(name), methods=["GET"]) for path, name in FILES.items()),
    ]
    guard = Middleware(Guard, intake=frozenset(_PATHS), page=frozenset(FILES), host=collector.host)
    return Starlette(routes=routes, middleware=[guard])


class _Intake:
    """One of the vendor's paths."""

    def __init__(self, collector: Collector, endpoint: Endpoint) -> None:
        self._collector = collector
        self._endpoint: Endpoint = endpoint

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        try:
            body = await _body(request, LARGEST[self._endpoint])
        except ClientDisconnect:
            return
        encoding = request.headers.get("content-encoding", "").strip().lower()
        await self._answer(body, encoding)(scope, receive, send)

    def _answer(self, body: bytes, encoding: str) -> _Answer:
        collector, project = self._collector, self._collector.project
        read: Upload | RefusedError
        try:
            if self._endpoint == "identify":
                read = read_identification(body, encoding, project.keys)
            else:
                read = read_upload(self._endpoint, body, encoding, project.keys)
        except RefusedError as refused:
            read = refused
        fault = collector.faults.next(self._endpoint, read.events)
        stated = fault.body(self._endpoint, read.events) if fault is not None else None
        takes = fault is None or (fault.takes and (stated is None or fault.take is True))
        if isinstance(read, RefusedError):
            if takes:
                project.refuse(read)
            answer = read.answer
        elif takes:
            answer = project.take(read, body, encoding)
        else:
            answer = {"code": 200, "events_ingested": len(read.events), "payload_size_bytes": read.size}
        if stated is not None:
            answer = stated
        status = answer["code"] if fault is None or fault.status is None else fault.status
        if status >= 400 or not takes:
            is_taken = takes and not isinstance(read, RefusedError)
            error = str(answer.get("error", ""))[:300]
            collector.troubles.append(
                Trouble(project.now(), self._endpoint, status, error, len(read.events), fault is not None, is_taken)
            )
        collector.changed()
        return _Answer(collector, answer, fault or Fault(), is_text=self._endpoint == "identify")


class _Answer:
    """The answer to one request, whole or spoiled."""

    def __init__(self, collector: Collector, answer: Mapping[str, Any], fault: Fault, *, is_text: bool) -> None:
        self._collector = collector
        self._fault = fault
        self._status: int = answer["code"] if fault.status is None else fault.status
        self._headers = {"content-type": "application/json", **{k.lower(): v for k, v in fault.headers.items()}}
        if fault.json is not None:
            self._body = json.dumps(fault.json).encode()
        elif is_text and not any(name.lower() == "content-type" for name in fault.headers) and self._status < 500:
            # Identify answers a word, not an object.
            self._headers["content-type"] = "text/html;charset=utf-8"
            self._body = b"success" if self._status < 400 else str(answer.get("error", "")).encode()
        else:
            self._body = json.dumps(answer).encode()
        if fault.answer == "garbage":
            self._body = b'<html>\xff\xfe{"code": 200'
        if fault.answer == "empty" or self._status in _BODILESS:
            self._body = b""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        fault = self._fault
        if fault.delay:
            await asyncio.sleep(fault.delay)
        self._collector.project.answered(0 if fault.answer in {"nothing", "close", "reset"} else self._status)
        if fault.delay:
            self._collector.changed()
        match fault.answer:
            case "nothing":
                await _gone(receive)
            case "close":
                _transport(scope).close()
            case "reset":
                _reset(_transport(scope))
            case "half":
                await self._start(send)
                half = self._body[: len(self._body) // 2]
                await send({"type": "http.response.body", "body": half, "more_body": True})
                _transport(scope).close()
                await _gone(receive)
            case _:
                await self._start(send)
                if fault.trickle:
                    for byte in self._body:
                        await send({"type": "http.response.body", "body": bytes([byte]), "more_body": True})
                        await asyncio.sleep(fault.trickle)
                    await send({"type": "http.response.body", "body": b""})
                else:
                    await send({"type": "http.response.body", "body": self._body})

    async def _start(self, send: Send) -> None:
        headers = [(name.encode(), value.encode()) for name, value in self._headers.items()]
        headers.append((b"content-length", str(len(self._body)).encode()))
        await send({"type": "http.response.start", "status": self._status, "headers": headers})


class _Looking:
    """The paths that tell what came and that set what goes wrong."""

    def __init__(self, collector: Collector) -> None:
        self._collector = collector

    def listing(self, sort: Sort) -> Any:
        """Make the handler that lists events of one sort."""

        async def listed(request: Request) -> Response:
            event_type = request.query_params.get("event")
            members = [name for name in request.query_params.get("fields", "").split(",") if name]
            rows = self._collector.project.listed(sort, event_type=event_type, fields=members)
            return StreamingResponse(_array(rows), media_type="application/json")

        return listed

    async def stats(self, request: Request) -> Response:
        """Count what came."""
        return Json(self._collector.stats())

    async def wait(self, request: Request) -> Response:
        """Answer when there are so many good events, or when the time is over."""
        try:
            asked = read_wait(request.query_params)
        except WrongAskingError as wrong:
            return _wrong(wrong)
        counts = self._collector.project.counts
        try:
            async with asyncio.timeout(asked.timeout):
                while counts[asked.sort] < asked.count:
                    await self._collector.change()
        except TimeoutError:
            pass
        return Json({"reached": counts[asked.sort] >= asked.count, **self._collector.stats()})

    async def reset(self, request: Request) -> Response:
        """Forget all events and faults."""
        self._collector.project.reset()
        self._collector.faults.clear()
        self._collector.connections = 0
        self._collector.troubles.clear()
        self._collector.changed()
        return Json(self._collector.stats())

    async def faults(self, request: Request) -> Response:
        """Set the faults, or tell which stand."""
        if request.method == "POST":
            body = await _body(request, LARGEST_BODY)
            try:
                self._collector.faults.set(read_json(body or b"[]"))
            except (WrongAskingError, WrongFaultError) as wrong:
                return _wrong(wrong)
            self._collector.changed()
        return Json(self._collector.faults.stated())

    async def clock(self, request: Request) -> Response:
        """Set how far the destination's clock is ahead of this machine's."""
        body = await _body(request, LARGEST_BODY)
        try:
            self._collector.project.ahead = read_ahead(body)
        except WrongAskingError as wrong:
            return _wrong(wrong)
        self._collector.changed()
        return Json({"now": self._collector.project.now()})


def _wrong(why: ValueError) -> Response:
    return Json({"error": str(why)}, status_code=422)


async def _body(request: Request, largest: int) -> bytes:
    """Read a body; of one that is too large, no more than shows it."""
    parts: list[bytes] = []
    size = 0
    async for part in request.stream():
        if size <= largest:
            parts.append(part)
        size += len(part)
    return b"".join(parts)


async def _array(rows: Any) -> AsyncIterator[bytes]:
    separator = b"["
    for some in rows:
        yield separator + json.dumps(some)[1:-1].encode()
        separator = b",\n"
    yield b"]\n" if separator != b"[" else b"[]\n"


def _transport(scope: Scope) -> asyncio.Transport:
    return cast("asyncio.Transport", scope["extensions"][TRANSPORT])


def _reset(transport: asyncio.Transport) -> None:
    connection = cast("socket.socket", transport.get_extra_info("socket"))
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _ABORTING)
    transport.abort()


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
