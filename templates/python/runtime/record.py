"""The parts of an event: whom it is about, its key, its time, its revenue."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from math import isfinite
from typing import Any, Final

from . import keys
from .context import Context
from .events import Event, Revenue, Violation, violation
from .sinks import WireEvent
from .values import Flaw, Json, flaw_of

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND: Final = timedelta(milliseconds=1)


class Refusal(Exception):
    """Ends a call whose event is not sent; `found` is None where the plan says so."""

    def __init__(self, dropped: str, found: Violation | None = None) -> None:
        super().__init__(dropped)
        self.dropped = dropped
        self.found = found


def refused(name: str, reason: str) -> Refusal:
    """Refuse an event for a breach of the plan."""
    return Refusal("violation", Violation(name, name, reason, "refused"))


def identify(
    record: WireEvent,
    ids: tuple[str, ...],
    context: Context | None,
    system_id: str,
    session_timeout: int,
) -> None:
    """Write who the event is about: exactly `ids` where the plan names them, else all
    that is known. `session_timeout` is in ms.
    """
    if context is None:
        raise refused("", "has no identity: no context is active and none was passed")
    if context.is_system and not ids:
        record["device_id"] = system_id
        return
    if not ids or "user_id" in ids:
        if context.user_flaw is not None:
            raise refused("user_id", context.user_flaw)
        if context.user_id is not None:
            record["user_id"] = context.user_id
        elif ids:
            raise refused("user_id", _ABSENT)
    if not ids or "device_id" in ids:
        if context.device_flaw is not None:
            raise refused("device_id", context.device_flaw)
        if context.device_id is not None:
            record["device_id"] = context.device_id
        elif ids:
            raise refused("device_id", _ABSENT)
        elif "user_id" not in record:
            raise refused("", "has no identity: the context has no id")
    if context.session_id is not None and (
        context.seen_at is None
        or abs(record["time"] - context.seen_at) <= session_timeout
    ):
        record["session_id"] = context.session_id
    if context.ip is not None:
        record["ip"] = context.ip
    if context.user_agent is not None:
        record["user_agent"] = context.user_agent


_ABSENT: Final = "is not in the context, and the plan wants it here"


def insert_id(
    event: Event,
    properties: Mapping[str, Json],
    context: Context | None,
    namespace: str,
) -> str:
    """Compute the dedupe key of the fact, or make a random id where it has none."""
    key = event.key
    if key is None:
        return keys.random_id()
    parts: list[Any] = []
    for name in key.parts:
        part = properties.get(name)
        if part is None or part == "":
            raise refused(name, "is part of the dedupe key, and is missing or empty")
        parts.append(part)
    if key.texts is not None:
        return keys.in_the_clear(key.texts, parts)
    if key.attempt:
        if context is None or context.attempt is None:
            return keys.random_id()  # no copy of the client's is on its way
        parts.append(context.attempt)
    start = event.key_start
    if start is None:
        start = event.key_start = keys.prefix(namespace, key.name)
    return keys.hashed(start, parts)


def time_of(
    event: Event,
    properties: Mapping[str, Json],
    time: datetime | None,
    now: int,
    found: tuple[Violation, ...],
) -> tuple[int, tuple[Violation, ...]]:
    """Take the event's time, in ms, from the property that the plan names, else from
    the call.
    """
    if event.time is not None:
        written = properties.get(event.time)
        if not isinstance(written, str):
            return now, found
        time = datetime.fromisoformat(f"{written[:-1]}+00:00")
    try:
        if not isinstance(time, datetime):
            raise Flaw("is not a datetime")
        if time.utcoffset() is None:
            raise Flaw("has no offset: give it a time zone")
        return (time - _EPOCH) // _MILLISECOND, found
    except Exception as error:
        return now, (*found, violation("time", flaw_of(error), "left_out"))


def add_context(
    names: tuple[str, ...],
    known: tuple[Mapping[str, Json], ...],
    required: frozenset[str],
    properties: dict[str, Json],
) -> tuple[Violation, ...]:
    """Add what every event carries, from the first of `known` that has it; tell what is
    required and missing.
    """
    missing: list[Violation] = []
    for name in names:
        for values in known:
            if name in values:
                properties[name] = values[name]
                break
        else:
            if name in required:
                reason = "is missing: set_context was not given it"
                missing.append(Violation(name, name, reason, "flagged"))
    return tuple(missing)


def add_revenue(
    revenue: Revenue, properties: Mapping[str, Json], record: WireEvent
) -> None:
    """Write the destination's revenue, a float; what it is made of stays among the
    properties.
    """
    total = properties.get(revenue.amount or revenue.unit_price or "")
    if revenue.amount is None:
        quantity = properties.get(revenue.quantity or "")
        if not isinstance(total, int | float) or not isinstance(quantity, int | float):
            return
        total = total * quantity
    if not isinstance(total, int | float) or not isfinite(total):
        return
    record["revenue"] = 0.0 - total if revenue.negate else total + 0.0
    currency = properties.get(revenue.currency or "")
    if isinstance(currency, str):
        record["currency"] = currency
    product_id = properties.get(revenue.product_id or "")
    if product_id is not None:
        record["productId"] = str(product_id)
    kind = properties.get(revenue.type or "")
    if isinstance(kind, str):
        record["revenueType"] = kind
