"""Types in words, as a person reads them: `list of line_item`, `integer, at least 1`."""

from __future__ import annotations

import json

from trackside.ir import AnyValue, ListOf, MapOf, Object, Scalar, Type, Value


def type_words(type: Type) -> str:
    """Say what a type takes, in plain words; a type that the plan names is called by its name.

    >>> type_words(Scalar(base="integer", minimum=1, nullable=True))
    'integer, at least 1, or null'
    """
    if type.name is not None:
        words = type.name
    elif isinstance(type, Scalar):
        words = ", ".join((_kind(type), *limits(type)))
    else:
        words = ", ".join((container(type), *limits(type)))
    return f"{words}, or null" if type.nullable and not isinstance(type, AnyValue) else words


def _kind(type: Scalar) -> str:
    if type.has_const:
        return f"{type.base}, always {value_words(type.const)}"
    if type.enum:
        return f"{type.base}, one of {', '.join(value_words(allowed.value) for allowed in type.enum)}"
    return type.base


def container(type: Type) -> str:
    """Say what a list, map or object holds, without its limits."""
    if isinstance(type, ListOf):
        return f"list of {type_words(type.item)}"
    if isinstance(type, MapOf):
        return f"map of {type_words(type.value)}"
    if isinstance(type, Object):
        return f"object of {', '.join(prop.name for prop in type.properties)}"
    return "any"


def limits(type: Type) -> list[str]:
    """List the bounds of a type, each in a few words.

    >>> limits(Scalar(base="number", minimum=0, maximum=1_000_000))
    ['at least 0', 'at most 1,000,000']
    """
    found: list[str] = []
    if isinstance(type, Scalar):
        if type.minimum is not None:
            found.append(f"at least {number_words(type.minimum)}")
        if type.exclusive_minimum is not None:
            found.append(f"more than {number_words(type.exclusive_minimum)}")
        if type.maximum is not None:
            found.append(f"at most {number_words(type.maximum)}")
        if type.exclusive_maximum is not None:
            found.append(f"less than {number_words(type.exclusive_maximum)}")
        _between(found, type.min_length, type.max_length, "character")
    elif isinstance(type, ListOf):
        _between(found, type.min_items, type.max_items, "item")
        if type.unique_items:
            found.append("all different")
    elif isinstance(type, MapOf):
        _between(found, type.min_items, type.max_items, "key")
    return found


def _between(found: list[str], low: int | None, high: int | None, unit: str) -> None:
    if low is not None and low == high:
        found.append(f"exactly {number_words(low)} {unit}{'' if low == 1 else 's'}")
        return
    if low is not None:
        found.append(f"at least {number_words(low)} {unit}{'' if low == 1 else 's'}")
    if high is not None:
        found.append(f"at most {number_words(high)} {unit}{'' if high == 1 else 's'}")


def number_words(number: float) -> str:
    """Print a number for a reader.

    >>> number_words(1_000_000), number_words(2.0), number_words(0.5)
    ('1,000,000', '2', '0.5')
    """
    if isinstance(number, float) and not number.is_integer():
        return repr(number)
    return f"{int(number):,}" if abs(number) < 1e15 else repr(number)


def value_words(value: Value) -> str:
    """Print a value as JSON has it, text with its own characters.

    >>> value_words("é"), value_words(2.0), value_words(None)
    ('"é"', '2', 'null')
    """
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        value = int(value)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return repr(value)
    return json.dumps(value, ensure_ascii=False)
