"""A hybrid event has no dedupe key.

## What it finds

An event with `placement: hybrid` and no `dedupe:`.

## Why it matters

Both sides send the event, so each fact reaches the destination twice. Only one insert_id, computed alike on both
sides from what both know, tells the destination that the two are one fact. Without it a purchase is counted twice.

## Example

```yaml
purchase_completed:
  kind: purchase
  placement: hybrid
  properties: {order_id: string}
```

## Instead

```yaml
purchase_completed:
  kind: purchase
  placement: hybrid
  dedupe: [order_id]
  properties: {order_id: string}
```

Where no business id exists before the request, as with a signup, `dedupe: attempt` makes one of each attempt.

## When to allow it

Never: no comment allows it. An event that needs no key is sent by one side only: `placement: server`.
"""

from __future__ import annotations

from collections.abc import Iterator

from trackside.diagnostics import Diagnostic, finding
from trackside.ir import Event, Plan
from trackside.rules.written import value_of


def check(plan: Plan) -> Iterator[Diagnostic]:
    """Look for hybrid events without a key."""
    for event in plan.events.values():
        if event.placement == "hybrid" and event.dedupe is None and "dedupe" not in event.holes:
            yield finding(
                "hybrid-without-key",
                value_of(event.place, "placement"),
                f"`{event.name}` is sent from both sides and wants a dedupe key: without one every fact counts twice",
                label="both sides send it",
                help=_way_out(event),
            )


def _way_out(event: Event) -> str:
    likely = next(
        (
            prop.name
            for prop in event.properties
            if prop.name.endswith("_id") and prop.only is None and prop.sources is None and not prop.optional_on
        ),
        None,
    )
    if likely is not None:
        return f"name what makes the fact one, for instance `dedupe: [{likely}]`"
    return "name what makes the fact one: `dedupe: [<property>]`, or `dedupe: attempt` where no business id exists yet"
