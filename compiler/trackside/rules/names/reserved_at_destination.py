"""A name belongs to the destination.

## What it finds

With Amplitude: events and properties whose names begin with `[Amplitude]` or `$`, and the event `revenue_amount`, which
its SDKs send for revenue calls.

## Why it matters

Amplitude keeps these names for itself: `$identify` changes people, `[Amplitude] Start Session` opens sessions, `$set`
writes user properties. An event or property of yours under such a name does that, or is refused.

## Example

```yaml
events:
  "[Amplitude] Page Viewed": {kind: page_view}
```

## Instead

```yaml
events:
  page_viewed: {kind: page_view}
```

## When to allow it

Where you mean the destination's own event, and send exactly what it documents.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from trackside.diagnostics import Diagnostic, finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from trackside.diagnostics import Place
    from trackside.ir import Plan

_PREFIXES: Final = ("$", "[amplitude]")
_EVENTS: Final = frozenset({"revenue_amount"})


def check(plan: Plan) -> Iterator[Diagnostic]:
    """Look for names that the destination has a meaning for."""
    if not any(one.kind == "amplitude" for one in plan.destinations.values()):
        return
    for event in plan.events.values():
        if event.name.lower().startswith(_PREFIXES) or event.name in _EVENTS:
            yield _finding("event", event.name, event.place)
        for prop in event.properties:
            if prop.name[0] in "$[" and prop.group is None and prop.name.lower().startswith(_PREFIXES):
                yield _finding(f"event `{event.name}`: property", prop.name, prop.place)
    for group in plan.groups.values():
        for prop in group.properties:
            if prop.name.lower().startswith(_PREFIXES):
                yield _finding(f"property group `{group.name}`: property", prop.name, prop.place)
    for enrichment in plan.enrichments.values():
        for prop in enrichment.properties:
            if prop.name.lower().startswith(_PREFIXES):
                yield _finding(f"enrichment `{enrichment.name}`: property", prop.name, prop.place)
    for prop in plan.user_properties:
        if prop.name.lower().startswith(_PREFIXES):
            yield _finding("user property", prop.name, prop.place)


def _finding(what: str, name: str, place: Place) -> Diagnostic:
    free = name.lower().removeprefix("[amplitude]").strip(" $")
    return finding(
        "reserved-at-destination",
        place.key_span,
        f"{what} `{name}` wants a name that is not Amplitude's own",
        label="means something else there",
        help="choose another name" + (f", such as `{free}`" if free and name.lower().startswith(_PREFIXES) else ""),
    )
