"""The two copies of a hybrid event may be sent under different ids.

## What it finds

A hybrid event whose `identity:` does not name `device_id`; or one that names `user_id` too although it is the event
that logs the person in, so that the client's pending copy is sealed before the user is known.

## Why it matters

Amplitude takes two copies for one fact when they carry the same insert_id on the same device_id. With
`identity: any` or `[user_id]` one side may send the device and the other not, and both copies count.

## Example

```yaml
purchase_completed:
  kind: purchase
  placement: hybrid
  identity: [user_id]
  dedupe: [order_id]
  properties: {order_id: string}
```

## Instead

```yaml
purchase_completed:
  kind: purchase
  placement: hybrid
  identity: [device_id]
  dedupe: [order_id]
  properties: {order_id: string}
```

`[device_id]` is what a hybrid event has when it says nothing. `[device_id, user_id]` is right where the person is
logged in before the request.

## When to allow it

Where every client sends this event with the same user id that the server has, and double counts are acceptable.
"""

from __future__ import annotations

from collections.abc import Iterator

from trackside.diagnostics import Diagnostic, Label, finding
from trackside.ir import Plan
from trackside.rules.hybrid.copies import hybrids
from trackside.rules.written import value_of


def check(plan: Plan) -> Iterator[Diagnostic]:
    """Look for hybrid events whose copies need not share the device."""
    logs_in = {name: index for index, name in reversed(list(enumerate(plan.identity["user_id"].set_on)))}
    for event in hybrids(plan):
        if "identity" in event.holes or (event.place.has("identity") and not event.identity.stated):
            continue  # What stands there could not be used, and was reported.
        identity = event.identity
        if identity.mode != "named" or "device_id" not in identity.ids:
            stated = "any" if identity.mode == "any" else ", ".join(identity.ids)
            yield finding(
                "copies-with-different-identity",
                value_of(event.place, "identity"),
                f"`{event.name}` is sent from both sides and wants `device_id` in its `identity`, not `{stated}` alone"
                if identity.mode == "named"
                else f"`{event.name}` is sent from both sides and wants `identity: [device_id]`",
                label="the copies need not share a device",
                secondary=[Label(value_of(event.place, "placement"), "both sides send it")],
                notes=[
                    f"one `{event.name}`, two copies with one insert_id: the client's on device D, the server's on "
                    "another device or on none; Amplitude compares insert_ids on one device only, so it counts two"
                ],
                help="write `identity: [device_id]`, or leave it out",
            )
        elif (
            "user_id" in identity.ids
            and event.name in logs_in
            and event.client_copy is not None
            and event.client_copy.mode == "pending"
        ):
            set_on = value_of(plan.identity["user_id"].place, "set_on", logs_in[event.name])
            yield finding(
                "copies-with-different-identity",
                value_of(event.place, "identity"),
                f"`{event.name}` logs the person in and wants `identity: [device_id]`: "
                "the client's copy is sealed before the user is known",
                label="the client does not know the user yet",
                secondary=[Label(set_on, "logs the person in")],
                notes=[
                    f"one `{event.name}`: the client's pending copy cannot be sent under the ids that the server's has"
                ],
                help="write `identity: [device_id]`, or leave it out",
            )
