"""What crosses the wire between a page and this server: who it is about, the key of an
attempt, and the facts that the server confirms.

Pure: text in, values out. What comes from a client is judged by length, characters and
range, and read whole or not at all; it never says who the person is.
"""

from __future__ import annotations

import json
import re
from base64 import urlsafe_b64encode
from binascii import Error as NotBase64
from binascii import a2b_base64
from collections.abc import Iterable, Iterator, Mapping, Sequence
from math import inf
from typing import Any, Final, NamedTuple, TypeAlias, cast
from urllib.parse import quote, unquote

from .context import LONGEST_ID, id_flaw
from .request import MOST_CONFIRMED
from .values import Flaw, uuid

CONTEXT_HEADER: Final = "Trackside-Context"
ATTEMPT_HEADER: Final = "Trackside-Attempt"
CONFIRMED_HEADER: Final = "Trackside-Confirmed"
OUTCOME_HEADER: Final = "Trackside-Outcome"
CONTEXT_COOKIE: Final = "trackside"
CONFIRMED_COOKIE: Final = "trackside_ok"

LONGEST_CONTEXT: Final = 1024
LONGEST_CONFIRMED: Final = 3500
"""Characters of the list; a browser keeps a cookie of 4,096 bytes."""

_VERSION: Final = "1"
_LONGEST_COOKIE: Final = 4096
_MOST_PARAMETERS: Final = 64
_MOST_CATEGORIES: Final = 16
_LIKE_JAVASCRIPT: Final = "!*'()"
"""What `encodeURIComponent` leaves as it is and `quote` does not."""

_BASE64URL: Final = re.compile(r"[A-Za-z0-9_-]+")
_BASE64: Final = re.compile(r"[A-Za-z0-9+/]+={0,2}")
_DEVICE: Final = re.compile(r"[A-Za-z0-9{}._:~+/=@|-]{5,128}")
_CATEGORY: Final = re.compile(r"[a-z_]{1,32}")
_ATTEMPT: Final = re.compile(r"1 ([0-9A-Fa-f-]{36})")
_CONFIRMED: Final = re.compile(r"1(?: [A-Za-z0-9_.~!*'()%-]+)+")
_SESSION: Final = re.compile(r"AMP_([0-9A-Za-z]{10})")
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")


class Carried(NamedTuple):
    """What one carrier says. `session_id` and `seen_at` are ms of the client's clock,
    both known or neither; `consent` names the granted categories.
    """

    device_id: str | None = None
    session_id: int | None = None
    seen_at: int | None = None
    attribution: Mapping[str, str] = {}
    consent: tuple[str, ...] | None = None
    opted_out: bool = False


def find(
    header: str | None,
    cookies: str | None,
    api_key: str | None,
    now: int | None = None,
) -> Carried:
    """Read the first valid carrier of a request: the header, our cookie, the vendor's
    cookies. It counts whole; fields of two are never mixed.

    Several domains may have a cookie of ours. The one that was written last counts, and
    before all a refusal, which names no time; pages choose in the same way.

    A page writes the header as it makes the request, so what it says of the last event
    is `now`, in ms of the server's clock: the page's own may be hours off.

    One thing is no field: a vendor's cookie that says `optOut` is honoured whatever
    else there is. `api_key` names the vendor's cookies; without one they are read where
    only one project has any.
    """
    jar = list(each_cookie(cookies))
    vendor = _vendor(jar, api_key)
    found = None if header is None else read_context(header)
    if found is not None and found.seen_at is not None and now is not None:
        found = found._replace(seen_at=now)
    if found is None:
        ours = [_dated(value) for name, value in jar if name == CONTEXT_COOKIE]
        found = max(filter(None, ours), key=_written_at, default=(None, None))[0]
    if found is None:
        return vendor
    return found._replace(opted_out=vendor.opted_out)


# --- the context ---


def write_context(carried: Carried) -> str:
    """Write the text of the header and of the cookie. Of attribution that makes it too
    long, what stands last goes first: pages put the first touch before the last.

    >>> write_context(Carried("device-12345", consent=("analytics",)))
    '1.eyJkIjoiZGV2aWNlLTEyMzQ1IiwiYyI6WyJhbmFseXRpY3MiXX0'
    """
    attribution = dict(carried.attribution)
    while True:
        members = {
            "d": carried.device_id,
            "s": carried.session_id,
            "t": carried.seen_at,
            "a": attribution or None,
            "c": carried.consent,
        }
        known = {name: value for name, value in members.items() if value is not None}
        data = json.dumps(known, ensure_ascii=False, separators=(",", ":")).encode()
        text = f"{_VERSION}.{urlsafe_b64encode(data).decode().rstrip('=')}"
        if len(text) <= LONGEST_CONTEXT or not attribution:
            return text
        attribution.popitem()


