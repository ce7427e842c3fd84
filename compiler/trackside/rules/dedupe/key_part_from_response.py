"""A part of a dedupe key is known to the client only from the server's answer.

## What it finds

A property with `known: response` that is named in the `dedupe:` of a hybrid event.

## Why it matters

The client seals its copy before the request leaves, so that the fact survives a lost answer. A value that only the
answer brings is not there yet, so the copy would have no key in the very case that it exists for.

## Example

```yaml
purchase_completed:
  kind: purchase
  placement: hybrid
  dedupe: [order_id]
  properties:
    order_id: {type: string, known: response}
```

## Instead

```yaml
purchase_completed:
  kind: purchase
  placement: hybrid
  dedupe: [cart_id]
  properties:
    cart_id: string
    order_id: {type: string, known: response}
```

Where the client knows no id of the fact before the request, `dedupe: attempt` makes one of each attempt.

## When to allow it

Never: no comment allows it.
"""

from __future__ import annotations

from collections.abc import Iterator

from trackside.diagnostics import Diagnostic, Label, finding
from trackside.ir import Plan
from trackside.rules.written import part_of, value_of


def check(plan: Plan) -> Iterator[Diagnostic]:
    """Look for key parts of hybrid events that only the response brings."""
    for event in plan.events.values():
        key = event.dedupe
        if key is None or event.placement != "hybrid":
            continue
        for index, name in enumerate(key.by):
            prop = event.property(name)
            if prop is not None and prop.known == "response":
                yield finding(
                    "key-part-from-response",
                    part_of(key, index),
                    f"the key of `{event.name}` wants parts that are known before the request, "
                    f"and only the response brings `{name}`",
                    label="not known when the client's copy is sealed",
                    secondary=[Label(value_of(prop.place, "known"), "said here")],
                    help="name a property that the client knows before it asks, or write `dedupe: attempt`",
                )
