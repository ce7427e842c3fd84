"""The events that the plan lets a client send, and how one that came is read: by the
readers of the plan, and by nothing that it says about itself.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final, Literal, NamedTuple, cast

from . import keys
from .carriers import read_device
from .consent import Consent
from .context import Context, id_flaw
from .endpoint_extras import fields_of, is_extra_event, is_extra_property
from .endpoint_upload import as_moment, as_object
from .events import Event, Key, Revenue, Violation, violation
from .record import Refusal, add_revenue, insert_id, time_of
from .sinks import WireEvent
from .values import Flaw, Json, Wire, flaw_of, or_null

Row = tuple[Any, ...]
CopyState = Literal["unconfirmed", "unknown"]

_AHEAD: Final = 60_000
"""Milliseconds that a client's clock may be wrong, as Amplitude has it too."""
_WINDOW: Final = 7 * 24 * 3600 * 1000
_UUID: Final = re.compile(
    r"[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-([0-9A-Fa-f])[0-9A-Fa-f]{3}-[0-9A-Fa-f]{4}"
    r"-[0-9A-Fa-f]{12}"
)
_VERSION: Final = re.compile(r"[0-9A-Za-z.+-]{1,64}")
_MONEY: Final = ("revenue", "price", "quantity", "productId", "revenueType", "currency")


class ClientEvent(Event):
    """What the sources named may send of one event. A row is `(name, required, read,
    *limits)`.

    `copy` tells how a client treats its copy of a fact that the server owns, None for
    an event of the client's own; `earns` that the fact is revenue which no client may
    assert. `server_only` names properties that are the server's to send.
    """

    __slots__ = (
        "copy",
        "earns",
        "on_unknown",
        "required",
        "rows",
        "server_only",
        "sources",
    )

    def __init__(
        self,
        name: str,
        *,
        sources: tuple[str, ...],
        rows: tuple[Row, ...] = (),
        ids: tuple[str, ...] = (),
        key: Key | None = None,
        revenue: Revenue | None = None,
        time: str | None = None,
        consent: str = "analytics",
        copy: Literal["pending", "always"] | None = None,
        on_unknown: Literal["drop", "send"] = "drop",
        earns: bool = False,
        server_only: tuple[str, ...] = (),
    ) -> None:
        super().__init__(
            name, ids=ids, key=key, revenue=revenue, time=time, consent=consent
        )
        self.sources = sources
        self.rows = {row[0]: (row[2], row[3:], row[1]) for row in rows}
        self.required = frozenset(row[0] for row in rows if row[1])
        self.copy = copy
        self.on_unknown = on_unknown
        self.earns = earns
        self.server_only = frozenset(server_only)


class ClientPerson(NamedTuple):
    """What the sources named may say about a person. A row is `(name, operation, read,
    *limits)`.
    """

    sources: tuple[str, ...]
    rows: tuple[Row, ...]


class ClientPlan:
    """All that the plan says about what clients send to an endpoint.

    `server_events` names the events that are the server's alone, so that one that came
    from elsewhere can be called by its name.
    """

    def __init__(
        self,
        *,
        plan: str,
        namespace: str,
        route: str,
        origins: tuple[str, ...] = (),
        sdk_extras: Literal["strip", "keep"] = "strip",
        consent: Consent | None = None,
        events: tuple[ClientEvent, ...] = (),
        people: tuple[ClientPerson, ...] = (),
        server_events: tuple[str, ...] = (),
    ) -> None:
        self.name = plan
        self.namespace = namespace
        self.route = route
        self.origins = origins
        self.keeps_extras = sdk_extras == "keep"
        self.consent = consent
        self.events: dict[str, list[ClientEvent]] = {}
        for event in events:
            self.events.setdefault(event.name, []).append(event)
        self.people = people
        self.server_events = frozenset(server_events)


