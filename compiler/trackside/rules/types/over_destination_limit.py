"""The plan is larger than the destination takes.

## What it finds

With Amplitude: more than 2,000 events or 2,000 event properties sent to one project, more than 1,000 user properties,
and text that is always longer than 1,024 characters (a `min_length`, an enum's value or a `const`).

## Why it matters

Amplitude documents these figures as the limits of a project, and cuts longer text. A plan that grows past them works
until the day that one more event is added.

## Example

```yaml
signed_text: {type: string, min_length: 2000}
```

## Instead

```yaml
signed_text_hash: {type: string, min_length: 64, max_length: 64}
```

## When to allow it

Where your contract with Amplitude has higher limits.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from trackside.diagnostics import Diagnostic, finding
from trackside.ir import Scalar
from trackside.ir.walk import written_properties, written_types

if TYPE_CHECKING:
    from collections.abc import Iterator

    from trackside.ir import Destination, Plan

EVENTS: Final = 2_000
PROPERTIES: Final = 2_000
USER_PROPERTIES: Final = 1_000
TEXT: Final = 1_024
"""Amplitude's documented limits of a project, and of each text value."""


def check(plan: Plan) -> Iterator[Diagnostic]:
    """Look for plans and texts that are too large."""
    destinations = [one for one in plan.destinations.values() if one.kind == "amplitude"]
    if not destinations:
        return
    for destination in destinations:
        yield from _names(plan, destination)
    for written in written_types(plan):
        type = written.type
        if not isinstance(type, Scalar) or type.base != "string":
            continue
        place = written.place
        texts = [one.value for one in type.enum if isinstance(one.value, str)]
        if type.has_const and isinstance(type.const, str):
            texts.append(type.const)
        longest = max((len(text) for text in texts), default=0) if texts else type.min_length or 0
        key = "const" if type.has_const else "enum" if type.enum else "min_length"
        if longest > TEXT and place.has(key):
            yield finding(
                "over-destination-limit",
                place.at(key).key_span,
                f"{written.user} wants text of at most {TEXT:,} characters, and this is {longest:,}: Amplitude cuts it",
                label="longer than the destination keeps",
                help="send less of it, or a hash",
            )


def _names(plan: Plan, destination: Destination) -> Iterator[Diagnostic]:
    if len(plan.events) <= EVENTS and len(plan.user_properties) <= USER_PROPERTIES:
        written = {prop.name for _, prop in written_properties(plan)}
        if len(written) <= PROPERTIES:
            return
    sources = {name for name, source in plan.sources.items() if destination.name in source.destinations}
    if not sources:
        return
    events: set[str] = set()
    properties: set[str] = set()
    for view in plan.views.values():
        if view.source.name in sources:
            events.add(view.event.name)
            properties.update([prop.name for prop in view.properties])
    for count, most, what in (
        (len(events), EVENTS, "events"),
        (len(properties), PROPERTIES, "event properties"),
        (len(plan.user_properties), USER_PROPERTIES, "user properties"),
    ):
        if count > most:
            yield finding(
                "over-destination-limit",
                destination.place.key_span,
                f"destination `{destination.name}` wants at most {most:,} {what} in a project, and gets {count:,}",
                label=f"{count:,} {what}",
                help="split the plan over two projects, or tell events apart by a property",
            )
