"""A user property is changed in a way that its type cannot be.

## What it finds

`op: add` on a user property that is no number, and `op: append` on one whose value is not part of a list: an object or
a map.

## Why it matters

The destination adds numbers and appends items. Anything else it ignores, and the property stays what it was.

## Example

```yaml
user_properties:
  orders: {type: string, op: add}
```

## Instead

```yaml
user_properties:
  orders: {type: integer, op: add}
```

## When to allow it

Never: no comment allows it, since the call could do nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from trackside.diagnostics import Diagnostic, finding
from trackside.ir import AnyValue, MapOf, Object, Scalar

if TYPE_CHECKING:
    from collections.abc import Iterator

    from trackside.ir import Plan


def check(plan: Plan) -> Iterator[Diagnostic]:
    """Look for additions to what is no number, and appendages to what is no list."""
    for prop in plan.user_properties:
        wanted = None
        if prop.operation == "add" and not (isinstance(prop.type, Scalar) and prop.type.base in {"integer", "number"}):
            wanted = "a number"
        elif prop.operation == "append" and isinstance(prop.type, (MapOf, Object, AnyValue)):
            wanted = "an item of a list, or a list of them"
        if wanted is not None:
            found = f"of type `{prop.type.base}`" if isinstance(prop.type, Scalar) else "no single value"
            yield finding(
                "operation-does-not-fit",
                prop.place.at("op").span,
                f"`op: {prop.operation}` wants {wanted}, and the user property `{prop.name}` is {found}",
                label=f"wants {wanted}",
                help="change its type, or write `op: set`",
            )