class Rejected(Exception):
    """Ends the reading of an event that is not forwarded; `reason` is counted."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Sender(NamedTuple):
    """What is known about an upload without its events: `context` is what the request
    says, its user_id the one of the server's own session. `now` and `shift`, what has
    to be added to the client's clock, are in ms.
    """

    own: bool
    context: Context
    now: int
    shift: int


class Read(NamedTuple):
    """An event that was read. `found` is what broke the plan; with `is_wrong` it has to
    be seen by somebody before it is sent. `copy` tells what the client knows of the
    fact that it has a copy of.
    """

    record: WireEvent
    event: ClientEvent | None = None
    found: tuple[Violation, ...] = ()
    is_wrong: bool = False
    copy: CopyState | None = None


def sender_of(own: bool, context: Context, sent_at: int | None, now: int) -> Sender:
    """Find out how wrong the client's clock is: by less than a minute is not at all."""
    shift = 0 if sent_at is None else now - sent_at
    return Sender(own, context, now, shift if abs(shift) > _AHEAD else 0)


def read_event(plan: ClientPlan, given: object, sender: Sender) -> Read:
    """Read one event of an upload. Raises Rejected."""
    if not isinstance(given, dict):
        raise Rejected("no_event")
    members = cast("dict[str, Any]", given)
    name = members.get("event_type")
    if type(name) is not str:
        raise Rejected("no_event")
    if name == "$identify":
        return _read_person(plan, members, sender)
    variants = plan.events.get(name)
    if variants is None:
        if not sender.own and is_extra_event(name):
            return _read_extra(plan, members, sender)
        server = name in plan.server_events
        raise Rejected("server_event" if server else "unknown_event")
    source = _source_of(plan, members)
    event = next((one for one in variants if source in one.sources), variants[0])
    mine = _extension(members) if sender.own else {}
    _ask_consent(plan, event.consent, mine, sender.context)
    record = _begin(plan, name, source, variants, members, sender)
    _identify(record, event, members, mine, sender)
    extras: dict[str, Json] | None = None
    if plan.keeps_extras and not sender.own:
        extras = {}
        record.update(cast("Any", fields_of(members)))
    found, is_wrong = _read_properties(
        event,
        members.get("event_properties"),
        record["event_properties"],
        sender.own,
        extras,
    )
    if event.time is not None:
        record["time"], found = time_of(
            event, record["event_properties"], None, record["time"], found
        )
    _check_key(plan, event, record, members.get("insert_id"))
    if event.revenue is not None:
        add_revenue(event.revenue, record["event_properties"], record)
    elif any(members.get(money) is not None for money in _MONEY):
        flaw = Flaw("is the server's to send")
        found = (*found, violation("revenue", flaw, "left_out"))
    if extras:
        record["event_properties"].update(extras)
    state: CopyState | None = None
    if event.copy is not None:
        state = "unknown" if mine.get("copy") == "unknown" else "unconfirmed"
    return Read(record, event, found, is_wrong, state)


# --- whose event it is ---


@lru_cache(maxsize=4096)
def who(user_id: str) -> int:
    """Give the number by which a page says for whom an event was meant: FNV-1a of 32
    bits over the UTF-16 code units, low byte first.

    >>> who("customer-4711"), who("")
    (558132751, 2166136261)
    """
    number = 0x811C9DC5
    for byte in user_id.encode("utf-16-le", "surrogatepass"):
        number = (number ^ byte) * 0x01000193 & 0xFFFFFFFF
    return number


def _identify(
    record: WireEvent,
    event: ClientEvent | None,
    members: Mapping[str, Any],
    mine: Mapping[str, Any],
    sender: Sender,
) -> None:
    """Write the device, and the person of the server's own session when the event was
    meant for them. No client says who it is.
    """
    ids = () if event is None else event.ids
    user_id = sender.context.user_id
    if user_id is not None and (not ids or "user_id" in ids):
        claimed = mine.get("who") if sender.own else members.get("user_id")
        meant = who(user_id) if sender.own else user_id
        if (
            type(claimed) is type(meant)
            and claimed == meant
            and id_flaw(user_id) is None
        ):
            record["user_id"] = user_id
    if ids == ("user_id",):
        if "user_id" in record:
            return
        if event is not None and event.key is not None:
            # On the device alone it would not meet the server's.
            raise Rejected("no_identity")
    try:
        device_id = read_device(members.get("device_id"))
    except ValueError:
        device_id = None
    if device_id is None:
        raise Rejected("bad_device_id")
    record["device_id"] = device_id


