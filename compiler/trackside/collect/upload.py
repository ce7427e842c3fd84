"""One request to the intake: read it, and refuse what the vendor refuses.

Takes the bytes of a body and gives an `Upload`, or raises `RefusedError` with the vendor's answer. Facts are those of
Amplitude's pages on HTTP V2, Batch Event Upload and Identify; where the pages leave something open, the stricter
reading holds, so that what passes here passes there.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final, Literal, NoReturn, TypeAlias
from urllib.parse import parse_qs

Endpoint: TypeAlias = Literal["httpapi", "batch", "identify"]
Event: TypeAlias = dict[str, Any]

LARGEST: Final[dict[Endpoint, int]] = {"httpapi": 1_000_000, "batch": 20_000_000, "identify": 1_000_000}
"""Bytes of a body, counted after gunzip. The pages say 1 MB and 20 MB."""

MOST_EVENTS: Final = 2000
SHORTEST_ID: Final = 5
LONGEST_TEXT: Final = 1024
"""Characters; the vendor cuts what is longer."""

MOST_LAYERS: Final = 40
"""Objects and lists within each other, a member of the event being the first ("object depth", HTTP V2 API)."""

MOST_GROUP_TYPES: Final = 5
MOST_GROUPS: Final = 10
"""Of an event, all types together; the vendor does not track those beyond ("groups", HTTP V2 API)."""

NO_IDS: Final = frozenset({
    "", "-1", "0", "00000000-0000-0000-0000-000000000000", "anonymous", "lmy47d", "n/a", "na", "nil", "none", "null",
    "undefined", "unknown", "{}",
})  # fmt: skip
"""What the vendor takes for no id at all, in lower case."""

_TEXT: Final = (str,)
_NUMBER: Final = (int, float)
_KINDS: Final[dict[str, tuple[type, ...]]] = {
    "event_type": _TEXT, "user_id": _TEXT, "device_id": _TEXT, "insert_id": _TEXT, "app_version": _TEXT,
    "platform": _TEXT, "os_name": _TEXT, "os_version": _TEXT, "device_brand": _TEXT, "device_manufacturer": _TEXT,
    "device_model": _TEXT, "carrier": _TEXT, "country": _TEXT, "region": _TEXT, "city": _TEXT, "dma": _TEXT,
    "language": _TEXT, "productId": _TEXT, "revenueType": _TEXT, "currency": _TEXT, "ip": _TEXT, "idfa": _TEXT,
    "idfv": _TEXT, "adid": _TEXT, "android_id": _TEXT, "android_app_set_id": _TEXT, "user_agent": _TEXT,
    "library": _TEXT, "partner_id": _TEXT, "time": _NUMBER, "price": _NUMBER, "revenue": _NUMBER,
    "location_lat": _NUMBER, "location_lng": _NUMBER, "quantity": _NUMBER, "event_id": _NUMBER, "session_id": _NUMBER,
    "event_properties": (dict,), "user_properties": (dict,), "groups": (dict,), "group_properties": (dict,),
    "plan": (dict,), "ingestion_metadata": (dict,),
}  # fmt: skip
_SHAPES: Final[dict[tuple[object, ...], bool]] = {}
"""Whether the fields of an event are valid, by their names and then the classes of their values."""

_MOST_SHAPES: Final = 10_000


_Problems: TypeAlias = dict[str, dict[int, str]]
"""What is wrong with a field of an event, by the field and the index of the event."""


class RefusedError(Exception):
    """A request that the intake refuses. `answer` is the body; `faulty` has the reasons for each event it names."""

    def __init__(self, answer: dict[str, Any], events: list[Event] | None = None) -> None:
        self.answer = answer
        self.status: int = answer["code"]
        self.events = events or []
        self.faulty: dict[int, list[str]] = {}
        super().__init__(answer["error"])

    def name(self, member: str, problems: _Problems, *, first_only: bool) -> None:
        """Name the events at fault, by field: HTTP V2 names the first of each field, Batch all of them."""
        if not problems:
            return
        places = {name: list(by_index)[: 1 if first_only else None] for name, by_index in problems.items()}
        self.answer[member] = places
        for name, indices in places.items():
            for index in indices:
                self.faulty.setdefault(index, []).append(f"{name} {problems[name][index]}")


@dataclass(frozen=True, slots=True)
class Upload:
    """A request that the intake takes. `size` is in bytes, after gunzip."""

    endpoint: Endpoint
    events: list[Event]
    size: int
    min_id_length: int = SHORTEST_ID


@dataclass(slots=True)
class _Findings:
    """What is wrong with the events of a request."""

    missing: _Problems = field(default_factory=dict)
    invalid: _Problems = field(default_factory=dict)
    short: _Problems = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.missing or self.invalid or self.short)


def read_upload(endpoint: Endpoint, body: bytes, encoding: str, keys: frozenset[str]) -> Upload:
    """Read the body of a request to HTTP V2 or Batch.

    `encoding` is the header Content-Encoding; `keys` are the project's API keys, any being right where there are none.
    Raises RefusedError.
    """
    text = _plain(body, encoding, LARGEST[endpoint])
    request = _decoded(text)
    if not isinstance(request, dict):
        raise _refused(400, "Invalid JSON request body")
    _check_key(request.get("api_key"), keys)
    events = request.get("events")
    if not events:
        raise _missing("events")
    if not isinstance(events, list) or not all(type(event) is dict for event in events):
        raise _refused(400, "Invalid event JSON")
    if len(events) > MOST_EVENTS:
        raise _refused(413, "Payload too large")
    shortest = _shortest_id(request.get("options"))
    _check_events(events, shortest, first_only=endpoint == "httpapi")
    return Upload(endpoint, events, len(text), shortest)


def read_identification(body: bytes, encoding: str, keys: frozenset[str]) -> Upload:
    """Read the form of a request to Identify; each identification becomes an event `$identify`."""
    text = _plain(body, encoding, LARGEST["identify"])
    try:
        form = parse_qs(text.decode(), keep_blank_values=True, strict_parsing=True, max_num_fields=10)
    except ValueError:
        raise _refused(400, "missing_event") from None
    _check_key(form.get("api_key", [None])[0], keys)
    try:
        stated = _decoded(form.get("identification", [""])[0].encode())
    except RefusedError:
        raise _refused(400, "missing_event") from None
    identifications = stated if isinstance(stated, list) else [stated]
    if not identifications or not all(type(one) is dict for one in identifications):
        raise _refused(400, "missing_event")
    events = [{**one, "event_type": "$identify"} for one in identifications]
    _check_events(events, SHORTEST_ID, first_only=True)
    return Upload("identify", events, len(text))


def plain_bytes(body: bytes, encoding: str) -> bytes:
    """Undo the encoding of a body that has been read before."""
    return zlib.decompress(body, wbits=31) if encoding == "gzip" else body


def stored_form(event: Event, min_id_length: int = SHORTEST_ID) -> Event:
    """Give an event as the vendor keeps it: ids that are too short left out, long text cut.

    >>> stored_form({"event_type": "seen", "user_id": "me", "device_id": "device-1"})
    {'event_type': 'seen', 'device_id': 'device-1'}
    """
    stored = {name: _cut(value) for name, value in with_ids(event, min_id_length).items() if value is not None}
    if stored.get("groups"):
        stored["groups"] = tracked_groups(stored["groups"])
    return stored


def tracked_groups(groups: dict[str, Any]) -> dict[str, Any]:
    """Give the groups of an event that the vendor tracks: the first of what is stated.

    >>> tracked_groups({"team": [1, 2, 3], "org": "a", "city": list(range(9))})
    {'team': [1, 2, 3], 'org': 'a', 'city': [0, 1, 2, 3, 4, 5]}
    """
    left = MOST_GROUPS
    tracked: dict[str, Any] = {}
    for name, value in list(groups.items())[:MOST_GROUP_TYPES]:
        if left <= 0:
            break
        tracked[name] = value[:left] if isinstance(value, list) else value
        left -= len(value) if isinstance(value, list) else 1
    return tracked


def with_ids(event: Event, min_id_length: int = SHORTEST_ID) -> Event:
    """Leave out the ids that are too short to be any.

    >>> with_ids({"event_type": "seen", "user_id": "me", "device_id": "device-1"})
    {'event_type': 'seen', 'device_id': 'device-1'}
    """
    short = [name for name in ("user_id", "device_id") if len(event.get(name) or "") < min_id_length]
    return {name: value for name, value in event.items() if name not in short} if short else event


def _cut(value: Any) -> Any:
    if isinstance(value, str):
        return value if len(value) <= LONGEST_TEXT else value[:LONGEST_TEXT]
    if isinstance(value, dict):
        return {name: _cut(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_cut(item) for item in value]
    return value


def _plain(body: bytes, encoding: str, largest: int) -> bytes:
    if not body:
        raise _refused(400, "Missing request body")
    if len(body) > largest:
        raise _refused(413, "Payload too large")
    if encoding in {"", "identity"}:
        return body
    if encoding != "gzip":
        raise _refused(400, "Invalid JSON request body")
    unpacker = zlib.decompressobj(wbits=31)
    try:
        text = unpacker.decompress(body, largest + 1)
    except zlib.error:
        raise _refused(400, "Invalid JSON request body") from None
    if len(text) > largest:
        raise _refused(413, "Payload too large")
    if not unpacker.eof or unpacker.unused_data:
        raise _refused(400, "Invalid JSON request body")
    return text


def is_too_deep(values: Iterable[Any], left: int = MOST_LAYERS) -> bool:
    """Tell whether more than `left` objects and lists stand within each other in one of the values.

    Raises ValueError for a number that is not finite: Python reads 1e999 as infinity.

    >>> is_too_deep([[[]]], 2), is_too_deep([[[[]]]], 2)
    (False, True)
    """
    is_deep = False
    for value in values:
        kind = type(value)
        if kind is float:
            if value - value != 0:
                raise ValueError(value)
        elif kind is dict or kind is list:
            is_deep = not left or is_too_deep(value.values() if kind is dict else value, left - 1) or is_deep
    return is_deep


def shallow(value: Any, left: int = MOST_LAYERS) -> Any:
    """Give a value with a text in place of what stands deeper: what is too deep for the vendor can still be shown."""
    if isinstance(value, dict):
        return {name: shallow(item, left - 1) for name, item in value.items()} if left else "{…}"
    if isinstance(value, list):
        return [shallow(item, left - 1) for item in value] if left else "[…]"
    return value


def _no_constant(name: str) -> NoReturn:
    raise ValueError(name)  # NaN and the infinities, which Python's reader would let pass


_decode: Final = json.JSONDecoder(parse_constant=_no_constant).decode


def _decoded(text: bytes) -> Any:
    try:
        return _decode(text.decode())
    except (ValueError, RecursionError):
        raise _refused(400, "Invalid JSON request body") from None


def _refused(status: int, error: str) -> RefusedError:
    return RefusedError({"code": status, "error": error})


def _missing(name: str) -> RefusedError:
    return RefusedError({"code": 400, "error": "Request missing required field", "missing_field": name})


def _check_key(key: object, keys: frozenset[str]) -> None:
    if not key:
        raise _missing("api_key")
    if not isinstance(key, str) or (keys and key not in keys):
        raise _refused(400, f"Invalid API key: {key}")


def _shortest_id(options: object) -> int:
    shortest = options.get("min_id_length") if isinstance(options, dict) else None
    return shortest if type(shortest) is int else SHORTEST_ID


def _check_events(events: list[Event], shortest: int, *, first_only: bool) -> None:
    """Refuse the request when an event in it is wrong: nothing of it is taken then."""
    findings = _Findings()
    try:
        for index, event in enumerate(events):
            _check_event(index, event, shortest, findings)
    except ValueError:
        raise _refused(400, "Invalid JSON request body") from None
    if not findings:
        return
    if findings.missing:
        error = "Request missing required field"
    elif findings.invalid:
        error = "Invalid field values on some events"
    else:
        error = "Invalid id length for user_id or device_id"
    refused = RefusedError({"code": 400, "error": error}, events)
    refused.name("events_with_missing_fields", findings.missing, first_only=first_only)
    refused.name("events_with_invalid_fields", findings.invalid, first_only=first_only)
    refused.name("events_with_invalid_id_lengths", findings.short, first_only=first_only)
    raise refused


def _check_event(index: int, event: Event, shortest: int, findings: _Findings) -> None:
    # Most events of a program have one of a few shapes; each is looked at once.
    shape = (*event, *map(type, event.values()))
    is_fine = _SHAPES.get(shape)
    if is_fine is None:
        if len(_SHAPES) > _MOST_SHAPES:
            _SHAPES.clear()
        is_fine = _SHAPES[shape] = all(_is_valid(name, value) for name, value in event.items())
    if not is_fine:
        for name, value in event.items():
            if not _is_valid(name, value):
                findings.invalid.setdefault(name, {})[index] = "is not valid"
    if is_too_deep(event.values()):
        for name, value in event.items():
            if is_too_deep((value,)):
                findings.invalid.setdefault(name, {})[index] = f"is nested deeper than {MOST_LAYERS} layers"
    if not event.get("event_type"):
        findings.missing.setdefault("event_type", {})[index] = "is missing"
    user, device = event.get("user_id"), event.get("device_id")
    if user is None and device is None:
        findings.missing.setdefault("user_id", {})[index] = "is missing"
        findings.missing.setdefault("device_id", {})[index] = "is missing"
        return
    long_enough = False
    for name, value in (("user_id", user), ("device_id", device)):
        if isinstance(value, str):
            if value.lower() in NO_IDS:
                findings.invalid.setdefault(name, {})[index] = "is not valid"
            long_enough = long_enough or len(value) >= shortest
    if not long_enough:
        for name, value in (("user_id", user), ("device_id", device)):
            if isinstance(value, str):
                findings.short.setdefault(name, {})[index] = "is too short"


def _is_valid(name: str, value: object) -> bool:
    """Tell whether a field has a value of its kind; the answer depends on the value's class alone."""
    wanted = _KINDS.get(name)
    if wanted is None or value is None:
        return True
    return isinstance(value, wanted) and (wanted is not _NUMBER or not isinstance(value, bool))
