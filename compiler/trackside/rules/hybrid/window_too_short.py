"""The client's copy is too old to send before it may be sent.

## What it finds

A hybrid event with a pending client copy whose `window:` is no longer than its `grace:` and a day. Copies that wait in
a browser are dropped one day before their window ends, so that none arrives after the destination has forgotten the
other.

## Why it matters

With `window: 1d` every pending copy is too old from the start: the client would never send one, and the safety net that
the event is hybrid for is not there.

## Example

```yaml
purchase_completed:
  kind: purchase
  placement: hybrid
  dedupe: {by: [order_id], window: 1d}
  properties: {order_id: string}
```

## Instead

```yaml
purchase_completed:
  kind: purchase
  placement: hybrid
  dedupe: [order_id]
  properties: {order_id: string}
```

Without `window:` it is the destination's own, 7 days for Amplitude.

## When to allow it

Where the client's copy is not wanted for now; `placement: server` says so more plainly.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from trackside.diagnostics import Diagnostic, Label, finding
from trackside.ir import Plan
from trackside.rules.hybrid.copies import hybrids
from trackside.rules.written import span_of_time, value_of

MARGIN: Final = 86400
"""How long before the end of its window a waiting copy is dropped, in seconds."""


def check(plan: Plan) -> Iterator[Diagnostic]:
    """Look for pending copies that are too old from the start."""
    for event in hybrids(plan):
        key, copy = event.dedupe, event.client_copy
        if key is None or copy is None or copy.mode != "pending" or not key.place.has("window"):
            continue
        if key.window > copy.grace + MARGIN:
            continue
        written = event.place.has("client_copy")
        yield finding(
            "window-too-short",
            value_of(key.place, "window"),
            f"`{event.name}` wants a window of more than a day and its grace of {span_of_time(copy.grace)}: "
            "a waiting copy is dropped a day before the window ends",
            label="every copy is too old to send",
            secondary=[Label(value_of(event.place, "client_copy", "grace"), "waits this long")] if written else (),
            help="leave `window` out, or write `window: 7d`",
        )
