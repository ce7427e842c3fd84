"""A server's event has a dedupe key and does not say whom it is about.

## What it finds

An event that only servers send, with `dedupe:` and without an `identity:` that names ids.

## Why it matters

The destination compares insert_ids on one device. When an event may carry any id that happens to be known, a
webhook's retry that knows the user only and a first try that knew the device are two facts. So a keyed event sends
exactly the ids that it names, on every path.

## Example

```yaml
subscription_renewed:
  kind: webhook
  dedupe: [invoice_id]
  properties: {invoice_id: string}
```

## Instead

```yaml
subscription_renewed:
  kind: webhook
  identity: [user_id]
  dedupe: [invoice_id]
  properties: {invoice_id: string}
```

A job that is about nobody says `identity: system`.

## When to allow it

Where there is one path only that sends the event, and it always knows the same ids.
"""

from __future__ import annotations

from collections.abc import Iterator

from trackside.diagnostics import Diagnostic, Label, finding
from trackside.ir import Plan
from trackside.rules.written import key_of, value_of


def check(plan: Plan) -> Iterator[Diagnostic]:
    """Look for keyed server events that may carry any id."""
    for event in plan.events.values():
        if event.dedupe is None or event.placement != "server" or event.identity.mode != "any":
            continue
        if "identity" in event.holes or (event.place.has("identity") and not event.identity.stated):
            continue  # What stands there could not be used, and was reported.
        yield finding(
            "keyed-event-without-identity",
            value_of(event.place, "identity"),
            f"`{event.name}` has a dedupe key and wants an `identity` that names its ids, such as `[user_id]`",
            label="may carry any id" if event.identity.stated else "names no ids",
            secondary=[Label(key_of(event.dedupe.place), "keyed here")],
            notes=[
                f"one `{event.name}` emitted twice with one insert_id, first on device D and then on none: "
                "Amplitude compares insert_ids on one device only, so it counts two"
            ],
            help="write `identity: [user_id]`, `[device_id]`, both, or `system`",
        )
