"""A name does not follow the plan's own convention.

## What it finds

The name of an event, or of a property anywhere (events, groups, enrichments, people, objects), that is not written as
`naming:` says.

## Why it matters

`orderId` beside `order_id` is two properties in every chart and one in every head. The convention is the plan's own: a
name that departs from it is a slip, or the convention is.

## Example

```yaml
naming: {events: snake_case, properties: snake_case}
events:
  Order Viewed:
    kind: page_view
    properties: {orderId: string}
```

## Instead

```yaml
naming: {events: snake_case, properties: snake_case}
events:
  order_viewed:
    kind: page_view
    properties: {order_id: string}
```

## When to allow it

Where the name has been sent before, and changing it would cut its history.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from trackside.diagnostics import Diagnostic, Edit, Fix, finding
from trackside.ir.patterns import PatternError
from trackside.ir.walk import written_properties
from trackside.rules.names.conventions import NAMES, Convention, convention, rewritten

if TYPE_CHECKING:
    from collections.abc import Iterator

    from trackside.diagnostics import Place
    from trackside.ir import Plan


def check(plan: Plan) -> Iterator[Diagnostic]:
    """Look for names that are not written as the plan says."""
    events = _wanted(plan.naming.events)
    if events is not None:
        for event in plan.events.values():
            if not events.matches(event.name):
                yield _finding("event", event.name, event.place, plan.naming.events, events)
    properties = _wanted(plan.naming.properties)
    if properties is not None:
        fine: set[str] = set()
        for owner, prop in written_properties(plan):
            if prop.name in fine:
                continue
            if properties.matches(prop.name):
                fine.add(prop.name)
            else:
                yield _finding(f"{owner}: property", prop.name, prop.place, plan.naming.properties, properties)


def _wanted(text: str) -> Convention | None:
    try:
        return convention(text)
    except PatternError:
        return None


def _finding(what: str, name: str, place: Place, rule: str, wanted: Convention) -> Diagnostic:
    better = rewritten(name, wanted)
    convention_words = f"`{rule}`" if rule in NAMES else f"the pattern `{rule}`"
    return finding(
        "unconventional-name",
        place.key_span,
        f"{what} `{name}` is not written by {convention_words}, which `naming` asks for: "
        + (f"`{better}`" if better else f"for instance `{wanted.example}`"),
        label=f"not {rule}" if rule in NAMES else "does not match",
        help=f"write `{better}`, here and wherever the name is used" if better else "choose a name that fits",
        fix=Fix(f"rename it to `{better}`", (Edit(place.key_span, better),)) if better else None,
    )
