"""One value, one verdict, one wire form.

Each function takes a value as a caller gave it and returns it as it is sent, or raises
Flaw. The first lines of each are for values that are in their wire form already; what
is left is read with more care. Other languages give the same verdicts.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from enum import Enum
from numbers import Integral, Real
from typing import Any, Final, TypeAlias, cast

from . import equality
from .equality import stand_in

Json: TypeAlias = equality.Json
Wire: TypeAlias = "dict[str, Json]"
"""Properties as they are sent."""

LARGEST_INTEGER: Final = 2**53 - 1
DEEPEST: Final = 40
"""How many lists and objects may stand inside each other in a value of any type."""

_INFINITY: Final = float("inf")
_REAL: Final = (Real, Decimal)
_BYTES: Final = (str, bytes, bytearray, memoryview)
_URL: Final = re.compile(
    r"[Hh][Tt][Tt][Pp][Ss]?://"
    r"(?:[0-9A-Za-z_][0-9A-Za-z._-]{0,252}|\[[0-9A-Fa-f:.]{2,45}\])(?::[0-9]{1,5})?"
    r"(?:[/?#][!#-;=?-~]*)?",
    re.ASCII,
)
_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
_DATETIME: Final = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:[.][0-9]{1,9})?"
    r"(?:Z|[+-][0-9]{2}:[0-9]{2})",
    re.ASCII,
)
_UUID: Final = re.compile(
    r"[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12}",
    re.ASCII,
)
_MATCHERS: Final[dict[str, Callable[[str], object]]] = {}


class Unset(Enum):
    """The type of UNSET."""

    UNSET = "UNSET"

    def __repr__(self) -> str:
        return "UNSET"


UNSET: Final = Unset.UNSET
"""Stands for a value that is not given, where None is a value that is sent."""


class Flaw(Exception):
    """A value that its type refuses.

    `reason` reads after the value's name, `path` leads to the part at fault. `refuses`
    tells that the whole event is refused, not the value alone. `holder` is the list,
    map or object whose reading ended here.
    """

    def __init__(
        self,
        reason: str,
        path: tuple[str | int, ...] = (),
        refuses: bool = False,
        holder: object = None,
    ) -> None:
        super().__init__(reason)
        self.reason = reason
        self.path = path
        self.refuses = refuses
        self.holder = holder


def text(
    value: object, low: int = 0, high: int | None = None, pattern: str | None = None
) -> str:
    """Read text of `low` to `high` code points that the pattern matches whole."""
    if type(value) is not str:
        value = _plain(value)
    if not value.isascii():
        _check_unicode(value)
    if len(value) < low:
        raise Flaw(f"is shorter than {low}")
    if high is not None and len(value) > high:
        raise Flaw(f"is longer than {high}")
    if (
        pattern is not None
        and (_MATCHERS.get(pattern) or _matcher(pattern))(value) is None
    ):
        raise Flaw("does not match the pattern")
    return value


def integer(
    value: object, low: int = -LARGEST_INTEGER, high: int = LARGEST_INTEGER
) -> int:
    """Read a whole number from `low` to `high`; 3.0 is 3, a boolean is none."""
    if type(value) is not int:
        value = _whole(value)
    if low <= value <= high:
        return value
    if abs(value) > LARGEST_INTEGER:
        raise Flaw("is beyond 2^53-1")
    raise Flaw(f"is less than {low}" if value < low else f"is more than {high}")


def number(
    value: object,
    low: float | None = None,
    high: float | None = None,
    above: float | None = None,
    below: float | None = None,
) -> float:
    """Read a finite number as a double, from `low` to `high`, more than `above`, less
    than `below`.
    """
    if type(value) is not float:
        value = _real(value)
    if (
        low is not None
        and high is not None
        and low <= value <= high
        and above is None
        and below is None
    ):
        return value + 0.0  # -0.0 becomes 0.0
    if not -_INFINITY < value < _INFINITY:
        raise Flaw("is not a finite number")
    if low is not None and value < low:
        raise Flaw(f"is less than {low}")
    if high is not None and value > high:
        raise Flaw(f"is more than {high}")
    if above is not None and value <= above:
        raise Flaw(f"is not more than {above}")
    if below is not None and value >= below:
        raise Flaw(f"is not less than {below}")
    return value + 0.0


def boolean(value: object) -> bool:
    """Read True or False, nothing else."""
    if value is True or value is False:
        return value
    raise Flaw("is null" if value is None else "is not true or false")


def day(
    value: object, low: int = 0, high: int | None = None, pattern: str | None = None
) -> str:
    """Read a date, or its text, as `YYYY-MM-DD`."""
    if type(value) is date and high is None and pattern is None and not low:
        return value.isoformat()
    if isinstance(value, date):
        if isinstance(value, datetime):
            raise Flaw("is a datetime: its day depends on the time zone")
        return text(date.isoformat(value), low, high, pattern)
    value = _plain(value)
    if _DATE.fullmatch(value) is None:
        raise Flaw("is not a date such as 2026-01-31")
    try:
        date(int(value[:4]), int(value[5:7]), int(value[8:]))
    except ValueError:
        raise Flaw("is not a day of the calendar") from None
    return text(value, low, high, pattern)


def moment(
    value: object, low: int = 0, high: int | None = None, pattern: str | None = None
) -> str:
    """Read a datetime with an offset, or its text, as UTC with milliseconds (cut, not
    rounded) and a Z.
    """
    if isinstance(value, datetime):
        if value.utcoffset() is None:
            raise Flaw("has no offset: give it a time zone")
        fraction = f"{value.microsecond // 1000:03d}"
    else:
        value = _plain(value)
        if _DATETIME.fullmatch(value) is None:
            raise Flaw("is not a datetime with an offset, such as 2026-01-31T12:00:00Z")
        value, fraction = _moment_of_text(value)
    try:
        utc = value.astimezone(UTC)
    except (ValueError, OverflowError):
        raise Flaw("is not a time of the calendar") from None
    return text(f"{utc.isoformat()[:19]}.{fraction}Z", low, high, pattern)


def uuid(
    value: object, low: int = 0, high: int | None = None, pattern: str | None = None
) -> str:
    """Read a UUID, or its text with hyphens, in lowercase."""
    if not isinstance(value, str):
        from uuid import UUID

        if isinstance(value, UUID):
            value = str(value)
    value = _plain(value)
    if _UUID.fullmatch(value) is None:
        raise Flaw("is not a UUID such as 123e4567-e89b-12d3-a456-426614174000")
    return text(value.lower(), low, high, pattern)


def url(
    value: object, low: int = 0, high: int | None = None, pattern: str | None = None
) -> str:
    """Read an absolute http or https URL."""
    value = _plain(value)
    if _URL.fullmatch(value) is None:
        raise Flaw("is not an absolute http or https URL")
    return text(value, low, high, pattern)


def one_of(value: object, values: Container[str]) -> str:
    """Read one of some texts."""
    if type(value) is not str:
        value = _plain(value)
    if value in values:
        return value
    raise Flaw("is not one of the allowed values")


def chosen(
    value: object, values: Sequence[Json], read: Callable[..., Json], *limits: Any
) -> Json:
    """Read one of some values of any other type; `read` gives the wire form first."""
    wire = read(value, *limits)
    if wire in values:
        return wire
    raise Flaw("is not one of the allowed values")


def fixed(
    value: object, constant: Json, read: Callable[..., Json], *limits: Any
) -> Json:
    """Read a constant inside an object: another value refuses the event."""
    if value is None and constant is None:
        return None
    wire = read(value, *limits)
    if wire == constant and isinstance(wire, bool) is isinstance(constant, bool):
        return wire
    raise Flaw("is not the constant", refuses=True)


def within(read: Callable[..., Json], *limits: Any) -> Callable[[object], Json]:
    """Make a function of one argument of a reader and its limits."""

    def read_within(value: object) -> Json:
        return read(value, *limits)

    return read_within


def or_null(value: object, read: Callable[..., Json], *limits: Any) -> Json:
    """Read null or a value."""
    return None if value is None else read(value, *limits)


def items(
    value: object,
    read: Callable[[object], Json],
    low: int = 0,
    high: int | None = None,
    unique: bool = False,
) -> list[Json]:
    """Read a list of `low` to `high` items; `unique` compares as JSON does, where 1 is
    1.0 and true is not 1.
    """
    given = _listed(value)
    if len(given) < low:
        raise Flaw(f"has fewer than {low} items")
    if high is not None and len(given) > high:
        raise Flaw(f"has more than {high} items")
    wire: list[Json] = []
    try:
        for item in given:
            wire.append(read(item))
    except Exception as error:
        raise _within(value, len(wire), error) from None
    if unique and len({stand_in(item) for item in wire}) < len(wire):
        raise Flaw("holds one value twice")
    return wire


def entries(
    value: object, read: Callable[[object], Json], low: int = 0, high: int = 100
) -> dict[str, Json]:
    """Read a map of text keys with `low` to `high` entries."""
    given = mapping(value, "is not a map")
    if len(given) < low:
        raise Flaw(f"has fewer than {low} items")
    if len(given) > high:
        raise Flaw(f"has more than {high} items")
    wire: dict[str, Json] = {}
    for key, item in given.items():
        name = key if type(key) is str and key.isascii() else _key(key)
        try:
            wire[name] = read(item)
        except Exception as error:
            raise _within(value, name, error) from None
    return wire


def mapping(value: object, reason: str = "is not an object") -> dict[object, object]:
    """Read something with keys and values; the values are not looked at."""
    if type(value) is dict:
        return cast("dict[object, object]", value)
    if isinstance(value, Mapping):
        # Not every mapping is as quiet as a dict when it is asked for a missing key.
        return dict(cast("Mapping[object, object]", value))
    raise Flaw("is null" if value is None else reason)


def member_flaw(
    error: Exception | None, given: Mapping[object, object], *rows: tuple[Any, ...]
) -> Flaw:
    """Find which member of an object is wrong, and why; a row is `(name, required,
    read, *limits)`.

    `error` ended the first reading; None when all that was read is sound, so that
    something else must be there.
    """
    holder = error.holder if isinstance(error, Flaw) else None
    if error is not None and holder is not None:
        # A list or an object inside has said what is wrong: it is not read twice.
        for row in rows:
            if row[0] in given and given[row[0]] is holder:
                return _within(given, row[0], error)
    for name, required, read, *limits in rows:
        if name not in given:
            if required:
                return Flaw("is missing", (name,), False, given)
            continue
        try:
            read(given[name], *limits)
        except Exception as found:
            return _within(given, name, found)
    known = {row[0] for row in rows}
    for key in given:
        if key not in known:
            return Flaw(
                "is not a property of the object",
                (key if isinstance(key, str) else repr(key),),
                False,
                given,
            )
    return Flaw("changed while it was read", (), False, given)


def anything(value: object) -> Json:
    """Read any JSON value, at most 40 lists and objects deep."""
    return _any(value, 0, set())


def flaw_of(error: Exception) -> Flaw:
    """Say what is wrong with a value that could not be read."""
    return (
        error
        if isinstance(error, Flaw)
        else Flaw(f"could not be read ({type(error).__name__})")
    )


def _within(holder: object, step: str | int, error: Exception) -> Flaw:
    flaw = flaw_of(error)
    return Flaw(flaw.reason, (step, *flaw.path), flaw.refuses, holder)


def _plain(value: object) -> str:
    if isinstance(value, str):
        return str.__str__(
            value
        )  # the text of an enum's member or of another subclass, and no more
    raise Flaw("is null" if value is None else "is not text")


def _check_unicode(value: str) -> None:
    try:
        value.encode()
    except UnicodeEncodeError:
        raise Flaw("holds a lone surrogate") from None


def _matcher(pattern: str) -> Callable[[str], object]:
    # Compiled at first use: a package with a thousand patterns still imports at once.
    found = _MATCHERS[pattern] = re.compile(pattern, re.ASCII).fullmatch
    return found


def _whole(value: object) -> int:
    if isinstance(value, bool):
        raise Flaw("is not a whole number")
    if isinstance(value, float):
        if value.is_integer():  # false for NaN and infinities
            return int(value)
    elif isinstance(value, Integral):
        return int(value)
    elif isinstance(value, Decimal):
        if value.is_finite() and value == value.to_integral_value():
            return int(value) if value.adjusted() < 20 else LARGEST_INTEGER + 1
    elif isinstance(value, Real):
        near = float(value)
        if near.is_integer() and near == value:
            return int(near)
    raise Flaw("is null" if value is None else "is not a whole number")


def _real(value: object) -> float:
    if (
        type(value) is int
        or type(value) is Decimal
        or (type(value) is not bool and isinstance(value, _REAL))
    ):
        try:
            return float(value)
        except (OverflowError, ValueError):
            raise Flaw("is not a finite number") from None
    raise Flaw("is null" if value is None else "is not a number")


def _moment_of_text(value: str) -> tuple[datetime, str]:
    stamp, zone = (
        (value[:-1], "+00:00") if value[-1] == "Z" else (value[:-6], value[-6:])
    )
    hours, minutes = int(zone[1:3]), int(zone[4:])
    try:
        if hours > 23 or minutes > 59 or int(stamp[11:13]) > 23:
            raise ValueError(value)
        offset = timedelta(hours=hours, minutes=minutes)
        local = datetime.fromisoformat(stamp[:19])
        return (
            local.replace(tzinfo=timezone(-offset if zone[0] == "-" else offset)),
            (stamp[20:] + "000")[:3],
        )
    except ValueError:
        raise Flaw("is not a time of the calendar") from None


def _listed(value: object) -> Sequence[object]:
    if isinstance(value, list | tuple):
        return cast("Sequence[object]", value)
    if isinstance(value, Sequence) and not isinstance(value, _BYTES):
        return list(cast("Sequence[object]", value))
    raise Flaw("is null" if value is None else "is not a list")


def _key(key: object) -> str:
    if not isinstance(key, str):
        raise Flaw("has a key that is not text")
    _check_unicode(key)
    return str.__str__(key)


def _any(value: object, depth: int, open_: set[int]) -> Json:
    if value is None or value is True or value is False:
        return value
    if isinstance(value, str):
        return text(value)
    if isinstance(value, _REAL):
        if isinstance(value, Integral) and abs(int(value)) <= LARGEST_INTEGER:
            return int(value)
        return number(value)
    if isinstance(value, date):
        raise Flaw("is a date: send it as text")
    if depth == DEEPEST:
        raise Flaw(f"is nested deeper than {DEEPEST}")
    return _any_within(value, depth + 1, open_)


def _any_within(value: object, depth: int, open_: set[int]) -> Json:
    mark = id(value)
    if mark in open_:
        raise Flaw("holds itself")

    def read(item: object) -> Json:
        return _any(item, depth, open_)

    open_.add(mark)
    try:
        if isinstance(value, Mapping):
            given = cast("Mapping[object, object]", value)
            return entries(given, read, 0, LARGEST_INTEGER)
        if isinstance(value, Sequence) and not isinstance(value, _BYTES):
            return items(cast("Sequence[object]", value), read)
    finally:
        open_.discard(mark)
    raise Flaw("is not a JSON value")
