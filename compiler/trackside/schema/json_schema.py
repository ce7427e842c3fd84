"""The editor's JSON Schema of the plan language, from the same models that read plans."""

from __future__ import annotations

from typing import Any

from pydantic.json_schema import models_json_schema

from trackside.schema.events import RawClientCopy, RawDedupe, RawEvent
from trackside.schema.places import RawDestination, RawOutput, RawSource
from trackside.schema.plan import RawParts, RawTop
from trackside.schema.properties import RawEnrichment, RawProperty, RawType

# Examples are kept as YAML text for the language reference; here they would be values, which they are not.
_DROPPED = frozenset({"title", "default", "examples"})


def plan_schema() -> dict[str, Any]:
    """Build the JSON Schema (2020-12) of a plan file, or of a file that a plan includes."""
    places = (RawDestination, RawSource, RawOutput)
    models = (RawTop, RawParts, *places, RawType, RawProperty, RawEnrichment, RawEvent, RawClientCopy, RawDedupe)
    _, schema = models_json_schema([(model, "validation") for model in models])
    definitions: dict[str, Any] = {name: _tidy(entry) for name, entry in sorted(schema["$defs"].items())}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A trackside tracking plan, version 1",
        "if": {"required": ["trackside"]},
        "then": {"$ref": "#/$defs/RawTop"},
        "else": {"$ref": "#/$defs/RawParts"},
        "$defs": definitions,
    }


def _tidy(entry: Any) -> Any:
    """Drop what pydantic adds for itself, and let `x-` keys through wherever keys are closed."""
    if isinstance(entry, list):
        return [_tidy(item) for item in entry]
    if not isinstance(entry, dict):
        return entry
    tidy: dict[str, Any] = {}
    for key, value in entry.items():
        if key == "properties":
            tidy[key] = {name: _tidy(part) for name, part in value.items() if name != "x-"}
        elif key not in _DROPPED:
            tidy[key] = _tidy(value)
    if "properties" in tidy and tidy.get("additionalProperties") is False:
        tidy["patternProperties"] = {"^x-": {}}
    if "anyOf" in tidy:
        # A key that is left out is not written as null.
        kept = [choice for choice in tidy["anyOf"] if choice != {"type": "null"}]
        if len(kept) == 1:
            del tidy["anyOf"]
            return {**kept[0], **tidy}
        tidy["anyOf"] = kept
    return tidy
