"""Pending copies go straight to the destination, where they may win over the server's.

## What it finds

A client that sends hybrid events with pending copies, in a plan without an `endpoint:`. One finding for each client.

## Why it matters

With an endpoint a pending copy goes through your own server, which drops it when it knows the fact and otherwise lets
the authoritative copy replace it. Without one there is a race: an answer says nothing, the client waits out its grace
and sends its copy to the destination; the server's copy is late (a retry, a queue), arrives second and is dropped.
The fact is then counted with what the client knew. And when the answer is lost nobody can be asked: the copy is
dropped and the fact depends on the server alone, or `on_unknown: send` asserts a fact that may never have been.

## Example

```yaml
sources:
  web: {side: client, target: javascript, out: generated/web}
  backend: {side: server, target: python, out: generated/backend}
events:
  purchase_completed:
    kind: purchase
    placement: hybrid
    dedupe: [order_id]
    properties: {order_id: string}
```

## Instead

```yaml
sources:
  web: {side: client, target: javascript, out: generated/web}
  backend: {side: server, target: python, out: generated/backend}
endpoint: {route: /t, served_by: backend}
events:
  purchase_completed:
    kind: purchase
    placement: hybrid
    dedupe: [order_id]
    properties: {order_id: string}
```

## When to allow it

Where the server confirms in the very response (`Trackside-Confirmed`), so that unconfirmed copies are rare, and you
can live with the client's values in those.
"""

from __future__ import annotations

from collections.abc import Iterator

from trackside.diagnostics import Diagnostic, Label, finding
from trackside.ir import Event, Plan
from trackside.rules.hybrid.copies import hybrids
from trackside.rules.written import key_of, listed, span_of_time, was_left_out


def check(plan: Plan) -> Iterator[Diagnostic]:
    """Look for clients with pending copies and no endpoint to ask."""
    if plan.endpoint is not None or was_left_out(plan, "endpoint"):
        return
    pending: dict[str, list[Event]] = {}
    for event in hybrids(plan):
        if event.client_copy is not None and event.client_copy.mode == "pending":
            for name in event.sources:
                # One that sends through an endpoint which the plan lacks has been reported.
                if plan.sources[name].side == "client" and plan.sources[name].through == "sdk":
                    pending.setdefault(name, []).append(event)
    for name, events in pending.items():
        copy = events[0].client_copy
        assert copy is not None
        yield finding(
            "hybrid-without-endpoint",
            key_of(plan.sources[name].place),
            f"`{name}` keeps pending copies of {listed(event.name for event in events)} "
            "and wants an `endpoint` to send them through",
            label="sends them straight to the destination",
            secondary=[Label(key_of(event.place), "sent from both sides") for event in events[:3]],
            notes=[
                f"the race: an answer confirms nothing, the client's copy of `{events[0].name}` is sent after "
                f"{span_of_time(copy.grace)}, the server's is late; Amplitude keeps the first one in, and the server's "
                "values are dropped"
            ],
            help="add `endpoint: {route: /t, served_by: <server source>}` to the plan",
        )
