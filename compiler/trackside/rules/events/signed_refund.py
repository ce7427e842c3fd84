"""A refund's amount may be negative, and its sign is turned once more.

## What it finds

An event of kind `refund` with `revenue:` whose amount has no lower bound of zero or more.

## Why it matters

The amount of a refund is stated as a positive number, and generated code negates it on the wire. A caller who passes
minus 20 books 20 of income.

## Example

```yaml
refund_issued:
  kind: refund
  revenue: {amount: refunded}
  properties:
    refunded: number
```

## Instead

```yaml
refund_issued:
  kind: refund
  revenue: {amount: refunded}
  properties:
    refunded: {type: number, minimum: 0}
```

## When to allow it

Where a negative refund, taken back, is meant to be income.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from trackside.diagnostics import Diagnostic, Label, finding
from trackside.ir import Scalar

if TYPE_CHECKING:
    from collections.abc import Iterator

    from trackside.ir import Plan


def check(plan: Plan) -> Iterator[Diagnostic]:
    """Look for refunds whose amount may be negative."""
    for event in plan.events.values():
        revenue = event.revenue
        if revenue is None or not revenue.negate:
            continue
        key = "amount" if revenue.amount is not None else "unit_price"
        prop = event.property(revenue.amount or revenue.unit_price or "")
        if prop is None or not isinstance(prop.type, Scalar) or prop.type.base not in {"number", "integer"}:
            continue
        least = prop.type.minimum if prop.type.minimum is not None else prop.type.exclusive_minimum
        if prop.type.enum or prop.type.has_const or (least is not None and least >= 0):
            continue
        yield finding(
            "signed-refund",
            revenue.place.at(key).span,
            f"`{prop.name}` of the refund `{event.name}` wants `minimum: 0`: what is sent is its negative",
            label="may be negative",
            secondary=[Label(prop.place.key_span, "has no lower bound of zero")],
            help="state refunds as positive amounts, and say so: `minimum: 0`",
        )
