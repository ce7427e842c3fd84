"""Two values of an enum differ in case alone.

## What it finds

Text values of one enum that are the same word in capital and small letters.

## Why it matters

They are two values to the destination, which draws two bars in each chart, and one value to everybody who types them.
Mostly one of the two is a slip that was sent once and never taken back.

## Example

```yaml
payment_method: {enum: [card, Card, paypal]}
```

## Instead

```yaml
payment_method: {enum: [card, paypal]}
```

## When to allow it

Where another system's codes are passed on as they are, and it tells them apart.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from trackside.diagnostics import Diagnostic, Label, finding
from trackside.ir import Scalar
from trackside.ir.walk import written_types

if TYPE_CHECKING:
    from collections.abc import Iterator

    from trackside.diagnostics import Place, Span
    from trackside.ir import Plan
    from trackside.ir.walk import WrittenType


def check(plan: Plan) -> Iterator[Diagnostic]:
    """Look for enum values that only their case tells apart."""
    for written in written_types(plan):
        if isinstance(written.type, Scalar) and len(written.type.enum) > 1 and written.place.has("enum"):
            yield from _values(written, written.type)


def _values(written: WrittenType, type: Scalar) -> Iterator[Diagnostic]:
    seen: dict[str, tuple[int, str]] = {}
    for index, one in enumerate(type.enum):
        if not isinstance(one.value, str):
            return
        first = seen.setdefault(one.value.casefold(), (index, one.value))
        if first[0] != index:
            place = written.place.at("enum")
            yield finding(
                "enum-differs-in-case",
                _span(place, index, one.value),
                f"`enum` of {written.user} wants values that differ in more than case: `{first[1]}` and `{one.value}`",
                label="the same word",
                secondary=[Label(_span(place, *first), "as here")],
                help="keep one of the two, and map what comes in to it where it is sent",
            )


def _span(place: Place, index: int, value: str) -> Span:
    return place.at(value).key_span if place.has(value) else place.at(index).span
