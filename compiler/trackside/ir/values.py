"""What a value is under a type, and how it is sent: the compiler's own reading of "one value, one wire form".

Takes values as JSON has them (None, bool, int, float, str, list, dict) and answers their wire form, or refuses them
with a reason. The generated code of every language gives the same verdict on the same value; the vectors that
`targets/test_vectors.py` prints hold them to it. The patterns below are published: the runtimes repeat them to the
letter.
"""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime, timedelta, timezone
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from trackside.ir.types import AnyValue, Json, ListOf, MapOf, Object, Scalar, Type, Value

if TYPE_CHECKING:
    from trackside.ir.properties import Side

LARGEST_INTEGER: Final = 2**53 - 1
"""The largest magnitude of an integer: beyond it a double no longer tells neighbours apart."""

DEEPEST_ANY: Final = 40
"""How many lists and objects may stand inside each other in a value of type `any`."""

URL_PATTERN: Final = (
    r"[Hh][Tt][Tt][Pp][Ss]?://"
    r"(?:[0-9A-Za-z_][0-9A-Za-z._-]{0,252}|\[[0-9A-Fa-f:.]{2,45}\])(?::[0-9]{1,5})?"
    r"(?:[/?#][!#-;=?-~]*)?"
)
"""A whole URL: http or https, a host, no user or password, then visible ASCII except `"`, `<` and `>`.

It takes all that a browser's `location.href` can hold, and is sent as given.
"""

DATE_PATTERN: Final = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
"""A whole date; it must also be a real day of the years 0001 to 9999."""

DATETIME_PATTERN: Final = (
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:[.][0-9]{1,9})?(?:Z|[+-][0-9]{2}:[0-9]{2})"
)
"""A whole datetime as text: RFC 3339 with a capital T and Z, seconds always, up to nine digits of fraction.

It must also be a real day, at most 23:59:59 (no hour 24, no leap second), with an offset of at most 23:59, and lie in
the years 0001 to 9999 both as written and in UTC.
"""

UUID_PATTERN: Final = r"[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12}"
"""A whole UUID of any version, in either case; it is sent in lower case."""

_URL: Final = re.compile(URL_PATTERN, re.ASCII)
_DATE: Final = re.compile(DATE_PATTERN, re.ASCII)
_DATETIME: Final = re.compile(DATETIME_PATTERN, re.ASCII)
_UUID: Final = re.compile(UUID_PATTERN, re.ASCII)


class WrongValueError(ValueError):
    """A value that its type refuses. `reason` reads after the value's name; `path` leads to the part at fault."""

    def __init__(self, reason: str, path: tuple[str | int, ...] = ()) -> None:
        self.reason = reason
        self.path = path
        super().__init__(f"at {_shown(path)}: {reason}" if path else reason)


def _shown(path: tuple[str | int, ...]) -> str:
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path).removeprefix(".")


def wire_value(type: Type, value: Json, side: Side | None = None) -> Json:
    """Give the wire form of a value, or raise WrongValueError (a ValueError) with a short reason.

    A number is always a float. Inside an object, a constant is filled in when it is left out, and a property may be
    missing where it is optional on `side` (on either side when None).

    >>> from trackside.ir.types import Scalar
    >>> wire_value(Scalar(base="integer"), 3.0), wire_value(Scalar(base="datetime"), "2026-01-02T03:04:05.6789+01:00")
    (3, '2026-01-02T02:04:05.678Z')
    """
    if isinstance(type, Scalar):
        return _scalar(type, value)
    if value is None and type.nullable:
        return None
    if isinstance(type, AnyValue):
        return _any(value, 0, ())
    if isinstance(type, ListOf):
        return _list(type, value, side)
    if isinstance(type, MapOf):
        return _map(type, value, side)
    return _object(type, value, side)


def same(left: Json, right: Json) -> bool:
    """Tell whether two values are one JSON value: 1 is 1.0, true is not 1.

    >>> same(1, 1.0), same(True, 1), same([1, {"a": None}], [1.0, {"a": None}])
    (True, False, True)
    """
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(same(one, other) for one, other in zip(left, right, strict=True))
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(same(value, right[key]) for key, value in left.items())
    return left == right


