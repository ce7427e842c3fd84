"""The reference of the plan language, printed from the models: every key, what it takes, and an example.

It takes nothing but the models and gives one Markdown page, so that the page cannot say what the compiler does not do.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from trackside.schema.events import RawClientCopy, RawDedupe, RawEvent, RawOutcome, RawRevenue
from trackside.schema.header import RawHeader, RawNaming
from trackside.schema.model import Shape
from trackside.schema.people import RawAttribution, RawConsent, RawDeviceId, RawIdentity, RawSessionId, RawUserId
from trackside.schema.places import RawDestination, RawEndpoint, RawOutput, RawSdk, RawSource
from trackside.schema.plan import RawParts, RawTop
from trackside.schema.properties import RawEnrichment, RawProperty, RawType

if TYPE_CHECKING:
    from collections.abc import Iterator

SECTIONS: Final[tuple[tuple[type[Shape], str, str], ...]] = (
    (RawTop, "The whole plan", "The keys at the top of a plan. An included file has the last five."),
    (RawHeader, "plan", "What the plan is."),
    (RawDestination, "destinations: *name*", "An analytics project that receives events."),
    (RawSource, "sources: *name*", "A code base that emits events: one side, one target."),
    (RawSdk, "sources: *name*: sdk", "What the vendor's SDK does on its own in this source."),
    (RawOutput, "outputs: *name*", "Files that belong to no source."),
    (RawEndpoint, "endpoint", "The first-party endpoint: a route of your own server that takes client events."),
    (RawIdentity, "identity", "What identifies, who creates it, and how it travels from client to server."),
    (RawDeviceId, "identity: device_id", "The browser or the app as installed."),
    (RawSessionId, "identity: session_id", "The visit."),
    (RawUserId, "identity: user_id", "The person, as your server knows them. It is never taken from a client."),
    (RawAttribution, "attribution", "Which marketing parameters are kept, and how they reach the server."),
    (RawConsent, "consent", "What may be sent and stored before a person has chosen."),
    (RawType, "types: *name*", "A named type. What each type means is in [values](values.md)."),
    (RawProperty, "A property", "What stands below `properties`. It has all the keys of a type, and these."),
    (RawEnrichment, "enrichments: *name*", "A look-up on the server, answered by a typed provider."),
    (RawNaming, "naming", "How names are written. A name that departs is a finding."),
    (RawEvent, "events: *name*", "One event."),
    (RawDedupe, "events: *name*: dedupe", "The long form. In short: `dedupe: [order_id]`, or `dedupe: attempt`."),
    (RawClientCopy, "events: *name*: client_copy", "What the client's copy does. In short: `client_copy: always`."),
    (RawRevenue, "events: *name*: revenue", "The destination's revenue: a total, or a price and a quantity."),
    (RawOutcome, "events: *name*: outcome", "What an intent leads to."),
)
"""Each concept with its heading and a sentence, in the order of the page."""

_INTRODUCTION = """\
# The plan language, version 1

<!-- Written by `make reference` from the compiler's models. Do not edit. -->

Every key of a plan. How values are read and what each type means is in [values](values.md); a whole plan, with
comments, is [tracking_plan.yaml](../tracking_plan.yaml).

An unknown key is an error. A key that starts with `x-` may stand in any mapping whose keys are the language's: it is
kept, and the docs show it on the page about what it stands in. Where keys are names of yours, as below `events`, it is
a name.
`groups`, `variants`, `sample`, `expect`, `decimal` and `wire_name` are kept for later versions of the language.
"""


def reference() -> str:
    """Print the page."""
    shapes = _shapes()
    lines = [_INTRODUCTION]
    lines += [f"- [{_plain(heading)}](#{_anchor(heading)})" for _, heading, _ in SECTIONS]
    for model, heading, sentence in SECTIONS:
        lines += ["", f"## {heading}", "", sentence, "", "| Key | Takes | Meaning | Example |", "|---|---|---|---|"]
        lines += _rows(model, shapes)
    return "\n".join(lines) + "\n"


def fields(model: type[Shape]) -> Iterator[tuple[str, Any]]:
    """Yield the keys that a section lists, each with pydantic's field: the model's own first.

    What a property shares with a type is listed with the type.
    """
    inherited = RawParts.model_fields if model is RawTop else RawType.model_fields if model is RawProperty else {}
    names = [name for name in model.model_fields if name not in inherited]
    for name in names + (list(inherited) if model is RawTop else []):
        field = model.model_fields[name]
        if field.alias != "x-":
            yield field.alias or name, field


def _shapes() -> dict[str, Any]:
    from pydantic.json_schema import models_json_schema

    _, schema = models_json_schema([(model, "validation") for model, _, _ in SECTIONS])
    definitions: dict[str, Any] = schema["$defs"]
    return definitions


def _rows(model: type[Shape], shapes: dict[str, Any]) -> Iterator[str]:
    shape = shapes[model.__name__]
    for key, field in fields(model):
        schema = shape["properties"][key]
        takes = _takes(schema)
        if field.is_required():
            takes += "; **required**"
        elif default := _default(schema, field.default):
            takes += f"; {default} when left out"
        example = f"`{key}: {field.examples[0]}`"
        yield "| " + " | ".join(_cell(text) for text in (f"`{key}`", takes, field.description, example)) + " |"


def _takes(schema: dict[str, Any]) -> str:
    """Say in words what a JSON Schema lets through."""
    if "$ref" in schema:
        return _linked(schema["$ref"].rpartition("/")[2])
    if "anyOf" in schema:
        return " or ".join(dict.fromkeys(_takes(one) for one in schema["anyOf"] if one.get("type") != "null"))
    if "const" in schema:
        return f"`{_literal(schema['const'])}`"
    if "enum" in schema:
        return ", ".join(f"`{_literal(value)}`" for value in schema["enum"])
    kind = schema.get("type")
    if kind == "array":
        return f"list of {_takes(schema['items'])}" if "items" in schema else "list"
    if kind == "object":
        values = schema.get("additionalProperties")
        return f"mapping from name to {_takes(values)}" if isinstance(values, dict) else "mapping"
    if kind == "string":
        return "duration" if "[smhd]" in schema.get("pattern", "") else "text"
    return {"boolean": "`true` or `false`", "integer": "count", "number": "number"}.get(str(kind), "any value")


def _default(schema: dict[str, Any], value: Any) -> str:
    if isinstance(value, Shape) or value in (None, False, "false", (), {}):
        return ""
    if _takes(schema) == "duration":
        return f"`{_duration(value)}`"
    if isinstance(value, tuple):
        return f"`[{', '.join(map(str, value))}]`"
    return f"`{_literal(value)}`"


def _duration(seconds: int) -> str:
    """Spell seconds as a plan does.

    >>> _duration(1800), _duration(90 * 86400)
    ('30m', '90d')
    """
    for letter, size in (("d", 86400), ("h", 3600), ("m", 60)):
        if seconds % size == 0:
            return f"{seconds // size}{letter}"
    return f"{seconds}s"


def _literal(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _linked(name: str) -> str:
    heading = next(heading for model, heading, _ in SECTIONS if model.__name__ == name)
    words = {"RawType": "a type", "RawProperty": "a property"}.get(name, "these keys")
    return f"[{words}](#{_anchor(heading)})"


def _plain(heading: str) -> str:
    return heading.replace("*", "")


def _anchor(heading: str) -> str:
    """Make the anchor that a forge gives a heading.

    >>> _anchor("events: *name*: dedupe")
    'events-name-dedupe'
    """
    return "".join(char for char in heading.lower().replace(" ", "-") if char.isalnum() or char in "-_")


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
