"""Personal data can be sent from a client.

## What it finds

A property with `pii: personal` or `pii: sensitive` that a client source may send: of an event, of a context group or
of a person (`user_properties`), and at any depth of objects, lists, maps and named types.

## Why it matters

What a browser sends passes extensions, proxies and logs that nobody of yours controls, and stays in the destination's
raw data. A server sends the same fact over one connection that you chose, or leaves the value out.

## Example

```yaml
newsletter_joined:
  placement: client
  because: The form is filled in on the client.
  properties:
    email: {type: string, pii: personal}
```

## Instead

```yaml
newsletter_joined:
  placement: client
  because: The form is filled in on the client.
  properties:
    list_name: string
```

Or keep the value on the server, in an event that the server sends too: `email: {type: string, pii: personal, only:
server}`.

## When to allow it

Where the person was asked for exactly this, and the destination may have the value.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from trackside.diagnostics import Diagnostic, Label, Span, finding
from trackside.ir import ListOf, MapOf, Object, Plan, Property, Scalar, Type, ViewProperty
from trackside.ir.walk import written_properties
from trackside.rules.written import listed, value_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_PERSONAL: Final = frozenset({"personal", "sensitive"})


def check(plan: Plan) -> Iterator[Diagnostic]:
    """Look for personal data in what client sources may send."""
    if not any(prop.pii in _PERSONAL for _, prop in written_properties(plan)):
        return
    search = _Search()
    for view in plan.views.values():
        if view.source.side == "client":
            place = view.event.place
            search.add(view.properties, f"`{view.event.name}`", view.source.name, value_of(place, "placement"))
    for source in plan.sources.values():
        if source.side == "client":
            context = plan.place.at("context").span if plan.place.has("context") else None
            search.add(plan.context_views.get(source.name, ()), "the context", source.name, context)
            search.add(plan.user_views.get(source.name, ()), "`identify`", source.name, None)
    for found in search.found.values():
        yield found.finding()


class _Found:
    """A personal property that clients may send, and who sends it."""

    __slots__ = ("path", "place", "prop", "senders", "sources")

    def __init__(self, prop: Property, path: str, place: Span | None) -> None:
        self.prop = prop
        self.path = path
        self.place = place
        self.senders: dict[str, None] = {}
        self.sources: dict[str, None] = {}

    def finding(self) -> Diagnostic:
        first, *others = self.senders
        more = f"{', '.join(others[:3])}{f' and {len(others) - 3} more' if len(others) > 3 else ''}"
        return finding(
            "pii-on-client",
            self.prop.place.key_span,
            f"`{self.path}` is {self.prop.pii} data and belongs on a server: {first} sends it from the client "
            f"{listed(self.sources)}",
            label=f"{self.prop.pii} data",
            secondary=[Label(self.place, "sent by a client")] if self.place else [],
            notes=[f"so do {more}"] if others else [],
            help="keep it on the server with `only: server`, or leave it out",
        )


class _Search:
    """Collects personal properties by the place where they are written; looks into each shared type once."""

    def __init__(self) -> None:
        self.found: dict[int, _Found] = {}
        self._inner: dict[int, list[tuple[str, Property]]] = {}

    def add(self, properties: Iterable[ViewProperty], sender: str, source: str, place: Span | None) -> None:
        """Take what one source sends with an event, with the context or with `identify`."""
        for prop in properties:
            pii = prop.declared.pii
            if pii != "none" and pii in _PERSONAL:
                self._note(prop.declared, prop.name, sender, source, place)
            elif not isinstance(prop.type, Scalar):
                for path, inner in self._within(prop.type):
                    self._note(inner, f"{prop.name}{path}", sender, source, place)

    def _note(self, prop: Property, path: str, sender: str, source: str, place: Span | None) -> None:
        found = self.found.get(id(prop.place))
        if found is None:
            found = self.found[id(prop.place)] = _Found(prop, path, place)
        found.senders[sender] = None
        found.sources[source] = None

    def _within(self, type: Type) -> list[tuple[str, Property]]:
        known = self._inner.get(id(type))
        if known is None:
            known = self._inner[id(type)] = self._look(type)
        return known

    def _look(self, type: Type) -> list[tuple[str, Property]]:
        if isinstance(type, ListOf):
            return [(f"[]{path}", prop) for path, prop in self._within(type.item)]
        if isinstance(type, MapOf):
            return [(f"{{}}{path}", prop) for path, prop in self._within(type.value)]
        found: list[tuple[str, Property]] = []
        for prop in type.properties if isinstance(type, Object) else ():
            if prop.pii in _PERSONAL:
                found.append((f".{prop.name}", prop))
            elif not isinstance(prop.type, Scalar):
                found.extend((f".{prop.name}{path}", inner) for path, inner in self._within(prop.type))
        return found
