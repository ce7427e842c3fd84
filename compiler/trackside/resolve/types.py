"""Type expressions, short and long, become types."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any, Final, get_args

from trackside.diagnostics import Label, Span
from trackside.ir import AnyValue, EnumValue, ListOf, MapOf, NamedType, Object, Scalar, Type
from trackside.ir.patterns import PatternError, parse_pattern
from trackside.ir.types import Base
from trackside.resolve.draft import Draft
from trackside.resolve.values import read_scalar, read_value
from trackside.schema.load import check_name, validate
from trackside.schema.properties import RawType
from trackside.source.node import MappingNode, Node, ScalarNode

BASES: Final[tuple[Base, ...]] = get_args(Base)
BUILT_IN: Final = (*BASES, "any", "object", "list", "map")

_FITS: Final[dict[str, frozenset[str]]] = {
    "minimum": frozenset({"integer", "number"}),
    "maximum": frozenset({"integer", "number"}),
    "exclusive_minimum": frozenset({"integer", "number"}),
    "exclusive_maximum": frozenset({"integer", "number"}),
    "min_length": frozenset({"string"}),
    "max_length": frozenset({"string"}),
    "pattern": frozenset({"string"}),
    "enum": frozenset({"string", "integer", "number", "boolean", "date", "datetime", "uuid", "url"}),
    "const": frozenset({"string", "integer", "number", "boolean", "date", "datetime", "uuid", "url"}),
    "items": frozenset({"list"}),
    "values": frozenset({"map"}),
    "properties": frozenset({"object"}),
    "min_items": frozenset({"list", "map"}),
    "max_items": frozenset({"list", "map"}),
    "unique_items": frozenset({"list"}),
}
"""Which bases a key of a type has a meaning for."""

_NUMBER: Final = re.compile(r"[-+]?(?:0|[1-9][0-9]*)?(?:\.[0-9]+|(?<=[0-9]))")
"""A number to every YAML parser. What only some take for one is a finding of its own."""

_SCALAR_KEYS: Final = frozenset(
    {"minimum", "maximum", "exclusive_minimum", "exclusive_maximum", "min_length", "max_length"}
)


class TypeResolver:
    """Resolves type expressions, each named type once. `declare` reads the plan's named types."""

    def __init__(self, draft: Draft) -> None:
        self._draft = draft
        self._named: dict[str, Type | None] = {}
        self._open: list[str] = []
        self._by_words: dict[str, Type] = {name: Scalar(base=name) for name in BASES}
        self._by_words["any"] = AnyValue()
        self._narrowed: dict[tuple[object, ...], Scalar] = {}
        # Set by the properties pass: objects hold properties, and properties have types.
        self.object_properties: Any = None

    def declare(self) -> None:
        """Resolve all named types of the plan into the draft."""
        for name, node in self._draft.raw.types.items():
            resolved = self._resolve_named(name, node)
            if resolved is not None:
                read, example = False, None
                if isinstance(node, MappingNode) and "example" in node:
                    read, example = read_value(
                        node["example"], resolved, f"`example` of type `{name}`", self._draft.bag
                    )
                self._draft.types[name] = NamedType(
                    name=name, type=resolved, place=node, example=example, has_example=read
                )

    def from_node(self, node: Node, user: str) -> Type | None:
        """Resolve a type written as words or as a mapping; None where it could not be read (it was reported)."""
        if isinstance(node, ScalarNode):
            return self.from_words(node.text, node, user)
        if isinstance(node, MappingNode):
            raw, holes = validate(RawType, node, user, self._draft.bag)
            return None if raw is None or holes else self.from_raw(raw, node, user)
        self._draft.bag.report(
            "wrong-shape", node.span, f"{user} wants a type: words such as `list of string`, or a mapping"
        )
        return None

    def from_words(self, text: str, place: Node, user: str) -> Type | None:
        """Resolve words such as `list of line_item`."""
        known = self._by_words.get(text)
        if known is not None:
            return known
        resolved = self._read_words(text.split(), place, user)
        if resolved is not None:
            self._by_words[text] = resolved
        return resolved

    def _read_words(self, words: list[str], place: Node, user: str) -> Type | None:
        bag = self._draft.bag
        if words in ([], ["optional"]):
            bag.report(
                "missing-value",
                place.key_span,
                f"{user} wants a type",
                label="and has none",
                help="write one in words, such as `string` or `optional list of string`, or a mapping",
            )
            return None
        text = " ".join(words)
        if words[:2] in (["list", "of"], ["map", "of"]) and len(words) > 2:
            inner = self.from_words(" ".join(words[2:]), place, user)
            if inner is None:
                return None
            return ListOf(item=inner) if words[0] == "list" else MapOf(value=inner)
        if text in self._draft.raw.types:
            self._draft.used_types.add(text)
            return self._resolve_named(text, place)
        if self._draft.is_hole("types", text):
            return None
        known = self._by_words.get(text)
        if known is not None:
            return known
        hints = {
            "list": "say of what: `list of string`",
            "map": "say of what: `map of number`",
            "object": "name its properties: `{type: object, properties: {...}}`, or write `map of any`",
            "decimal": "`decimal` is kept for a later version: use `number`, or an integer of minor units",
        }
        if text in hints:
            slug = "reserved-key" if text == "decimal" else "unreadable-type"
            bag.report(slug, place.span, f"{user} has the type `{text}`, which is not complete", help=hints[text])
            return None
        if words and words[0] == "optional":
            bag.report(
                "unreadable-type",
                place.span,
                f"`optional` is for properties, and {user} is a type within one",
                help=f"write `{' '.join(words[1:])}`; `nullable: true` lets it be null",
            )
            return None
        if text.endswith("?"):
            bag.report(
                "unreadable-type",
                place.span,
                f"{user} has the type `{text}`; a property that may be absent is `optional {text[:-1]}`",
                help=f"write `optional {text[:-1]}`",
            )
            return None
        guess = self._draft.guess(text, [*BASES, "any", *self._draft.raw.types])
        bag.report(
            "unknown-reference",
            place.span,
            f"{user} has the type `{text}`, which is neither built in nor under `types`",
            label="no type has this name",
            help=f"did you mean `{guess}`?" if guess else "built in: " + ", ".join((*BASES, "any")),
        )
        return None

    def _resolve_named(self, name: str, used_at: Node) -> Type | None:
        if name in self._named:
            return self._named[name]
        node = self._draft.raw.types[name]
        if name in self._open:
            circle = " -> ".join([*self._open[self._open.index(name) :], name])
            self._draft.bag.report(
                "type-cycle",
                used_at.span,
                f"type `{name}` contains itself: {circle}",
                label="comes back to where it started",
                help="a plan's types are finite: cut the circle, or use `map of any` for one part",
            )
            return None
        self._open.append(name)
        resolved = self._declare_one(name, node)
        self._open.pop()
        self._named[name] = resolved
        if resolved is None:
            self._draft.holes.add(("types", name))
        return resolved

    def _declare_one(self, name: str, node: Node) -> Type | None:
        bag = self._draft.bag
        if not check_name(name, node, "type", bag):
            return None
        words = name.split()
        if name in BUILT_IN or " ".join(words) != name or words[0] == "optional" or words[1:2] == ["of"]:
            bag.report(
                "unusable-name",
                node.key_span,
                f"a type cannot be called `{name}`: those words mean something else in a type",
                help="choose another name",
            )
            return None
        inner = self.from_node(node, f"type `{name}`")
        return None if inner is None else replace(inner, name=name)

    def from_raw(self, raw: RawType, node: MappingNode, user: str) -> Type | None:
        """Resolve the long form. Keys that have no meaning for the base are reported and left out."""
        words = raw.type.split() if raw.type is not None else []
        inner: Type | None
        if raw.type is None:
            base = self._implied_base(raw, node, user)
            if base is None:
                return None
        elif raw.type in ("object", "list", "map") and raw.type not in self._draft.raw.types:
            base = raw.type
        else:
            base = ""
        if base == "object":
            inner = self._object(raw, node, user)
        elif base in ("list", "map"):
            key = "items" if base == "list" else "values"
            part = getattr(raw, key)
            if part is None:
                self._draft.bag.report(
                    "missing-key", node.at("type").key_span, f"{user} is a {base} and wants `{key}`: the type within"
                )
                return None
            within = self.from_node(part, f"`{key}` of {user}")
            if within is None:
                return None
            inner = ListOf(item=within) if base == "list" else MapOf(value=within)
        else:
            inner = self.from_words(base or " ".join(words), node.at("type"), user)
            if inner is not None and not base:
                self._check_within(inner, raw, node, user)
        return None if inner is None else self._narrow(inner, raw, node, user)

    def _check_within(self, inner: Type, raw: RawType, node: MappingNode, user: str) -> None:
        """Refuse a key that says once more what a type's words say is within it."""
        key = {"list": "items", "map": "values", "object": "properties"}.get(_kind_of(inner))
        if key is not None and key in raw.model_fields_set:
            kind = _kind_of(inner)
            self._draft.bag.report(
                "conflicting-keys",
                node.at(key).key_span,
                f"`{key}` of {user} stands beside `type: {raw.type}`, which says what is within",
                label="says it once more",
                secondary=[Label(node.at("type").span, "says it already")],
                help=f"leave `{key}` out, or write `type: {kind}` beside it",
            )

    def _implied_base(self, raw: RawType, node: MappingNode, user: str) -> str | None:
        if raw.properties is not None:
            return "object"
        if raw.items is not None:
            return "list"
        if raw.values is not None:
            return "map"
        if raw.enum is not None or raw.const is not None:
            return "string"
        self._draft.bag.report(
            "missing-key",
            node.key_span,
            f"{user} wants `type`",
            label="`type` is missing here",
            help="add `type:`, for instance `type: string`",
        )
        return None

    def _object(self, raw: RawType, node: MappingNode, user: str) -> Type | None:
        if not raw.properties:
            self._draft.bag.report(
                "missing-key",
                node.at("type").key_span,
                f"{user} is an object and wants `properties`: an object is closed",
                help="name its properties, or write `map of any` for an open one",
            )
            return None
        properties = self.object_properties(raw.properties, user)
        return Object(properties=properties) if properties else None

    def _narrow(self, inner: Type, raw: RawType, node: MappingNode, user: str) -> Type | None:
        """Apply the constraints of the long form to a type; a named type that is narrowed loses its name."""
        given = raw.model_fields_set & _FITS.keys()
        kind = _kind_of(inner)
        for key in sorted(given):
            if kind not in _FITS[key]:
                self._draft.bag.report(
                    "misplaced-key",
                    node.at(key).key_span,
                    f"`{key}` has no meaning for {user}, which is {_article(kind)}",
                    label=f"is for {' and '.join(sorted(_FITS[key]))}" if len(_FITS[key]) < 4 else "",
                    help=f"leave `{key}` out",
                )
        changes: dict[str, Any] = {}
        if isinstance(inner, Scalar):
            for key in sorted(given & _SCALAR_KEYS):
                if kind in _FITS[key]:
                    changes[key] = getattr(raw, key)
            if "pattern" in given and kind == "string" and raw.pattern is not None:
                try:
                    changes["pattern"] = parse_pattern(raw.pattern).text
                except PatternError as error:
                    self._draft.bag.report(
                        "pattern-not-portable",
                        _span_within(node.at("pattern"), error.offset, len(error.what)),
                        f"the pattern of {user} is outside the portable subset: {error}",
                        label="refused here",
                        help=error.help,
                    )
            if changes:
                inner = self._changed(inner, **changes)
            if raw.enum is not None:
                inner = self._changed(inner, enum=self._enum(inner, raw.enum, user))
            if raw.const is not None:
                read, value = read_scalar(
                    raw.const, replace(inner, nullable=raw.nullable), f"`const` of {user}", self._draft.bag
                )
                if read:
                    inner = self._changed(inner, const=value, has_const=True)
        elif isinstance(inner, (ListOf, MapOf)):
            for key in ("min_items", "max_items", "unique_items"):
                if key in given and kind in _FITS[key]:
                    changes[key] = getattr(raw, key)
            if changes:
                inner = replace(inner, name=None, **changes)
        if raw.nullable and not inner.nullable:
            inner = replace(inner, nullable=True)
        if raw.description is not None and type(raw) is RawType:
            inner = replace(inner, description=raw.description)
        if raw.example is not None and type(raw) is RawType:
            read_value(raw.example, inner, f"`example` of {user}", self._draft.bag)
        return inner

    def _changed(self, inner: Scalar, **changes: Any) -> Scalar:
        """Narrow a scalar. Types that read alike are one object: plans repeat few types many times."""
        key = (id(inner), *changes.items())
        known = self._narrowed.get(key)
        if known is None:
            known = self._narrowed[key] = replace(inner, name=None, **changes)
        return known

    def _enum(self, inner: Scalar, node: Node, user: str) -> tuple[EnumValue, ...]:
        bag = self._draft.bag
        values: list[EnumValue] = []
        seen: set[tuple[type, object]] = set()
        if isinstance(node, MappingNode):
            items: list[tuple[Node, str | None]] = []
            for key, about in node.items():
                stand_in = ScalarNode(key, True, about.file, about.key_start, about.key_end)
                text = about.text if isinstance(about, ScalarNode) else None
                if text is None:
                    bag.report(
                        "wrong-shape", about.span, f"the enum value `{key}` of {user} wants its meaning in words"
                    )
                items.append((stand_in, text or None))
        elif isinstance(node, list):
            items = [(item, None) for item in node]
            self._check_mixed(inner, [item for item, _ in items], user)
        else:
            bag.report(
                "wrong-shape",
                node.span,
                f"`enum` of {user} wants a list of values, or a mapping from value to description",
                help="for example `enum: [card, paypal]`",
            )
            return ()
        for item, about_text in items:
            read, value = read_scalar(item, inner, f"a value of `enum` of {user}", bag)
            if not read or value is None:
                continue
            identity = (bool if isinstance(value, bool) else str if isinstance(value, str) else float, value)
            if identity in seen:
                bag.report(
                    "value-breaks-type",
                    item.span,
                    f"`enum` of {user} has `{value}` twice",
                    label="again",
                    help="keep one",
                )
                continue
            seen.add(identity)
            values.append(EnumValue(value, about_text))
        if not items:
            bag.report("empty-text", node.span, f"`enum` of {user} is empty: no value would ever do")
        return tuple(values)

    def _check_mixed(self, inner: Scalar, items: list[Node], user: str) -> None:
        """Refuse numbers among words: some parsers would make an enum of two types out of it."""
        if inner.base != "string":
            return
        looks_numeric = [
            item for item in items if isinstance(item, ScalarNode) and item.plain and _NUMBER.fullmatch(item.text)
        ]
        if looks_numeric and len(looks_numeric) < len(items):
            item = looks_numeric[0]
            self._draft.bag.report(
                "ambiguous-scalar",
                item.span,
                f"`enum` of {user} mixes text and numbers",
                label="a number without quotes",
                help="put quotes around every value that is text",
            )


def _span_within(node: Node, offset: int, length: int) -> Span:
    """Find a piece of a scalar's text in the source; the whole scalar where escapes or line breaks hide it."""
    if isinstance(node, ScalarNode):
        start = node.start + (0 if node.plain else 1)
        if node.file.text.startswith(node.text, start):
            return node.file.span(start + offset, start + offset + max(length, 1))
    return node.span


def _kind_of(resolved: Type) -> str:
    if isinstance(resolved, Scalar):
        return resolved.base
    return {ListOf: "list", MapOf: "map", Object: "object", AnyValue: "any"}[type(resolved)]


def _article(kind: str) -> str:
    if kind == "any":
        return "any value"
    return f"an {kind}" if kind[0] in "aeio" else f"a {kind}"
