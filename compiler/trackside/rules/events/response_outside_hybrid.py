"""A property is said to come with the response where there is none.

## What it finds

`known: response` on a property of events that are not hybrid: its own event's, or all events that have its group.

## Why it matters

`known: response` says that a client learns the value only from the server's answer to the request that both sides
report. An event that one side sends alone has no such request; on a client the mark silently makes the property
optional.

## Example

```yaml
coupon_applied:
  placement: client
  because: It happens in the cart.
  properties:
    discount: {type: number, known: response}
```

## Instead

```yaml
coupon_applied:
  placement: client
  because: It happens in the cart.
  properties:
    discount: number
```

Where the event is sent after the answer, the value is known, and it is required. Otherwise write `optional`.

## When to allow it

Where the event is about to become hybrid.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from trackside.diagnostics import Diagnostic, finding
from trackside.rules.written import was_left_out

if TYPE_CHECKING:
    from collections.abc import Iterator

    from trackside.ir import Plan, Property


def check(plan: Plan) -> Iterator[Diagnostic]:
    """Look for responses outside of hybrid events."""
    grouped: dict[str, bool] = {}
    for event in plan.events.values():
        hybrid = event.placement == "hybrid"
        for name in (*event.groups, *event.context):
            grouped[name] = grouped.get(name, False) or hybrid
        if not hybrid:
            for prop in event.properties:
                if prop.known is not None and prop.group is None:
                    yield _finding(prop, f"event `{event.name}` is sent by the {event.placement} alone")
    if was_left_out(plan, "events"):
        return
    for name, hybrid in grouped.items():
        if not hybrid:
            for prop in plan.groups[name].properties:
                if prop.known is not None:
                    yield _finding(prop, f"no event with the group `{name}` is hybrid")


def _finding(prop: Property, why: str) -> Diagnostic:
    return finding(
        "response-outside-hybrid",
        prop.place.at("known").key_span,
        f"`known: response` on `{prop.name}` is for hybrid events, and {why}",
        label="there is no response",
        help="leave `known` out; write `optional` where the value may be missing",
    )
