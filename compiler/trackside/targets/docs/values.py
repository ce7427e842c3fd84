"""Types and values as pages show them."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Final, NamedTuple

from trackside.ir import AnyValue, EnumValue, Json, ListOf, MapOf, Object, Property, Scalar, Source, Type
from trackside.targets.docs.wording import sentence
from trackside.targets.escape import Markdown, markdown_code, markdown_text
from trackside.targets.type_words import limits, value_words

FEW: Final = 8
"""Allowed values that a table's cell lists; more of them get a list of their own."""


def value_code(value: Json) -> Markdown:
    """Show a value as code: text as it is, anything else as JSON."""
    if isinstance(value, str):
        return markdown_code(value)
    if isinstance(value, list | dict):
        return markdown_code(json.dumps(value, ensure_ascii=False))
    return markdown_code(value_words(value))


def allowed_value(allowed: EnumValue) -> str:
    """Show one value of an enum with the plan's words about it."""
    said = f": {markdown_text(allowed.description)}" if allowed.description else ""
    return f"{value_code(allowed.value)}{said}"


class Types:
    """Shows types, each once made. `home` leads from the page to the one of named types, empty on that page itself."""

    def __init__(self, home: str) -> None:
        self._home = home
        self._cells: dict[int, tuple[Type, str]] = {}

    def cell(self, type: Type) -> str:
        """Say what a type takes, with a link where the plan names it."""
        known = self._cells.get(id(type))
        if known is None:
            known = self._cells[id(type)] = (type, self._made(type))
        return known[1]

    def _made(self, type: Type) -> str:
        words = self._named(type.name) if type.name is not None else self.described(type)
        return f"{words} or null" if type.nullable and not isinstance(type, AnyValue) else words

    def _named(self, name: str) -> str:
        return f"[{markdown_text(name)}]({self._home}{anchor(name)})"

    def described(self, type: Type) -> str:
        """Say what a type takes, without its name and without null."""
        words: list[str]
        if isinstance(type, Scalar):
            words = [type.base]
            if type.has_const:
                words.append(f"always {value_code(type.const)}")
            elif len(type.enum) > FEW:
                words.append(f"one of {len(type.enum)} values (listed below)")
            elif type.enum:
                words.append("one of " + ", ".join([value_code(allowed.value) for allowed in type.enum]))
            words += limits(type)
            if type.pattern is not None:
                words.append(f"matches {markdown_code(type.pattern)}")
        elif isinstance(type, ListOf):
            words = [f"list of {self.cell(type.item)}", *limits(type)]
        elif isinstance(type, MapOf):
            words = [f"map of {self.cell(type.value)}", *limits(type)]
        elif isinstance(type, Object):
            words = ["object"]
        else:
            words = ["any JSON value"]
        return ", ".join(words)

    def named(self, type: Type) -> str:
        """Say on the page of types what one of them takes."""
        if isinstance(type, Object):
            return "An object of these properties and no others."
        words = self.described(type)
        return f"{words[0].upper()}{words[1:]}."


def anchor(name: str) -> str:
    """Lead to a heading, where forges agree on how its anchor is spelled."""
    plain = name.isascii() and name.replace("_", "a").replace("-", "a").isalnum()
    return f"#{name.lower()}" if plain else ""


def held(type: Type, *, through_names: bool = False) -> tuple[str, Type]:
    """Go through lists and maps to what they hold, with the path that leads there; a named type is not entered.

    >>> held(ListOf(item=MapOf(value=Scalar(base="string"))))[0]
    '[]{}'
    """
    path = ""
    while through_names or type.name is None:
        if isinstance(type, ListOf):
            path, type = f"{path}[]", type.item
        elif isinstance(type, MapOf):
            path, type = f"{path}{{}}", type.value
        else:
            break
    return path, type


