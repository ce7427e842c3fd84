"""What the page is told: events by the hundred, and where in each the plan is broken.

Takes a project and the place that a reader has come to; gives the next batch and the place after it. Nothing is stored
for a reader: one that is slow, or comes back, is told from its place on, and how many it missed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from trackside.collect.project import Arrival, Project
from trackside.collect.upload import Event

MOST_BEHIND: Final = 2000
"""Events; a reader that is further behind goes on here."""

MOST_AT_ONCE: Final = 250
"""Events in a batch."""

MOST_BYTES: Final = 500_000
"""Of a batch; the event that goes beyond is its last."""

LARGEST_ROW: Final = 32_000
"""Bytes of an event; of a larger one the batch has the head alone."""

_HEAD: Final = ("event_type", "user_id", "device_id", "insert_id", "time", "session_id", "ingestion_metadata")
_MEMBER: Final = re.compile(r"[^\s.\[\]:]+")
_INDEX: Final = re.compile(r"\[(\d{1,9})\]")


class Place(NamedTuple):
    """How far a reader is: the process and the number of resets that its events belong to, and the next event's number.

    Written as the id of a server-sent event.
    """

    process: str
    resets: int
    number: int

    def __str__(self) -> str:
        return f"{self.process}.{self.resets}.{self.number}"

    @classmethod
    def read(cls, text: str) -> Place | None:
        """Read a place as it was written; None for anything else."""
        found = re.fullmatch(r"([0-9a-f]{1,32})\.([0-9]{1,15})\.([0-9]{1,15})", text, re.ASCII)
        return cls(found[1], int(found[2]), int(found[3])) if found else None


class Batch(NamedTuple):
    """The next events for a reader, in JSON; how many it missed before them; the number to go on with."""

    rows: list[str]
    missed: int
    following: int


def next_batch(project: Project, number: int) -> Batch:
    """Give the events from `number` on."""
    start = max(number, project.arrived - MOST_BEHIND)
    rows: list[str] = []
    following, size = start, 0
    for arrival in project.arrivals(start, start + MOST_AT_ONCE):
        text = json.dumps(row(arrival))
        if len(text) > LARGEST_ROW:
            text = json.dumps(_head(arrival))
        if not rows:
            start = arrival.number
        rows.append(text)
        following, size = arrival.number + 1, size + len(text)
        if size > MOST_BYTES:
            break
    return Batch(rows, start - number, following)


def row(arrival: Arrival) -> dict[str, Any]:
    """Give all that is known of an event."""
    return {
        "number": arrival.number,
        "at": int(arrival.at * 1000),
        "verdict": "refused" if arrival.refused else arrival.sort,
        "event": arrival.event,
        "reasons": [
            {"text": reason, **dict(zip(("path", "says"), located(reason, arrival.event), strict=True))}
            for reason in arrival.reasons
        ],
    }


def located(reason: str, event: Event) -> tuple[list[str | int], str]:
    """Split a reason into the steps to the member at fault and what is said of it; no steps where it names none.

    >>> located("event_properties.items[0].sku is not text", {"event_properties": {"items": [{"sku": 1}]}})
    (['event_properties', 'items', 0, 'sku'], 'is not text')
    >>> located("event_properties.sku is missing", {"event_properties": {}})
    (['event_properties', 'sku'], 'is missing')
    """
    steps: list[str | int] = []
    value: Any = event
    rest = reason
    while True:
        step, rest = _step(value, rest, is_first=not steps)
        if step is None:
            break
        steps.append(step)
        value = _inside(value, step)
    said = rest.removeprefix(":").strip()
    return (steps, said) if steps and rest[:1] in {" ", ":"} else ([], reason)


def _step(value: object, text: str, *, is_first: bool) -> tuple[str | int | None, str]:
    """Read one step of a place: a member that is there, whatever its name, else one with a plain name."""
    if isinstance(value, list):
        index = _INDEX.match(text)
        return (int(index[1]), text[index.end() :]) if index else (None, text)
    inner = text if is_first else text.removeprefix(".")
    if not is_first and inner == text:
        return None, text
    members: Sequence[str] = sorted(value, key=len, reverse=True) if isinstance(value, dict) else ()
    for name in members:
        if name and inner.startswith(name) and inner[len(name) : len(name) + 1] in {" ", ":", ".", "["}:
            return name, inner[len(name) :]
    plain = _MEMBER.match(inner)
    return (plain[0], inner[plain.end() :]) if plain else (None, text)


def _inside(value: Any, step: str | int) -> Any:
    if isinstance(step, int):
        return value[step] if step < len(value) else None
    return value.get(step) if isinstance(value, dict) else None


def _head(arrival: Arrival) -> dict[str, Any]:
    """Give an event without what makes it large; the page asks for the rest when somebody opens it."""
    head: Event = {name: arrival.event[name] for name in _HEAD if name in arrival.event}
    short = {name: value for name, value in head.items() if len(json.dumps(value)) < 2000}
    told = row(arrival._replace(event=short, reasons=[reason[:500] for reason in arrival.reasons[:5]]))
    return {**told, "is_head": True}
