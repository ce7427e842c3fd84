"""How a scalar's source text is read, by the type that its place wants.

Every leaf of the schema is one of the annotated types below, so that no value is ever read by YAML's own guess. An
error is raised as a pydantic custom error whose type is the slug of the finding and whose context holds what the
message says; `trackside.schema.errors` turns it into a diagnostic.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Annotated, Any, LiteralString, NoReturn, TypeAlias, get_args

from pydantic import BeforeValidator, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

from trackside.source.node import MappingNode, ScalarNode, SequenceNode
from trackside.source.scalars import other_reading

_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+(?:[eE][+-][0-9]+)?)?")
_EXPONENT = re.compile(r"(-?(?:0|[1-9][0-9]*))(\.[0-9]+)?[eE]([+-]?)([0-9]+)")
_INTEGER = re.compile(r"-?(?:0|[1-9][0-9]*)")
_DURATION = re.compile(r"(0|[1-9][0-9]*)(s|m|h|d)")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_LARGEST_INTEGER = 2**53 - 1


def refuse(slug: LiteralString, wanted: str, **context: Any) -> NoReturn:
    """Raise the error that becomes a finding with this slug: `wanted` says what belongs in this place."""
    raise PydanticCustomError(slug, "{wanted}", {"wanted": wanted, **context})


def kind_of(node: object) -> str:
    """Name what stands in a place, for a message."""
    if isinstance(node, MappingNode):
        return "a mapping"
    if isinstance(node, SequenceNode):
        return "a list"
    if isinstance(node, ScalarNode) and node.plain and node.text == "":
        return "nothing"
    return "text"


def read_text(node: object) -> str:
    """Take a scalar's text as written; a plain one that another parser reads as another type is refused."""
    if isinstance(node, ScalarNode):
        if node.plain:
            reading = other_reading(node.text)
            if reading is not None:
                refuse("ambiguous-scalar", "text", reading=reading, text=node.text)
        return node.text
    if isinstance(node, str):
        return node
    refuse("wrong-shape", "text", found=kind_of(node))


def read_some_text(node: object) -> str:
    """Take text that holds more than white space."""
    text = read_text(node)
    if not text.strip():
        refuse("empty-text", "text that says something")
    return text


def read_number(node: object) -> int | float:
    """Read a JSON number; what only some parsers read as a number is refused."""
    if isinstance(node, ScalarNode):
        if node.plain and _NUMBER.fullmatch(node.text):
            number = float(node.text)
            if number in (float("inf"), float("-inf")):
                refuse("wrong-value", "a number that a double can hold", found=f"`{node.text}`")
            return int(node.text) if _INTEGER.fullmatch(node.text) else number
        other = _EXPONENT.fullmatch(node.text) if node.plain else None
        if other is not None:
            # YAML 1.1 reads an exponent only after a point and with a sign; anything else is text there.
            spelled = f"{other[1]}{other[2] or '.0'}e{other[3] or '+'}{other[4]}"
            refuse("wrong-value", f"`{spelled}`, which every YAML parser reads as a number", found=f"`{node.text}`")
        refuse("wrong-value", "a decimal number such as 10 or 0.5, without quotes", found=f"`{node.text}`")
    refuse("wrong-shape", "a number", found=kind_of(node))


def read_integer(node: object) -> int:
    """Read a decimal integer of at most 2^53-1."""
    if isinstance(node, ScalarNode):
        if node.plain and _INTEGER.fullmatch(node.text):
            number = int(node.text[:20])
            if abs(number) <= _LARGEST_INTEGER:
                return number
            refuse("wrong-value", "an integer of at most 2^53-1", found=f"`{node.text}`")
        refuse("wrong-value", "a whole decimal number such as 10, without quotes", found=f"`{node.text}`")
    refuse("wrong-shape", "a whole number", found=kind_of(node))


def read_count(node: object) -> int:
    """Read an integer that counts something."""
    number = read_integer(node)
    if number < 0:
        refuse("wrong-value", "a count of 0 or more", found=f"`{number}`")
    return number


def read_boolean(node: object) -> bool:
    """Read `true` or `false`, the two spellings that every YAML parser reads alike."""
    if isinstance(node, bool):
        return node
    if isinstance(node, ScalarNode):
        if node.plain and node.text == "true":
            return True
        if node.plain and node.text == "false":
            return False
        refuse("wrong-value", "`true` or `false`, without quotes", found=f"`{node.text}`", choices=["true", "false"])
    refuse("wrong-shape", "`true` or `false`", found=kind_of(node))


