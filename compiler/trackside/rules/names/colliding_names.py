"""Two names become one identifier.

## What it finds

Two events, two named types, two enrichments or two properties of one event whose names a target's language would spell
alike: `Order Paid` and `order_paid` are both `order_paid` in Python and `orderPaid` in JavaScript. Also properties of
the context and of the person, which become arguments side by side.

## Why it matters

One function would hide the other, and one of the two facts would be sent under the other's name.

## Example

```yaml
events:
  order_paid: {kind: purchase}
  Order Paid: {kind: purchase}
```

## Instead

```yaml
events:
  order_paid: {kind: purchase}
  Order Paid: {kind: purchase, code_name: legacy_order_paid}
```

The name on the wire stays; `code_name` is for code alone. A type has no `code_name`: give it another name.

## When to allow it

Never: no comment allows it, since no code could be generated.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from trackside.diagnostics import Diagnostic, Label, finding
from trackside.rules.names.identifiers import scopes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from trackside.ir import Plan
    from trackside.rules.names.identifiers import Named


def check(plan: Plan) -> Iterator[Diagnostic]:
    """Look for names that a language cannot tell apart."""
    found: dict[tuple[int, int], tuple[Named, Named, dict[str, str]]] = {}
    for scope in scopes(plan):
        members = scope.members
        if len({one.identifier for one in members}) == len(members):
            continue
        seen: dict[str, Named] = {}
        for one in members:
            if one.identifier is None:
                continue
            first = seen.setdefault(one.identifier, one)
            if first is not one:
                key = (id(first.place), id(one.place))
                found.setdefault(key, (first, one, {}))[2][scope.language] = one.identifier
    for first, second, spelled in found.values():
        yield _finding(first, second, spelled)


def _finding(first: Named, second: Named, spelled: dict[str, str]) -> Diagnostic:
    where = " and ".join(f"`{identifier}` in {language}" for language, identifier in spelled.items())
    proposal = f"{next(iter(spelled.values())).rstrip('_')}_2"
    return finding(
        "colliding-names",
        second.place.key_span,
        f"{second.what} `{second.name}` wants an identifier of its own: with `{first.name}` it becomes {where}",
        label="the same identifier",
        secondary=[Label(first.place.key_span, "as this")],
        help=f"give one of the two a name for code: `code_name: {proposal}`, or a better one"
        if second.what in {"event", "property"}
        else f"give one of the two {second.what}s another name",
    )
