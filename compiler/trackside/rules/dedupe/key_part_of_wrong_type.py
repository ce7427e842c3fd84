"""A part of a dedupe key has a type that is not written alike everywhere.

## What it finds

A property named in `dedupe:` that is a number, a datetime, a url, a list, a map, an object or any value. Parts are
strings, integers, booleans, dates, uuids and enums of text.

## Why it matters

The two sides compute the key apart from each other, so a part must be the same text on both. A number that is 156.96
here and 156.95999999999998 there, or a time that differs by a millisecond, makes two facts of one.

## Example

```yaml
purchase_completed:
  kind: purchase
  identity: [user_id]
  dedupe: [paid_at, total_amount]
  properties:
    paid_at: datetime
    total_amount: number
```

## Instead

```yaml
purchase_completed:
  kind: purchase
  identity: [user_id]
  dedupe: [order_id]
  properties:
    order_id: string
    paid_at: datetime
    total_amount: number
```

Take the business id of the fact. An amount of money can be a part as whole cents: `type: integer`.

## When to allow it

Never: no comment allows it.
"""

from __future__ import annotations

from collections.abc import Iterator

from trackside.diagnostics import Diagnostic, Label, finding
from trackside.ir import ListOf, MapOf, Object, Plan, Scalar, Type
from trackside.rules.written import part_of, value_of

_FIT = frozenset({"string", "integer", "boolean", "date", "uuid"})


def check(plan: Plan) -> Iterator[Diagnostic]:
    """Look for key parts of a type that is no key part's."""
    for event in plan.events.values():
        key = event.dedupe
        if key is None:
            continue
        for index, name in enumerate(key.by):
            prop = event.property(name)
            if prop is None or is_fit(prop.type):
                continue
            typed = value_of(prop.place, "type") if prop.place.has("type") else value_of(prop.place)
            yield finding(
                "key-part-of-wrong-type",
                part_of(key, index),
                f"the key of `{event.name}` takes strings, integers, booleans, dates, uuids and enums, "
                f"and `{name}` is {_name_of(prop.type)}",
                label="not written alike on all sides",
                secondary=[Label(typed, _name_of(prop.type))],
                help=_way_out(name, prop.type),
            )


def is_fit(type: Type) -> bool:
    """Tell whether values of a type can be parts of a key."""
    return isinstance(type, Scalar) and (type.base in _FIT or (type.base != "number" and bool(type.enum)))


def _name_of(type: Type) -> str:
    if isinstance(type, Scalar):
        return f"a {type.base}"
    if isinstance(type, ListOf):
        return "a list"
    if isinstance(type, MapOf):
        return "a map"
    return "an object" if isinstance(type, Object) else "any value"


def _way_out(name: str, type: Type) -> str:
    if isinstance(type, Scalar) and type.base == "number":
        return f"name a business id, or let `{name}` be an integer, such as whole cents"
    if isinstance(type, Scalar) and type.base == "datetime":
        return f"name a business id, or let `{name}` be a `date`"
    return "name a business id, such as an order number"