class Columns(NamedTuple):
    """The sides that send an event: for each, what it is called there and which sources emit it."""

    names: tuple[str, ...]
    heads: tuple[str, ...]
    sources: tuple[tuple[Source, ...], ...]


class Rows:
    """Prints properties as rows of a table: name, type, a cell for each side, what is to be known."""

    def __init__(self, types: Types) -> None:
        self._types = types
        self._made: dict[tuple[str, ...], dict[int, str]] = {}

    def rows(self, properties: Iterable[Property], columns: Columns) -> list[str]:
        """Give the rows; a property that events share is printed once for the same columns."""
        made = self._made.setdefault(columns.names, {})
        rows: list[str] = []
        for prop in properties:
            row = made.get(id(prop))
            if row is None:
                row = made[id(prop)] = self._row(prop, "", columns.sources)
            rows.append(row)
        return rows

    def _row(self, prop: Property, path: str, sides: tuple[tuple[Source, ...], ...]) -> str:
        """Print a property, and below it what an object without a name holds."""
        type = prop.type
        cells = " | ".join([side_cell(prop, sources) for sources in sides])
        row = f"| {markdown_code(path + prop.name)} | {self._types.cell(type)} | {cells} | {notes(prop)} |"
        if isinstance(type, Scalar):
            return row
        step, within = held(type)
        if not isinstance(within, Object) or within.name is not None:
            return row
        path = f"{path}{prop.name}{step}."
        return "\n".join([row, *[self._row(member, path, sides) for member in within.properties]])


def side_cell(prop: Property, sources: tuple[Source, ...]) -> str:
    """Say whether a side sends a property. The sources, at least one, are those of one side that emit the event."""
    side = sources[0].side
    if prop.only is not None and prop.only != side:
        return "–"
    allowed = sources
    if prop.sources is not None:
        allowed = tuple([source for source in sources if source.name in prop.sources])
        if not allowed:
            return "–"
    if isinstance(prop.type, Scalar) and prop.type.has_const:
        word = "always"
    elif side in prop.optional_on or (prop.known == "response" and side == "client"):
        word = "optional"
    else:
        word = "required"
    if len(allowed) < len(sources):
        word += f" ({', '.join([markdown_text(source.name) for source in allowed])} only)"
    return word


def notes(prop: Property) -> str:
    """Say what a property is, in the order in which a reader asks."""
    said: list[str] = []
    description = prop.description or prop.type.description
    if description:
        said.append(sentence(markdown_text(description)))
    if prop.unit:
        said.append(f"Unit: {markdown_text(prop.unit)}.")
    type = prop.type
    if isinstance(type, Scalar):
        if type.name is None and 0 < len(type.enum) <= FEW and any(allowed.description for allowed in type.enum):
            said.append(f"{'; '.join([allowed_value(allowed) for allowed in type.enum])}.")
        if prop.has_example and not type.has_const:
            said.append(f"Example: {value_code(prop.example)}.")
    elif prop.has_example:
        said.append(f"Example: {value_code(prop.example)}.")
    if prop.pii != "none":
        said.append(f"**{'Personal data' if prop.pii == 'personal' else prop.pii.capitalize()}.**")
    if prop.origin:
        said.append(f"From {markdown_text(prop.origin)}.")
    if prop.known == "response":
        said.append("The client learns it from the response only.")
    if prop.since:
        said.append(f"Since {markdown_text(prop.since)}.")
    if prop.deprecated:
        said.append(
            "**Deprecated.**"
            if prop.deprecated is True
            else f"**Deprecated:** {sentence(markdown_text(prop.deprecated))}"
        )
    if prop.replaced_by:
        said.append(f"Use {markdown_code(prop.replaced_by)}.")
    if prop.extensions:
        said += [f"{markdown_code(key)}: {extension(value)}." for key, value in prop.extensions.items()]
    return " ".join(said)


def extension(value: object) -> Markdown:
    """Show the value of an `x-` key."""
    return markdown_code(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str))
