"""A property is declared, and no source may send it.

## What it finds

A property of an event, of the context, of a person or of an enrichment, at any depth, that `only:` and `sources:`
(its own and those of what it stands in) leave to no source at all.

## Why it matters

It is in the plan and in the docs, and in no data: somebody waits for a number that never comes.

## Example

```yaml
refund_issued:
  kind: refund
  properties:
    refund_id: string
    button: {type: string, only: client}
```

## Instead

```yaml
refund_issued:
  kind: refund
  properties:
    refund_id: string
```

Or send the event from a side that knows the value.

## When to allow it

Where the source that will send it is not in the plan yet.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from trackside.diagnostics import Diagnostic, finding
from trackside.ir import ListOf, MapOf, Object, Plan, Property, Scalar, Type, ViewProperty
from trackside.rules.written import was_left_out

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from trackside.diagnostics import Span


def check(plan: Plan) -> Iterator[Diagnostic]:
    """Look for properties that are in no view of any source."""
    if was_left_out(plan, "sources"):
        return
    sent = _Sent()
    for view in plan.views.values():
        sent.add(view.properties)
    for views in (plan.user_views, plan.context_views, plan.enrichment_views):
        for members in views.values():
            sent.add(members)
    reported: set[int] = set()
    for owner, properties in _declared(plan):
        yield from _unsent(owner, properties, sent, reported)


def _declared(plan: Plan) -> Iterator[tuple[str, Iterable[Property]]]:
    in_context = dict.fromkeys(plan.context)
    enriched: dict[str, None] = {}
    for event in plan.events.values():
        if event.sources:
            yield f"event `{event.name}`", event.properties
            in_context.update(dict.fromkeys(event.context))
            enriched.update(dict.fromkeys(event.enrich))
    for name in in_context:
        yield f"context group `{name}`", plan.groups[name].properties
    for name in enriched:
        if name in plan.enrichment_views:
            yield f"enrichment `{name}`", plan.enrichments[name].properties
    if plan.sources:
        yield "`user_properties`", plan.user_properties


def _unsent(owner: str, properties: Iterable[Property], sent: _Sent, reported: set[int]) -> Iterator[Diagnostic]:
    for prop in properties:
        place = id(prop.place)
        if (prop.only is not None or prop.sources is not None) and place not in sent.places:
            if place not in reported:
                reported.add(place)
                yield _finding(owner, prop)
        elif not isinstance(prop.type, Scalar) and id(prop.type) not in sent.walked:
            sent.walked.add(id(prop.type))
            yield from _unsent(owner, _members(prop.type), sent, reported)


def _finding(owner: str, prop: Property) -> Diagnostic:
    return finding(
        "property-nobody-sends",
        _cause(prop),
        f"`{prop.name}` of {owner} wants a source that may send it, and there is none",
        label="no source is left",
        help=f"leave `{prop.name}` out, or widen `only`, `sources` or the placement",
    )


def _cause(prop: Property) -> Span:
    for key in ("only", "sources"):
        if prop.place.has(key):
            return prop.place.at(key).key_span
    return prop.place.key_span


def _members(type: Type) -> tuple[Property, ...]:
    while isinstance(type, (ListOf, MapOf)):
        type = type.item if isinstance(type, ListOf) else type.value
    return type.properties if isinstance(type, Object) else ()


class _Sent:
    """Where those properties that not everybody may send were written, as far as some view has them."""

    def __init__(self) -> None:
        self.places: set[int] = set()
        self.walked: set[int] = set()
        self._seen: set[int] = set()

    def add(self, properties: Iterable[ViewProperty]) -> None:
        for prop in properties:
            declared = prop.declared
            if declared.only is not None or declared.sources is not None:
                self.places.add(id(declared.place))
            if not isinstance(prop.type, Scalar):
                self._look(prop.type)

    def _look(self, type: Type) -> None:
        if id(type) in self._seen:
            return
        self._seen.add(id(type))
        for prop in _members(type):
            self.places.add(id(prop.place))
            if not isinstance(prop.type, Scalar):
                self._look(prop.type)
