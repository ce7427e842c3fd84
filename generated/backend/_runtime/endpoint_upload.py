"""What a page uploads: its body, unpacked and read, in our form or in that of the
vendor's browser SDK.
"""

from __future__ import annotations

import json
import zlib
from datetime import datetime
from typing import Any, Final, NamedTuple, cast

from .values import Flaw, moment

LARGEST: Final = 1_000_000
"""Bytes of a body, packed or not (Amplitude, HTTP V2: 1 MB)."""
MOST_EVENTS: Final = 2_000
"""Events of an upload (Amplitude, HTTP V2)."""
VERSION: Final = 1


class UploadError(Exception):
    """An upload that cannot be taken; `status` is the answer's, `reason` its words."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason


class Upload(NamedTuple):
    """The events of one body. `own` tells our form; `sent_at` is the client's clock as
    it was sent, in ms, None when it is not known; `size` counts the bytes of the body.
    """

    own: bool
    events: list[object]
    sent_at: int | None
    size: int


def read_upload(body: bytes, encoding: str = "", largest: int = LARGEST) -> Upload:
    """Read a body of this Content-Encoding. Raises UploadError.

    >>> read_upload(b'{"trackside": 1, "sent_at": 1795445108525, "events": []}')
    Upload(own=True, events=[], sent_at=1795445108525, size=56)
    """
    data = _unpacked(body, encoding.strip().lower(), largest)
    try:
        value: object = json.loads(data.decode(), parse_constant=_refuse)
    except (ValueError, RecursionError):
        raise UploadError(400, "Invalid JSON request body") from None
    if not isinstance(value, dict):
        raise UploadError(400, "Invalid request body")
    members = cast("dict[str, Any]", value)
    events = members.get("events")
    version = members.get("trackside")
    if type(version) is int and version > VERSION:
        # A page of a later deployment keeps its events until this server knows more.
        raise UploadError(429, "Unknown version")
    if not isinstance(events, list):
        raise UploadError(400, "Request missing required field")
    found = cast("list[object]", events)
    if len(found) > MOST_EVENTS:
        raise UploadError(413, "Payload too large")
    if type(version) is int and version == VERSION:
        return Upload(True, found, as_moment(members.get("sent_at")), len(body))
    return Upload(False, found, _time_of_text(members), len(body))


def as_object(value: object) -> dict[str, Any]:
    """Take a JSON object; what is none has no members."""
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def as_moment(value: object) -> int | None:
    """Read ms since 1970: thirteen digits, so that seconds are not taken for them."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)  # JSON has one kind of number
    if type(value) is int and 10**12 <= value < 10**13:
        return value
    return None


def _unpacked(body: bytes, encoding: str, largest: int) -> bytes:
    if len(body) > largest:
        raise UploadError(413, "Payload too large")
    if encoding in ("", "identity"):
        return body
    if encoding not in ("gzip", "x-gzip"):
        raise UploadError(400, "Unknown content encoding")
    unpacker = zlib.decompressobj(16 + zlib.MAX_WBITS)
    try:
        data = unpacker.decompress(body, largest + 1)
    except zlib.error:
        raise UploadError(400, "Invalid gzip request body") from None
    if len(data) > largest:  # of a bomb, no more than this is ever unpacked
        raise UploadError(413, "Payload too large")
    if not unpacker.eof:
        raise UploadError(400, "Invalid gzip request body")
    return data


def _time_of_text(members: dict[str, Any]) -> int | None:
    """Read the vendor's `client_upload_time`, an ISO 8601 text."""
    try:
        text = moment(members.get("client_upload_time"))
    except Flaw:
        return None
    at = datetime.fromisoformat(f"{text[:-1]}+00:00")
    return as_moment(round(at.timestamp() * 1000))


def _refuse(name: str) -> object:
    raise ValueError(name)  # NaN and Infinity are Python's, not JSON's
