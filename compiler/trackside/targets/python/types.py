"""Types as Python says them: annotations for the caller, and calls that read a value into its wire form.

A type that the plan names is an alias or a TypedDict of that name and a reader function of its own. An object without a
name gets both too, named after where it stands. Everything else is written in place.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Final, TypeAlias

from trackside.ir import AnyValue, Json, ListOf, MapOf, Object, Property, Scalar, Side, Type
from trackside.ir.values import LARGEST_INTEGER
from trackside.targets.escape import python_string
from trackside.targets.names import NoIdentifierError, python_argument, python_class_name
from trackside.targets.python.layout import LIMIT, Group, statement, width

READERS: Final = {
    "string": "text",
    "integer": "integer",
    "number": "number",
    "boolean": "boolean",
    "date": "day",
    "datetime": "moment",
    "uuid": "uuid",
    "url": "url",
}
"""The function of the runtime that reads each base."""

_ANNOTATIONS: Final = {
    "string": ("str", ()),
    "integer": ("int", ()),
    "number": ("float | Decimal", ("Decimal",)),
    "boolean": ("bool", ()),
    "date": ("date | str", ("date",)),
    "datetime": ("datetime | str", ("datetime",)),
    "uuid": ("UUID | str", ("UUID",)),
    "url": ("str", ()),
}

_INLINE_ENUM: Final = 5
"""How many values an enum without a name may have and still be written where it is used."""

Code: TypeAlias = str | Group


@dataclass(slots=True)
class Annotation:
    """What stands after the colon. `names` are the imports it needs, `types` the classes and aliases of `types.py`."""

    text: str
    names: tuple[str, ...] = ()
    types: tuple[str, ...] = ()


class Reader:
    """A function that gives the wire form of a value, and its arguments after the value.

    `runtime` are the runtime's functions that it needs; a function of `_values.py` is `local`.
    """

    __slots__ = ("_tail", "function", "limits", "local", "runtime")

    def __init__(
        self, function: str, limits: tuple[Code, ...] = (), runtime: tuple[str, ...] = (), local: bool = False
    ) -> None:
        self.function = function
        self.limits = limits
        self.runtime = runtime
        self.local = local
        self._tail = "".join([f", {limit if isinstance(limit, str) else limit.flat}" for limit in limits])

    def call(self, value: Code, indent: int, before: int, after: int) -> str:
        """Lay out the reading of a value."""
        if isinstance(value, str):
            flat = f"{self.function}({value}{self._tail})"
            if before + width(flat) + after <= LIMIT:
                return flat
        return Group(f"{self.function}(", (value, *self.limits), ")").lines(indent, before, after)

    def row(self, indent: int, *before: str) -> str:
        """Lay out a line of a table: what stands `before`, then the function and its arguments."""
        flat = f"{' ' * indent}({', '.join(before)}, {self.function}{self._tail}),\n"
        if width(flat) <= LIMIT + 1:
            return flat
        return f"{statement('', Group('(', (*before, self.function, *self.limits), ')'), indent)},\n"

    def as_function(self) -> Code:
        """Give a function of one argument, for the items of a list or a map."""
        if not self.limits:
            return self.function
        return Group("_within(", (self.function, *self.limits), ")")


@dataclass(slots=True)
class Declared:
    """A type that `types.py` and `_values.py` declare. `type` is never nullable: that is said where it is used.

    `words` are its own name or that of its place.
    """

    class_name: str
    reader_name: str
    type: Type
    words: str


@dataclass(slots=True)
class Types:
    """The types that one source uses, those that others are made of first.

    A type that several properties share is the same object, and declared once: under its own name, or that of the place
    where it was met first. `prefix` stands before the names of reader functions.
    """

    side: Side
    prefix: str = "_values."
    declared: list[Declared] = field(default_factory=list)
    _annotations: dict[int, tuple[Type, Annotation]] = field(default_factory=dict)
    _readers: dict[tuple[int, str], tuple[Type, Reader]] = field(default_factory=dict)
    _of_type: dict[int, tuple[Type, Declared]] = field(default_factory=dict)
    _of_name: dict[str, Declared] = field(default_factory=dict)
    _taken: set[str] = field(default_factory=lambda: {"len"})  # which `_values.py` itself needs

    def annotation(self, type: Type, place: str) -> Annotation:
        """Say what a caller may give; `place` names a type that has no name of its own."""
        known = self._annotations.get(id(type))
        if known is None:
            found = self._annotate(type, place)
            if type.nullable and not isinstance(type, AnyValue) and found.text != "None":
                found = Annotation(f"{found.text} | None", found.names, found.types)
            known = self._annotations[id(type)] = (type, found)  # keeps the type alive, and its id with it
        return known[1]

    def reader(self, type: Type, place: str) -> Reader:
        """Say how a value is read, null included."""
        known = self._readers.get((id(type), self.prefix))
        if known is None:
            found = self._read(type, place)
            if type.nullable and not isinstance(type, AnyValue):
                found = Reader("_or_null", (found.function, *found.limits), ("or_null", *found.runtime), found.local)
            known = self._readers[id(type), self.prefix] = (type, found)
        return known[1]

    def keep(self, names: Iterable[str]) -> None:
        """Leave names to others."""
        self._taken.update(names)

    # --- annotations ---

    def _annotate(self, type: Type, place: str) -> Annotation:
        if type.name is not None or isinstance(type, Object):
            name = self._declare(type, place).class_name
            return Annotation(name, (), (name,))
        return self.spelled_out(type, place)

    def spelled_out(self, type: Type, place: str) -> Annotation:
        """Say what a caller may give without the type's own name."""
        if isinstance(type, AnyValue):
            return Annotation("object")
        if isinstance(type, ListOf):
            item = self.annotation(type.item, f"{place} item")
            return Annotation(f"Sequence[{item.text}]", ("Sequence", *item.names), item.types)
        if isinstance(type, MapOf):
            value = self.annotation(type.value, f"{place} value")
            return Annotation(f"Mapping[str, {value.text}]", ("Mapping", *value.names), value.types)
        if isinstance(type, Object):
            raise TypeError("an object is a class")
        if type.has_const:
            return _literal(type.base, (type.const,)) if type.const is not None else Annotation("None")
        if type.enum:
            return _literal(type.base, tuple(allowed.value for allowed in type.enum))
        text, names = _ANNOTATIONS[type.base]
        return Annotation(text, names)

    def declare_alias(self, type: Type, place: str) -> Annotation:
        """Give a type without a name the name of its place, since it is too long to be written there."""
        declared = self._declare(type, place)
        none = " | None" if type.nullable and not isinstance(type, AnyValue) else ""
        return Annotation(declared.class_name + none, (), (declared.class_name,))

    # --- readers ---

    def _read(self, type: Type, place: str) -> Reader:
        is_long = isinstance(type, Scalar) and len(type.enum) > _INLINE_ENUM
        if type.name is not None or isinstance(type, Object) or is_long:
            declared = self._declare(type, place)
            return Reader(f"{self.prefix}{declared.reader_name}", local=True)
        return self.read_in_place(type, place)

    def read_in_place(self, type: Type, place: str) -> Reader:
        """Say how a value is read by the runtime's functions, null aside."""
        if isinstance(type, AnyValue):
            return Reader("_anything", (), ("anything",))
        if isinstance(type, ListOf):
            inner = self.reader(type.item, f"{place} item")
            sizes = [_whole(type.min_items or 0), _whole(type.max_items), "True" if type.unique_items else "False"]
            return _nested("items", inner, _trimmed(sizes, ("0", "None", "False")))
        if isinstance(type, MapOf):
            inner = self.reader(type.value, f"{place} value")
            sizes = [_whole(type.min_items or 0), _whole(type.max_items)]
            return _nested("entries", inner, _trimmed(sizes, ("0", "100")))
        if isinstance(type, Object):
            raise TypeError("an object has a reader of its own")
        return _scalar(type)

    # --- declarations ---

    def _declare(self, type: Type, place: str) -> Declared:
        known = self._of_type.get(id(type))
        if known is None:
            bare = replace(type, nullable=False) if type.nullable and not isinstance(type, AnyValue) else type
            named = self._of_name.get(type.name) if type.name is not None else None
            if named is None or not _same_shape(named.type, bare):
                named = self._declare_new(bare, place)
            known = self._of_type[id(type)] = (type, named)
        return known[1]

    def _declare_new(self, type: Type, place: str) -> Declared:
        own = type.name if type.name is not None and type.name not in self._of_name else None
        words = own or place
        # What a type is made of is declared before the type itself.
        if isinstance(type, Object):
            for prop in type.properties:
                self.annotation(prop.type, f"{words} {prop.name}")
                self.reader(prop.type, f"{words} {prop.name}")
        elif isinstance(type, ListOf | MapOf):
            self.spelled_out(type, words)
            self.read_in_place(type, words)
        try:
            class_name, reader_name = str(python_class_name(words)), str(python_argument(words))
        except NoIdentifierError:
            class_name, reader_name = "Value", "value"
        declared = Declared(self._free(class_name), self._free(reader_name), type, words)
        self.declared.append(declared)
        if own is not None:
            self._of_name[own] = declared
        return declared

    def _free(self, name: str) -> str:
        while name in self._taken:
            name += "_"
        self._taken.add(name)
        return name


