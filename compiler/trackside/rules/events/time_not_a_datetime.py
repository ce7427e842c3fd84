"""An event's time comes from a property that is no point in time.

## What it finds

`time:` that names a property of another type than `datetime`, or one that is `nullable`.

## Why it matters

The property becomes the event's own time at the destination. A date has no hour, a number no unit, null no moment: the
event would land in another day, or in 1970.

## Example

```yaml
invoice_paid:
  kind: state_change
  identity: [user_id]
  time: paid_on
  properties:
    paid_on: date
```

## Instead

```yaml
invoice_paid:
  kind: state_change
  identity: [user_id]
  time: paid_at
  properties:
    paid_at: datetime
```

## When to allow it

Never: no comment allows it, since generated code reads the time from it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from trackside.diagnostics import Diagnostic, Label, finding
from trackside.ir import Scalar

if TYPE_CHECKING:
    from collections.abc import Iterator

    from trackside.ir import Plan


def check(plan: Plan) -> Iterator[Diagnostic]:
    """Look for times that are none."""
    for event in plan.events.values():
        prop = event.property(event.time) if event.time is not None else None
        if prop is None or (isinstance(prop.type, Scalar) and prop.type.base == "datetime" and not prop.type.nullable):
            continue
        found = "no single value"
        if isinstance(prop.type, Scalar):
            found = "nullable" if prop.type.base == "datetime" else f"of type `{prop.type.base}`"
        yield finding(
            "time-not-a-datetime",
            event.place.at("time").span,
            f"the time of `{event.name}` wants a `datetime`, and `{prop.name}` is {found}",
            label="not always a point in time",
            secondary=[Label(prop.place.key_span, found)],
            help="name a `datetime` property, or leave `time` out: then it is the time of the call",
        )
