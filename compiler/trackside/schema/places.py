"""`destinations:`, `sources:`, `outputs:` and `endpoint:`: where events come from, go to, and pass."""

import re
from typing import Annotated, Literal, TypeAlias

from pydantic import BeforeValidator, Field

from trackside.schema.model import Shape
from trackside.schema.scalars import Duration, FilledList, SomeTime, Text, matching, read_list, refuse, words_of

Region: TypeAlias = Literal["us", "eu"]
SideWord: TypeAlias = Literal["client", "server"]
SourceTarget: TypeAlias = Literal["python", "javascript", "none"]
OutputTarget: TypeAlias = Literal["docs", "schema", "test_vectors"]
Through: TypeAlias = Literal["sdk", "endpoint"]
Checks: TypeAlias = Literal["development", "always"]
Capture: TypeAlias = Literal["sessions", "attribution"]
Extras: TypeAlias = Literal["strip", "keep"]
DestinationKind: TypeAlias = Literal["amplitude"]

_ORIGIN = matching(
    r"[a-z][a-z0-9+.-]*://(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?",
    "`scheme://host` or `scheme://host:port`, such as https://www.acme.example, and no path and no `*`",
)
_read_path = matching(
    r"(?!/)(?!.*(^|/)\.\.?(/|$))(?!.*//)[^\\:*?\"<>|\x00-\x1f]+(?<!/)",
    "a folder below the plan's, with forward slashes, such as generated/web",
)
_DEVICE = re.compile(r"(?:con|prn|aux|nul|conin\$|conout\$|(?:com|lpt)[1-9¹²³]) *(?:\..*)?", re.IGNORECASE)
_NAME_BYTES = 255


def _read_folder(node: object) -> str:
    """Take a folder that every system can have and that is for output; `trackside.output.ground` holds to the same."""
    text = _read_path(node)
    for name in text.split("/"):
        why = None
        if name.lower() in {".git", ".trackside"}:
            why = f"`{name}` is not for output"
        elif _DEVICE.fullmatch(name):
            why = f"`{name}` is a device on Windows"
        elif name[-1] in ". ":
            why = "on Windows no name ends with a stop or a space"
        elif not name.isprintable():
            why = "one of its characters does not print"
        elif len(name.encode("utf-8", "surrogatepass")) > _NAME_BYTES:
            why = f"the most is {_NAME_BYTES} bytes for each name in it"
        if why is not None:
            refuse("wrong-value", f"a folder that every system can have, such as generated/web: {why}")
    return text


_VARIABLE = matching(r"[A-Z_][A-Z0-9_]*", "the name of an environment variable such as AMPLITUDE_API_KEY, never a key")

Folder: TypeAlias = Annotated[Text, BeforeValidator(_read_folder)]


class RawDestination(Shape):
    """An analytics project that receives events."""

    kind: Annotated[DestinationKind, words_of(DestinationKind)] | None = Field(
        default=None, description="The vendor. Left out, the destination's own name says it.", examples=["amplitude"]
    )
    project: Text = Field(
        description="The vendor's project; copies de-duplicate within one project only.", examples=["shop"]
    )
    region: Annotated[Region, words_of(Region)] = Field(
        default="us", description="The vendor's data region.", examples=["eu"]
    )
    api_key: Annotated[Text, BeforeValidator(_VARIABLE)] | None = Field(
        default=None,
        description="The environment variable that holds the key. Never the key itself.",
        examples=["AMPLITUDE_API_KEY"],
    )


class RawSdk(Shape):
    """What the vendor's SDK does by itself."""

    autocapture: Annotated[tuple[Annotated[Capture, words_of(Capture)], ...], BeforeValidator(read_list)] = Field(
        default=("sessions", "attribution"),
        description="What the vendor's SDK records by itself.",
        examples=["[sessions]"],
    )


class RawSource(Shape):
    """A code base that emits events."""

    side: Annotated[SideWord, words_of(SideWord)] = Field(
        description="Which side of the network it runs on.", examples=["client"]
    )
    target: Annotated[SourceTarget, words_of(SourceTarget)] = Field(
        default="none",
        description="What is generated for it. `none`: it is in views, docs, schemas and vectors only.",
        examples=["javascript"],
    )
    out: Folder | None = Field(
        default=None,
        description="The folder of the generated code, from the plan's folder.",
        examples=["generated/web"],
    )
    through: Annotated[Through, words_of(Through)] = Field(
        default="sdk",
        description="How a client sends: with the vendor's SDK, or to the first-party endpoint.",
        examples=["endpoint"],
    )
    destinations: FilledList | None = Field(
        default=None, description="Which destinations it sends to. Left out: all.", examples=["[amplitude]"]
    )
    session_timeout: SomeTime | None = Field(
        default=None, description="When an idle session ends. Left out: `identity.session_id.timeout`.", examples=["5m"]
    )
    delivery: Duration = Field(
        default=10,
        description="The longest time from a call until the destination has the event, when all is well.",
        examples=["10s"],
    )
    checks: Annotated[Checks, words_of(Checks)] = Field(
        default="always",
        description="When a client checks values: `development` leaves checks out of production bundles.",
        examples=["development"],
    )
    sdk: RawSdk | None = Field(
        default=None, description="What the vendor's SDK does by itself.", examples=["{autocapture: [sessions]}"]
    )
    description: Text | None = Field(
        default=None, description="What the code base is.", examples=["The shop's web front end."]
    )


class RawOutput(Shape):
    """Files about the whole plan."""

    target: Annotated[OutputTarget, words_of(OutputTarget)] = Field(
        description="What is generated: docs, JSON Schemas or test vectors.", examples=["docs"]
    )
    out: Folder = Field(description="The folder, from the plan's folder.", examples=["generated/docs"])


class RawEndpoint(Shape):
    """The first-party endpoint that takes client events."""

    route: Annotated[Text, BeforeValidator(matching(r"/[!-~]*", "a path such as /t"))] = Field(
        description="Its path on your own server.", examples=["/t"]
    )
    served_by: Text = Field(description="The server source that serves it.", examples=["backend"])
    origins: Annotated[tuple[Annotated[Text, BeforeValidator(_ORIGIN)], ...], BeforeValidator(read_list)] = Field(
        default=(), description="Other origins whose pages may post to it.", examples=['["https://www.acme.example"]']
    )
    sdk_extras: Annotated[Extras, words_of(Extras)] = Field(
        default="strip",
        description="What happens to properties that the vendor's SDK adds by itself.",
        examples=["keep"],
    )
