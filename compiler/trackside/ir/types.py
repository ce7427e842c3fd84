"""The types of values, after every reference is resolved.

A type is shared by all who use it. `name` is the plan's name for it, or None for a type written in place. `nullable`
belongs to the type (null is one of its values); whether a property may be absent belongs to the property. A named type
that is nullable in one place only is a copy with the same name: its declaration prints without null, its uses with it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    from trackside.ir.properties import Property

Base: TypeAlias = Literal["string", "integer", "number", "boolean", "date", "datetime", "uuid", "url"]
Value: TypeAlias = str | int | float | bool | None
"""A scalar in its wire form: integers as int, numbers as int or float, dates, datetimes, uuids and urls as text."""
Json: TypeAlias = "Value | list[Json] | dict[str, Json]"


@dataclass(frozen=True, slots=True)
class EnumValue:
    """One allowed value, with the plan's words about it."""

    value: str | int | float | bool
    description: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Scalar:
    """One value. A bound that is None does not apply; `enum` is empty where any value of the base goes.

    `const` fixes the value and takes it out of signatures: `has_const` tells a const of null from none.
    `pattern` matches the whole value, without anchors, in the subset that Python, ECMAScript and RE2 read alike.
    Lengths count code points. `enum`, `const` and bounds are in wire form.
    """

    base: Base
    name: str | None = None
    description: str | None = None
    nullable: bool = False
    enum: tuple[EnumValue, ...] = ()
    const: Value = None
    has_const: bool = False
    minimum: int | float | None = None
    maximum: int | float | None = None
    exclusive_minimum: int | float | None = None
    exclusive_maximum: int | float | None = None
    min_length: int | None = None
    max_length: int | None = None
    pattern: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AnyValue:
    """Any JSON value, at most 40 levels deep."""

    name: str | None = None
    description: str | None = None
    nullable: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class ListOf:
    """A list of values of one type. `unique_items` compares as JSON does, with types: true is not 1, 1 is 1.0."""

    item: Type
    name: str | None = None
    description: str | None = None
    nullable: bool = False
    min_items: int | None = None
    max_items: int | None = None
    unique_items: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class MapOf:
    """Text keys to values of one type."""

    value: Type
    name: str | None = None
    description: str | None = None
    nullable: bool = False
    min_items: int | None = None
    max_items: int = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Object:
    """A closed object: these properties and no others."""

    properties: tuple[Property, ...]
    name: str | None = None
    description: str | None = None
    nullable: bool = False


Type: TypeAlias = Scalar | AnyValue | ListOf | MapOf | Object
