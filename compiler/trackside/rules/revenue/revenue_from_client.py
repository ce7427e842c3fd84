"""Revenue is stated by a client.

## What it finds

An event with `revenue:` that only clients send.

## Why it matters

Whatever a browser or an app sends can be forged: one person with a console can report a million. Views of clients
therefore never carry the revenue, so the revenue of an event that only clients send would never be sent at all.

## Example

```yaml
donation_made:
  placement: client
  because: The form is on the page.
  revenue: {amount: total_amount}
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

`placement: hybrid` keeps the client as a safety net, with the revenue on the server's copy. Where there is no server
at all, `revenue: {amount: total_amount, from_client: allow}` sends it, and warns.

## When to allow it

Where the properties are wanted and the revenue may stay unsent; otherwise say `from_client: allow`.
"""

from __future__ import annotations

from collections.abc import Iterator

from trackside.diagnostics import Diagnostic, Label, finding
from trackside.ir import Plan
from trackside.rules.written import key_of, value_of


def check(plan: Plan) -> Iterator[Diagnostic]:
    """Look for revenue that only a client could state."""
    for event in plan.events.values():
        if event.revenue is None or event.revenue.from_client or event.placement != "client":
            continue
        yield finding(
            "revenue-from-client",
            key_of(event.revenue.place),
            f"revenue wants a server, and `{event.name}` is sent by clients only: it would never be sent",
            label="a client can forge it",
            secondary=[Label(value_of(event.place, "placement"), "sent by clients")],
            help="write `placement: server` or `hybrid`; where there is no server, add `from_client: allow`",
        )
