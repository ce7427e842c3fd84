"""An intent does not say what it leads to.

## What it finds

An event of kind `intent` without `outcome:`.

## Why it matters

An intent counts what people set out to do; only beside its outcome does it say how many of them got there. The docs
draw the two as a pair, and the joining properties are checked on both.

## Example

```yaml
purchase_initiated:
  kind: intent
  properties: {order_id: string}
```

## Instead

```yaml
purchase_initiated:
  kind: intent
  outcome: {event: purchase_completed, by: [order_id]}
  properties: {order_id: string}
purchase_completed:
  kind: purchase
  identity: [user_id]
  properties: {order_id: string}
```

Where nothing follows that could be measured, it is a `click` or a `feature_use`.

## When to allow it

Where the outcome is measured in another plan or another system.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from trackside.diagnostics import Diagnostic, finding
from trackside.rules.written import value_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from trackside.ir import Plan


def check(plan: Plan) -> Iterator[Diagnostic]:
    """Look for intents that lead nowhere."""
    for event in plan.events.values():
        if event.kind == "intent" and event.outcome is None and "outcome" not in event.holes:
            yield finding(
                "intent-without-outcome",
                value_of(event.place, "kind"),
                f"event `{event.name}` is an intent and wants `outcome:`, the event that it leads to",
                label="leads to no event",
                help="name the event and what joins the two: `outcome: {event: ..., by: [...]}`",
            )
