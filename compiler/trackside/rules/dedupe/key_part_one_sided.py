"""A part of a dedupe key is not known to every source that sends the event.

## What it finds

A property named in `dedupe:` that `only:` or `sources:` keeps from one of the sources that send the event.

## Why it matters

A source that does not know the part cannot compute the key, so its copy of the fact has another insert_id and the
fact counts twice.

## Example

```yaml
purchase_completed:
  kind: purchase
  placement: hybrid
  dedupe: [charge_id]
  properties:
    charge_id: {type: string, only: server}
```

## Instead

```yaml
purchase_completed:
  kind: purchase
  placement: hybrid
  dedupe: [order_id]
  properties:
    order_id: string
    charge_id: {type: string, only: server}
```

Choose a value that both sides have before the request is answered.

## When to allow it

Never: no comment allows it, since the key cannot be computed.
"""

from __future__ import annotations

from collections.abc import Iterator

from trackside.diagnostics import Diagnostic, Label, finding
from trackside.ir import Plan
from trackside.rules.written import listed, part_of, value_of


def check(plan: Plan) -> Iterator[Diagnostic]:
    """Look for key parts that a source of the event does not have."""
    for event in plan.events.values():
        key = event.dedupe
        if key is None:
            continue
        for index, name in enumerate(key.by):
            prop = event.property(name)
            if prop is None or (prop.only is None and prop.sources is None):
                continue
            without = [view.source for view in plan.views_for(event.name) if view.property(name) is None]
            if not without:
                continue
            cause = value_of(prop.place, "only" if prop.only is not None else "sources")
            yield finding(
                "key-part-one-sided",
                part_of(key, index),
                f"the key of `{event.name}` needs `{name}` in every source, and {listed(s.name for s in without)} "
                f"{'does' if len(without) == 1 else 'do'} not have it",
                label="not known everywhere",
                secondary=[Label(cause, f"not known to `{without[0].name}` because of this")],
                help=f"take a property that every source has, or let `{name}` be known to all of them",
            )
