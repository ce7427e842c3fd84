"""Sample values: what docs show and vectors try where the plan gives no example.

A sample is made from a type alone, the same one every time, and is checked against `ir.values` before it is used.
"""

from __future__ import annotations

from collections.abc import Sequence

from trackside.ir import AnyValue, Json, ListOf, MapOf, Object, Plan, Property, Scalar, Side, Type, ViewProperty
from trackside.ir.patterns import parse_pattern
from trackside.ir.values import WrongValueError, wire_value

_TEXTS = {
    "date": "2026-01-31",
    "datetime": "2026-01-31T12:00:00.000Z",
    "uuid": "123e4567-e89b-42d3-a456-426614174000",
    "url": "https://shop.example/page",
}


class NoSampleError(LookupError):
    """A type of which no value could be made, such as a pattern and a length that hardly any text meets."""


class Samples:
    """Makes sample values as one side sends them; a type that is shared is sampled once."""

    def __init__(self, plan: Plan, side: Side) -> None:
        self._named = plan.types
        self._side: Side = side
        self._made: dict[int, tuple[Type, Json | NoSampleError]] = {}

    def of_view(self, prop: ViewProperty) -> Json:
        """Give the plan's example of a property, else a made one; raises NoSampleError."""
        return self._of(prop.declared, prop.type)

    def of_property(self, prop: Property) -> Json:
        """Give the plan's example of a property, else a made one; raises NoSampleError."""
        return self._of(prop, prop.type)

    def _of(self, prop: Property, type: Type) -> Json:
        if prop.has_example:
            if isinstance(type, Scalar):
                return prop.example
            try:  # a type that is cut for one side need not take the whole example
                return wire_value(type, prop.example, self._side)
            except WrongValueError:
                pass
        return self.of(type)

    def of(self, type: Type) -> Json:
        """Give a value of a type, in its wire form: its own example, else a made one; raises NoSampleError."""
        known = self._made.get(id(type))
        if known is None:
            # Keeps the type, so that its id stays its own.
            known = self._made[id(type)] = (type, self._find(type))
        if isinstance(known[1], NoSampleError):
            raise known[1]
        return known[1]

    def is_given(self, type: Type) -> bool:
        """Tell whether the sample of a type is the plan's own: its example, or a value that it lists."""
        named = self._named.get(type.name) if type.name is not None else None
        if named is not None and named.has_example:
            return True
        return isinstance(type, Scalar) and (bool(type.enum) or type.has_const or type.base == "boolean")

    def _find(self, type: Type) -> Json | NoSampleError:
        named = self._named.get(type.name) if type.name is not None else None
        if named is not None and named.has_example:
            try:
                return wire_value(type, named.example, self._side)
            except WrongValueError:
                pass
        try:
            return wire_value(type, self._make(type), self._side)
        except (NoSampleError, WrongValueError) as error:
            return NoSampleError(str(error))

    def _make(self, type: Type) -> Json:
        if isinstance(type, Scalar):
            return _scalar(type)
        if isinstance(type, ListOf):
            return self._several(type.item, max(type.min_items or 0, min(1, type.max_items or 1)), type.unique_items)
        if isinstance(type, MapOf):
            size = max(type.min_items or 0, min(1, type.max_items))
            return {f"key{number or ''}": self.of(type.value) for number in range(size)}
        if isinstance(type, Object):
            return {
                prop.name: self._of(prop, prop.type)
                for prop in type.properties
                if self._side not in prop.optional_on and prop.only in {None, self._side}
            }
        return "anything"

    def _several(self, type: Type, count: int, differ: bool) -> list[Json]:
        if count == 0:
            return []
        if not differ or count == 1:
            return [self.of(type)] * count
        found: list[Json] = []
        if isinstance(type, Scalar):
            for value in _others(type, count):
                try:
                    found.append(wire_value(type, value))
                except WrongValueError:
                    continue
        elif isinstance(type, AnyValue):
            found = list(range(count))
        if len(found) < count:
            raise NoSampleError(f"{count} different items")
        return found[:count]


def _scalar(type: Scalar) -> Json:
    if type.has_const:
        return type.const
    if type.enum:
        return type.enum[0].value
    if type.base == "boolean":
        return True
    if type.base in {"integer", "number"}:
        return _number(type)
    if type.pattern is not None:
        shortest = parse_pattern(type.pattern).example()
        if len(shortest) >= (type.min_length or 0):
            return shortest
        return shortest + shortest[-1:] * ((type.min_length or 0) - len(shortest))
    if type.base != "string":
        return _TEXTS[type.base]
    text = "text" if type.max_length is None else "text"[: type.max_length]
    return text.ljust(type.min_length or 0, "t")


def _number(type: Scalar) -> float:
    whole = type.base == "integer"
    if type.minimum is not None:
        low: float = type.minimum
    elif type.exclusive_minimum is not None:
        low = type.exclusive_minimum + 1
    else:
        low = 1
    high = type.maximum if type.maximum is not None else type.exclusive_maximum
    if low < 1 and (high is None or high > 1):
        return 1
    if high is not None and low >= high and type.minimum is None:
        low = type.exclusive_minimum if type.exclusive_minimum is not None else high - 1
        return (low + high) / 2 if not whole else high if type.maximum is not None else high - 1
    return -int(-low // 1) if whole else low


def _others(type: Scalar, count: int) -> Sequence[Json]:
    """List candidates for different values of a scalar type."""
    if type.enum:
        return [allowed.value for allowed in type.enum]
    match type.base:
        case "boolean":
            return [True, False]
        case "integer" | "number":
            first = _number(type)
            return [first + step for step in range(count)] + [first - 1 - step for step in range(count)]
        case "date":
            return [f"{2000 + step:04d}-01-31" for step in range(min(count, 8000))]
        case "datetime":
            return [f"{2000 + step:04d}-01-31T12:00:00.000Z" for step in range(min(count, 8000))]
        case "uuid":
            return [f"123e4567-e89b-42d3-a456-{step:012x}" for step in range(count)]
        case "url":
            return [f"https://shop.example/{step}" for step in range(count)]
        case _:
            if type.pattern is not None:
                shortest = parse_pattern(type.pattern).example()
                return [shortest + shortest[-1:] * step for step in range(count)]
            width = max(type.min_length or 0, len(str(count)))
            return [f"{step:0{width}d}" for step in range(count)]