def read_context(text: str) -> Carried | None:
    """Read the header or the cookie; None when it is not valid or says nothing.

    A device_id, session or consent that cannot be read makes the whole invalid; an
    attribution parameter is only left out.
    """
    dated = _dated(text)
    return None if dated is None else dated[0]


_Dated: TypeAlias = tuple[Carried, int | None]


def _written_at(dated: _Dated) -> float:
    carried, seen_at = dated
    if seen_at is not None:
        return seen_at
    return inf if carried.device_id is None else -1


def _dated(text: str) -> _Dated | None:
    """Read a context, and when it was written, also where it has no session."""
    version, dot, body = text.partition(".")
    if (
        len(text) > LONGEST_CONTEXT
        or version != _VERSION
        or not dot
        or _BASE64URL.fullmatch(body) is None
    ):
        return None
    try:
        padded = body.translate(_TO_BASE64) + "=" * (-len(body) % 4)
        members = _object(a2b_base64(padded).decode())
        device_id = read_device(members.get("d"))
        session_id = _moment(members.get("s"))
        seen_at = _moment(members.get("t"))
        attribution = members.get("a")
        if attribution is not None and not isinstance(attribution, dict):
            return None
        consent = _categories(members.get("c"))
    except (ValueError, NotBase64, RecursionError):
        return None
    if device_id is None and consent is None:
        return None
    carried = Carried(
        device_id,
        *_session(session_id, seen_at),
        _parameters(cast("dict[str, object]", attribution or {})),
        consent,
    )
    return carried, seen_at


_TO_BASE64: Final = str.maketrans("-_", "+/")


def read_device(value: object) -> str | None:
    """Read a device_id that a client made; None is none. Raises ValueError."""
    if value is None:
        return None
    if (
        not isinstance(value, str)
        or _DEVICE.fullmatch(value) is None
        or id_flaw(value) is not None
        or value.startswith("system:")  # ours, for events that are nobody's
    ):
        raise ValueError
    return value


def _moment(value: object) -> int | None:
    """Read ms since 1970: thirteen digits, so that seconds are not taken for them."""
    if value is None:
        return None
    if isinstance(value, float) and value.is_integer():
        value = int(value)  # JSON has one kind of number
    if type(value) is not int or not 10**12 <= value < 10**13:
        raise ValueError
    return value


def _session(start: int | None, seen_at: int | None) -> tuple[int | None, int | None]:
    """Give both or neither: without its last event nobody knows whether a session
    lives, and one that begins after it is of a clock that was set.
    """
    if start is None or seen_at is None or start > seen_at:
        return None, None
    return start, seen_at


def _categories(value: object) -> tuple[str, ...] | None:
    if value is None:
        return None
    if not isinstance(value, list):
        raise ValueError
    names = cast("list[object]", value)
    if len(names) > _MOST_CATEGORIES:
        raise ValueError
    found: list[str] = []
    for name in names:
        if not isinstance(name, str) or _CATEGORY.fullmatch(name) is None:
            raise ValueError
        found.append(name)
    return tuple(found)


def _parameters(values: Mapping[str, object]) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, value in values.items():
        if (
            _is_line(name, 64)
            and _is_line(value, LONGEST_ID)
            and len(found) < _MOST_PARAMETERS
        ):
            found[name] = cast("str", value)
    return found


def _is_line(value: object, longest: int) -> bool:
    return (
        isinstance(value, str)
        and 0 < len(value) <= longest
        and _CONTROL.search(value) is None
    )


def _object(text: str) -> dict[str, Any]:
    value: object = _JSON.decode(text)
    if not isinstance(value, dict):
        raise ValueError
    return cast("dict[str, Any]", value)


def _refuse(name: str) -> object:
    raise ValueError(name)  # NaN and Infinity are Python's, not JSON's


_JSON: Final = json.JSONDecoder(parse_constant=_refuse)


# --- the vendor's cookies ---


def _vendor(jar: Sequence[tuple[str, str]], api_key: str | None) -> Carried:
    """Read `AMP_<key>` with `AMP_MKTG_<key>`, as Amplitude's browser SDK writes them
    (2.47.0: the first 10 characters of the API key).
    """
    if api_key is None:
        keys = {match[1] for name, _ in jar if (match := _SESSION.fullmatch(name))}
    else:
        keys = {api_key[:10]}
    sessions: list[Carried] = []
    for name, value in jar:
        if name.removeprefix("AMP_") not in keys or not name.startswith("AMP_"):
            continue
        session = _vendor_session(value)
        if session is not None:
            sessions.append(session)
    opted_out = any(session.opted_out for session in sessions)
    if not sessions or len(keys) > 1:
        return Carried(opted_out=opted_out)
    wanted = f"AMP_MKTG_{next(iter(keys))}"
    campaigns = (_vendor_members(value) for name, value in jar if name == wanted)
    campaign = next((found for found in campaigns if found), None)
    attribution = {} if campaign is None else _parameters(campaign)
    return sessions[0]._replace(attribution=attribution, opted_out=opted_out)


