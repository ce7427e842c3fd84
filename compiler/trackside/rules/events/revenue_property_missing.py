"""A source has to state revenue and may not send what makes it.

## What it finds

`revenue:` that names a property which a source that states the revenue may not send, by `only:` or `sources:`. Servers
state revenue; clients do with `from_client: allow` alone.

## Why it matters

That source would send the event without revenue. The totals would depend on which side a fact came from.

## Example

```yaml
purchase_completed:
  kind: purchase
  identity: [user_id]
  revenue: {amount: total}
  properties:
    total: {type: number, only: client}
```

## Instead

```yaml
purchase_completed:
  kind: purchase
  identity: [user_id]
  revenue: {amount: total}
  properties:
    total: number
```

## When to allow it

Where that source never sends the event with money in it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from trackside.diagnostics import Diagnostic, Label, finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from trackside.ir import Plan, View

_KEYS = ("amount", "unit_price", "quantity", "currency", "product_id", "type")


def check(plan: Plan) -> Iterator[Diagnostic]:
    """Look for views that lose their revenue."""
    for view in plan.views.values():
        revenue = view.event.revenue
        if revenue is not None and view.revenue is None and (view.source.side == "server" or revenue.from_client):
            yield from _missing(view)


def _missing(view: View) -> Iterator[Diagnostic]:
    revenue = view.event.revenue
    for key in _KEYS:
        name = getattr(revenue, key)
        if revenue is None or name is None or view.property(name) is not None:
            continue
        prop = view.event.property(name)
        if prop is not None:
            cause = next((word for word in ("only", "sources") if prop.place.has(word)), None)
            where = prop.place.at(cause).key_span if cause else prop.place.key_span
            yield finding(
                "revenue-property-missing",
                revenue.place.at(key).span,
                f"revenue of `{view.event.name}` wants `{name}` from the {view.source.side} `{view.source.name}`, "
                "which may not send it",
                label=f"`{view.source.name}` has no `{name}`",
                secondary=[Label(where, "said here")],
                help=f"let `{view.source.name}` send `{name}`, or name a property that it sends",
            )
