"""Walks over what a plan wrote: each property and each type once, however many events share it.

Rules ask for the same walk one after the other, so the answer for the last plan is kept.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, NamedTuple, TypeVar

from trackside.ir.types import ListOf, MapOf, Object, Scalar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from trackside.diagnostics.span import Place
    from trackside.ir.plan import Plan
    from trackside.ir.properties import Property
    from trackside.ir.types import Type


Found = TypeVar("Found")


class AskedOnce(Generic[Found]):
    """A walk whose findings are kept for the plan that was asked about last."""

    def __init__(self, walk: Callable[[Plan], list[Found]]) -> None:
        self._walk = walk
        self._last: tuple[Plan, list[Found]] | None = None

    def __call__(self, plan: Plan) -> list[Found]:
        last = self._last
        if last is None or last[0] is not plan:
            self._last = last = (plan, self._walk(plan))
        return last[1]


class WrittenProperty(NamedTuple):
    """A property where the plan wrote it. `owner` says in words what it belongs to."""

    owner: str
    property: Property


class WrittenType(NamedTuple):
    """A type where the plan wrote it: of a property of this name, or the owner's own. `place` is the type's."""

    owner: str
    name: str | None
    type: Type
    place: Place

    @property
    def user(self) -> str:
        """Say in words whose type it is."""
        return self.owner if self.name is None else f"`{self.name}` of {self.owner}"


def _properties(plan: Plan) -> list[WrittenProperty]:
    found: list[WrittenProperty] = []
    seen: set[int] = set()
    for named in plan.types.values():
        _add_inner(found, f"type `{named.name}`", named.type, seen)
    for event in plan.events.values():
        own = [prop for prop in event.properties if prop.group is None]
        if own:
            _add(found, f"event `{event.name}`", own, seen)
    for group in plan.groups.values():
        _add(found, f"property group `{group.name}`", group.properties, seen)
    for enrichment in plan.enrichments.values():
        _add(found, f"enrichment `{enrichment.name}`", enrichment.properties, seen)
    _add(found, "`user_properties`", plan.user_properties, seen)
    return found


def _add(found: list[WrittenProperty], owner: str, properties: Iterable[Property], seen: set[int]) -> None:
    for prop in properties:
        found.append(WrittenProperty(owner, prop))
        if not isinstance(prop.type, Scalar) and prop.type.name is None:
            _add_inner(found, f"`{prop.name}` of {owner}", prop.type, seen)


def _add_inner(found: list[WrittenProperty], owner: str, type: Type, seen: set[int]) -> None:
    """Add the properties written within a type, and not those of the named types that it uses.

    A narrowed type has lost its name and still holds the properties of the named one: `seen` keeps them from coming
    twice.
    """
    while isinstance(type, (ListOf, MapOf)):
        type = type.item if isinstance(type, ListOf) else type.value
        if type.name is not None:
            return
    if isinstance(type, Object) and type.properties and id(type.properties[0].place) not in seen:
        seen.add(id(type.properties[0].place))
        _add(found, owner, type.properties, seen)


def _types(plan: Plan) -> list[WrittenType]:
    found: list[WrittenType] = []
    for named in plan.types.values():
        found.extend(_parts(f"type `{named.name}`", None, named.type, named.place))
    for owner, prop in written_properties(plan):
        type = prop.type
        if type.name is not None:
            continue
        if isinstance(type, Scalar):
            found.append(WrittenType(owner, prop.name, type, prop.place))
        else:
            found.extend(_parts(owner, prop.name, type, prop.place))
    return found


def _parts(owner: str, name: str | None, type: Type, place: Place) -> Iterator[WrittenType]:
    yield WrittenType(owner, name, type, place)
    while isinstance(type, (ListOf, MapOf)):
        key = "items" if isinstance(type, ListOf) else "values"
        type = type.item if isinstance(type, ListOf) else type.value
        if type.name is not None or not place.has(key):
            return
        place = place.at(key)
        yield WrittenType(owner, name, type, place)


written_properties = AskedOnce(_properties)
"""Every property once: of types, events, groups, enrichments, users and, at any depth, of objects."""

written_types = AskedOnce(_types)
"""Every type that is more than a named one, once, with the types of its items."""
