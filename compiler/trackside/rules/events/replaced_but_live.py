"""Something has a successor and is still in use.

## What it finds

An event with `replaced_by` whose status is not `deprecated`, and a property with `replaced_by` that is not
`deprecated`.

## Why it matters

Generated code marks what is deprecated, so that editors strike it out. Without the mark nobody moves to the successor,
and both are sent for years.

## Example

```yaml
order_done:
  kind: click
  replaced_by: order_completed
order_completed:
  kind: click
```

## Instead

```yaml
order_done:
  kind: click
  status: deprecated
  replaced_by: order_completed
order_completed:
  kind: click
```

## When to allow it

While the successor is planned, and the old one is to be used until then.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from trackside.diagnostics import Diagnostic, finding
from trackside.ir.walk import written_properties

if TYPE_CHECKING:
    from collections.abc import Iterator

    from trackside.ir import Plan


def check(plan: Plan) -> Iterator[Diagnostic]:
    """Look for successors of what is not deprecated."""
    for event in plan.events.values():
        if event.replaced_by in plan.events and event.status != "deprecated":
            yield finding(
                "replaced-but-live",
                event.place.at("replaced_by").key_span,
                f"event `{event.name}` has a successor and wants `status: deprecated`; it is {event.status}",
                label=f"replaced, and {event.status}",
                help="write `status: deprecated`, or leave `replaced_by` out",
            )
    for owner, prop in written_properties(plan):
        if prop.replaced_by is not None and not prop.deprecated:
            yield finding(
                "replaced-but-live",
                prop.place.at("replaced_by").key_span,
                f"`{prop.name}` of {owner} has a successor and wants `deprecated: true`",
                label="replaced, and not deprecated",
                help="write `deprecated: true`, or leave `replaced_by` out",
            )