def _extension(members: Mapping[str, Any]) -> dict[str, Any]:
    return as_object(members.get("trackside"))


def _ask_consent(
    plan: ClientPlan, category: str, mine: Mapping[str, Any], context: Context
) -> None:
    """Hold to what the person had allowed at the call, and to what they allow now."""
    if category == "necessary":
        return
    if context.opted_out:
        raise Rejected("opted_out")
    then, now = mine.get("consent"), context.consent
    if isinstance(then, list):
        if category not in cast("list[object]", then):
            raise Rejected("consent")
    elif now is None and plan.consent is not None and plan.consent.default == "denied":
        raise Rejected("consent")
    if now is not None and category not in now:
        raise Rejected("consent")


# --- its parts ---


def _source_of(plan: ClientPlan, members: Mapping[str, Any]) -> str | None:
    """Give the source that an event says it is of; the plan knows which there are."""
    named = as_object(members.get("ingestion_metadata")).get("source_name")
    start = f"{plan.name}/"
    if isinstance(named, str) and named.startswith(start):
        return named[len(start) :]
    return None


def _begin(
    plan: ClientPlan,
    name: str,
    source: str | None,
    variants: list[ClientEvent] | tuple[ClientPerson, ...],
    members: Mapping[str, Any],
    sender: Sender,
) -> WireEvent:
    """Begin a record: what it is, when it was, where it came from."""
    sources = [one for variant in variants for one in variant.sources]
    if source not in sources:
        source = sources[0] if len(sources) == 1 else None
    metadata: dict[str, str] = {}
    if source is not None:
        metadata["source_name"] = f"{plan.name}/{source}"
    version = as_object(members.get("ingestion_metadata")).get("source_version")
    if isinstance(version, str) and _VERSION.fullmatch(version) is not None:
        metadata["source_version"] = version
    now = sender.now
    time = as_moment(members.get("time"))
    time = now if time is None else max(time + sender.shift, now - _WINDOW)
    record: WireEvent = {
        "event_type": name,
        "time": now if time > now + _AHEAD else time,
        "insert_id": "",
        "event_properties": {},
        "ingestion_metadata": metadata,
    }
    session_id = as_moment(members.get("session_id"))
    if session_id is not None:  # a name, not a time: it is never shifted
        record["session_id"] = session_id
    context = sender.context
    if context.ip is not None:
        record["ip"] = context.ip
    if context.user_agent is not None:
        record["user_agent"] = context.user_agent
    return record


def _read_properties(
    event: ClientEvent,
    given: object,
    wire: Wire,
    own: bool,
    extras: dict[str, Json] | None,
) -> tuple[tuple[Violation, ...], bool]:
    """Read the properties into `wire`, and what the vendor's SDK has added into
    `extras` where that is kept; tell what was wrong, and whether it matters.
    """
    found: list[Violation] = []
    is_wrong = False
    rows = event.rows
    for name, value in as_object(given).items():
        row = rows.get(name)
        if row is None:
            if not own and is_extra_property(name):
                if extras is not None and is_scalar(name) and is_scalar(value):
                    extras[name] = cast("Json", value)
                continue
            found.append(_unknown(event, name))
            continue
        read, limits, required = row
        if value is None and not required and read is not or_null:
            continue
        try:
            wire[name] = read(value, *limits)
        except Exception as error:
            flaw = flaw_of(error)
            is_wrong = is_wrong or required or flaw.refuses
            found.append(violation(name, flaw, "flagged" if required else "left_out"))
    if not event.required <= wire.keys():
        is_wrong = True
        told = {one.property for one in found}
        for name in sorted(event.required - wire.keys() - told):
            found.append(violation(name, Flaw("is missing"), "flagged"))
    return tuple(found), is_wrong


