"""Something that only servers may know shows in what clients get.

## What it finds

Views leave a server-only property out of what is generated for clients. What they cannot leave out is what other
places say about it: an `example` of an object that holds the server-only property's value, and `replaced_by` of a
property that clients have, naming one that they have not.

## Why it matters

Client code is public. A server-only name or value in it tells the world what it was meant to hide.

## Example

```yaml
account_viewed:
  properties:
    account:
      type: object
      properties:
        tier: string
        margin: {type: number, only: server}
      example: {tier: gold, margin: 0.4}
```

## Instead

```yaml
account_viewed:
  properties:
    account:
      type: object
      properties:
        tier: {type: string, example: gold}
        margin: {type: number, only: server, example: 0.4}
```

## When to allow it

Where the name or the value is no secret, and `only: server` merely says who knows it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from trackside.diagnostics import Diagnostic, Label, finding
from trackside.ir import ListOf, MapOf, Object, Plan, Property, Type
from trackside.ir.walk import written_properties

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from trackside.diagnostics import Place


def check(plan: Plan) -> Iterator[Diagnostic]:
    """Look for examples and successors that name what a client must not know."""
    if all(source.side == "server" for source in plan.sources.values()):
        return
    for named in plan.types.values():
        if named.has_example:
            yield from _example(f"type `{named.name}`", named.type, named.example, named.place)
    for owner, prop in written_properties(plan):
        if prop.has_example and prop.only != "server":
            yield from _example(f"`{prop.name}` of {owner}", prop.type, prop.example, prop.place)
    yield from _successors(plan)


def _example(user: str, type: Type, example: object, place: Place) -> Iterator[Diagnostic]:
    hidden = _hidden_in(type, example)
    if hidden is not None:
        yield finding(
            "server-only-on-client",
            place.at("example").key_span,
            f"the example of {user} shows `{hidden.name}`, which only servers may know",
            label=f"holds a value of `{hidden.name}`",
            secondary=[Label(hidden.place.key_span, "only servers may know it")],
            help="leave this example out, and give each property within an example of its own",
        )


def _successors(plan: Plan) -> Iterator[Diagnostic]:
    siblings: list[tuple[str, Mapping[str, Property]]] = [
        (f"event `{event.name}`", {prop.name: prop for prop in event.properties})
        for event in plan.events.values()
        if event.placement != "server" and any(prop.replaced_by for prop in event.properties)
    ]
    siblings.append(("`user_properties`", {prop.name: prop for prop in plan.user_properties}))
    for owner, members in siblings:
        for prop in members.values():
            successor = members.get(prop.replaced_by or "")
            if successor is not None and successor.only == "server" and prop.only != "server":
                yield finding(
                    "server-only-on-client",
                    prop.place.at("replaced_by").span,
                    f"`{prop.name}` of {owner} names a successor that only servers may know: `{successor.name}`",
                    label="shows in what clients get",
                    secondary=[Label(successor.place.key_span, "only servers may know it")],
                    help=f"name a property that clients have too, or say `only: server` of `{prop.name}`",
                )


def _hidden_in(type: Type, value: object) -> Property | None:
    """Find a server-only property of which a value holds something."""
    if isinstance(type, ListOf) and isinstance(value, list):
        return next((found for item in value if (found := _hidden_in(type.item, item))), None)
    if isinstance(type, MapOf) and isinstance(value, dict):
        return next((found for item in value.values() if (found := _hidden_in(type.value, item))), None)
    if isinstance(type, Object) and isinstance(value, dict):
        for prop in type.properties:
            if prop.name in value:
                if prop.only == "server":
                    return prop
                found = _hidden_in(prop.type, value[prop.name])
                if found is not None:
                    return found
    return None
