"""What the plan says of an event that arrived.

Takes an event in its wire form and gives the reasons why the plan would not have it, each with the place in the event.
It reads the same IR that the generated code is printed from, and knows more than a schema can say: whether the
insert_id is the key of the fact, whether a day is a day of the calendar, whether the sender may state revenue.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from trackside.collect.upload import LONGEST_TEXT, MOST_GROUP_TYPES, MOST_GROUPS, Event
from trackside.ir import Json, Plan, Source, Type, View, ViewProperty
from trackside.ir.keys import insert_id, template_text
from trackside.ir.values import UUID_PATTERN, WrongValueError, same, wire_value
from trackside.targets.schema import SDK_ATTRIBUTION, SDK_PREFIX

_UUID: Final = re.compile(UUID_PATTERN)
_SESSION_EVENTS: Final = frozenset({"session_start", "session_end"})
_IDENTIFY: Final = "$identify"
_GROUP_IDENTIFY: Final = "$groupidentify"
_OPERATIONS: Final = {
    "set": "$set", "set_once": "$setOnce", "add": "$add", "append": "$append", "unset": "$unset",
}  # fmt: skip
_REVENUE: Final = ("revenue", "price", "quantity", "productId", "revenueType")
_IDS: Final = ("user_id", "device_id")


class PlanCheck:
    """Judges events by one plan."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._sources = {f"{plan.name}/{source.name}": source for source in plan.sources.values()}
        self._events = {name: _EventCheck(plan, name) for name in plan.events}
        self._people = {
            source.name: _people(plan.user_views.get(source.name, ()), source) for source in plan.sources.values()
        }

    @property
    def plan_name(self) -> str:
        """Name the plan."""
        return self._plan.name

    @property
    def senders(self) -> Mapping[str, Source]:
        """Give the sources by the name that their events state."""
        return self._sources

    @property
    def context(self) -> list[str]:
        """Name the properties that come with many events by themselves: the context, look-ups and attribution."""
        names = {*SDK_ATTRIBUTION}
        for view in self._plan.views.values():
            names.update(prop.name for prop in view.context)
            names.update(view.attribution)
            names.update(prop.name for name in view.enrich for prop in self._plan.enrichment_views[name])
        return sorted(names)

    def __call__(self, event: Event) -> Sequence[str]:
        """Give the reasons why the plan would not have the event; none when it would."""
        reasons = self._reasons(event)
        groups = event.get("groups")
        return [*reasons, *_untracked(groups)] if groups else reasons

    def _reasons(self, event: Event) -> Sequence[str]:
        name = event["event_type"]
        stated = event.get("ingestion_metadata")
        sender = stated.get("source_name") if isinstance(stated, dict) else None
        source = self._sources.get(sender) if isinstance(sender, str) else None
        if sender is not None and source is None:
            return (f"ingestion_metadata.source_name: {_shown(sender)} is not a source of {self._plan.name}",)
        senders = [source] if source is not None else list(self._sources.values())
        if name in {_IDENTIFY, _GROUP_IDENTIFY}:
            return self._fewest([list(self._person(event, one)) for one in senders])
        known = self._events.get(name)
        if known is None:
            return () if _is_sdk_event(name, senders) else (f"event_type: {_shown(name)} is not an event of the plan",)
        views = [known.views[one.name] for one in senders if one.name in known.views]
        if not views:
            return (f"event_type: {name} is not an event of {senders[0].name}; {known.senders()}",)
        return self._fewest([list(view.reasons(event)) for view in views])

    @staticmethod
    def _fewest(found: list[list[str]]) -> Sequence[str]:
        """Where the sender is not known, take the one that the event fits best."""
        return min(found, key=len)

    def _person(self, event: Event, source: Source) -> Iterator[str]:
        if event["event_type"] == _GROUP_IDENTIFY:
            return
        yield from _too_long(event.get("user_properties"), "user_properties")
        stated = event.get("user_properties") or {}
        if not any(name.startswith("$") for name in stated):
            stated = {"$set": stated}
        known = self._people[source.name]
        for operation, values in stated.items():
            if operation == "$clearAll":
                continue
            if not isinstance(values, dict):
                yield f"user_properties.{operation} is not an object"
                continue
            for name, value in values.items():
                yield from _person_reasons(operation, name, value, known, source)


class _EventCheck:
    """One event, as each of its sources may send it."""

    def __init__(self, plan: Plan, name: str) -> None:
        self.views = {view.source.name: _ViewCheck(plan, view) for view in plan.views_for(name)}

    def senders(self) -> str:
        """Say who sends the event.

        The sentence goes on after what is wrong.
        """
        names = " and ".join(self.views)
        return f"{names} {'sends' if len(self.views) == 1 else 'send'} it" if names else "nobody sends it"


