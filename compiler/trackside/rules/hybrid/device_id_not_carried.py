"""The device id does not get from the client to the server.

## What it finds

A plan with hybrid events whose `identity.device_id` names no carrier that comes with a request (`carried_in:
[header]` or `[cookie]`). `stored` alone is not enough: what is stored came with a request first. An id that the
server makes gets to the client by cookie only.

## Why it matters

Amplitude takes two copies for one fact when they carry the same insert_id on the same device_id. A server that does
not know the browser's device_id sends its copy under another one, or under none, and both copies count.

## Example

```yaml
identity:
  device_id: {created_by: client}
events:
  purchase_completed:
    kind: purchase
    placement: hybrid
    dedupe: [order_id]
    properties: {order_id: string}
```

## Instead

```yaml
identity:
  device_id: {created_by: client, carried_in: [header, cookie]}
events:
  purchase_completed:
    kind: purchase
    placement: hybrid
    dedupe: [order_id]
    properties: {order_id: string}
```

## When to allow it

Where something in front of the server hands it the browser's device_id in a way that the plan cannot say.
"""

from __future__ import annotations

from collections.abc import Iterator

from trackside.diagnostics import Diagnostic, Label, Span, finding
from trackside.ir import Identifier, Plan
from trackside.rules.hybrid.copies import hybrids
from trackside.rules.written import key_of, listed, value_of, was_left_out


def check(plan: Plan) -> Iterator[Diagnostic]:
    """Look for hybrid events in a plan where the server cannot know the client's device."""
    device = plan.identity.get("device_id")
    if device is None or was_left_out(plan, "identity") or gets_across(device):
        return
    events = list(hybrids(plan))
    if not events:
        return
    event = events[0]
    wanted = "cookie" if device.created_by == "server" else "header, cookie"
    yield finding(
        "device-id-not-carried",
        _place(plan, device, event.place.key_span),
        f"`device_id` wants `carried_in: [{wanted}]`: the copies of {listed(one.name for one in events)} "
        "must carry the same one",
        label="no request brings it" if device.created_by == "client" else "nothing brings it to the client",
        secondary=[Label(key_of(event.place), "sent from both sides")],
        notes=[
            f"one `{event.name}`, two copies: the client's on device D, the server's on none, both with one insert_id; "
            "Amplitude compares insert_ids on one device only, so it counts two"
        ],
        help=f"write `device_id: {{created_by: {device.created_by}, carried_in: [{wanted}]}}` under `identity`",
    )


def gets_across(device: Identifier) -> bool:
    """Tell whether both sides come to know the device id of a request."""
    carriers = device.carried_in
    return "cookie" in carriers or (device.created_by == "client" and "header" in carriers)


def _place(plan: Plan, device: Identifier, otherwise: Span) -> Span:
    if not plan.place.has("identity"):
        return otherwise
    return value_of(device.place, "carried_in")