def is_optional(prop: Property, side: Side) -> bool:
    """Tell whether a member of an object may be absent on this side."""
    return side in prop.optional_on


def literal(value: Json) -> str:
    """Write a scalar of the plan as Python."""
    if isinstance(value, str):
        return python_string(value)
    if isinstance(value, float):
        return repr(value) if math.isfinite(value) else "None"
    return repr(value)


def json_literal(value: Json) -> Code:
    """Write any value of the plan as Python."""
    if isinstance(value, list):
        return Group("[", [json_literal(item) for item in value], "]") if value else "[]"
    if isinstance(value, dict):
        if not value:
            return "{}"
        return Group("{", [_entry(key, json_literal(item)) for key, item in value.items()], "}")
    return literal(value)


def _entry(key: str, value: Code) -> Code:
    head = f"{python_string(key)}: "
    return head + value if isinstance(value, str) else Group(head + value.head, value.items, value.close)


def _same_shape(left: Type, right: Type) -> bool:
    """Tell whether two uses of a named type differ in words alone."""
    return replace(left, description=None) == replace(right, description=None) if type(left) is type(right) else False


def _literal(base: str, values: tuple[Json, ...]) -> Annotation:
    if base == "number":
        return Annotation("float | Decimal", ("Decimal",))
    return Annotation(f"Literal[{', '.join([literal(value) for value in values])}]", ("Literal",))


