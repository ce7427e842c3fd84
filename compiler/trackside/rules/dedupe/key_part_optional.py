"""A part of a dedupe key may be absent.

## What it finds

A property named in `dedupe:` that is optional, on one side or on both, or whose type allows null.

## Why it matters

A key is computed from all of its parts. Where one is missing the emission has no key, and two facts that both lack it
would look like one; so such an emission is refused at run time, and the fact is lost.

## Example

```yaml
coupon_redeemed:
  kind: state_change
  identity: [user_id]
  dedupe: [order_id, coupon]
  properties:
    order_id: string
    coupon: optional string
```

## Instead

```yaml
coupon_redeemed:
  kind: state_change
  identity: [user_id]
  dedupe: [order_id]
  properties:
    order_id: string
    coupon: optional string
```

Or make the property required, when every such fact has it.

## When to allow it

Never: no comment allows it.
"""

from __future__ import annotations

from collections.abc import Iterator

from trackside.diagnostics import Diagnostic, Label, Span, finding
from trackside.ir import Plan, Property
from trackside.rules.written import part_of, value_of


def check(plan: Plan) -> Iterator[Diagnostic]:
    """Look for key parts that an emission may lack."""
    for event in plan.events.values():
        key = event.dedupe
        if key is None:
            continue
        for index, name in enumerate(key.by):
            prop = event.property(name)
            if prop is None or not (prop.optional_on or prop.type.nullable):
                continue
            yield finding(
                "key-part-optional",
                part_of(key, index),
                f"the key of `{event.name}` needs `{name}` in every emission, and it {_how(prop)}",
                label="may be missing",
                secondary=[Label(_cause(prop), "because of this")],
                help=f"make `{name}` required, or leave it out of the key",
            )


def _how(prop: Property) -> str:
    if not prop.optional_on:
        return "may be null"
    if len(prop.optional_on) == 2:
        return "is optional"
    return f"is optional on the {next(iter(prop.optional_on))}"


def _cause(prop: Property) -> Span:
    if not prop.optional_on:
        return value_of(prop.place, "nullable") if prop.place.has("nullable") else prop.place.key_span
    if prop.place.has("optional"):
        return value_of(prop.place, "optional")
    return value_of(prop.place, "type") if prop.place.has("type") else value_of(prop.place)
