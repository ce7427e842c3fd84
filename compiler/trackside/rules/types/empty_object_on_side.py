"""An object has no properties left on one side.

## What it finds

An object that a source may send while each of its properties belongs to others, by `only:` or `sources:`. The source
is left with an object that can only be `{}`.

## Why it matters

The caller has to pass an empty object, the destination gets a key without a value, and its name still tells clients
of something that was meant for servers.

## Example

```yaml
costs:
  type: object
  properties:
    margin: {type: number, only: server}
    shipping: {type: number, only: server}
```

## Instead

```yaml
costs:
  type: object
  only: server
  properties: {margin: number, shipping: number}
```

## When to allow it

Where the mere presence of the object is the message.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from trackside.diagnostics import Diagnostic, finding
from trackside.ir import ListOf, MapOf, Object, Plan, Property, Scalar, Source, Type

if TYPE_CHECKING:
    from collections.abc import Iterator

    from trackside.diagnostics import Place


def check(plan: Plan) -> Iterator[Diagnostic]:
    """Look for objects that the views of some source cut down to nothing."""
    seen: set[tuple[int, str]] = set()
    reported: set[int] = set()
    for view in plan.views.values():
        for prop in view.properties:
            if not isinstance(prop.type, Scalar):
                yield from _empty(plan, prop.declared, prop.type, view.source, seen, reported)
    for views in (plan.user_views, plan.context_views):
        for source, properties in views.items():
            for prop in properties:
                if not isinstance(prop.type, Scalar):
                    yield from _empty(plan, prop.declared, prop.type, plan.sources[source], seen, reported)


def _empty(
    plan: Plan, prop: Property, type: Type, source: Source, seen: set[tuple[int, str]], reported: set[int]
) -> Iterator[Diagnostic]:
    key = (id(prop.place), source.name)
    if key in seen:
        return
    seen.add(key)
    while isinstance(type, (ListOf, MapOf)):
        type = type.item if isinstance(type, ListOf) else type.value
    if not isinstance(type, Object):
        return
    if type.properties:
        for inner in type.properties:
            if not isinstance(inner.type, Scalar):
                yield from _empty(plan, inner, inner.type, source, seen, reported)
        return
    place, words = _written(plan, prop, type)
    if id(place) not in reported:
        reported.add(id(place))
        other = "server" if source.side == "client" else "client"
        yield finding(
            "empty-object-on-side",
            place.key_span,
            f"{words} wants a property that the {source.side} `{source.name}` may send, and has none",
            label=f"empty for `{source.name}`",
            help=f"say `only: {other}` where the object is used, or leave it one property",
        )


def _written(plan: Plan, prop: Property, type: Object) -> tuple[Place, str]:
    if type.name is not None and type.name in plan.types:
        return plan.types[type.name].place, f"type `{type.name}`"
    return prop.place, f"`{prop.name}`"
