"""What all models of the schema share."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field, model_validator

from trackside.schema.scalars import kind_of, refuse
from trackside.source.node import MappingNode, ScalarNode


class Shape(BaseModel):
    """A mapping with known keys. Unknown ones are errors, but for those that start with `x-`: they are kept."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    extensions: dict[str, Any] = Field(
        default_factory=dict,
        alias="x-",
        exclude=True,
        description="Keys that start with `x-`: kept, and shown in the docs.",
    )

    @model_validator(mode="before")
    @classmethod
    def _keep_extensions(cls, node: object) -> object:
        if isinstance(node, dict):
            for key in node:
                if key[:2] == "x-":
                    rest: dict[str, Any] = {name: value for name, value in node.items() if name[:2] != "x-"}
                    rest["x-"] = {name: value for name, value in node.items() if name[:2] == "x-"}
                    return rest
            return node
        if isinstance(node, ScalarNode) and node.plain and node.text == "":
            return MappingNode(node.file, node.start)
        return refuse("wrong-shape", "a mapping", found=kind_of(node))
