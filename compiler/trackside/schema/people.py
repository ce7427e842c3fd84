"""`identity:`, `attribution:` and `consent:`: whom events are about, where they came from, what they allow."""

from typing import Annotated, Final, Literal, TypeAlias, get_args

from pydantic import BeforeValidator, Field

from trackside.schema.model import Shape
from trackside.schema.places import SideWord
from trackside.schema.scalars import SomeTime, TextList, choice, read_filled_list, read_list, refuse, words_of

CarrierWord: TypeAlias = Literal["header", "cookie", "stored"]
TouchWord: TypeAlias = Literal["first", "last"]
Category: TypeAlias = Literal["necessary", "analytics", "marketing"]
Parameter: TypeAlias = Literal[
    "utm_source",
    "utm_medium",
    "utm_campaign",
    "utm_term",
    "utm_content",
    "utm_id",
    "referrer",
    "referring_domain",
    "gclid",
    "fbclid",
    "msclkid",
    "ttclid",
]
DefaultConsent: TypeAlias = Literal["granted", "denied"]
Pending: TypeAlias = Literal["queue", "drop"]
WithoutBrowser: TypeAlias = Literal["allow", "deny", "lookup"]
AttributionOwner: TypeAlias = Literal["trackside", "sdk"]

Carriers: TypeAlias = Annotated[tuple[Annotated[CarrierWord, words_of(CarrierWord)], ...], BeforeValidator(read_list)]


_FILLED: Final = (Field(min_length=1), BeforeValidator(read_filled_list))


def _made_by(side: SideWord, why: str) -> BeforeValidator:
    """Make the reader of an id's side where there is no choice; `why` says so to who writes the other one."""
    read = choice(*get_args(SideWord))

    def read_side(node: object) -> str:
        found = read(node)
        if found != side:
            refuse("wrong-value", f"`{side}`: {why}")
        return found

    return BeforeValidator(read_side)


class RawDeviceId(Shape):
    """The device's id."""

    created_by: Annotated[SideWord, words_of(SideWord)] = Field(
        default="client", description="Which side makes it.", examples=["client"]
    )
    carried_in: Carriers = Field(
        default=(),
        description="How it reaches the server: a request header, a cookie, or stored with a row for later.",
        examples=["[header, cookie, stored]"],
    )


class RawSessionId(Shape):
    """The session's id: when it began, in milliseconds."""

    created_by: Annotated[Literal["client"], _made_by("client", "a visit begins there, and servers take it over")] = (
        Field(default="client", description="Which side makes it: the client always.", examples=["client"])
    )
    carried_in: Carriers = Field(default=(), description="How it reaches the server.", examples=["[header, cookie]"])
    timeout: SomeTime = Field(default=1800, description="An idle session ends after this long.", examples=["30m"])


class RawUserId(Shape):
    """The person's id. It is never taken from the client."""

    created_by: Annotated[Literal["server"], _made_by("server", "the user id is never taken from a client")] = Field(
        default="server", description="Which side makes it: the server always.", examples=["server"]
    )
    set_on: TextList = Field(
        default=(), description="Events whose functions log the person in.", examples=["[user_logged_in]"]
    )
    cleared_on: TextList = Field(
        default=(), description="Events whose functions log the person out.", examples=["[user_logged_out]"]
    )


class RawIdentity(Shape):
    """What identifies, who creates it, and how it travels from client to server."""

    device_id: RawDeviceId = Field(
        default=RawDeviceId(),
        description="The device.",
        examples=["{created_by: client, carried_in: [header, cookie]}"],
    )
    session_id: RawSessionId = Field(
        default=RawSessionId(),
        description="The session.",
        examples=["{carried_in: [header, cookie], timeout: 30m}"],
    )
    user_id: RawUserId = Field(
        default=RawUserId(),
        description="The person.",
        examples=["{set_on: [user_logged_in], cleared_on: [user_logged_out]}"],
    )


class RawAttribution(Shape):
    """Which marketing parameters are kept, and how they reach the server."""

    parameters: Annotated[tuple[Annotated[Parameter, words_of(Parameter)], ...], *_FILLED] = Field(
        default=("utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content", "referrer"),
        description="The parameters that are kept.",
        examples=["[utm_source, utm_medium, utm_campaign, referrer]"],
    )
    touch: Annotated[tuple[Annotated[TouchWord, words_of(TouchWord)], ...], *_FILLED] = Field(
        default=("first", "last"),
        description="Which visits count: `last` lands as `utm_source`, `first` as `initial_utm_source`.",
        examples=["[first, last]"],
    )
    carried_in: Carriers = Field(
        default=(), description="How it reaches the server.", examples=["[header, cookie, stored]"]
    )
    keep: SomeTime = Field(default=90 * 86400, description="How long the first touch is kept.", examples=["90d"])
    owned_by: Annotated[AttributionOwner, words_of(AttributionOwner)] = Field(
        default="trackside",
        alias="as",
        description="Who captures it in a browser: the generated code, or the vendor's SDK.",
        examples=["sdk"],
    )


class RawConsent(Shape):
    """What may be sent and stored before a person has chosen."""

    default: Annotated[DefaultConsent, words_of(DefaultConsent)] = Field(
        default="granted", description="What holds before a choice.", examples=["denied"]
    )
    pending: Annotated[Pending, words_of(Pending)] = Field(
        default="queue",
        description="What happens to events before a choice, when the default is denied.",
        examples=["drop"],
    )
    stores: Annotated[Category, words_of(Category)] = Field(
        default="analytics",
        description="The category without which nothing is written to a browser's storage.",
        examples=["analytics"],
    )
    carried_in: Carriers = Field(
        default=("header", "cookie"), description="How the choice reaches the server.", examples=["[header, cookie]"]
    )
    without_browser: Annotated[WithoutBrowser, words_of(WithoutBrowser)] = Field(
        default="allow",
        description="What jobs and webhooks do: send, not send, or ask a typed provider by user_id.",
        examples=["lookup"],
    )
