"""An event is about a device that the server sending it never learns.

## What it finds

An event with `identity: [device_id]` (or both ids) that only servers send, in a plan where no request brings the
device's id to the server.

## Why it matters

An event without the ids that its `identity` names is refused at run time: every one of these would be.

## Example

```yaml
identity:
  device_id: {created_by: client}
events:
  results_served:
    kind: search
    placement: server
    because: Results are logged.
    identity: [device_id]
```

## Instead

```yaml
identity:
  device_id: {created_by: client, carried_in: [header, cookie]}
events:
  results_served:
    kind: search
    placement: server
    because: Results are logged.
    identity: [device_id]
```

Or name the id that the server has: `identity: [user_id]`.

## When to allow it

Where every call passes the device in a context of its own (`context=`).
"""

from __future__ import annotations

from collections.abc import Iterator

from trackside.diagnostics import Diagnostic, Label, finding
from trackside.ir import Plan
from trackside.rules.written import value_of, was_left_out


def check(plan: Plan) -> Iterator[Diagnostic]:
    """Look for server events about a device that does not get there."""
    device = plan.identity["device_id"]
    if device.carried_in or device.created_by == "server" or was_left_out(plan, "identity"):
        return
    for event in plan.events.values():
        if event.placement != "server" or "device_id" not in event.identity.ids:
            continue
        if event.emitted == "later":
            continue  # later-without-stored-device says it.
        yield finding(
            "event-without-identity",
            value_of(event.place, "identity"),
            f"`{event.name}` wants a `device_id` that gets to the server, and nothing carries it",
            label="the server does not know the device",
            secondary=[Label(device.place.key_span, "`carried_in` is missing here")]
            if plan.place.has("identity")
            else (),
            help="write `identity: [user_id]` here, or `carried_in: [header, cookie]` under `device_id`",
        )