def _scalar(type: Scalar, value: Json) -> Value:
    if value is None:
        if type.nullable or (type.has_const and type.const is None):
            return None
        raise WrongValueError("is null")
    wire = _base(type.base, value)
    if type.has_const and not same(wire, type.const):
        raise WrongValueError("is not the constant")
    if type.enum and not any(same(wire, allowed.value) for allowed in type.enum):
        raise WrongValueError("is not one of the allowed values")
    if isinstance(wire, str):
        _check_text(type, wire)
    elif not isinstance(wire, bool):
        _check_bounds(type, wire)
    return wire


def _base(base: str, value: Json) -> str | int | float | bool:
    match base:
        case "boolean":
            if not isinstance(value, bool):
                raise WrongValueError("is not true or false")
            return value
        case "integer":
            return _integer(value)
        case "number":
            return _number(value)
    if not isinstance(value, str):
        raise WrongValueError("is not text")
    match base:
        case "string":
            _check_unicode(value)
            return value
        case "date":
            return _date(value)
        case "datetime":
            return _datetime(value)
        case "uuid":
            if not _UUID.fullmatch(value):
                raise WrongValueError("is not a UUID such as 123e4567-e89b-12d3-a456-426614174000")
            return value.lower()
        case _:
            if not _URL.fullmatch(value):
                raise WrongValueError("is not an absolute http or https URL")
            return value


def _integer(value: Json) -> int:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise WrongValueError("is not a whole number")
    if isinstance(value, float) and not value.is_integer():  # false for NaN and infinities too
        raise WrongValueError("is not a whole number")
    if abs(value) > LARGEST_INTEGER:
        raise WrongValueError("is beyond 2^53-1")
    return int(value)


def _number(value: Json) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise WrongValueError("is not a number")
    try:
        number = float(value)
    except OverflowError:
        raise WrongValueError("is not a finite number") from None
    if not math.isfinite(number):
        raise WrongValueError("is not a finite number")
    return number + 0.0  # -0.0 becomes 0.0


def _check_unicode(value: str) -> None:
    if not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError:
            raise WrongValueError("holds a lone surrogate") from None


def _date(value: str) -> str:
    if not _DATE.fullmatch(value):
        raise WrongValueError("is not a date such as 2026-01-31")
    try:
        datetime(int(value[:4]), int(value[5:7]), int(value[8:10]))
    except ValueError:
        raise WrongValueError("is not a day of the calendar") from None
    return value


def _datetime(value: str) -> str:
    if not _DATETIME.fullmatch(value):
        raise WrongValueError("is not a datetime with an offset, such as 2026-01-31T12:00:00Z")
    stamp, zone = (value[:-1], "+00:00") if value[-1] == "Z" else (value[:-6], value[-6:])
    fraction = (stamp[20:] + "000")[:3]
    hours, minutes = int(zone[1:3]), int(zone[4:6])
    try:
        if hours > 23 or minutes > 59:
            raise ValueError(zone)
        offset = timezone((-1 if zone[0] == "-" else 1) * timedelta(hours=hours, minutes=minutes))
        local = datetime(
            int(stamp[:4]),
            int(stamp[5:7]),
            int(stamp[8:10]),
            int(stamp[11:13]),
            int(stamp[14:16]),
            int(stamp[17:19]),
            tzinfo=offset,
        )
        moment = local.astimezone(UTC)
    except (ValueError, OverflowError):
        raise WrongValueError("is not a time of the calendar") from None
    return f"{moment.isoformat()[:19]}.{fraction}Z"


def _check_text(type: Scalar, text: str) -> None:
    if type.min_length is not None and len(text) < type.min_length:
        raise WrongValueError(f"is shorter than {type.min_length}")
    if type.max_length is not None and len(text) > type.max_length:
        raise WrongValueError(f"is longer than {type.max_length}")
    if type.pattern is not None and not _compiled(type.pattern).fullmatch(text):
        raise WrongValueError("does not match the pattern")


