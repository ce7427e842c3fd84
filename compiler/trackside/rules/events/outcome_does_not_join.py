"""An intent and its outcome cannot be joined.

## What it finds

An `outcome:` without joining properties, with the event itself as its outcome, or with a joining property whose type is
not the same in both events. (A property that one of the two does not have at all is an unknown reference.)

## Why it matters

The pair is joined by equal values. Where one side may send what the other may not, some intents never meet their
outcome, and the funnel looks worse than the shop is.

## Example

```yaml
purchase_initiated:
  kind: intent
  outcome: {event: purchase_completed, by: [order_id]}
  properties: {order_id: integer}
purchase_completed:
  kind: purchase
  properties: {order_id: string}
```

## Instead

```yaml
purchase_initiated:
  kind: intent
  outcome: {event: purchase_completed, by: [order_id]}
  properties: {order_id: string}
purchase_completed:
  kind: purchase
  properties: {order_id: string}
```

Put the property into a group that both events have, and the two cannot drift apart.

## When to allow it

Where one type only narrows the other, and every value that is sent fits both.
"""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING

from trackside.diagnostics import Diagnostic, Label, finding
from trackside.ir import ListOf, MapOf, Object, Scalar, Type

if TYPE_CHECKING:
    from collections.abc import Iterator

    from trackside.ir import Event, Outcome, Plan


def check(plan: Plan) -> Iterator[Diagnostic]:
    """Look for pairs that no value can join."""
    for event in plan.events.values():
        outcome = event.outcome
        if outcome is None:
            continue
        if outcome.event == event.name:
            yield finding(
                "outcome-does-not-join",
                outcome.place.at("event").span,
                f"event `{event.name}` wants another event as its outcome, and names itself",
                label="the intent itself",
                help="name the event that says how it ended",
            )
        elif not outcome.by:
            yield finding(
                "outcome-does-not-join",
                outcome.place.key_span,
                f"the outcome of `{event.name}` wants `by:`, the properties that join it to `{outcome.event}`",
                label="joined by nothing",
                help="name what both events carry: `by: [order_id]`",
            )
        elif outcome.event in plan.events:
            yield from _types(event, outcome, plan.events[outcome.event])


def _types(event: Event, outcome: Outcome, other: Event) -> Iterator[Diagnostic]:
    for index, name in enumerate(outcome.by):
        mine, theirs = event.property(name), other.property(name)
        if mine is None or theirs is None:
            continue
        difference = _difference(mine.type, theirs.type)
        if difference is not None:
            ours, wanted = difference
            yield finding(
                "outcome-does-not-join",
                outcome.place.at("by", index).span,
                f"`{name}` joins `{event.name}` to `{other.name}` and wants one type: {ours} here, {wanted} there",
                label="differs between the two",
                secondary=[Label(mine.place.key_span, ours), Label(theirs.place.key_span, wanted)],
                help="give both the same named type, or share the property in a group",
            )


def _difference(mine: Type, theirs: Type) -> tuple[str, str] | None:
    """Say in what two types differ that tells values apart, in words for each."""
    if mine is theirs:
        return None
    ours, others = _kind(mine), _kind(theirs)
    if ours != others:
        return ours, others
    if isinstance(mine, Scalar) and isinstance(theirs, Scalar):
        values, wanted = {one.value for one in mine.enum}, {one.value for one in theirs.enum}
        if values != wanted:
            return _values(values - wanted, wanted - values), _values(wanted - values, values - wanted)
    for field in fields(mine):
        if field.name in _TEXTS:
            continue
        one, other = getattr(mine, field.name), getattr(theirs, field.name)
        if isinstance(one, (Scalar, ListOf, MapOf, Object)) and isinstance(other, (Scalar, ListOf, MapOf, Object)):
            inner = _difference(one, other)
            if inner is not None:
                return inner
        elif field.name != "properties" and one != other:
            return _words(field.name, one), _words(field.name, other)
    if isinstance(mine, Object) and isinstance(theirs, Object):
        return _object_difference(mine, theirs)
    return None


def _values(own: set[str | int | float | bool], missing: set[str | int | float | bool]) -> str:
    """Name a value that one side alone has."""
    if own:
        return f"an enum with `{min(own, key=str)}`"
    return f"no `{min(missing, key=str)}`"


_TEXTS = frozenset({"name", "description", "enum"})


def _object_difference(mine: Object, theirs: Object) -> tuple[str, str] | None:
    known = {prop.name: prop for prop in theirs.properties}
    if known.keys() != {prop.name for prop in mine.properties}:
        return "an object", "an object with other properties"
    for prop in mine.properties:
        inner = _difference(prop.type, known[prop.name].type)
        if inner is not None:
            return inner
    return None


def _kind(type: Type) -> str:
    if isinstance(type, Scalar):
        return type.base
    return {ListOf: "list", MapOf: "map", Object: "object"}.get(type.__class__, "any")


def _words(facet: str, value: object) -> str:
    words = facet.replace("_", " ")
    if facet == "enum":
        return f"an enum of {value}" if value else "no enum"
    if facet in {"nullable", "unique_items", "has_const"}:
        return words.removeprefix("has ") if value else f"not {words.removeprefix('has ')}"
    return f"no {words}" if value is None else f"{words} `{value}`"
