"""A fact is learnt later, and the device it belongs to is not stored until then.

## What it finds

An event with `emitted: later` that is sent with the `device_id`, in a plan whose `identity.device_id` is not carried
in `stored`.

## Why it matters

The webhook or the job that learns the fact has no browser's request: it knows the device only when the request
handler stored it with its row (`Context.dump()`). Without that the server's copy has another device_id than the
client's and counts as a second fact, or an event that must name its device cannot be sent at all.

## Example

```yaml
identity:
  device_id: {created_by: client, carried_in: [header, cookie]}
events:
  purchase_completed:
    kind: purchase
    placement: hybrid
    emitted: later
    dedupe: [order_id]
    properties: {order_id: string}
```

## Instead

```yaml
identity:
  device_id: {created_by: client, carried_in: [header, cookie, stored]}
events:
  purchase_completed:
    kind: purchase
    placement: hybrid
    emitted: later
    dedupe: [order_id]
    properties: {order_id: string}
```

## When to allow it

Where the job gets the browser's device_id in a way that the plan cannot say.
"""

from __future__ import annotations

from collections.abc import Iterator

from trackside.diagnostics import Diagnostic, Label, finding
from trackside.ir import Plan
from trackside.rules.hybrid.device_id_not_carried import gets_across
from trackside.rules.written import value_of, was_left_out


def check(plan: Plan) -> Iterator[Diagnostic]:
    """Look for events that are emitted later without a stored device."""
    device = plan.identity["device_id"]
    if "stored" in device.carried_in or was_left_out(plan, "identity"):
        return
    for event in plan.events.values():
        if event.emitted != "later" or "device_id" not in event.identity.ids:
            continue
        if event.placement == "hybrid" and not gets_across(device):
            continue  # device-id-not-carried says what comes first.
        notes = []
        if event.placement == "hybrid":
            notes = [
                f"one `{event.name}`, two copies with one insert_id: the client's on device D, the job's on none; "
                "Amplitude compares insert_ids on one device only, so it counts two"
            ]
        where = device.place if plan.place.has("identity") else event.place
        yield finding(
            "later-without-stored-device",
            value_of(event.place, "emitted"),
            f"`{event.name}` is emitted later and wants `device_id` carried in `stored`: no request brings it then",
            label="without a request",
            secondary=[Label(value_of(where, "carried_in"), "`stored` is missing here")]
            if plan.place.has("identity")
            else (),
            notes=notes,
            help=f"write `device_id: {{created_by: {device.created_by}, carried_in: "
            f"[{', '.join((*device.carried_in, 'stored'))}]}}` under `identity`",
        )
