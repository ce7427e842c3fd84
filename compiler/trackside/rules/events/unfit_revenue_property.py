"""A property that makes revenue has the wrong type.

## What it finds

In `revenue:`: an `amount`, `unit_price` or `quantity` that is no number (a quantity: no integer), and a `currency`,
`product_id` or `type` that is no text.

## Why it matters

The destination's revenue is a number and its labels are texts. Anything else is dropped there or refused, and the total
is short by what nobody sees.

## Example

```yaml
purchase_completed:
  kind: purchase
  identity: [user_id]
  revenue: {amount: total}
  properties:
    total: string
```

## Instead

```yaml
purchase_completed:
  kind: purchase
  identity: [user_id]
  revenue: {amount: total}
  properties:
    total: {type: number, minimum: 0}
```

## When to allow it

Never: no comment allows it, since generated code computes with these values.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from trackside.diagnostics import Diagnostic, Label, finding
from trackside.ir import Scalar

if TYPE_CHECKING:
    from collections.abc import Iterator

    from trackside.ir import Plan

_WANTED: Final[tuple[tuple[str, frozenset[str], str], ...]] = (
    ("amount", frozenset({"number", "integer"}), "a number"),
    ("unit_price", frozenset({"number", "integer"}), "a number"),
    ("quantity", frozenset({"integer"}), "an integer"),
    ("currency", frozenset({"string"}), "text"),
    ("product_id", frozenset({"string", "uuid", "url"}), "text"),
    ("type", frozenset({"string"}), "text"),
)


def check(plan: Plan) -> Iterator[Diagnostic]:
    """Look for revenue made of what is no number, and labelled with what is no text."""
    for event in plan.events.values():
        revenue = event.revenue
        if revenue is None:
            continue
        for key, bases, words in _WANTED:
            name = getattr(revenue, key)
            prop = event.property(name) if name is not None else None
            if prop is None or (isinstance(prop.type, Scalar) and prop.type.base in bases):
                continue
            found = f"of type `{prop.type.base}`" if isinstance(prop.type, Scalar) else "no single value"
            yield finding(
                "unfit-revenue-property",
                revenue.place.at(key).span,
                f"revenue of `{event.name}` wants {words} as its `{key}`, and `{name}` is {found}",
                label=f"wants {words}",
                secondary=[Label(prop.place.key_span, found)],
                help=f"give `{name}` the type that it is sent as, or name another property",
            )
