"""A key of one attempt never gets from the client to the server.

## What it finds

`dedupe: attempt` on an event that is not hybrid, or whose client sends its copy at once (`client_copy: always`).

## Why it matters

The attempt's UUID is made with the client's pending copy and travels to the server with the request. Without a
pending copy nobody makes it, and nothing carries it: each side would key on a UUID of its own, and nothing would
de-duplicate.

## Example

```yaml
user_signed_up:
  kind: signup
  placement: server
  because: Attribution is carried.
  identity: [user_id]
  dedupe: attempt
```

## Instead

```yaml
user_signed_up:
  kind: signup
  dedupe: attempt
```

Or, where only the server sends the event, key on what it has: `dedupe: [account_id]`.

## When to allow it

Never: no comment allows it, since there is nothing to key on.
"""

from __future__ import annotations

from collections.abc import Iterator

from trackside.diagnostics import Diagnostic, Label, finding
from trackside.ir import Plan
from trackside.rules.written import value_of


def check(plan: Plan) -> Iterator[Diagnostic]:
    """Look for attempt keys without a pending copy that makes and carries the attempt."""
    for event in plan.events.values():
        key = event.dedupe
        if key is None or key.form != "attempt":
            continue
        copy = event.client_copy
        if event.placement == "hybrid" and (copy is None or copy.mode == "pending"):
            continue
        if event.placement == "hybrid":
            cause, why = value_of(event.place, "client_copy"), "sends its copy without waiting"
        else:
            cause, why = value_of(event.place, "placement"), f"is sent by the {event.placement} alone"
        yield finding(
            "attempt-not-carried",
            value_of(key.place),
            f"`dedupe: attempt` wants a pending client copy that carries the attempt, and `{event.name}` {why}",
            label="nothing makes and carries the attempt",
            secondary=[Label(cause, "because of this")],
            help="name properties instead: `dedupe: [<property>]`"
            if event.placement != "hybrid"
            else "leave `client_copy: always` out, or name properties: `dedupe: [<property>]`",
        )
