"""Revenue is taken from a client, because the plan says so.

## What it finds

`revenue: {..., from_client: allow}` on an event that clients send.

## Why it matters

Whatever a browser or an app sends can be forged, and revenue is what dashboards, bonuses and advertising budgets are
made of. The plan may decide to trust it; this warning keeps the decision in sight.

## Example

```yaml
donation_made:
  placement: client
  because: There is no server.
  revenue: {amount: total_amount, from_client: allow}
  properties: {total_amount: money}
```

## Instead

```yaml
donation_made:
  placement: server
  because: The bank tells the server.
  revenue: {amount: total_amount}
  properties: {total_amount: money}
```

## When to allow it

Where there is no server that knows the amount, and nobody gains by a false one. Say so in the comment.
"""

from __future__ import annotations

from collections.abc import Iterator

from trackside.diagnostics import Diagnostic, Label, finding
from trackside.ir import Plan
from trackside.rules.written import value_of


def check(plan: Plan) -> Iterator[Diagnostic]:
    """Look for revenue that clients are trusted with."""
    for event in plan.events.values():
        if event.revenue is None or not event.revenue.from_client or event.placement == "server":
            continue
        yield finding(
            "revenue-trusts-client",
            value_of(event.revenue.place, "from_client"),
            f"revenue of `{event.name}` wants a server's word, and is taken from a client, who can forge it",
            label="anybody can send any amount",
            secondary=[Label(value_of(event.place, "placement"), "clients send it")],
            help="leave `from_client: allow` out, and let a server send the revenue"
            if event.placement == "hybrid"
            else "write `placement: server` or `hybrid`, and leave `from_client: allow` out",
        )
