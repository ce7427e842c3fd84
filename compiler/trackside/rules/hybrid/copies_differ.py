"""Both copies are sent at once, and the one that is dropped may be the one with the values.

## What it finds

A hybrid event with `client_copy: always` whose server copy carries what the client's does not: properties, revenue,
attribution or enrichment.

## Why it matters

The destination keeps the copy that arrives first and never merges the two. The client's usually arrives first, so
what only the server knows, often the amount, is missing from most of the facts, and present in some.

## Example

```yaml
purchase_completed:
  kind: purchase
  placement: hybrid
  client_copy: always
  dedupe: [order_id]
  properties:
    order_id: string
    tax: {type: money, only: server}
```

## Instead

```yaml
purchase_completed:
  kind: purchase
  placement: hybrid
  dedupe: [order_id]
  properties:
    order_id: string
    tax: {type: money, only: server}
```

Without `client_copy: always` the client's copy is pending: it is sent only when the server's is not known to exist.
Or let an event of its own carry what only the server knows.

## When to allow it

Where nobody reads the values that only the server has from this event.
"""

from __future__ import annotations

from collections.abc import Iterator

from trackside.diagnostics import Diagnostic, Label, finding
from trackside.ir import Plan, View
from trackside.rules.hybrid.copies import hybrids
from trackside.rules.written import listed, value_of


def check(plan: Plan) -> Iterator[Diagnostic]:
    """Look for copies that are sent at once and differ in what they say."""
    for event in hybrids(plan):
        if event.client_copy is None or event.client_copy.mode != "always":
            continue
        views = plan.views_for(event.name)
        for client in (view for view in views if view.source.side == "client"):
            missing = list(
                dict.fromkeys(
                    name for server in views if server.source.side == "server" for name in _lost(client, server)
                )
            )
            if not missing:
                continue
            names = {prop.name: prop for prop in event.properties}
            yield finding(
                "copies-differ",
                value_of(event.place, "client_copy"),
                f"`{event.name}` is sent by both sides at once and wants copies that say the same: "
                f"that of `{client.source.name}` lacks {listed(missing)}",
                label="the first copy in wins",
                secondary=[
                    Label(names[name].place.key_span, "only the server's copy") for name in missing if name in names
                ][:3],
                notes=["the destination keeps whichever copy arrives first, and never merges the two"],
                help="leave `client_copy: always` out, so that the client's copy waits for the server's",
            )
            break


def _lost(client: View, server: View) -> Iterator[str]:
    """Name what is lost when the client's copy arrives first."""
    known = {prop.name for prop in client.properties}
    yield from (prop.name for prop in server.properties if prop.name not in known)
    if server.revenue is not None and client.revenue is None:
        yield "revenue"
    yield from server.enrich
    if server.attribution:
        yield "attribution"