def _nested(function: str, inner: Reader, sizes: tuple[str, ...]) -> Reader:
    within = ("within",) if inner.limits else ()
    return Reader(f"_{function}", (inner.as_function(), *sizes), (function, *within, *inner.runtime), inner.local)


def _scalar(type: Scalar) -> Reader:
    function = READERS[type.base]
    limits: tuple[str, ...] = ()
    if type.base == "integer":
        low, high = _whole_bounds(type)
        least = "1 - 2**53" if low == -LARGEST_INTEGER else _whole(low)
        limits = _trimmed([least, _whole(high)], ("1 - 2**53", _whole(LARGEST_INTEGER)))
    elif type.base == "number":
        bounds = (type.minimum, type.maximum, type.exclusive_minimum, type.exclusive_maximum)
        limits = _trimmed([_number(bound) for bound in bounds], ("None",) * 4)
    elif type.base != "boolean":
        pattern = "None" if type.pattern is None else python_string(type.pattern)
        limits = _trimmed([_whole(type.min_length or 0), _whole(type.max_length), pattern], ("0", "None", "None"))
    plain = Reader(f"_{function}", limits, (function,))
    if type.has_const:
        return Reader("_fixed", (literal(type.const), plain.function, *limits), ("fixed", function))
    if type.enum:
        values = Group("(", [literal(allowed.value) for allowed in type.enum], ")")
        if type.base == "string":
            return Reader("_one_of", (values,), ("one_of",))
        return Reader("_chosen", (values, plain.function, *limits), ("chosen", function))
    return plain


def _whole_bounds(type: Scalar) -> tuple[int, int]:
    """Give the least and the greatest whole number that the bounds allow."""
    low, high = -LARGEST_INTEGER, LARGEST_INTEGER
    if type.minimum is not None:
        low = max(low, math.ceil(type.minimum))
    if type.exclusive_minimum is not None:
        low = max(low, math.floor(type.exclusive_minimum) + 1)
    if type.maximum is not None:
        high = min(high, math.floor(type.maximum))
    if type.exclusive_maximum is not None:
        high = min(high, math.ceil(type.exclusive_maximum) - 1)
    return low, high


def _whole(number: int | None) -> str:
    return repr(number)


def _number(number: float | None) -> str:
    return "None" if number is None else literal(number)


def _trimmed(limits: list[str], defaults: tuple[str, ...]) -> tuple[str, ...]:
    """Drop the limits at the end that are the function's own defaults."""
    count = len(limits)
    while count and limits[count - 1] == defaults[count - 1]:
        count -= 1
    return tuple(limits[:count])
