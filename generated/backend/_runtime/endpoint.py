"""The first-party endpoint: takes what pages upload, lets through what the plan allows
a client to send, and answers as the destination would.

Nothing here knows of a framework; `endpoint_asgi` and `endpoint_wsgi` bring the bytes.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Collection, Mapping
from time import time_ns
from typing import Any, Final, NamedTuple
from urllib.parse import urlsplit

from .context import Context
from .endpoint_copies import Arbiter, Exists, MemoryQuarantine, forward_copy, ledger_of
from .endpoint_events import ClientPlan, Read, Rejected, read_event, sender_of
from .endpoint_limits import Buckets, Rate, network_of
from .endpoint_upload import Upload, UploadError, as_object, read_upload
from .events import Report
from .exchange import WANTED, Middleware
from .request import Request
from .sinks import Outcome, WireEvent

HEADERS: Final = WANTED | {
    "content-encoding",
    "content-length",
    "host",
    "sec-fetch-site",
    "transfer-encoding",
}
"""The headers that are read, in lower case."""
DRAINED: Final = 10
"""How many times too large a body may be and still be read to its end, so that the
client hears why it was refused.
"""
_UNAVAILABLE: Final = 5
"""Seconds after which a client may try again when the sink takes nothing."""


class Reply(NamedTuple):
    """An answer."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes = b""


class Asked(NamedTuple):
    """A request without its body; `headers` are those in `HEADERS`, `subject` is what
    `user` is asked with.
    """

    method: str
    headers: Mapping[str, str]
    peer: str | None
    scheme: str
    subject: Any


