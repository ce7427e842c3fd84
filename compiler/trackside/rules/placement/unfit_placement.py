"""An event is sent from the side that the decision matrix calls unfit for its kind.

## What it finds

A placement that the matrix lists under "does not fit", with a reason given: a purchase from the client alone, a page
view from the server.

## Why it matters

The unfit side either cannot see the fact or can forge it. A reason makes it a decision; it stays a weak one, and
those who read the numbers should know.

## Example

```yaml
page_viewed:
  kind: page_view
  placement: server
  because: Our pages are rendered on the server.
```

## Instead

```yaml
page_viewed:
  kind: page_view
```

The kind brings placement and reason. Where the server tells something else, such as a request it answered, give it a
name and a kind of its own.

## When to allow it

Where the fitting side does not exist: a shop without a server, an interface without a client.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from trackside.diagnostics import Diagnostic, Label, finding
from trackside.ir.matrix import MATRIX
from trackside.rules.written import value_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from trackside.ir import Plan


def check(plan: Plan) -> Iterator[Diagnostic]:
    """Look for explained placements on the unfit side."""
    for event in plan.events.values():
        row = MATRIX[event.kind]
        if event.placement in row.unfit and event.because is not None:
            yield finding(
                "unfit-placement",
                value_of(event.place, "placement"),
                f"event `{event.name}` belongs on `{row.recommended}`: `{event.placement}` does not fit the kind "
                f"`{event.kind}`",
                label="the unfit side",
                secondary=[Label(value_of(event.place, "because"), "the reason given")],
                notes=[row.reason],
                help=f"write `placement: {row.recommended}`, or choose the kind that it really is",
            )
