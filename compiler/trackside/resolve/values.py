"""Values that a plan holds (of an enum, const, example or default), read by the type that they belong to."""

from __future__ import annotations

from pydantic_core import PydanticCustomError

from trackside.diagnostics import Bag
from trackside.ir import AnyValue, ListOf, MapOf, Object, Scalar, Type
from trackside.ir.types import Json, Value
from trackside.ir.values import wire_value
from trackside.resolve.draft import plain_value
from trackside.schema.errors import report_ambiguous
from trackside.schema.scalars import read_boolean, read_integer, read_number, read_text
from trackside.source.node import MappingNode, Node, ScalarNode, SequenceNode


def read_scalar(node: Node, type: Scalar, user: str, bag: Bag) -> tuple[bool, Value]:
    """Read a scalar by its type and give its wire form; (False, None) after a report."""
    read, value = read_value(node, type, user, bag)
    if not read or isinstance(value, (list, dict)):
        return False, None
    return True, value


def read_value(node: Node, type: Type, user: str, bag: Bag) -> tuple[bool, Json]:
    """Read any value by its type and give its wire form; (False, None) after a report."""
    try:
        value = _read(node, type)
    except PydanticCustomError as error:
        context = error.context or {}
        if error.type == "ambiguous-scalar":
            report_ambiguous(node, context["text"], context["reading"], bag)
        else:
            bag.report("value-breaks-type", node.span, f"{user} wants {context['wanted']}", label="cannot be read")
        return False, None
    try:
        wire = wire_value(type, value)
    except ValueError as error:
        shown = node.text if isinstance(node, ScalarNode) else "it"
        bag.report(
            "value-breaks-type",
            node.span,
            f"{user} is not a value of its type: `{shown}` {error}"
            if isinstance(node, ScalarNode)
            else f"{user} is not a value of its type: {error}",
            label=str(error),
        )
        return False, None
    if isinstance(type, Scalar) and type.base == "number" and isinstance(wire, float) and wire.is_integer():
        # Kept as it reads: 80 and 80.0 are one number, and the plan's readers wrote 80.
        wire = int(wire) if abs(wire) < 2**53 else wire
    return True, wire


def _read(node: Node, type: Type) -> Json:
    if isinstance(node, ScalarNode) and node.plain and node.text in ("null", "~") and type.nullable:
        return None
    if isinstance(type, Scalar):
        if type.base == "integer":
            return read_integer(node)
        if type.base == "number":
            return read_number(node)
        if type.base == "boolean":
            return read_boolean(node)
        return read_text(node)
    if isinstance(type, AnyValue):
        return plain_value(node)
    if isinstance(type, ListOf) and isinstance(node, SequenceNode):
        return [_read(item, type.item) for item in node]
    if isinstance(type, MapOf) and isinstance(node, MappingNode):
        return {key: _read(value, type.value) for key, value in node.items()}
    if isinstance(type, Object) and isinstance(node, MappingNode):
        by_name = {prop.name: prop.type for prop in type.properties}
        return {key: _read(value, by_name[key]) if key in by_name else None for key, value in node.items()}
    return plain_value(node)