@lru_cache(maxsize=512)
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.ASCII)


def _check_bounds(type: Scalar, number: float) -> None:
    if type.minimum is not None and number < type.minimum:
        raise WrongValueError(f"is less than {type.minimum}")
    if type.maximum is not None and number > type.maximum:
        raise WrongValueError(f"is more than {type.maximum}")
    if type.exclusive_minimum is not None and number <= type.exclusive_minimum:
        raise WrongValueError(f"is not more than {type.exclusive_minimum}")
    if type.exclusive_maximum is not None and number >= type.exclusive_maximum:
        raise WrongValueError(f"is not less than {type.exclusive_maximum}")


def _inside(step: str | int, type: Type, value: Json, side: Side | None) -> Json:
    try:
        return wire_value(type, value, side)
    except WrongValueError as error:
        raise WrongValueError(error.reason, (step, *error.path)) from None


def _check_size(minimum: int | None, maximum: int | None, size: int) -> None:
    if minimum is not None and size < minimum:
        raise WrongValueError(f"has fewer than {minimum} items")
    if maximum is not None and size > maximum:
        raise WrongValueError(f"has more than {maximum} items")


def _list(type: ListOf, value: Json, side: Side | None) -> Json:
    if not isinstance(value, list):
        raise WrongValueError("is not a list")
    _check_size(type.min_items, type.max_items, len(value))
    wire = [_inside(index, type.item, item, side) for index, item in enumerate(value)]
    if type.unique_items and len({_identity(item) for item in wire}) < len(wire):
        raise WrongValueError("holds one value twice")
    return wire


def _identity(value: Json) -> object:
    """Make a hashable stand-in that is equal for two values exactly when `same` holds."""
    if isinstance(value, bool):
        return ("boolean", value)
    if isinstance(value, list):
        return ("list", *map(_identity, value))
    if isinstance(value, dict):
        return ("object", frozenset((key, _identity(item)) for key, item in value.items()))
    return value


def _map(type: MapOf, value: Json, side: Side | None) -> Json:
    if not isinstance(value, dict):
        raise WrongValueError("is not a map")
    _check_size(type.min_items, type.max_items, len(value))
    return {_key(key): _inside(key, type.value, item, side) for key, item in value.items()}


def _key(key: str) -> str:
    if not isinstance(key, str):
        raise WrongValueError("has a key that is not text")
    _check_unicode(key)
    return key


def _object(type: Object, value: Json, side: Side | None) -> Json:
    if not isinstance(value, dict):
        raise WrongValueError("is not an object")
    wire: dict[str, Json] = {}
    for prop in type.properties:
        if prop.name in value:
            wire[prop.name] = _inside(prop.name, prop.type, value[prop.name], side)
        elif isinstance(prop.type, Scalar) and prop.type.has_const:
            wire[prop.name] = prop.type.const
        elif side not in prop.optional_on if side else not prop.optional_on:
            raise WrongValueError("is missing", (prop.name,))
    for key in value:
        if key not in wire:
            raise WrongValueError("is not a property of the object", (key,))
    return wire


def _any(value: Json, depth: int, path: tuple[str | int, ...]) -> Json:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, list | dict) and depth == DEEPEST_ANY:
        raise WrongValueError(f"is nested deeper than {DEEPEST_ANY}")
    try:
        if isinstance(value, str):
            _check_unicode(value)
            return value
        if isinstance(value, int | float):
            return value if isinstance(value, int) and abs(value) <= LARGEST_INTEGER else _number(value)
        if isinstance(value, dict):
            for key in value:
                _key(key)
    except WrongValueError as error:
        raise WrongValueError(error.reason, path) from None
    if isinstance(value, list):
        return [_any(item, depth + 1, (*path, index)) for index, item in enumerate(value)]
    return {key: _any(item, depth + 1, (*path, key)) for key, item in value.items()}
