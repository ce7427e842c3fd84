"""The plan while it is being resolved: what the passes read and fill, in their order."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import Final

from trackside.diagnostics import Bag, Fix, Span
from trackside.diagnostics.model import Edit
from trackside.diagnostics.nearest import nearest
from trackside.ir import (
    Attribution,
    Consent,
    Destination,
    Endpoint,
    Enrichment,
    Event,
    Group,
    Identifier,
    NamedType,
    Output,
    Property,
    Source,
    View,
    ViewProperty,
)
from trackside.ir.types import Json
from trackside.schema.load import RawPlan
from trackside.source.node import MappingNode, Node, ScalarNode, SequenceNode

_NAMES_BELOW: Final = frozenset(
    {
        *("sources", "destinations", "outputs", "events", "types", "property_groups", "enrichments"),
        *("user_properties", "properties", "links", "enum", "const", "example", "default"),
    }
)
"""The keys below which keys are names or data of the plan's own."""


_MOST_COMPARED: Final = 100_000
"""How many names all guesses of one run compare: some seconds of work."""


@dataclass(slots=True)
class Draft:
    """Everything known so far. A name in `holes` was written but could not be read: nobody reports it as unknown."""

    raw: RawPlan
    bag: Bag
    holes: set[tuple[str, str]]
    destinations: dict[str, Destination] = field(default_factory=dict)
    sources: dict[str, Source] = field(default_factory=dict)
    outputs: dict[str, Output] = field(default_factory=dict)
    endpoint: Endpoint | None = None
    identity: dict[str, Identifier] = field(default_factory=dict)
    attribution: Attribution | None = None
    consent: Consent | None = None
    types: dict[str, NamedType] = field(default_factory=dict)
    used_types: set[str] = field(default_factory=set)
    groups: dict[str, Group] = field(default_factory=dict)
    context: tuple[str, ...] = ()
    enrichments: dict[str, Enrichment] = field(default_factory=dict)
    user_properties: tuple[Property, ...] = ()
    events: dict[str, Event] = field(default_factory=dict)
    views: dict[tuple[str, str], View] = field(default_factory=dict)
    user_views: dict[str, tuple[ViewProperty, ...]] = field(default_factory=dict)
    context_views: dict[str, tuple[ViewProperty, ...]] = field(default_factory=dict)
    compared: int = 0
    enrichment_views: dict[str, tuple[ViewProperty, ...]] = field(default_factory=dict)

    def is_hole(self, section: str, name: str) -> bool:
        """Tell whether a name, or its whole section, was left out because it could not be read."""
        return (section, name) in self.holes or (section, "") in self.holes

    def guess(self, name: str, known: Collection[str]) -> str | None:
        """Find what a name was meant to be. After many comparisons nobody guesses any more: it would take minutes."""
        self.compared += len(known)
        return nearest(name, known) if self.compared <= _MOST_COMPARED else None

    def unknown(self, span: Span, what: str, name: str, section: str, known: Iterable[str], user: str) -> None:
        """Report a name that the plan does not define, with the nearest one that it does."""
        if self.is_hole(section, name):
            return
        choices = list(known)
        guess = self.guess(name, choices)
        if guess:
            help_text = f"did you mean `{guess}`?"
        elif choices:
            help_text = f"defined under `{section}`: " + ", ".join(f"`{word}`" for word in choices[:8])
        else:
            help_text = f"define it under `{section}`"
        self.bag.report(
            "unknown-reference",
            span,
            f"{user} names the {what} `{name}`, which the plan does not define",
            label=f"no {what} has this name",
            help=help_text,
            fix=Fix(f"write `{guess}`", (Edit(span, guess),)) if guess else None,
        )

    def no_property(
        self,
        span: Span,
        user: str,
        name: str,
        known: Collection[str],
        *,
        whose: str = "its",
        help: str | None = None,
        alone: bool = True,
    ) -> None:
        """Report a name that is no property of an event, with the nearest one that is.

        `alone` tells that nothing but the name stands at the span, so that the other can take its place.
        """
        guess = None if help else self.guess(name, sorted(known))
        listed = ", ".join(f"`{word}`" for word in sorted(known)[:8])
        self.bag.report(
            "unknown-reference",
            span,
            f"{user} names `{name}`, which is not one of {whose} properties",
            label="no property of the event",
            help=help or (f"did you mean `{guess}`?" if guess else f"known here: {listed}" if known else "it has none"),
            fix=Fix(f"write `{guess}`", (Edit(span, guess),)) if guess and alone else None,
        )

    def known(
        self,
        names: Iterable[str],
        node: Node,
        key: str,
        *,
        what: str,
        section: str,
        defined: Collection[str],
        user: str,
    ) -> tuple[str, ...]:
        """Keep the names, listed under a key of the node, that the plan defines; report the others at their places."""
        found = []
        for index, name in enumerate(names):
            if name in defined:
                found.append(name)
            else:
                self.unknown(node.at(key, index).span, what, name, section, defined, user)
        return tuple(dict.fromkeys(found))


def plain_value(node: Node) -> Json:
    """Turn a node that has no type into JSON, scalars as their text: what `x-` keys hold."""
    if isinstance(node, ScalarNode):
        return node.text
    if isinstance(node, SequenceNode):
        return [plain_value(item) for item in node]
    if isinstance(node, MappingNode):
        return {key: plain_value(value) for key, value in node.items()}
    return node


def extensions_of(node: Node, path: str = "") -> dict[str, object]:
    """Collect the `x-` keys of a mapping and of the mappings within it, as JSON by their path from it.

    Where keys are names or data of the plan's own, `x-` begins a name, and nothing is collected.
    """
    found: dict[str, object] = {}
    if isinstance(node, MappingNode):
        for key, value in node.items():
            if key[:2] == "x-":
                found[path + key] = plain_value(value)
            elif isinstance(value, MappingNode) and key not in _NAMES_BELOW:
                found.update(extensions_of(value, f"{path}{key}."))
    return found
