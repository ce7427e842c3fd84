"""A placement departs from the decision matrix and gives no reason.

## What it finds

An event whose `placement` its kind neither recommends nor lists as fitting, without `because:`; and an event of kind
`other`, for which the matrix has no answer, without `because:`.

## Why it matters

Placement decides whether a fact can be forged, lost or counted twice. Whoever reads the plan a year later has to see
that somebody thought about it, and what the thought was.

## Example

```yaml
add_to_cart:
  kind: add_to_cart
  placement: hybrid
  dedupe: [cart_line_id]
  properties: {cart_line_id: string}
```

## Instead

```yaml
add_to_cart:
  kind: add_to_cart
  placement: hybrid
  because: The cart lives on the server, and the browser sees the moment.
  dedupe: [cart_line_id]
  properties: {cart_line_id: string}
```

Or follow the matrix and leave `placement` out.

## When to allow it

Hardly ever: a reason is one line.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from trackside.diagnostics import Diagnostic, finding
from trackside.ir.matrix import MATRIX
from trackside.rules.written import value_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from trackside.ir import Event, Plan


def check(plan: Plan) -> Iterator[Diagnostic]:
    """Look for placements that nobody explains."""
    for event in plan.events.values():
        if event.because is None and "because" not in event.holes and not MATRIX[event.kind].fits(event.placement):
            yield _finding(event)


def _finding(event: Event) -> Diagnostic:
    row = MATRIX[event.kind]
    if row.recommended is None:
        return finding(
            "placement-without-reason",
            value_of(event.place, "placement"),
            f"event `{event.name}` wants `because:`: its kind does not say why it is sent by the {event.placement}",
            label="no reason is given",
            help="write why on this side: `because: ...`; or name the `kind`, which brings placement and reason",
        )
    also = [f"`{placement}` when {condition}" for placement, condition in row.also.items()]
    return finding(
        "placement-without-reason",
        value_of(event.place, "placement"),
        f"event `{event.name}` wants `because:`: `{event.kind}` belongs on `{row.recommended}`, and this is "
        f"`{event.placement}`",
        label=f"departs from `{row.recommended}`",
        notes=[f"{row.reason} {'Also fits: ' + ', '.join(also) + '.' if also else ''}".strip()],
        help=f"write `placement: {row.recommended}`, or why not: `because: ...`",
    )
