"""The top of a plan, and of an included file."""

from typing import Annotated, Any, TypeAlias

from pydantic import BeforeValidator, Field, WithJsonSchema

from trackside.schema.header import RawHeader, RawNaming
from trackside.schema.model import Shape
from trackside.schema.people import RawAttribution, RawConsent, RawIdentity
from trackside.schema.places import RawEndpoint
from trackside.schema.properties import PropertyMap
from trackside.schema.scalars import TextList, choice, read_mapping


def _entries(name: str) -> WithJsonSchema:
    return WithJsonSchema({"type": "object", "additionalProperties": {"$ref": f"#/$defs/{name}"}})


Entries: TypeAlias = Annotated[dict[str, Any], BeforeValidator(read_mapping)]
"""Named entries that are checked one by one, so that a bad one does not hide the rest."""

Groups: TypeAlias = Annotated[
    dict[str, Any],
    BeforeValidator(read_mapping),
    WithJsonSchema(
        {
            "type": "object",
            "additionalProperties": {
                "type": "object",
                "additionalProperties": {"anyOf": [{"type": "string"}, {"$ref": "#/$defs/RawProperty"}]},
            },
        }
    ),
]


class RawParts(Shape):
    """The parts of a plan that an included file may hold."""

    types: Annotated[
        Entries,
        WithJsonSchema(
            {
                "type": "object",
                "additionalProperties": {"anyOf": [{"type": "string"}, {"$ref": "#/$defs/RawType"}]},
            }
        ),
    ] = Field(
        default={},
        description="Named types, usable wherever a type is.",
        examples=["{money: {type: number, minimum: 0}}"],
    )
    property_groups: Groups = Field(
        default={},
        description="Properties that several events share.",
        examples=["{app: {app_version: optional string}}"],
    )
    enrichments: Annotated[Entries, _entries("RawEnrichment")] = Field(
        default={},
        description="Look-ups on the server: typed providers, never arguments.",
        examples=["{customer: {by: user_id, properties: {customer_segment: string}}}"],
    )
    user_properties: PropertyMap = Field(
        default={}, description="What `identify` takes.", examples=["{plan: {enum: [free, pro], only: server}}"]
    )
    events: Annotated[Entries, _entries("RawEvent")] = Field(
        default={},
        description="What happens.",
        examples=["{page_viewed: {kind: page_view, properties: {page_path: string}}}"],
    )


class RawTop(RawParts):
    """A whole plan."""

    trackside: Annotated[str, BeforeValidator(choice("1")), WithJsonSchema({"const": 1})] = Field(
        description="The version of the plan language.", examples=["1"]
    )
    plan: RawHeader = Field(
        description="What the plan is.",
        examples=['{name: acme-shop, version: 1.0.0, namespace: "https://shop.acme.example"}'],
    )
    destinations: Annotated[Entries, _entries("RawDestination")] = Field(
        default={},
        description="Where events go.",
        examples=["{amplitude: {project: shop, region: us, api_key: AMPLITUDE_API_KEY}}"],
    )
    sources: Annotated[Entries, _entries("RawSource")] = Field(
        default={},
        description="The code bases that emit, each with one side and one target.",
        examples=["{web: {side: client, target: javascript, out: generated/web}}"],
    )
    outputs: Annotated[Entries, _entries("RawOutput")] = Field(
        default={}, description="Files about the whole plan.", examples=["{docs: {target: docs, out: generated/docs}}"]
    )
    endpoint: RawEndpoint | None = Field(
        default=None,
        description="The first-party endpoint, if there is one.",
        examples=["{route: /t, served_by: backend}"],
    )
    identity: RawIdentity = Field(
        default=RawIdentity(),
        description="What identifies, who creates it, how it travels from client to server.",
        examples=["{device_id: {created_by: client, carried_in: [header, cookie]}}"],
    )
    attribution: RawAttribution | None = Field(
        default=None, description="Which marketing parameters are kept.", examples=["{touch: [first, last], keep: 90d}"]
    )
    consent: RawConsent | None = Field(
        default=None,
        description="What may be sent and stored before a choice.",
        examples=["{default: denied, pending: queue}"],
    )
    context: TextList = Field(
        default=(), description="Groups that every event carries: set once, never arguments.", examples=["[app]"]
    )
    naming: RawNaming = Field(
        default=RawNaming(),
        description="How names are written.",
        examples=["{events: snake_case, properties: snake_case}"],
    )
    retired_keys: TextList = Field(
        default=(),
        description="Key names of events that are gone: they are never used again.",
        examples=["[order_completed]"],
    )
    include: TextList = Field(default=(), description="More files of this plan.", examples=["[plan/*.yaml]"])