def is_scalar(value: object) -> bool:
    """Tell whether a value that no plan describes is one that may go on."""
    if isinstance(value, str):
        return len(value) <= 1024 and not any("\ud800" <= c <= "\udfff" for c in value)
    return isinstance(value, bool | int | float) and abs(value) < 2**53


def _unknown(event: ClientEvent, name: str) -> Violation:
    # A name that a client made up is nothing to count by.
    if name in event.server_only:
        return violation(name, Flaw("is the server's to send"), "left_out")
    shown = name[:64].encode("ascii", "backslashreplace").decode()
    return Violation("?", shown, "is not a property of the event", "left_out")


def _check_key(
    plan: ClientPlan, event: ClientEvent, record: WireEvent, given: object
) -> None:
    """Take the insert_id if it is that of this fact; a random one may be no fact's."""
    if event.key is not None and not event.key.attempt:
        try:
            wanted = insert_id(event, record["event_properties"], None, plan.namespace)
        except Refusal:
            raise Rejected("no_key") from None
        if given != wanted:
            raise Rejected("forged_key")
        record["insert_id"] = wanted
        return
    found = _UUID.fullmatch(given) if isinstance(given, str) else None
    if found is None or (found[1] == "5") is (event.key is None):
        raise Rejected("bad_insert_id")
    if event.key is not None and found[0] != found[0].lower():
        raise Rejected("bad_insert_id")  # the server's has no capitals
    record["insert_id"] = found[0]


# --- events that the plan does not list ---


def _read_person(plan: ClientPlan, members: Mapping[str, Any], sender: Sender) -> Read:
    """Read what a client says about a person, the plan's user properties alone."""
    mine = _extension(members) if sender.own else {}
    _ask_consent(plan, "analytics", mine, sender.context)
    source = _source_of(plan, members)
    known = next((one for one in plan.people if source in one.sources), None)
    if known is None and plan.people:
        known = plan.people[0]
    rows = {(row[1], row[0]): row[2:] for row in known.rows} if known else {}
    given = as_object(members.get("user_properties"))
    changes: dict[str, Json] = {}
    found: list[Violation] = []
    extra = False
    for operation, values in given.items():
        group: dict[str, Json] = {}
        for name, value in as_object(values).items():
            row = rows.get((operation, name))
            if row is None:
                if not sender.own and is_extra_property(name):
                    extra = True
                    if plan.keeps_extras and is_scalar(value):
                        group[name] = cast("Json", value)
                else:
                    found.append(
                        Violation("?", "", "is not a client's to say", "left_out")
                    )
                continue
            try:
                read = row[0]
                group[name] = "-" if operation == "$unset" else read(value, *row[1:])
            except Exception as error:
                found.append(violation(name, flaw_of(error), "left_out"))
        if group:
            changes[operation] = group
    if not changes:
        raise Rejected("sdk_extra" if extra and not found else "nothing_to_identify")
    record = _begin(plan, "$identify", source, plan.people, members, sender)
    _identify(record, None, members, mine, sender)
    _check_random(record, members.get("insert_id"))
    record["user_properties"] = changes
    return Read(record, found=tuple(found))


def _read_extra(plan: ClientPlan, members: Mapping[str, Any], sender: Sender) -> Read:
    """Read an event that the vendor's SDK sends by itself: a session, a click."""
    if not plan.keeps_extras:
        raise Rejected("sdk_extra")
    _ask_consent(plan, "analytics", {}, sender.context)
    name = members["event_type"]
    if not is_scalar(name):
        raise Rejected("unknown_event")
    record = _begin(plan, name, _source_of(plan, members), (), members, sender)
    _identify(record, None, members, {}, sender)
    _check_random(record, members.get("insert_id"))
    record.update(cast("Any", fields_of(members)))
    for key, value in as_object(members.get("event_properties")).items():
        if is_scalar(key) and is_scalar(value):
            record["event_properties"][key] = value
    return Read(record)


def _check_random(record: WireEvent, given: object) -> None:
    if given is None:
        given = keys.random_id()
    found = _UUID.fullmatch(given) if isinstance(given, str) else None
    if found is None or found[1] == "5":
        raise Rejected("bad_insert_id")
    record["insert_id"] = found[0]