class Endpoint(Middleware):
    """The endpoint of any kind of server. The generated package sets `tracker`, `plan`
    and the name of the variable that has the key of the vendor's project.
    """

    plan: ClientPlan

    def __init__(
        self,
        *,
        user: Callable[[Any], str | None] | None,
        exists: Exists | None,
        origins: Collection[str] | None,
        trusted_proxies: int,
        api_key: str | None,
        largest: int,
        device_rate: Rate,
        address_rate: Rate,
    ) -> None:
        listed = self.plan.origins if origins is None else origins
        super().__init__(
            user=user, trusted_proxies=trusted_proxies, origins=listed, api_key=api_key
        )
        self._origins = frozenset(origin.lower().rstrip("/") for origin in listed)
        self._largest = largest
        self._devices = Buckets(device_rate)
        self._addresses = Buckets(address_rate)
        self._exists = exists
        self._memory = MemoryQuarantine(self.tracker)

    @property
    def quarantine(self) -> Any:
        """What keeps the events that nobody vouches for: the outbox's store, else this
        process. It has `quarantined()`, `release_quarantined(ids)` and
        `discard_quarantined(ids)`.
        """
        store: Any = getattr(ledger_of(self.tracker), "store", None)
        return self._memory if store is None else store

    # --- before the body ---

    def admit(self, asked: Asked) -> Reply | None:
        """Judge a request by its head; None when its body may be read."""
        if not self._is_ours(asked.headers):
            return self._refused(asked, 403, "Foreign origin")
        if asked.method == "OPTIONS":
            return Reply(204, [*self._cors(asked.headers, preflight=True)])
        if asked.method != "POST":
            reply = self._refused(asked, 405, "Only POST")
            return reply._replace(headers=[*reply.headers, ("allow", "POST, OPTIONS")])
        length = asked.headers.get("content-length", "0")
        if length.isascii() and length.isdigit() and int(length[:18]) > self._largest:
            return self.too_large(asked)
        return None

    def too_large(self, asked: Asked) -> Reply:
        """Answer for a body that is too large: the client divides it."""
        return self._refused(asked, 413, "Payload too large")

    def _is_ours(self, headers: Mapping[str, str]) -> bool:
        """Tell whether a page of ours sent this, or no page at all."""
        origin = headers.get("origin")
        site = headers.get("sec-fetch-site")
        if origin is not None and origin.lower() in self._origins:
            return True
        if site is not None:  # the browser's own word, which no page can write
            return site == "same-origin" or (site == "none" and origin is None)
        if origin is None:
            return True  # an app, or a server: no browser leaves the origin out
        return _host_of(origin) == _host_of(f"//{headers.get('host', '')}") != ""

    def _cors(
        self, headers: Mapping[str, str], *, preflight: bool = False
    ) -> list[tuple[str, str]]:
        origin = headers.get("origin")
        if origin is None or origin.lower() not in self._origins:
            return []
        found = [
            ("access-control-allow-origin", origin),
            ("access-control-allow-credentials", "true"),
            ("vary", "Origin"),
        ]
        if preflight:
            found += [
                ("access-control-allow-methods", "POST"),
                ("access-control-allow-headers", "content-type, content-encoding"),
                ("access-control-max-age", "7200"),
            ]
        return found

    # --- with the body ---

    def take(
        self,
        asked: Asked,
        body: bytes,
        exists: Callable[..., bool | None] | None = None,
    ) -> Reply:
        """Answer an upload. It never raises, and what it cannot do now the client is
        told to bring again; `exists` is the hook as it can be called here.
        """
        try:
            return self._take(asked, body, exists)
        except UploadError as error:
            return self._refused(asked, error.status, error.reason, 300)
        except Exception as error:
            self.tracker.counts.problem(f"endpoint_error:{type(error).__name__}", error)
            return self._refused(asked, 503, "Unavailable", _UNAVAILABLE)

    def _take(
        self, asked: Asked, body: bytes, exists: Callable[..., bool | None] | None
    ) -> Reply:
        context = self._context(asked)
        address = network_of(context.ip)
        wait = self._addresses.take(address, 1)
        if wait:
            return self._throttled(asked, wait)
        encoding = asked.headers.get("content-encoding", "")
        upload = read_upload(body, encoding, self._largest)
        number = len(upload.events)
        wait = self._addresses.take(address, number)
        if not wait:
            wait = self._devices.take_all(_by_device(upload))
            if wait:
                self._addresses.give_back(address, number)
        if wait:
            return self._throttled(asked, wait)
        now = time_ns() // 1_000_000
        known, later, complete = self._sort(upload, context, now, exists)
        if not complete:
            return self._refused(asked, 503, "Unavailable", _UNAVAILABLE)
        answer: dict[str, Any] = {
            "code": 200,
            "events_ingested": len(upload.events),
            "payload_size_bytes": upload.size,
            "server_upload_time": now,
        }
        if upload.own:
            answer["trackside"] = {"known": known, "later": later}
        return self._reply(asked, 200, answer)

    def _context(self, asked: Asked) -> Context:
        _, request = self._begin(
            asked.subject, asked.headers, peer=asked.peer, scheme=asked.scheme
        )
        if self._user is None:
            # A middleware around this knows who is logged in, and whom to ask.
            request = Request.current() or request
        return request.context()

    def _sort(
        self,
        upload: Upload,
        context: Context,
        now: int,
        exists: Callable[..., bool | None] | None,
    ) -> tuple[list[str], list[str], bool]:
        """Read every event and do with it what is right. Give the insert_ids that are
        known and those that cannot be judged yet, and whether all the rest was taken.
        """
        counts = self.tracker.counts
        arbiter = Arbiter(self.tracker, exists)
        sender = sender_of(upload.own, context, upload.sent_at, now)
        own: list[WireEvent] = []
        copies: list[WireEvent] = []
        held: list[tuple[WireEvent, str]] = []
        known: list[str] = []
        later: list[str] = []
        breaches: list[Read] = []
        for given in upload.events:
            try:
                read = read_event(self.plan, given, sender)
            except Rejected as rejected:
                counts.dropped(f"endpoint:{rejected.reason}")
                continue
            except Exception as error:  # of ours; it is not to spoil the others
                counts.dropped("endpoint:error")
                counts.problem(f"endpoint_error:{type(error).__name__}", error)
                continue
            record = read.record
            fate = "forward" if read.copy is None else arbiter.judge(read)
            if read.found and fate not in {"known", "later"}:
                breaches.append(read)
            if fate == "known":
                known.append(record["insert_id"])
                counts.dropped("endpoint:copy_known")
            elif fate == "later":
                later.append(record["insert_id"])
            elif fate in {"unknown", "not_a_fact"}:
                counts.dropped(f"endpoint:copy_{fate}")
            elif fate == "quarantine":
                held.append((record, "unclaimed_revenue"))
            elif read.is_wrong:
                held.append((record, "violation"))
            elif read.copy is not None:
                copies.append(record)
            else:
                own.append(record)
        complete = self._forward(own, copies, held)
        for read in breaches:
            self._report(read, accepted=complete and not read.is_wrong)
        return known, later, complete

    def _forward(
        self,
        own: list[WireEvent],
        copies: list[WireEvent],
        held: list[tuple[WireEvent, str]],
    ) -> bool:
        """Hand everything on; tell whether all of it was taken. What was taken before
        something failed comes once more, under the same insert_id.
        """
        tracker = self.tracker
        counts = tracker.counts
        for record, reason in held:
            if self.quarantine.quarantine(record, reason):
                counts.dropped(f"endpoint:quarantined_{reason}")
            else:
                counts.dropped("endpoint:quarantine_full")
        sink = tracker.sink()
        if sink is None:
            if own or copies:
                counts.problem("endpoint_not_configured")
                return False
            return True
        outcomes: list[Outcome] = []
        if own:
            outcomes.append(sink.accept(own))
        outcomes += [forward_copy(tracker, record) for record in copies]
        taken = [counts.forwarded(outcome) for outcome in outcomes]  # all are counted
        return all(taken)

    def _report(self, read: Read, *, accepted: bool) -> None:
        """Count what broke the plan and tell whoever wants to know. It never raises:
        what a client sends is no mistake of the code that runs here.
        """
        name = read.record["event_type"]
        counts, hook = self.tracker.counts, self.tracker.settings.on_violation
        for breach in read.found:
            told = None if hook is not None else f"from a client: {name}: {breach}"
            counts.violated(f"{name}.{breach.property}", told)
        if hook is None:
            return
        properties = read.record["event_properties"]
        insert_id = read.record["insert_id"]
        try:
            hook(Report(name, accepted, insert_id, read.found, properties))
        except Exception as error:
            counts.problem("on_violation_failed", error, name)

    # --- answers ---

    def _refused(
        self, asked: Asked, status: int, reason: str, wait: float = 0
    ) -> Reply:
        self.tracker.counts.problem(f"endpoint_{status}")
        answer = {"code": status, "error": reason}
        return self._reply(asked, status, answer, wait if status in {429, 503} else 0)

    def _throttled(self, asked: Asked, wait: float) -> Reply:
        self.tracker.counts.problem("endpoint_429")
        answer: dict[str, Any] = {
            "code": 429,
            "error": "Too many requests for some devices and users",
            "eps_threshold": int(self._devices.rate.a_second),
            "throttled_events": [],
        }
        return self._reply(asked, 429, answer, wait)

    def _reply(
        self, asked: Asked, status: int, answer: Mapping[str, Any], wait: float = 0
    ) -> Reply:
        headers = [
            ("content-type", "application/json"),
            ("cache-control", "no-store"),
            *self._cors(asked.headers),
        ]
        if wait:
            headers.append(("retry-after", str(max(1, math.ceil(wait)))))
        body = json.dumps(answer, separators=(",", ":")).encode()
        return Reply(status, [*headers, ("content-length", str(len(body)))], body)


def _by_device(upload: Upload) -> dict[str, int]:
    """Count the events of each device."""
    numbers: dict[str, int] = {}
    for event in upload.events:
        device = as_object(event).get("device_id")
        if isinstance(device, str):
            device = device[:128]
            numbers[device] = numbers.get(device, 0) + 1
    return numbers


def _host_of(address: str) -> str:
    """Give host and port of an address, without the ports that go without saying."""
    try:
        found = urlsplit(address)
        port = found.port
    except ValueError:
        return ""
    host = (found.hostname or "").lower()
    return host if port in (None, 80, 443) else f"{host}:{port}"
