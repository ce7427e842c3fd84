"""What is to be used instead is of no use.

## What it finds

`replaced_by` that leads back to the thing itself, at once or in a circle, or to something that is deprecated and has no
successor of its own; and `replaced_by` of a property that names no property beside it. (An event that does not exist is
an unknown reference.)

## Why it matters

Editors and docs send the reader to the successor. A circle or a dead end sends him nowhere.

## Example

```yaml
order_done:
  kind: click
  status: deprecated
  replaced_by: order_completed
order_completed:
  kind: click
  status: deprecated
  replaced_by: order_done
```

## Instead

```yaml
order_done:
  kind: click
  status: deprecated
  replaced_by: order_completed
order_completed:
  kind: click
```

## When to allow it

Hardly ever: leave `replaced_by` out where nothing takes the place.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from trackside.diagnostics import Diagnostic, Label, finding
from trackside.diagnostics.nearest import nearest
from trackside.ir import ListOf, MapOf, Object

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from trackside.ir import Event, Plan, Property


def check(plan: Plan) -> Iterator[Diagnostic]:
    """Look for successors that lead nowhere."""
    for event in plan.events.values():
        if event.replaced_by is not None:
            yield from _event(event, plan)
        yield from _properties(f"event `{event.name}`", event.properties, bool(event.holes))
    for enrichment in plan.enrichments.values():
        yield from _properties(f"enrichment `{enrichment.name}`", enrichment.properties, bool(plan.holes))
    yield from _properties("`user_properties`", plan.user_properties, bool(plan.holes))
    for named in plan.types.values():
        type = named.type
        while isinstance(type, (ListOf, MapOf)):
            type = type.item if isinstance(type, ListOf) else type.value
        if isinstance(type, Object):
            yield from _properties(f"type `{named.name}`", type.properties, bool(plan.holes))


def _event(event: Event, plan: Plan) -> Iterator[Diagnostic]:
    seen = [event.name]
    last = event
    while last.replaced_by is not None:
        if last.replaced_by in seen:
            if last.replaced_by == event.name:
                circle = " -> ".join(f"`{name}`" for name in (*seen, event.name))
                yield finding(
                    "bad-replacement",
                    event.place.at("replaced_by").span,
                    f"event `{event.name}` wants a successor that is not itself: {circle}",
                    label="comes back to where it started",
                    help="let one of them live, or leave `replaced_by` out",
                )
            return
        following = plan.events.get(last.replaced_by)
        if following is None:
            return
        seen.append(following.name)
        last = following
    if last.status == "deprecated" and len(seen) == 2:
        yield finding(
            "bad-replacement",
            event.place.at("replaced_by").span,
            f"event `{event.name}` wants a successor that is in use, and `{last.name}` is deprecated",
            label="deprecated, with no successor",
            secondary=[Label(last.place.at("status").span, "said here")],
            help=f"name what takes the place of `{last.name}`, or leave `replaced_by` out",
        )


def _properties(owner: str, properties: Iterable[Property], has_holes: bool) -> Iterator[Diagnostic]:
    replaced = [prop for prop in properties if prop.replaced_by is not None]
    if not replaced:
        return
    known = {prop.name: prop for prop in properties}
    for prop in replaced:
        yield from _property(owner, prop, known, has_holes)


def _property(owner: str, prop: Property, known: Mapping[str, Property], has_holes: bool) -> Iterator[Diagnostic]:
    name = prop.replaced_by or ""
    span = prop.place.at("replaced_by").span
    if name == prop.name or (name in known and known[name].replaced_by == prop.name):
        yield finding(
            "bad-replacement",
            span,
            f"`{prop.name}` of {owner} wants a successor that does not lead back to it: `{name}`",
            label="comes back to where it started",
            help="leave one `replaced_by` out",
        )
    elif name not in known and not has_holes:
        guess = nearest(name, known.keys() - {prop.name})
        yield finding(
            "bad-replacement",
            span,
            f"`{prop.name}` of {owner} wants a successor beside it, and there is no `{name}`",
            label="no such property",
            help=f"did you mean `{guess}`?" if guess else "name another property of the same event or object",
        )
