"""A property is optional on a side that never sends it.

## What it finds

`optional: client` on a property that no client sends, or `optional: server` on one that no server sends: by its own
`only:`, or because its event is sent by the other side alone.

## Why it matters

It reads as optional and is required: the side that does send it has to give it. Whoever wrote it meant something else.

## Example

```yaml
refund_issued:
  kind: refund
  properties:
    note: {type: string, optional: client}
```

## Instead

```yaml
refund_issued:
  kind: refund
  properties:
    note: optional string
```

## When to allow it

Where the other side will send it soon.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from trackside.diagnostics import Diagnostic, Label, finding
from trackside.ir.walk import written_properties

if TYPE_CHECKING:
    from collections.abc import Iterator

    from trackside.diagnostics import Span
    from trackside.ir import Plan, Property


def check(plan: Plan) -> Iterator[Diagnostic]:
    """Look for properties that are optional where they are not."""
    for owner, prop in written_properties(plan):
        if prop.only is not None and len(prop.optional_on) == 1 and prop.only not in prop.optional_on:
            yield _finding(owner, prop, f"only a {prop.only} sends it", prop.place.at("only").span)
    for event in plan.events.values():
        if event.placement != "hybrid":
            for prop in event.properties:
                if (
                    len(prop.optional_on) == 1
                    and prop.group is None
                    and prop.only is None
                    and event.placement not in prop.optional_on
                ):
                    where = event.place.at("placement" if event.place.has("placement") else "kind").span
                    yield _finding(f"event `{event.name}`", prop, f"only the {event.placement} sends the event", where)


def _finding(owner: str, prop: Property, why: str, where: Span) -> Diagnostic:
    (side,) = prop.optional_on
    return finding(
        "optional-on-absent-side",
        prop.place.at("optional").span,
        f"`{prop.name}` of {owner} is optional on the {side}, and {why}",
        label=f"is required: no {side} sends it",
        secondary=[Label(where, "said here")],
        help="write `optional: true` where it may be missing, or leave `optional` out",
    )
