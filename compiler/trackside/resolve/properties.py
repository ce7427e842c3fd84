"""Properties of events, objects, groups, enrichments and users."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from trackside.diagnostics import Edit, Fix
from trackside.ir import Enrichment, Group, Property, Type
from trackside.ir.properties import Side
from trackside.ir.types import Json
from trackside.resolve.draft import Draft, extensions_of
from trackside.resolve.types import TypeResolver
from trackside.resolve.values import read_value
from trackside.schema.load import check_name, validate
from trackside.schema.properties import RawProperty
from trackside.source.node import MappingNode, Node, ScalarNode

_OPTIONAL_ON: Final[dict[str, frozenset[Side]]] = {
    "false": frozenset(),
    "true": frozenset(("client", "server")),
    "client": frozenset(("client",)),
    "server": frozenset(("server",)),
}
_ALWAYS: Final = _OPTIONAL_ON["false"]
_BOTH: Final = _OPTIONAL_ON["true"]

_ONLY_ON: Final = {"op": "user property", "default": "enriched property", "known": "event's property"}
"""Keys that only some kinds of property take, each with the kind that does."""


class PropertyResolver:
    """Resolves properties wherever they stand."""

    def __init__(self, draft: Draft, types: TypeResolver) -> None:
        self._draft = draft
        self._types = types
        types.object_properties = lambda nodes, user: self.properties(nodes, user, "property")

    def properties(
        self, nodes: Mapping[str, Node], user: str, kind: str, group: str | None = None, holes: set[str] | None = None
    ) -> tuple[Property, ...]:
        """Resolve a mapping of properties; the names of those that could not be read are added to `holes`."""
        found = []
        for name, node in nodes.items():
            prop = self._property(name, node, user, kind, group)
            if prop is not None:
                found.append(prop)
                continue
            self._draft.holes.add(("property", name))
            if holes is not None:
                holes.add(name)
        return tuple(found)

    def _property(self, name: str, node: Node, user: str, kind: str, group: str | None) -> Property | None:
        if not check_name(name, node, "property", self._draft.bag):
            return None
        if isinstance(node, ScalarNode):
            optional, words = _split_optional(node.text)
            known = self._types.from_words(words, node, f"`{name}` of {user}")
            if known is None:
                return None
            return Property(name=name, type=known, place=node, optional_on=_BOTH if optional else _ALWAYS, group=group)
        if not isinstance(node, MappingNode):
            self._draft.bag.report(
                "wrong-shape", node.span, f"`{name}` of {user} wants a type in words, or a mapping", label="a list"
            )
            return None
        return self._long(name, node, f"`{name}` of {user}", kind, group)

    def _long(self, name: str, node: MappingNode, user: str, kind: str, group: str | None) -> Property | None:
        raw, raw_holes = validate(RawProperty, node, user, self._draft.bag)
        if raw is None or raw_holes & {"type", "items", "values", "properties", "only", "sources", "optional", "pii"}:
            return None
        for key in sorted(raw.model_fields_set & _ONLY_ON.keys()):
            wanted = _ONLY_ON[key]
            if kind != wanted:
                self._draft.bag.report(
                    "misplaced-key",
                    node.at(key).key_span,
                    f"`{key}` is for {'an' if wanted[0] in 'aeiou' else 'a'} {wanted}, and {user} is none",
                    help=f"leave `{key}` out",
                )
        optional_on = _OPTIONAL_ON[raw.optional]
        if raw.type is not None:
            optional, words = _split_optional(raw.type)
            if optional:
                if raw.optional in ("client", "server"):
                    self._draft.bag.report(
                        "conflicting-keys",
                        node.at("optional").span,
                        f"{user} is optional on both sides by its type, and on one by `optional`",
                        help=f"write `type: {words}`",
                        fix=Fix("drop the word", (Edit(node.at("type").span, words),)),
                    )
                optional_on = _BOTH
            raw = raw.model_copy(update={"type": words}) if optional else raw
        resolved = self._types.from_raw(raw, node, user)
        if resolved is None:
            return None
        example, has_example = self._value(raw.example, resolved, "example", user)
        default, has_default = self._value(raw.default, resolved, "default", user)
        return Property(
            name=name,
            type=resolved,
            place=node,
            optional_on=optional_on,
            only=raw.only,
            sources=self._sources(raw, node, user),
            code_name=raw.code_name,
            description=raw.description,
            example=example,
            has_example=has_example,
            unit=raw.unit,
            pii=raw.pii,
            origin=raw.origin,
            known=raw.known if kind == "event's property" else None,
            since=raw.since,
            deprecated=raw.deprecated,
            replaced_by=raw.replaced_by,
            group=group,
            operation=(raw.op or "set") if kind == "user property" else None,
            default=default,
            has_default=has_default,
            extensions=extensions_of(node) if raw.extensions or raw.items or raw.values else {},
        )

    def _value(self, node: Node | None, resolved: Type, key: str, user: str) -> tuple[Json, bool]:
        if node is None:
            return None, False
        read, value = read_value(node, resolved, f"`{key}` of {user}", self._draft.bag)
        return value, read

    def _sources(self, raw: RawProperty, node: MappingNode, user: str) -> tuple[str, ...] | None:
        if raw.sources is None:
            return None
        draft = self._draft
        return draft.known(
            raw.sources, node, "sources", what="source", section="sources", defined=draft.sources, user=user
        )

    def declare_groups(self) -> None:
        """Resolve the property groups into the draft, and the groups that every event carries."""
        for name, node in self._draft.raw.groups.items():
            if not check_name(name, node, "property group", self._draft.bag):
                self._draft.holes.add(("property_groups", name))
                continue
            holes: set[str] = set()
            properties = self.properties(node, f"property group `{name}`", "event's property", name, holes)
            self._draft.holes |= {(f"property_groups.{name}", hole) for hole in holes}
            self._draft.groups[name] = Group(name=name, properties=properties, place=node)
        wanted = self._draft.raw.top.context
        self._draft.context = self.known_groups(wanted, self._draft.raw.node, "context", "the plan")
        self._draft.holes |= {("context", name) for name in wanted if name not in self._draft.context}

    def known_groups(self, names: tuple[str, ...], node: Node, key: str, user: str) -> tuple[str, ...]:
        """Keep the names that are property groups; report the others."""
        return self._draft.known(
            names,
            node,
            key,
            what="property group",
            section="property_groups",
            defined=self._draft.groups,
            user=user,
        )

    def declare_enrichments(self) -> None:
        """Resolve the enrichments into the draft."""
        for name, entry in self._draft.raw.enrichments.items():
            raw = entry.raw
            self._draft.enrichments[name] = Enrichment(
                name=name,
                by=raw.by,
                at=raw.at,
                required=raw.required,
                properties=self.properties(raw.properties, f"enrichment `{name}`", "enriched property"),
                description=raw.description,
                place=entry.node,
            )

    def declare_user_properties(self) -> None:
        """Resolve the user properties into the draft."""
        self._draft.user_properties = self.properties(
            self._draft.raw.user_properties, "`user_properties`", "user property"
        )


def _split_optional(text: str) -> tuple[bool, str]:
    """Split a leading `optional` off.

    >>> _split_optional("optional list of string")
    (True, 'list of string')
    """
    if text.startswith("optional "):
        return True, text[9:].strip()
    return False, text
