"""`plan:` and `naming:`: what the plan is called and how it names things."""

from typing import Annotated

from pydantic import BeforeValidator, Field

from trackside.schema.model import Shape
from trackside.schema.scalars import Text, matching

_SEMVER = r"(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)(-[0-9A-Za-z.-]+)?(\+[0-9A-Za-z.-]+)?"


class RawHeader(Shape):
    """What the plan is."""

    name: Annotated[
        Text, BeforeValidator(matching(r"[a-z][a-z0-9-]{0,63}", "a name of lowercase letters, digits and hyphens"))
    ] = Field(description="The plan's name: lowercase letters, digits and hyphens.", examples=["acme-shop"])
    version: Annotated[Text, BeforeValidator(matching(_SEMVER, "a semantic version such as 1.0.0"))] = Field(
        description="A semantic version: a breaking change moves its first part.", examples=["1.0.0"]
    )
    description: Text | None = Field(
        default=None, description="What the plan covers.", examples=["What Acme Shop measures, and from which side."]
    )
    namespace: Annotated[
        Text, BeforeValidator(matching(r"https?://[^\s/?#]+[^\s]*", "an absolute http or https URL"))
    ] = Field(
        description="A URL that you own. It seeds every dedupe key: changing it changes every insert_id.",
        examples=["https://shop.acme.example"],
    )
    owner: Text | None = Field(default=None, description="The team that answers for the plan.", examples=["growth"])


class RawNaming(Shape):
    """How names are written: a convention's name, or a pattern that a whole name matches."""

    events: Text = Field(
        default="any",
        description="`snake_case`, `camelCase`, `PascalCase`, `Title Case`, `kebab-case`, `dot.case`, `any`, "
        "or a pattern.",
        examples=["snake_case"],
    )
    properties: Text = Field(
        default="any", description="The same, for the names of properties.", examples=["snake_case"]
    )
