"""The `schema` target: JSON Schemas (2020-12), one of the plan language and one of payloads for each source.

`plan.schema.json` is what an editor completes and checks a plan with. `<source>.schema.json` describes the events that
a source sends, in their wire form (the event object of Amplitude's HTTP V2 API): a definition for each event, chosen by
`event_type`, and one for each named type. The latter are printed from views, so a client's file says nothing of what
only the server knows. What JSON Schema cannot say (real days of the calendar, lone surrogates, the depth of `any`) is
left to the generated code.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Final
from urllib.parse import quote

from trackside.ir import AnyValue, ListOf, MapOf, Output, Plan, Property, Scalar, Source, Type, View, ViewProperty
from trackside.ir.values import DATE_PATTERN, LARGEST_INTEGER, URL_PATTERN
from trackside.targets.base import File
from trackside.targets.templates import plan_schema_text

SCHEMA_ID: Final = "https://json-schema.org/draft/2020-12/schema"

SHORTEST_ID: Final = 5
"""Characters of a user_id or device_id: shorter ones the destination removes."""

_UUID: Final = "^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$"
_TEXTS: Final[dict[str, dict[str, str]]] = {
    "date": {"format": "date", "pattern": f"^{DATE_PATTERN}$"},
    "datetime": {
        "format": "date-time",
        "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}[.][0-9]{3}Z$",
    },
    "uuid": {"format": "uuid", "pattern": _UUID},
    "url": {"format": "uri", "pattern": f"^(?:{URL_PATTERN})$"},
}

SDK_ATTRIBUTION: Final = (
    "dclid", "fbclid", "gbraid", "gclid", "ko_click_id", "li_fat_id", "msclkid", "rdt_cid", "referrer",
    "referring_domain", "ttclid", "twclid", "utm_campaign", "utm_content", "utm_id", "utm_medium", "utm_source",
    "utm_term", "wbraid",
)  # fmt: skip
"""What the official browser SDK (2.47) adds to the properties of every event when it captures attribution."""

SDK_PREFIX: Final = "[Amplitude] "
"""How the names of all other properties start that the vendor's SDKs add, such as the page's URL and title."""

_PLAIN: Final = re.compile(r"[A-Za-z0-9._-]+")


def render(plan: Plan, output: Output) -> Iterator[File]:
    """Yield the schema of the plan language, then one schema of payloads for each source."""
    yield File(f"{output.out}/plan.schema.json", plan_schema_text())
    for source in plan.sources.values():
        yield File(f"{output.out}/{source.name}.schema.json", _Payloads(plan, source).text())


class _Payloads:
    """Prints the schema of one source, a property or type that events share once."""

    def __init__(self, plan: Plan, source: Source) -> None:
        self._plan = plan
        self._source = source
        self._types: dict[str, str] = {}
        self._uses: dict[int, str] = {}
        self._properties: dict[int, str] = {}
        self._extras = _sdk_extras(source)

    def text(self) -> str:
        views = self._plan.views_of(self._source.name)
        definitions = [self._event(view) for view in views]
        choices = [
            f'    {{"if": {{"properties": {{"event_type": {{"const": {_text(view.event.name)}}}}}}}, '
            f'"then": {{"$ref": {_text(_reference("event", view.event.name))}}}}}'
            for view in views
        ]
        definitions += self._types.values()
        names = ",\n        ".join(_text(view.event.name) for view in views)
        plan, source = self._plan, self._source
        head = {
            "$schema": SCHEMA_ID,
            "title": f"{plan.name} {plan.version}: what {source.name} sends",
            "description": "Events in their wire form, as the destination takes them.",
        }
        return (
            "{\n"
            + "".join(f"  {_json(key)}: {_json(value)},\n" for key, value in head.items())
            + '  "type": "object",\n'
            + '  "required": ["event_type"],\n'
            + '  "properties": {\n'
            + (f'    "event_type": {{"enum": [\n        {names}\n    ]}},\n' if views else '    "event_type": false,\n')
            + f'    "user_id": {{"type": "string", "minLength": {SHORTEST_ID}}},\n'
            + f'    "device_id": {{"type": "string", "minLength": {SHORTEST_ID}}},\n'
            + '    "session_id": {"type": "integer"},\n'
            + '    "time": {"type": "integer"},\n'
            + '    "insert_id": {"type": "string", "minLength": 1},\n'
            + '    "event_properties": {"type": "object"}\n'
            + "  }"
            + (',\n  "allOf": [\n' + ",\n".join(choices) + "\n  ]" if choices else "")
            + ',\n  "$defs": {\n'
            + ",\n".join(definitions)
            + "\n  }\n}\n"
        )

    def _event(self, view: View) -> str:
        event = view.event
        required = ["event_type"]
        fields: list[str] = []
        if view.dedupe is not None:
            required.append("insert_id")
            if view.dedupe.form != "template":
                fields.append(f'"insert_id": {{"type": "string", "pattern": "{_UUID}"}}')
        if event.identity.mode == "system":
            required.append("device_id")
            device = f"system:{self._plan.name}:{self._source.name}"
            fields.append(f'"device_id": {_json({"const": device})}')
        else:
            required += view.required_ids
        if view.revenue is not None:
            fields.append('"revenue": {"type": "number"}')
        properties, needed = self._event_properties(view)
        if needed:
            required.append("event_properties")
        fields.append(f'"event_properties": {properties}')
        head = f'"description": {_text(event.description)},\n      ' if event.description else ""
        if event.status == "deprecated":
            head += '"deprecated": true,\n      '
        # Without an id the destination takes no event.
        is_open = event.identity.mode != "system" and not view.required_ids
        either = '"anyOf": [{"required": ["user_id"]}, {"required": ["device_id"]}],\n      '
        return (
            f"    {_text(f'event.{event.name}')}: {{\n"
            f'      {head}"required": {_json(required)},\n'
            f'      {either if is_open else ""}"properties": {{\n        '
            + ",\n        ".join(fields)
            + "\n      }\n    }"
        )

    def _event_properties(self, view: View) -> tuple[str, bool]:
        lines = [self._property(prop) for prop in (*view.properties, *view.context)]
        needed = [prop.name for prop in (*view.properties, *view.context) if prop.required]
        for name in view.enrich:
            lines += [self._property(prop) for prop in self._plan.enrichment_views[name]]
        taken = {prop.name for prop in view.properties}
        lines += [f'{_text(name)}: {{"type": "string"}}' for name in view.attribution if name not in taken]
        inside = ",\n            ".join(lines)
        return (
            '{"type": "object",\n'
            + (f'          "required": {_json(needed)},\n' if needed else "")
            + (f'          "properties": {{\n            {inside}\n          }},\n' if lines else "")
            + self._extras
            + '          "additionalProperties": false\n        }',
            bool(needed),
        )

    def _property(self, prop: ViewProperty) -> str:
        known = self._properties.get(id(prop))
        if known is None:
            known = f"{_text(prop.name)}: {self._described(prop.type, prop.declared)}"
            self._properties[id(prop)] = known
        return known

    def _described(self, type: Type, declared: Property) -> str:
        schema = self._schema(type)
        said = ""
        if declared.description:
            said += f', "description": {_text(declared.description)}'
        if declared.deprecated:
            said += ', "deprecated": true'
        if declared.has_example and isinstance(type, Scalar):
            said += f', "examples": [{_json(declared.example)}]'
        if not said:
            return schema
        return f"{schema[:-1]}{said}}}" if schema != "{}" else f"{{{said[2:]}}}"

    def _schema(self, type: Type) -> str:
        """Give the schema of a type; a named one is defined once and referred to."""
        known = self._uses.get(id(type))
        if known is None:
            known = self._uses[id(type)] = self._named(type) if type.name is not None else self._inline(type)
        return known

    def _named(self, type: Type) -> str:
        key = f"type.{type.name}"
        if key not in self._types:
            self._types[key] = ""  # keeps its place: what it needs is defined after it
            # A use may be nullable where the declaration is not, so that null stands with the use.
            definition = self._inline(replace(type, nullable=False))
            if type.description:
                comma = ", " if definition != "{}" else ""
                definition = f'{definition[:-1]}{comma}"description": {_text(type.description)}}}'
            self._types[key] = f"    {_text(key)}: {definition}"
        reference = f'{{"$ref": {_text(_reference("type", type.name or ""))}}}'
        return f'{{"anyOf": [{reference}, {{"type": "null"}}]}}' if _takes_null(type) else reference

    def _inline(self, type: Type) -> str:
        """Give the schema of a type without its name."""
        if isinstance(type, Scalar):
            return _json(_scalar(type))
        if isinstance(type, AnyValue):
            return "{}"
        if isinstance(type, ListOf):
            keywords = [f'"items": {self._schema(type.item)}']
            limits: dict[str, Any] = {"minItems": type.min_items, "maxItems": type.max_items}
            limits["uniqueItems"] = type.unique_items or None
        elif isinstance(type, MapOf):
            keywords = [f'"additionalProperties": {self._schema(type.value)}']
            limits = {"minProperties": type.min_items, "maxProperties": type.max_items}
        else:
            side = self._source.side
            members = [f"{_text(prop.name)}: {self._described(prop.type, prop)}" for prop in type.properties]
            needed = [prop.name for prop in type.properties if side not in prop.optional_on]
            keywords = [f'"properties": {{{", ".join(members)}}}', '"additionalProperties": false']
            limits = {"required": needed or None}
        kind = "array" if isinstance(type, ListOf) else "object"
        keywords.insert(0, f'"type": ["{kind}", "null"]' if type.nullable else f'"type": "{kind}"')
        keywords += [f'"{name}": {_json(limit)}' for name, limit in limits.items() if limit is not None]
        return f"{{{', '.join(keywords)}}}"


_json = json.dumps
_text = json.encoder.encode_basestring_ascii


def _reference(kind: str, name: str) -> str:
    if not _PLAIN.fullmatch(name):
        name = quote(name.replace("~", "~0").replace("/", "~1"), safe="")
    return f"#/$defs/{kind}.{name}"


def _takes_null(type: Type) -> bool:
    return type.nullable and not isinstance(type, AnyValue)


def _scalar(type: Scalar) -> dict[str, Any]:
    if type.has_const:
        return {"const": type.const}
    if type.enum:
        return {"enum": [allowed.value for allowed in type.enum] + ([None] if type.nullable else [])}
    word = type.base if type.base in {"boolean", "integer", "number"} else "string"
    schema: dict[str, Any] = {"type": [word, "null"] if type.nullable else word}
    if type.base == "integer":
        schema |= {"minimum": -LARGEST_INTEGER, "maximum": LARGEST_INTEGER}
    limits = {
        **_TEXTS.get(type.base, {}),
        "minimum": type.minimum,
        "maximum": type.maximum,
        "exclusiveMinimum": type.exclusive_minimum,
        "exclusiveMaximum": type.exclusive_maximum,
        "minLength": type.min_length,
        "maxLength": type.max_length,
    }
    schema.update({name: limit for name, limit in limits.items() if limit is not None})
    if type.pattern is not None:
        schema["pattern"] = f"^(?:{type.pattern})$"
    return schema


def _sdk_extras(source: Source) -> str:
    """Let through what the vendor's SDK is documented to add on its own to a client's events."""
    if source.side != "client" or source.through != "sdk":
        return ""
    names = [re.escape(SDK_PREFIX).replace("\\ ", " ")]
    if "attribution" in source.autocapture:
        names.append(f"(?:{'|'.join(SDK_ATTRIBUTION)})$")
    allowed = {f"^{name}": True for name in names}
    return f'          "patternProperties": {_json(allowed)},\n'
