"""What the plan's names become in code: every place where two of them could meet."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from trackside.ir import Scalar
from trackside.ir.walk import AskedOnce
from trackside.targets.names import (
    NoIdentifierError,
    js_name,
    js_type_name,
    python_argument,
    python_class_name,
    python_name,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from trackside.diagnostics import Place
    from trackside.ir import Plan, ViewProperty

LANGUAGES: Final = {"python": "Python", "javascript": "JavaScript"}


class Named(NamedTuple):
    """A name of the plan and the identifier made of it, None where none can be. `what` says what it names."""

    what: str
    name: str
    code_name: str | None
    place: Place
    identifier: str | None


class Scope(NamedTuple):
    """Names that become identifiers of one language side by side. `where` says in words where they meet."""

    language: str
    where: str
    members: list[Named]


def languages(plan: Plan) -> list[str]:
    """List the languages that sources are generated in; Python where there is none, since docs need names."""
    return [name for name in LANGUAGES if any(one.target == name for one in plan.sources.values())] or ["python"]


def _scopes(plan: Plan) -> list[Scope]:
    found: list[Scope] = []
    for language in languages(plan):
        words = LANGUAGES[language]
        function, class_name = (python_name, python_class_name) if language == "python" else (js_name, js_type_name)
        identifiers = [_made(function, one.name, one.code_name) for one in plan.events.values()]
        if _is_noteworthy(identifiers):
            events = [
                Named("event", one.name, one.code_name, one.place, identifier)
                for one, identifier in zip(plan.events.values(), identifiers, strict=True)
            ]
            found.append(Scope(words, "the events of the plan", events))
        types = [
            Named("type", named.name, None, named.place, _made(class_name, named.name, None))
            for named in plan.types.values()
        ]
        found.append(Scope(words, "the types of the plan", types))
        if language == "python":
            found.extend(_arguments(plan))
    return found


def _is_noteworthy(identifiers: list[str | None]) -> bool:
    """Tell whether some names collide, are reserved, or have no identifier."""
    if len(set(identifiers)) < len(identifiers):
        return True
    return any(identifier is None or identifier[-1] == "_" for identifier in identifiers)


scopes = AskedOnce(_scopes)
"""The scopes of all languages: functions and arguments where there is something to be said of them, and types."""


def _arguments(plan: Plan) -> Iterator[Scope]:
    servers = [source.name for source in plan.sources.values() if source.target == "python"]
    made: dict[int, str | None] = {}
    for view in plan.views.values():
        if view.source.name in servers:
            yield from _properties(f"the arguments of `{view.event.name}`", view.properties, made)
    for name in servers:
        yield from _properties("the arguments of `set_context`", plan.context_views.get(name, ()), made)
        yield from _properties("the arguments of `identify`", plan.user_views.get(name, ()), made)
    if servers:
        enrichments = [
            Named("enrichment", one.name, None, one.place, _made(python_argument, one.name, None))
            for one in plan.enrichments.values()
        ]
        yield Scope("Python", "the providers of enrichments", enrichments)


def _properties(where: str, properties: tuple[ViewProperty, ...], made: dict[int, str | None]) -> Iterator[Scope]:
    """Yield a scope where two arguments are spelled alike or one cannot be spelled."""
    identifiers = set[str | None]()
    properties = tuple([prop for prop in properties if not (isinstance(prop.type, Scalar) and prop.type.has_const)])
    for prop in properties:
        key = id(prop.declared)
        if key not in made:
            made[key] = _made(python_argument, prop.name, prop.declared.code_name)
        identifiers.add(made[key])
    if len(identifiers) == len(properties) and None not in identifiers:
        return
    members = [
        Named("property", prop.name, prop.declared.code_name, prop.declared.place, made[id(prop.declared)])
        for prop in properties
    ]
    yield Scope("Python", where, members)


def _made(make: Callable[[str, str | None], str], name: str, code_name: str | None) -> str | None:
    try:
        return make(name, code_name)
    except NoIdentifierError:
        return None
