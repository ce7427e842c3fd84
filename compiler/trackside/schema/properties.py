"""Types and properties: `types:`, `property_groups:`, `enrichments:`, `user_properties:` and every `properties:`."""

from typing import Annotated, Any, Literal, TypeAlias

from pydantic import BeforeValidator, Field, WithJsonSchema

from trackside.schema.model import Shape
from trackside.schema.places import SideWord
from trackside.schema.scalars import (
    Boolean,
    Count,
    FilledList,
    Node,
    Number,
    Text,
    choice,
    kind_of,
    read_mapping,
    refuse,
    words_of,
)
from trackside.source.node import ScalarNode

PiiWord: TypeAlias = Literal["none", "pseudonymous", "personal", "sensitive"]
OperationWord: TypeAlias = Literal["set", "set_once", "add", "append", "unset"]
LookupKey: TypeAlias = Literal["user_id", "device_id"]
LookupTime: TypeAlias = Literal["call", "delivery"]
KnownWord: TypeAlias = Literal["response"]

_read_optional = choice("true", "false", "client", "server")


def _optional(node: object) -> str:
    return str(node).lower() if isinstance(node, bool) else _read_optional(node)


def _deprecated(node: object) -> bool | str:
    if isinstance(node, ScalarNode):
        return {"true": True, "false": False}.get(node.text, node.text) if node.plain else node.text
    if isinstance(node, (bool, str)):
        return node
    return refuse("wrong-shape", "`true`, or a few words on what to use instead", found=kind_of(node))


Optional_: TypeAlias = Annotated[
    Literal["true", "false", "client", "server"],
    BeforeValidator(_optional),
    WithJsonSchema({"enum": [True, False, "client", "server"]}),
]
Deprecated: TypeAlias = Annotated[bool | str, BeforeValidator(_deprecated)]
TypeExpression: TypeAlias = Annotated[Any, WithJsonSchema({"anyOf": [{"type": "string"}, {"$ref": "#/$defs/RawType"}]})]
PropertyMap: TypeAlias = Annotated[
    dict[str, Any],
    BeforeValidator(read_mapping),
    WithJsonSchema(
        {
            "type": "object",
            "additionalProperties": {"anyOf": [{"type": "string"}, {"$ref": "#/$defs/RawProperty"}]},
        }
    ),
]
EnumWords: TypeAlias = Annotated[Any, WithJsonSchema({"anyOf": [{"type": "array"}, {"type": "object"}]})]


class RawType(Shape):
    """A type of values."""

    type: Text | None = Field(
        default=None,
        description="What kind of value, in words: `string`, `integer`, `number`, `boolean`, `date`, `datetime`, "
        "`uuid`, `url`, `any`, `object`, `list of T`, `map of T`, or a named type; a property's may start with "
        "`optional`.",
        examples=["list of string"],
    )
    items: TypeExpression = Field(default=None, description="The type of a list's items.", examples=["string"])
    values: TypeExpression = Field(default=None, description="The type of a map's values.", examples=["number"])
    properties: PropertyMap | None = Field(
        default=None, description="The properties of an object: these and no others.", examples=["{sku: string}"]
    )
    enum: EnumWords = Field(
        default=None,
        description="The allowed values: a list, or a map from value to description.",
        examples=["[card, paypal, invoice]"],
    )
    const: Node = Field(default=None, description="The only value; it is no argument then.", examples=["web"])
    nullable: Boolean = Field(default=False, description="Whether null is a value.", examples=["true"])
    minimum: Number | None = Field(default=None, description="The least value.", examples=["0"])
    maximum: Number | None = Field(default=None, description="The greatest value.", examples=["1000000"])
    exclusive_minimum: Number | None = Field(default=None, description="Values are greater than this.", examples=["0"])
    exclusive_maximum: Number | None = Field(default=None, description="Values are less than this.", examples=["100"])
    min_length: Count | None = Field(default=None, description="The least length, in code points.", examples=["1"])
    max_length: Count | None = Field(default=None, description="The greatest length, in code points.", examples=["256"])
    pattern: Text | None = Field(
        default=None,
        description="A regular expression that the whole value matches, in the subset that Python, ECMAScript and RE2 "
        "read alike.",
        examples=["'[A-Z0-9-]{3,32}'"],
    )
    min_items: Count | None = Field(default=None, description="The least number of items.", examples=["1"])
    max_items: Count | None = Field(default=None, description="The greatest number of items.", examples=["200"])
    unique_items: Boolean = Field(default=False, description="Whether all items differ.", examples=["true"])
    description: Text | None = Field(default=None, description="What the value means.", examples=["ISO 4217 code."])
    example: Node = Field(default=None, description="A value, for docs and vectors.", examples=["ORD-98765"])


class RawProperty(RawType):
    """A property: a type, and who may send it."""

    optional: Optional_ = Field(
        default="false", description="Whether it may be absent: always, or on one side only.", examples=["client"]
    )
    unit: Text | None = Field(default=None, description="The unit of the value.", examples=["ms"])
    only: Annotated[SideWord, words_of(SideWord)] | None = Field(
        default=None, description="The only side that may know it.", examples=["server"]
    )
    sources: FilledList | None = Field(default=None, description="The only sources that send it.", examples=["[web]"])
    pii: Annotated[PiiWord, words_of(PiiWord)] = Field(
        default="none", description="Whether it tells who a person is.", examples=["personal"]
    )
    origin: Text | None = Field(
        default=None, description="Where the value comes from.", examples=["orders.total_cents / 100"]
    )
    known: Annotated[KnownWord, words_of(KnownWord)] | None = Field(
        default=None, description="`response`: a client learns it only from the server's answer.", examples=["response"]
    )
    since: Text | None = Field(default=None, description="The plan version that brought it.", examples=["1.2.0"])
    deprecated: Deprecated = Field(
        default=False, description="Whether it is on its way out, or a few words on that.", examples=["true"]
    )
    replaced_by: Text | None = Field(
        default=None, description="The property to use instead.", examples=["total_amount"]
    )
    code_name: Text | None = Field(
        default=None,
        description="The name in generated code, where the derived one does not do.",
        examples=["site_transfer"],
    )
    op: Annotated[OperationWord, words_of(OperationWord)] | None = Field(
        default=None, description="User properties: what `identify` does with the value.", examples=["set_once"]
    )
    default: Node = Field(
        default=None, description="Enriched properties: what is sent when the provider has no answer.", examples=["new"]
    )


class RawEnrichment(Shape):
    """A look-up on the server: a typed provider that answers properties."""

    by: Annotated[LookupKey, words_of(LookupKey)] = Field(
        default="user_id", description="What the provider is given.", examples=["user_id"]
    )
    at: Annotated[LookupTime, words_of(LookupTime)] = Field(
        default="call",
        description="When it is asked: at the call, or when the event is delivered.",
        examples=["delivery"],
    )
    required: Boolean = Field(
        default=False,
        description="Whether the event waits in the outbox until the provider answers.",
        examples=["true"],
    )
    properties: PropertyMap = Field(
        description="What the provider answers.", examples=["{customer_segment: {enum: [new, loyal, vip]}}"]
    )
    description: Text | None = Field(
        default=None, description="What is looked up.", examples=["What the shop knows of a customer."]
    )
