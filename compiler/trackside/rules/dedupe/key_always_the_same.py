"""Every emission of an event gets one and the same key.

## What it finds

`dedupe:` whose parts all have one value only: a `const:`, or an enum of one.

## Why it matters

A key says which emissions are one fact. When it cannot differ, the destination keeps the first emission of each device
and drops all others for a week.

## Example

```yaml
app_installed:
  kind: state_change
  identity: [user_id]
  dedupe: [channel]
  properties:
    channel: {type: string, const: store}
```

## Instead

```yaml
app_installed:
  kind: state_change
  identity: [user_id]
  dedupe: [install_id]
  properties:
    install_id: uuid
    channel: {type: string, const: store}
```

## When to allow it

Where once a week and device is what you want to count.
"""

from __future__ import annotations

from collections.abc import Iterator

from trackside.diagnostics import Diagnostic, Label, finding
from trackside.ir import Plan, Property, Scalar
from trackside.rules.written import listed, value_of


def check(plan: Plan) -> Iterator[Diagnostic]:
    """Look for keys none of whose parts can differ."""
    for event in plan.events.values():
        key = event.dedupe
        if key is None or not key.by:
            continue
        parts = [event.property(name) for name in key.by]
        if all(part is not None and _has_one_value(part) for part in parts):
            yield finding(
                "key-always-the-same",
                value_of(key.place),
                f"the key of `{event.name}` wants a part that differs from fact to fact, "
                f"and {listed(key.by)} never {'does' if len(key.by) == 1 else 'do'}",
                label="one key for all emissions",
                secondary=[Label(part.place.key_span, "has one value only") for part in parts if part is not None],
                help="add an id of the fact, such as an order number",
            )


def _has_one_value(prop: Property) -> bool:
    return isinstance(prop.type, Scalar) and (prop.type.has_const or len(prop.type.enum) == 1)
