"""A type's bounds leave no value.

## What it finds

A lower bound above the upper one (`minimum`, `maximum` and the exclusive ones; `min_length`, `max_length`; `min_items`,
`max_items`), bounds between which no integer lies, a `pattern` whose shortest match is longer than `max_length`, and
`unique_items` with more items wanted than the enum has values.

## Why it matters

No call could ever pass. In production the value would be dropped each time, and the event flagged.

## Example

```yaml
rating: {type: integer, minimum: 5, maximum: 1}
```

## Instead

```yaml
rating: {type: integer, minimum: 1, maximum: 5}
```

## When to allow it

Never: no comment allows it, since no value could be made for it.
"""

from __future__ import annotations

from math import ceil, floor
from typing import TYPE_CHECKING

from trackside.diagnostics import Diagnostic, Label, finding
from trackside.ir import ListOf, MapOf, Scalar
from trackside.ir.patterns import parse_pattern
from trackside.ir.walk import written_types
from trackside.rules.written import value_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from trackside.diagnostics import Place
    from trackside.ir import Plan, Type


def check(plan: Plan) -> Iterator[Diagnostic]:
    """Look for types that no value has."""
    for written in written_types(plan):
        clash = _clash(written.type)
        if clash is None:
            continue
        low, high, words = clash
        place = written.place
        if not (place.has(low) or place.has(high)):
            continue
        yield finding(
            "impossible-bounds",
            value_of(place, high if place.has(high) else low),
            f"{written.user} wants bounds that leave a value: {words}",
            label="leaves no value",
            secondary=_other(place, low, high),
            help="move one of them, or leave it out",
        )


def _other(place: Place, low: str, high: str) -> list[Label]:
    return (
        [Label(value_of(place, low), "together with this")]
        if place.has(low) and place.has(high) and low != high
        else []
    )


def _clash(type: Type) -> tuple[str, str, str] | None:
    """Name the two keys that leave no value, and say why."""
    if isinstance(type, Scalar):
        return _of_lengths(type) if type.base == "string" else _of_numbers(type)
    if isinstance(type, (ListOf, MapOf)):
        if type.min_items is not None and type.max_items is not None and type.min_items > type.max_items:
            return "min_items", "max_items", f"at least {type.min_items} and at most {type.max_items} items"
        if isinstance(type, ListOf) and type.unique_items and isinstance(type.item, Scalar) and type.item.enum:
            values = len(type.item.enum) + type.item.nullable
            if (type.min_items or 0) > values:
                return "unique_items", "min_items", f"at least {type.min_items} different items out of {values} values"
    return None


def _of_lengths(type: Scalar) -> tuple[str, str, str] | None:
    if type.max_length is None:
        return None
    if type.min_length is not None and type.min_length > type.max_length:
        return "min_length", "max_length", f"a length of at least {type.min_length} and at most {type.max_length}"
    if type.pattern is not None:
        shortest = len(parse_pattern(type.pattern).example())
        if shortest > type.max_length:
            return (
                "pattern",
                "max_length",
                f"a pattern of at least {shortest} characters, and at most {type.max_length}",
            )
    return None


def _of_numbers(type: Scalar) -> tuple[str, str, str] | None:
    if (type.minimum is None and type.exclusive_minimum is None) or (
        type.maximum is None and type.exclusive_maximum is None
    ):
        return None
    lows = [("minimum", type.minimum), ("exclusive_minimum", type.exclusive_minimum)]
    highs = [("maximum", type.maximum), ("exclusive_maximum", type.exclusive_maximum)]
    for low_key, low in lows:
        for high_key, high in highs:
            if low is None or high is None:
                continue
            open_low, open_high = low_key.startswith("ex"), high_key.startswith("ex")
            if type.base == "integer":
                least = floor(low) + 1 if open_low else ceil(low)
                most = ceil(high) - 1 if open_high else floor(high)
                empty = least > most
            else:
                empty = low > high or (low == high and (open_low or open_high))
            if empty:
                above = f"{'more than' if open_low else 'at least'} {low}"
                return low_key, high_key, f"{above} and {'less than' if open_high else 'at most'} {high}"
    return None
