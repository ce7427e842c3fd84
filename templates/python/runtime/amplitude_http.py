"""One Amplitude project over HTTP: events go in, and for each the verdict comes out.

It keeps nothing but a connection. Who calls it keeps the events, and decides when those
that are to be sent again are.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final, NamedTuple, cast
from zlib import compressobj

from .connection import Answer, Connection, Trouble
from .encoding import encoder
from .sinks import WireEvent

_HOSTS: Final = {
    "US": "https://api2.amplitude.com",
    "EU": "https://api.eu.amplitude.com",
}
_EVENTS: Final = 2000
"""Events in a request, at most (Amplitude, HTTP V2 and Batch API)."""
_BYTES: Final = {False: 900_000, True: 18_000_000}
"""Bytes in a request before compression: the vendor's 1 MB (HTTP V2) and 20 MB
(Batch), less room for what is around the events.
"""
_THROTTLED: Final = 30.0
"""Seconds that a throttled user or device waits (Amplitude, HTTP V2 API)."""
_REQUESTS: Final = 40
"""Requests of one `send`, at most: what is left then is to be sent again."""
_encode: Final = encoder()


class Verdict(NamedTuple):
    """What became of the events of one `send`, as indices into them; each is in one of
    `sent`, `dropped` (with its reason) and `retry`.

    `wait` is how many seconds those of `retry` should wait, 0 when that is up to the
    caller. `smaller` says that fewer at once would fare better. `trouble` says in a
    word why there is something to send again, such as `http_503` or `timeout`.
    """

    sent: tuple[int, ...] = ()
    dropped: tuple[tuple[int, str], ...] = ()
    retry: tuple[int, ...] = ()
    wait: float = 0.0
    smaller: bool = False
    trouble: str = ""


class _Sorted:
    """A verdict in the making."""

    def __init__(self) -> None:
        self.sent: list[int] = []
        self.dropped: list[tuple[int, str]] = []
        self.retry: list[int] = []
        self.wait = 0.0
        self.smaller = False
        self.trouble = ""

    def again(self, indices: Iterable[int], trouble: str, wait: float = 0.0) -> None:
        self.retry.extend(indices)
        self.trouble = trouble
        self.wait = max(self.wait, wait)

    def done(self) -> Verdict:
        return Verdict(
            tuple(sorted(self.sent)),
            tuple(sorted(self.dropped)),
            tuple(sorted(self.retry)),
            self.wait,
            self.smaller,
            self.trouble,
        )


class Destination:
    """Sends events to one Amplitude project, by HTTP V2 or by the Batch API.

    One thread at a time may use it. `zone` is the project's region; `server_url` is the
    whole address instead of the vendor's. `timeout` is in seconds and bounds a request
    from its first byte to the last one of its answer, however slowly they come.
    """

    def __init__(
        self,
        api_key: str,
        *,
        zone: str = "US",
        server_url: str | None = None,
        batch_api: bool = False,
        timeout: float = 10.0,
        compress: bool = True,
    ) -> None:
        path = "/batch" if batch_api else "/2/httpapi"
        self.url = server_url or _HOSTS[zone.upper()] + path
        self._head = b'{"api_key":' + _encode(api_key).encode() + b',"events":['
        self._compress = compress
        self._most_bytes = self._bytes = _BYTES[batch_api]
        self._connection = Connection(self.url, timeout)

    def send(
        self, events: Sequence[WireEvent], goes_on: Callable[[], bool] | None = None
    ) -> Verdict:
        """Send events, in as many requests as their size takes, and tell what became of
        each. `goes_on` is asked before each request but the first; when it says no,
        what is left is to be sent again.

        Never raises for what a network or a server does. Refused events are dropped
        and the others sent again at once; throttled ones are left for later and the
        others sent. A request that may have arrived is to be sent again as it is: the
        insert_id tells the two copies apart.
        """
        found = _Sorted()
        bodies: list[bytes] = []
        for index, event in enumerate(events):
            try:
                bodies.append(_encode(event).encode())
            except Exception:
                bodies.append(b"")
                found.dropped.append((index, "unencodable"))
        groups = deque([[index for index, body in enumerate(bodies) if body]])
        requests = 0
        while groups:
            group = groups.popleft()
            fitting = self._fitting(group, bodies)
            if fitting < len(group):
                groups.appendleft(group[fitting:])
                group = group[:fitting]
            if not group:
                continue
            why = "too_many_requests" if requests == _REQUESTS else ""
            if requests and goes_on is not None and not goes_on():
                why = "unfinished"
            if why:
                found.again(group, found.trouble or why)
                found.again([index for rest in groups for index in rest], found.trouble)
                break
            requests += 1
            try:
                answer = self._post(group, bodies)
            except Trouble as error:
                found.again(group, str(error))
            else:
                if self._judge(answer, group, events, bodies, found, groups):
                    continue
            found.again([index for rest in groups for index in rest], found.trouble)
            break
        return found.done()

    def close(self) -> None:
        """Close the connection; the next `send` opens a new one."""
        self._connection.close()

    def _fitting(self, group: list[int], bodies: list[bytes]) -> int:
        """Count how many events from the first on fit into one request; one always
        does.
        """
        room = self._bytes
        for number, index in enumerate(group[:_EVENTS]):
            room -= len(bodies[index]) + 1
            if room < 0 and number:
                return number
        return min(len(group), _EVENTS)

    def _post(self, group: list[int], bodies: list[bytes]) -> Answer:
        body = self._head + b",".join([bodies[index] for index in group]) + b"]}"
        headers = {"Content-Type": "application/json", "Accept": "application/json"}
        if self._compress and len(body) > 1000:
            body = _gzip(body)
            headers["Content-Encoding"] = "gzip"
        return self._connection.post(body, headers)

    # --- what an answer says ---

    def _judge(
        self,
        answer: Answer,
        group: list[int],
        events: Sequence[WireEvent],
        bodies: list[bytes],
        found: _Sorted,
        groups: deque[list[int]],
    ) -> bool:
        """Sort a request's events by its answer, and put back what can go at once; tell
        whether the destination takes more now.
        """
        status, body, wait = answer
        if body is not None and 200 <= status < 300:
            code = body.get("code")
            status = code if isinstance(code, int) else 0
        if status == 200 and body is not None:
            found.sent.extend(group)
            self._bytes = min(self._most_bytes, self._bytes + self._most_bytes // 50)
            return True
        if status == 413:
            found.smaller = True
            if len(group) == 1:
                found.dropped.append((group[0], "too_large"))
                return True
            size = sum([len(bodies[index]) for index in group])
            self._bytes = min(self._bytes, size) // 2
            groups.appendleft(group)
            return True
        if status == 429:
            return _throttled(body or {}, wait, group, events, found, groups)
        if status == 400 and body is not None:
            return _refused(body, group, found, groups)
        unreadable = (body is None and 200 <= status < 300) or status == 0
        found.again(group, "unreadable" if unreadable else f"http_{status}", wait)
        return False


def _halve(group: list[int], groups: deque[list[int]]) -> None:
    middle = (len(group) + 1) // 2
    groups.appendleft(group[middle:])
    groups.appendleft(group[:middle])


def _refused(
    body: dict[str, Any], group: list[int], found: _Sorted, groups: deque[list[int]]
) -> bool:
    """Drop what a 400 names and put the others back; where it names nothing, look for
    the culprit by halves.
    """
    reasons: dict[int, str] = {}
    for name, reason in (
        ("events_with_invalid_fields", "invalid"),
        ("events_with_missing_fields", "missing"),
        ("events_with_invalid_id_lengths", "invalid_id_length"),
    ):
        fields = body.get(name)
        if isinstance(fields, dict):
            for field, places in cast("dict[str, object]", fields).items():
                word = field if field.isidentifier() and len(field) < 40 else "field"
                for place in _places(places, group):
                    reasons.setdefault(place, f"{reason}:{word}")
    for place in _places(body.get("silenced_events"), group):
        reasons.setdefault(place, "silenced")
    if reasons:
        rest = [index for place, index in enumerate(group) if place not in reasons]
        found.dropped += [(group[place], reason) for place, reason in reasons.items()]
        groups.appendleft(rest)
        return True
    error = body.get("error")
    unknown = isinstance(error, str) and error.startswith("Invalid API key")
    if unknown or body.get("missing_field") == "api_key":
        # No event's fault, and a vendor has been known to err: keep them.
        found.again(group, "invalid_api_key", _THROTTLED)
        return False
    if len(group) == 1:
        found.dropped.append((group[0], "http_400"))
        return True
    _halve(group, groups)
    return True


def _throttled(
    body: dict[str, Any],
    wait: float,
    group: list[int],
    events: Sequence[WireEvent],
    found: _Sorted,
    groups: deque[list[int]],
) -> bool:
    """Leave throttled events for later and put the others back; a 429 that names none
    means all.
    """
    exhausted = _names(
        body, "exceeded_daily_quota_users", "exceeded_daily_quota_devices"
    )
    ids = _names(body, "throttled_users", "throttled_devices") | exhausted
    named = _places(body.get("throttled_events"), group)
    later: list[int] = []
    rest: list[int] = []
    dropped: list[int] = []
    for place, index in enumerate(group):
        own = {events[index].get("user_id"), events[index].get("device_id")}
        if own & exhausted:
            dropped.append(index)
        elif place in named or own & ids:
            later.append(index)
        else:
            rest.append(index)
    found.dropped += [(index, "daily_quota") for index in dropped]
    if not later and not dropped:
        found.again(group, "http_429", wait or _THROTTLED)
        return False
    if later:
        found.again(later, "throttled", wait or _THROTTLED)
    groups.appendleft(rest)
    return True


def _places(value: object, group: list[int]) -> set[int]:
    """Read the places that an answer names, as far as there are events in them."""
    places = cast("list[object]", value) if isinstance(value, list) else []
    return {
        place
        for place in places
        if isinstance(place, int)
        and not isinstance(place, bool)
        and 0 <= place < len(group)
    }


def _names(body: dict[str, Any], *members: str) -> set[object]:
    """Read the ids in some members, which are lists or objects by id."""
    found: set[object] = set()
    for member in members:
        value = body.get(member)
        if isinstance(value, dict | list):
            ids = cast("Iterable[object]", value)
            found.update([one for one in ids if isinstance(one, str) and one])
    return found


def _gzip(body: bytes) -> bytes:
    packer = compressobj(1, wbits=31)
    return packer.compress(body) + packer.flush()
