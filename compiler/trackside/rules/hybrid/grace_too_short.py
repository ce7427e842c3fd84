"""The client sends an unconfirmed copy before the server's can have arrived.

## What it finds

A hybrid event with a pending client copy whose `grace:` is not longer than the declared `delivery:` of a server that
sends the event. `delivery` is the longest time from a call until the destination has the event, when all is well.

## Why it matters

The destination keeps the copy that arrives first. A client that waits less than the server needs wins whenever an
answer does not confirm, and the server's values, the authoritative ones, are dropped as a copy.

## Example

```yaml
sources:
  web: {side: client, target: javascript, out: generated/web}
  backend: {side: server, target: python, out: generated/backend, delivery: 1m}
events:
  purchase_completed:
    kind: purchase
    placement: hybrid
    client_copy: {grace: 30s}
    dedupe: [order_id]
    properties: {order_id: string}
```

## Instead

```yaml
sources:
  web: {side: client, target: javascript, out: generated/web}
  backend: {side: server, target: python, out: generated/backend, delivery: 1m}
events:
  purchase_completed:
    kind: purchase
    placement: hybrid
    client_copy: {grace: 2m}
    dedupe: [order_id]
    properties: {order_id: string}
```

## When to allow it

Where both copies carry the same values, so that it does not matter which one arrives first.
"""

from __future__ import annotations

from collections.abc import Iterator

from trackside.diagnostics import Diagnostic, Label, finding
from trackside.ir import Plan
from trackside.rules.hybrid.copies import hybrids
from trackside.rules.written import span_of_time, value_of


def check(plan: Plan) -> Iterator[Diagnostic]:
    """Look for graces that end before the server's delivery."""
    for event in hybrids(plan):
        copy = event.client_copy
        if copy is None or copy.mode != "pending" or "client_copy" in event.holes:
            continue
        servers = [plan.sources[name] for name in event.sources if plan.sources[name].side == "server"]
        slowest = max(servers, key=lambda source: source.delivery, default=None)
        if slowest is None or copy.grace > slowest.delivery:
            continue
        written = event.place.has("client_copy")
        yield finding(
            "grace-too-short",
            value_of(event.place, "client_copy", "grace") if written else value_of(event.place, "placement"),
            f"`{event.name}` wants a grace of more than {span_of_time(slowest.delivery)}: "
            f"so long may a delivery of `{slowest.name}` take",
            label=f"{span_of_time(copy.grace)}" + ("" if written else " when nothing is said"),
            secondary=[Label(value_of(slowest.place, "delivery"), f"may take {span_of_time(slowest.delivery)}")],
            help=f"write `client_copy: {{grace: {span_of_time(2 * slowest.delivery)}}}`",
        )
