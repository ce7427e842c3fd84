"""`events:`: what happens, which side says so, and how it is counted once."""

from typing import Annotated, Literal, TypeAlias

from pydantic import BeforeValidator, Field, WithJsonSchema

from trackside.ir.events import Kind, Placement
from trackside.schema.model import Shape
from trackside.schema.people import Category
from trackside.schema.properties import PropertyMap
from trackside.schema.scalars import (
    Boolean,
    Duration,
    FilledList,
    OneOrMoreTexts,
    SomeTime,
    Text,
    TextList,
    choice,
    kind_of,
    matching,
    read_mapping,
    read_one_or_list,
    refuse,
    words_of,
)
from trackside.source.node import ScalarNode, SequenceNode

Emitted: TypeAlias = Literal["in_request", "later"]
Status: TypeAlias = Literal["planned", "live", "deprecated"]
IdWord: TypeAlias = Literal["any", "system", "user_id", "device_id"]
OnUnknown: TypeAlias = Literal["drop", "send"]
FromClient: TypeAlias = Literal["refuse", "allow"]


def _read_dedupe(node: object) -> object:
    if isinstance(node, SequenceNode):
        return {"by": node}
    if isinstance(node, ScalarNode):
        choice("attempt")(node)
        return {"attempt": True}
    return node


def _read_client_copy(node: object) -> object:
    if isinstance(node, ScalarNode) and node.text:
        return {"mode": choice("pending", "always")(node)}
    return node


def _read_identity(node: object) -> object:
    if isinstance(node, ScalarNode) and node.text not in ("any", "system"):
        refuse("wrong-value", "`any`, `system`, or a list such as [user_id]", found=f"`{node.text}`")
    return read_one_or_list(node)


_LINK = matching(
    r"[Hh][Tt][Tt][Pp][Ss]?://[^\s/?#]+[^\s]*|[Mm][Aa][Ii][Ll][Tt][Oo]:[^\s@]+@[^\s@]+",
    "a URL that begins with https://, http:// or mailto:",
)


def _read_links(node: object) -> object:
    if isinstance(node, (ScalarNode, dict)):
        return read_mapping(node)
    return refuse("wrong-shape", "a mapping from label to URL", found=kind_of(node))


class RawDedupe(Shape):
    """How emissions of one fact are told: by properties, by a template, or by one attempt."""

    by: TextList | None = Field(
        default=None, description="The properties that make two emissions one fact, in order.", examples=["[order_id]"]
    )
    name: Text | None = Field(
        default=None, description="The name in the key, kept after the event was renamed.", examples=["order_completed"]
    )
    template: Text | None = Field(
        default=None, description="A key in the clear, to match keys already sent.", examples=['"purchase_{order_id}"']
    )
    window: SomeTime | None = Field(
        default=None,
        description="How long copies must de-duplicate; no longer than the destination does.",
        examples=["7d"],
    )
    attempt: Boolean = Field(
        default=False,
        description="`dedupe: attempt`: one attempt is one fact; for events that have no business id yet.",
        examples=["true"],
    )


class RawClientCopy(Shape):
    """What a hybrid event's client copy does."""

    mode: Annotated[Literal["pending", "always"], words_of(Literal["pending", "always"])] = Field(
        default="pending", description="`client_copy: always` sends both copies at once.", examples=["always"]
    )
    grace: Duration = Field(
        default=30, description="How long an unconfirmed copy waits before it is sent.", examples=["30s"]
    )
    on_unknown: Annotated[OnUnknown, words_of(OnUnknown)] = Field(
        default="drop",
        description="What happens when nobody can say whether the server has the fact.",
        examples=["send"],
    )


class RawRevenue(Shape):
    """Which properties make the destination's revenue."""

    amount: Text | None = Field(default=None, description="The property that is the total.", examples=["total_amount"])
    unit_price: Text | None = Field(default=None, description="The other form: a price for one ...", examples=["price"])
    quantity: Text | None = Field(default=None, description="... times this property.", examples=["quantity"])
    currency: Text | None = Field(
        default=None, description="The property with the ISO 4217 code.", examples=["currency"]
    )
    product_id: Text | None = Field(default=None, description="The property that names the product.", examples=["sku"])
    type: Text | None = Field(
        default=None, description="The property that says what kind of revenue.", examples=["revenue_type"]
    )
    from_client: Annotated[FromClient, words_of(FromClient)] = Field(
        default="refuse",
        description="Whether a client may state revenue. It can be forged: this warns.",
        examples=["allow"],
    )


class RawOutcome(Shape):
    """What an intent leads to."""

    event: Text = Field(description="The event that follows.", examples=["purchase_completed"])
    by: TextList = Field(default=(), description="The properties that join the two.", examples=["[order_id]"])


