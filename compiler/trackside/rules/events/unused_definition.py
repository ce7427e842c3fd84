"""Something is defined that no event uses.

## What it finds

A named type that nothing is made of, a property group that no event has and that is no context, and an enrichment that
no event asks for, in the plan and in the files that it includes. A plan without events is not judged.

## Why it matters

Dead definitions are read, kept up and copied like live ones. Often the name is misspelled where it was to be used.

## Example

```yaml
property_groups:
  order: {order_id: string}
events:
  order_viewed:
    kind: page_view
    properties: {order_id: string}
```

## Instead

```yaml
property_groups:
  order: {order_id: string}
events:
  order_viewed:
    kind: page_view
    property_groups: [order]
```

## When to allow it

While the events that will use it are being written.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from trackside.diagnostics import Diagnostic, finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from trackside.diagnostics import Place
    from trackside.ir import Plan


def check(plan: Plan) -> Iterator[Diagnostic]:
    """Look for definitions without a use.

    Where a part of the plan was left out, its uses are not known; where there is no event yet, all uses are to come.
    """
    if not plan.events or plan.holes or any(event.holes for event in plan.events.values()):
        return
    groups, enrichments = set(plan.context), set[str]()
    for event in plan.events.values():
        groups.update(event.groups, event.context)
        enrichments.update(event.enrich)
    for named in plan.types.values():
        if named.name not in plan.used_types:
            yield _finding(named.place, f"type `{named.name}`", "nothing in the plan has it", "as a property's type")
    for group in plan.groups.values():
        if group.name not in groups:
            yield _finding(
                group.place,
                f"property group `{group.name}`",
                "no event has it",
                f"`property_groups: [{group.name}]` in an event, or `context: [{group.name}]`",
            )
    for enrichment in plan.enrichments.values():
        if enrichment.name not in enrichments:
            yield _finding(
                enrichment.place,
                f"enrichment `{enrichment.name}`",
                "no event asks for it",
                f"`enrich: [{enrichment.name}]` in an event",
            )


def _finding(place: Place, what: str, why: str, way: str) -> Diagnostic:
    return finding(
        "unused-definition",
        place.key_span,
        f"{what} wants a use, or to be removed: {why}",
        label="never used",
        help=f"use it ({way}), or remove it",
    )