class _ViewCheck:
    """One event, as one source may send it."""

    def __init__(self, plan: Plan, view: View) -> None:
        self._view = view
        self._namespace = plan.namespace
        self._device = f"system:{plan.name}:{view.source.name}"
        self._types: dict[str, Type] = {}
        stated = (*view.properties, *view.context)
        for name in view.enrich:
            self._types.update({prop.name: prop.type for prop in plan.enrichment_views[name]})
        self._types.update({prop.name: prop.type for prop in stated})
        self._required = tuple(prop.name for prop in stated if prop.required)
        self._texts = frozenset(view.attribution) - {prop.name for prop in view.properties}

    def reasons(self, event: Event) -> Iterator[str]:
        """Yield the reasons why the event is not as the plan has it."""
        properties = event.get("event_properties") or {}
        yield from self._whom(event)
        yield from self._values(properties)
        yield from self._key(event, properties)
        yield from self._revenue(event)

    def _whom(self, event: Event) -> Iterator[str]:
        identity = self._view.event.identity
        if identity.mode == "system":
            if event.get("device_id") != self._device:
                yield f"device_id is not {self._device}"
            return
        required = self._view.required_ids
        if all(event.get(name) is None for name in _IDS) and not required:
            yield "user_id and device_id are missing"
        for name in _IDS:
            is_there = event.get(name) is not None
            if name in required and not is_there:
                yield f"{name} is missing, or is too short to be one"
            elif is_there and identity.ids and name not in identity.ids and self._view.dedupe is not None:
                # Two copies of one fact meet only when they carry the same ids.
                yield f"{name} is not among the ids that the plan names"
        for name in _IDS:
            yield from _too_long(event.get(name), name)

    def _values(self, properties: Mapping[str, Json]) -> Iterator[str]:
        side = self._view.source.side
        for name in self._required:
            if name not in properties:
                yield f"event_properties.{name} is missing"
        for name, value in properties.items():
            place = f"event_properties.{name}"
            type = self._types.get(name)
            if type is None:
                if name not in self._texts:
                    if not self._is_sdk_property(name):
                        yield f"{place} is not a property that {self._view.source.name} sends"
                elif not isinstance(value, str):
                    yield f"{place} is not text"
                continue
            try:
                wire = wire_value(type, value, side)
            except WrongValueError as error:
                yield f"{_inside(place, error.path)} {error.reason}"
                continue
            if not same(wire, value):
                yield f"{place} is not in its wire form: {_shown(wire)}"
            yield from _too_long(value, place)

    def _is_sdk_property(self, name: str) -> bool:
        source = self._view.source
        if not _is_sdk(source):
            return False
        return name.startswith(SDK_PREFIX) or ("attribution" in source.autocapture and name in SDK_ATTRIBUTION)

    def _key(self, event: Event, properties: Mapping[str, Any]) -> Iterator[str]:
        key = self._view.dedupe
        if key is None:
            return
        stated = event.get("insert_id")
        if not stated:
            yield "insert_id is missing, and the event has a dedupe key"
            return
        if key.form == "attempt":
            if not _UUID.fullmatch(stated) or stated != stated.lower():
                yield "insert_id is not a UUID in lower case"
            return
        parts = [properties.get(name) for name in key.by]
        if not all(isinstance(part, str | int) and part != "" for part in parts):
            return  # what is wrong with a part has been said
        known: Any = parts
        try:
            if key.template is not None:
                wanted = template_text(key.template.texts, known)
            else:
                wanted = insert_id(self._namespace, key.key_name, known)
        except ValueError:  # a lone surrogate, which has no UTF-8, or a number of thousands of digits; it has been said
            return
        if stated != wanted:
            yield f"insert_id is not the key of {', '.join(key.by)}, which is {wanted}"

    def _revenue(self, event: Event) -> Iterator[str]:
        if self._view.revenue is not None:
            return
        for name in _REVENUE:
            if event.get(name) is not None:
                yield f"{name} is stated, and {self._view.source.name} does not state the revenue of this event"


def _people(properties: Sequence[ViewProperty], source: Source) -> dict[str, tuple[str, Type]]:
    return {prop.name: (_OPERATIONS[prop.declared.operation or "set"], prop.type) for prop in properties}


def _person_reasons(
    operation: str, name: str, value: Json, known: Mapping[str, tuple[str, Type]], source: Source
) -> Iterator[str]:
    place = f"user_properties.{operation}.{name}"
    wanted = known.get(name)
    if wanted is None:
        by_sdk = _is_sdk(source) and "attribution" in source.autocapture
        if not (by_sdk and name.removeprefix("initial_") in SDK_ATTRIBUTION):
            yield f"{place} is not a user property that {source.name} sets"
        return
    if operation != wanted[0]:
        yield f"{place} is not how the plan changes it, which is {wanted[0]}"
    if operation == "$unset":
        return
    try:
        wire = wire_value(wanted[1], value, source.side)
    except WrongValueError as error:
        yield f"{_inside(place, error.path)} {error.reason}"
        return
    if not same(wire, value):
        yield f"{place} is not in its wire form: {_shown(wire)}"


def _is_sdk(source: Source) -> bool:
    """Tell whether the vendor's SDK sends for the source, with what it adds by itself."""
    return source.side == "client" and source.through == "sdk"


def _is_sdk_event(name: str, senders: Sequence[Source]) -> bool:
    if name in _SESSION_EVENTS:
        return any(_is_sdk(source) and "sessions" in source.autocapture for source in senders)
    return name.startswith(SDK_PREFIX) and any(map(_is_sdk, senders))


def _too_long(value: Json, place: str) -> Iterator[str]:
    """Find text that the vendor would cut."""
    if isinstance(value, str):
        if len(value) > LONGEST_TEXT:
            yield f"{place} has {len(value):,} characters: the destination keeps {LONGEST_TEXT:,}"
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _too_long(item, f"{place}[{index}]")
    elif isinstance(value, dict):
        for name, item in value.items():
            yield from _too_long(item, f"{place}.{name}")


def _untracked(groups: Mapping[str, Json]) -> Iterator[str]:
    """Find groups that the vendor would leave out."""
    if len(groups) > MOST_GROUP_TYPES:
        yield f"groups has {len(groups):,} group types: the destination tracks {MOST_GROUP_TYPES}"
    number = sum(len(value) if isinstance(value, list) else 1 for value in groups.values())
    if number > MOST_GROUPS:
        yield f"groups has {number:,} groups: the destination tracks {MOST_GROUPS}"


def _inside(place: str, path: tuple[str | int, ...]) -> str:
    return place + "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)


def _shown(value: Json) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."