class RawEvent(Shape):
    """One event."""

    description: Text | None = Field(default=None, description="What happened.", examples=["The order was paid."])
    kind: Annotated[Kind, words_of(Kind)] = Field(
        default="other",
        description="The row of the decision matrix: it gives placement and reason.",
        examples=["purchase"],
    )
    placement: Annotated[Placement, words_of(Placement)] | None = Field(
        default=None,
        description="Which side sends it. Left out where the kind recommends exactly one.",
        examples=["hybrid"],
    )
    because: Text | None = Field(
        default=None,
        description="Why on this side. Required where the placement departs from the matrix.",
        examples=["The server has the authoritative amount."],
    )
    trigger: Text | None = Field(
        default=None, description="When exactly it fires.", examples=["The charge was captured."]
    )
    owner: OneOrMoreTexts = Field(default=(), description="Who answers for it: one or a list.", examples=["payments"])
    client_copy: Annotated[
        RawClientCopy | None,
        BeforeValidator(_read_client_copy),
        WithJsonSchema({"anyOf": [{"enum": ["always", "pending"]}, {"$ref": "#/$defs/RawClientCopy"}]}),
    ] = Field(
        default=None, description="Hybrid: what the client's copy does.", examples=["{grace: 30s, on_unknown: drop}"]
    )
    route: Text | None = Field(
        default=None,
        description="The request in which the server learns the fact.",
        examples=["POST /api/orders/complete"],
    )
    identity: Annotated[
        tuple[Annotated[IdWord, words_of(IdWord)], ...] | None,
        BeforeValidator(_read_identity),
        WithJsonSchema(
            {"anyOf": [{"enum": ["any", "system"]}, {"type": "array", "items": {"enum": ["user_id", "device_id"]}}]}
        ),
    ] = Field(
        default=None,
        description="Who it is about: `any`, the ids that must be there, or `system`.",
        examples=["[device_id]"],
    )
    attribution: Boolean | None = Field(
        default=None,
        description="Whether server views get the attribution parameters. Left out: for signups and purchases, where "
        "the plan has `attribution`.",
        examples=["true"],
    )
    dedupe: Annotated[
        RawDedupe | None,
        BeforeValidator(_read_dedupe),
        WithJsonSchema(
            {
                "anyOf": [
                    {"type": "array", "items": {"type": "string"}},
                    {"const": "attempt"},
                    {"$ref": "#/$defs/RawDedupe"},
                ]
            }
        ),
    ] = Field(
        default=None,
        description="Which properties make two emissions one fact: the same insert_id.",
        examples=["[order_id]"],
    )
    emitted: Annotated[Emitted, words_of(Emitted)] = Field(
        default="in_request", description="`later`: a webhook or a job learns the fact.", examples=["later"]
    )
    property_groups: TextList = Field(default=(), description="Groups whose properties it has.", examples=["[order]"])
    enrich: TextList = Field(default=(), description="Enrichments that the server adds.", examples=["[customer]"])
    revenue: RawRevenue | None = Field(
        default=None,
        description="Which properties make the destination's revenue.",
        examples=["{amount: total_amount, currency: currency}"],
    )
    outcome: RawOutcome | None = Field(
        default=None,
        description="Intents: the event that it leads to.",
        examples=["{event: purchase_completed, by: [order_id]}"],
    )
    context: TextList | None = Field(
        default=None, description="The context groups that it carries. Left out: the plan's.", examples=["[]"]
    )
    properties: PropertyMap = Field(default={}, description="Its own properties.", examples=["{page_path: string}"])
    consent: Annotated[Category, words_of(Category)] = Field(
        default="analytics", description="The category of consent that it needs.", examples=["necessary"]
    )
    time: Text | None = Field(
        default=None,
        description="The datetime property that is the event's time; else the call's.",
        examples=["paid_at"],
    )
    status: Annotated[Status, words_of(Status)] = Field(
        default="live", description="Where it is in its life.", examples=["deprecated"]
    )
    since: Text | None = Field(default=None, description="The plan version that brought it.", examples=["1.2.0"])
    replaced_by: Text | None = Field(
        default=None, description="The event to use instead.", examples=["order_completed"]
    )
    expires: Text | None = Field(
        default=None,
        description="A date or plan version after which CI warns; run time never changes.",
        examples=["2.0.0"],
    )
    tags: TextList = Field(default=(), description="Words to find it by.", examples=["[checkout]"])
    links: Annotated[dict[str, Annotated[Text, BeforeValidator(_LINK)]], BeforeValidator(_read_links)] = Field(
        default={}, description="Labels and URLs.", examples=['{dashboard: "https://analytics.acme.example/checkout"}']
    )
    sources: FilledList | None = Field(
        default=None, description="The only sources that emit it. Left out: all of its side.", examples=["[web]"]
    )
    code_name: Text | None = Field(
        default=None,
        description="The name in generated code, where the derived one does not do.",
        examples=["site_transfer"],
    )
