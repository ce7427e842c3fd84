"""A dedupe window is longer than the destination remembers.

## What it finds

`dedupe: {..., window: ...}` beyond what a destination of the event's sources does. Amplitude drops a copy within 7
days of the first one.

## Why it matters

A copy that arrives after the destination has forgotten the first one is counted as a new fact. The window is also how
long the generated code keeps a pending copy, so a longer one would send copies that nothing de-duplicates.

## Example

```yaml
subscription_renewed:
  kind: subscription_change
  identity: [user_id]
  dedupe: {by: [invoice_id], window: 30d}
  properties: {invoice_id: string}
```

## Instead

```yaml
subscription_renewed:
  kind: subscription_change
  identity: [user_id]
  dedupe: {by: [invoice_id], window: 7d}
  properties: {invoice_id: string}
```

## When to allow it

Never for Amplitude: its documentation gives 7 days, and nothing in a plan can change that.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from trackside.diagnostics import Diagnostic, Label, finding
from trackside.ir import Plan
from trackside.rules.written import key_of, span_of_time, value_of

REMEMBERS: Final[dict[str, int]] = {"amplitude": 7 * 86400}
"""For how many seconds a vendor knows an insert_id again. Amplitude: documentation of the HTTP V2 API, "event
deduplication"."""


def check(plan: Plan) -> Iterator[Diagnostic]:
    """Look for windows beyond a destination's."""
    for event in plan.events.values():
        key = event.dedupe
        if key is None or not key.place.has("window"):
            continue
        names = dict.fromkeys(name for source in event.sources for name in plan.sources[source].destinations)
        for name in names:
            destination = plan.destinations[name]
            most = REMEMBERS[destination.kind]
            if key.window > most:
                yield finding(
                    "window-too-long",
                    value_of(key.place, "window"),
                    f"`{event.name}` wants a window of at most {span_of_time(most)}: "
                    f"`{name}` remembers an insert_id no longer",
                    label=f"longer than {span_of_time(most)}",
                    secondary=[Label(key_of(destination.place), "this destination")],
                    help=f"write `window: {span_of_time(most)}` or less, or leave it out",
                )
                break