def _vendor_session(text: str) -> Carried | None:
    members = _vendor_members(text)
    if members is None:
        return None
    opted_out = members.get("optOut") is True
    try:
        device_id = read_device(members.get("deviceId"))
    except ValueError:
        device_id = None
    if device_id is None:
        return Carried(opted_out=True) if opted_out else None
    try:
        start = _moment(members.get("sessionId"))
        seen_at = _moment(members.get("lastEventTime"))
    except ValueError:  # -1 stands for no session
        start = seen_at = None
    return Carried(device_id, *_session(start, seen_at), opted_out=opted_out)


def _vendor_members(text: str) -> dict[str, Any] | None:
    """Decode base64 of percent-encoded JSON; the text may be percent-encoded once more
    (Rails 7 does so).
    """
    if len(text) > _LONGEST_COOKIE:
        return None
    for value in (text, unquote(text)):
        if _BASE64.fullmatch(value) is None:
            continue
        try:
            data = a2b_base64(value.rstrip("=") + "=" * (-len(value.rstrip("=")) % 4))
            return _object(unquote(data.decode("ascii"), errors="strict"))
        except (ValueError, NotBase64, RecursionError):
            continue
    return None


def each_cookie(header: str | None) -> Iterator[tuple[str, str]]:
    """Split a Cookie header; a name may come more than once, from several domains.

    >>> list(each_cookie('a=1; b="2"; a=3; c'))
    [('a', '1'), ('b', '2'), ('a', '3')]
    """
    for part in (header or "").split(";"):
        name, equals, value = part.strip().partition("=")
        if equals:
            if len(value) > 1 and value[0] == value[-1] == '"':
                value = value[1:-1]
            yield name, value


# --- the attempt ---


def read_attempt(text: str) -> str | None:
    """Read the key of a `dedupe: attempt` event: a UUID, in lower case.

    >>> read_attempt("1 123E4567-E89B-12D3-A456-426614174000")
    '123e4567-e89b-12d3-a456-426614174000'
    """
    found = _ATTEMPT.fullmatch(text)
    try:
        return None if found is None else uuid(found[1])
    except Flaw:
        return None


def write_attempt(attempt: str) -> str:
    """Write the header that `read_attempt` reads."""
    return f"{_VERSION} {attempt}"


# --- the confirmation ---


def write_confirmed(insert_ids: Iterable[str]) -> str:
    """Write the list of confirmed facts: at most 20, and 3,500 characters; what does
    not fit is left out, and empty text confirms nothing. Each id is percent-encoded as
    `encodeURIComponent` does it, since a key in the clear may hold any text.

    >>> write_confirmed(["0f0c", "order 7"])
    '1 0f0c order%207'
    """
    parts = [_VERSION]
    length = len(_VERSION)
    for insert_id in insert_ids:
        part = quote(insert_id, safe=_LIKE_JAVASCRIPT)
        if len(parts) > MOST_CONFIRMED:
            break
        if length + 1 + len(part) <= LONGEST_CONFIRMED:
            parts.append(part)
            length += 1 + len(part)
    return " ".join(parts) if len(parts) > 1 else ""


def read_confirmed(text: str) -> list[str]:
    """Read what `write_confirmed` wrote; what is not valid confirms nothing."""
    if len(text) > LONGEST_CONFIRMED or _CONFIRMED.fullmatch(text) is None:
        return []
    try:
        found = [unquote(part, errors="strict") for part in text.split(" ")[1:]]
    except UnicodeDecodeError:
        return []
    return found[:MOST_CONFIRMED]


def write_confirmed_cookie(insert_ids: Sequence[str]) -> str:
    """Write the same list as the value of a cookie: percent-encoded as a whole, so that
    nobody puts it into quotes.

    >>> write_confirmed_cookie(["0f0c", "order 7"])
    '1%200f0c%20order%25207'
    """
    for number in range(min(len(insert_ids), MOST_CONFIRMED), 0, -1):
        value = quote(write_confirmed(insert_ids[:number]), safe="")
        if len(value) <= LONGEST_CONFIRMED:
            return value
    return ""


def read_confirmed_cookie(value: str) -> list[str]:
    """Read what `write_confirmed_cookie` wrote."""
    return read_confirmed(unquote(value)) if len(value) <= LONGEST_CONFIRMED else []
