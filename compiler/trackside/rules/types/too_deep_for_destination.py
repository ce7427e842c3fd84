"""A value is nested deeper than the destination reads.

## What it finds

A property whose type stands more than 40 levels deep: objects, lists and maps within each other, through named types.

## Why it matters

Amplitude documents a depth of 40 for objects, the event's properties being the first level. What lies deeper does not
arrive, or takes the whole event with it.

## Example

```text
tree: {type: list, items: {type: list, items: {type: list, items: ... 41 times
```

## Instead

```yaml
tree:   # each node names its parent
  type: list
  max_items: 1000
  items: {type: object, properties: {id: integer, parent: integer}}
```

## When to allow it

Where the property never leaves your own sinks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from trackside.diagnostics import Diagnostic, finding
from trackside.ir import ListOf, MapOf, Object, Scalar, Type

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from trackside.ir import Plan, Property

MOST: Final = 40
"""Amplitude's HTTP V2 API, "object depth": the event's properties are the first level."""


def check(plan: Plan) -> Iterator[Diagnostic]:
    """Look for values that are too deep."""
    depths: dict[int, int] = {}
    groups: list[tuple[str, Iterable[Property]]] = [
        (f"event `{event.name}`", (prop for prop in event.properties if prop.group is None))
        for event in plan.events.values()
    ]
    groups += [(f"property group `{group.name}`", group.properties) for group in plan.groups.values()]
    groups += [(f"enrichment `{one.name}`", one.properties) for one in plan.enrichments.values()]
    groups.append(("`user_properties`", plan.user_properties))
    for owner, properties in groups:
        for prop in properties:
            if not isinstance(prop.type, Scalar):
                depth = 1 + _depth(prop.type, depths)
                if depth > MOST:
                    yield finding(
                        "too-deep-for-destination",
                        prop.place.key_span,
                        f"`{prop.name}` of {owner} wants at most {MOST} levels, and has {depth}",
                        label=f"{depth} levels deep",
                        help="flatten it: a list of items that name their parents, or fewer levels",
                    )


def _depth(type: Type, depths: dict[int, int]) -> int:
    if isinstance(type, ListOf):
        return 1 + _depth(type.item, depths)
    if isinstance(type, MapOf):
        return 1 + _depth(type.value, depths)
    if not isinstance(type, Object):
        return 0
    known = depths.get(id(type))
    if known is None:
        known = depths[id(type)] = 1 + max((_depth(prop.type, depths) for prop in type.properties), default=0)
    return known
