"""A copy whose outcome nobody knows is sent as a fact.

## What it finds

`client_copy: {on_unknown: send}` in a plan without an `endpoint:`.

## Why it matters

"Unknown" means that no answer came: the tab was closed, the network failed. The request may never have arrived, or
the server may have refused it. Without an endpoint nobody can be asked, so the copy asserts a purchase that perhaps
never was, and where it was, it may arrive before the server's and replace its values.

## Example

```yaml
events:
  purchase_completed:
    kind: purchase
    placement: hybrid
    client_copy: {grace: 30s, on_unknown: send}
    dedupe: [order_id]
    properties: {order_id: string}
```

## Instead

```yaml
endpoint: {route: /t, served_by: backend}
events:
  purchase_completed:
    kind: purchase
    placement: hybrid
    client_copy: {grace: 30s, on_unknown: send}
    dedupe: [order_id]
    properties: {order_id: string}
```

With an endpoint the client asks on this page or the next until it is answered, and `on_unknown` speaks only of what
the endpoint itself cannot say. Without one, leave `on_unknown: drop`: the server reports its facts anyway.

## When to allow it

Where a lost fact is worse than a false one, and the event carries nothing that anybody is paid by.
"""

from __future__ import annotations

from collections.abc import Iterator

from trackside.diagnostics import Diagnostic, Label, finding
from trackside.ir import Plan
from trackside.rules.hybrid.copies import hybrids
from trackside.rules.written import value_of, was_left_out


def check(plan: Plan) -> Iterator[Diagnostic]:
    """Look for copies that are sent although nobody can be asked."""
    if plan.endpoint is not None or was_left_out(plan, "endpoint"):
        return
    for event in hybrids(plan):
        copy = event.client_copy
        if copy is not None and copy.mode == "pending" and copy.on_unknown == "send":
            yield finding(
                "unknown-sent-without-endpoint",
                value_of(event.place, "client_copy", "on_unknown"),
                f"`{event.name}` wants `on_unknown: drop` while there is no endpoint to ask: "
                "the copy may assert what never happened",
                label="sent without knowing",
                secondary=[Label(value_of(event.place, "placement"), "the server reports the fact itself")],
                help="write `on_unknown: drop`, or add `endpoint: {route: /t, served_by: <server source>}` to the plan",
            )