def read_duration(node: object) -> int:
    """Read a duration such as `30s`, `5m`, `12h` or `7d` as seconds."""
    if isinstance(node, int):
        return node
    if not isinstance(node, ScalarNode):
        refuse("wrong-shape", "a duration such as 30s, 5m, 12h or 7d", found=kind_of(node))
    match = _DURATION.fullmatch(node.text)
    if match is None or len(match[1]) > 9:
        refuse("wrong-value", "a duration such as 30s, 5m, 12h or 7d", found=f"`{node.text}`")
    return int(match[1]) * _SECONDS[match[2]]


def read_some_time(node: object) -> int:
    """Read a duration that is longer than nothing."""
    seconds = read_duration(node)
    if seconds == 0 and isinstance(node, ScalarNode):
        refuse("wrong-value", "a duration of at least 1s", found=f"`{node.text}`")
    return seconds


def matching(pattern: str, wanted: str) -> Callable[[object], str]:
    """Make a reader of text that matches a whole pattern; `wanted` says so in words."""
    compiled = re.compile(pattern)

    def read(node: object) -> str:
        text = read_text(node)
        if compiled.fullmatch(text) is None:
            refuse("wrong-value", wanted, found=f"`{text}`")
        return text

    return read


def choice(*words: str) -> Callable[[object], str]:
    """Make a reader of one of some words."""
    allowed = frozenset(words)

    def read(node: object) -> str:
        if isinstance(node, ScalarNode) and node.text in allowed:
            return node.text
        if isinstance(node, str) and node in allowed:
            return node
        if isinstance(node, ScalarNode):
            wanted = " or ".join(f"`{word}`" for word in words) if len(words) < 3 else "one of " + _listed(words)
            refuse("wrong-value", wanted, found=f"`{node.text}`", choices=list(words))
        refuse("wrong-shape", _listed(words), found=kind_of(node))

    return read


def _listed(words: tuple[str, ...]) -> str:
    return ", ".join(f"`{word}`" for word in words)


def read_list(node: object) -> object:
    """Take a list; anything else is refused in our words."""
    if isinstance(node, (SequenceNode, list, tuple)):
        return node
    refuse("wrong-shape", "a list", found=kind_of(node))


def read_filled_list(node: object) -> object:
    """Take a list that holds something: to mean the default, its key is left out."""
    if not read_list(node):
        refuse("wrong-value", "at least one in its list, or to be left out", found="`[]`")
    return node


def read_one_or_list(node: object) -> object:
    """Take a list, or one value as a list of one."""
    if isinstance(node, (SequenceNode, list, tuple)):
        return node
    if isinstance(node, ScalarNode):
        return [node]
    refuse("wrong-shape", "text, or a list of texts", found=kind_of(node))


def read_mapping(node: object) -> object:
    """Take a mapping; anything else is refused in our words. A key without a value stands for an empty mapping."""
    if isinstance(node, dict):
        return node
    if isinstance(node, ScalarNode) and node.plain and node.text == "":
        return MappingNode(node.file, node.start)
    refuse("wrong-shape", "a mapping", found=kind_of(node))


Text: TypeAlias = Annotated[str, BeforeValidator(read_some_text), WithJsonSchema({"type": "string"})]
Number: TypeAlias = Annotated[int | float, BeforeValidator(read_number), WithJsonSchema({"type": "number"})]
Count: TypeAlias = Annotated[int, BeforeValidator(read_count), WithJsonSchema({"type": "integer", "minimum": 0})]
Boolean: TypeAlias = Annotated[bool, BeforeValidator(read_boolean), WithJsonSchema({"type": "boolean"})]
Duration: TypeAlias = Annotated[
    int, BeforeValidator(read_duration), WithJsonSchema({"type": "string", "pattern": "^(0|[1-9][0-9]*)[smhd]$"})
]
SomeTime: TypeAlias = Annotated[
    int, BeforeValidator(read_some_time), WithJsonSchema({"type": "string", "pattern": "^[1-9][0-9]*[smhd]$"})
]
TextList: TypeAlias = Annotated[tuple[Text, ...], BeforeValidator(read_list)]
FilledList: TypeAlias = Annotated[tuple[Text, ...], Field(min_length=1), BeforeValidator(read_filled_list)]
OneOrMoreTexts: TypeAlias = Annotated[
    tuple[Text, ...],
    BeforeValidator(read_one_or_list),
    WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}),
]
Node: TypeAlias = Any
"""A part that is kept as a node and read later, when its meaning is known."""


def words_of(literal: Any) -> BeforeValidator:
    """Make the reader of a field whose type is a `Literal` of words."""
    return BeforeValidator(choice(*get_args(literal)))
