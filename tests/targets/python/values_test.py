"""The readers of the runtime give the compiler's own verdicts and wire forms, and read what only Python has."""

from __future__ import annotations

import enum
import importlib.util
import math
import sys
from collections import UserDict, deque
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from decimal import Decimal
from fractions import Fraction
from types import MappingProxyType
from typing import Any
from uuid import UUID

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from trackside.ir import AnyValue, EnumValue, Json, ListOf, MapOf, Scalar
from trackside.ir.values import WrongValueError, wire_value
from trackside.targets.python.types import Types
from trackside.targets.templates import templates_root


def _runtime() -> Any:
    """Import the readers from where they are kept."""
    name = "trackside_runtime"
    spec = importlib.util.spec_from_file_location(name, templates_root() / "python" / "runtime" / "__init__.py")
    assert spec is not None and spec.loader is not None
    package = importlib.util.module_from_spec(spec)
    sys.modules[name] = package
    spec.loader.exec_module(package)
    return importlib.import_module(f"{name}.values")


values = _runtime()


class Colour(str, enum.Enum):  # noqa: UP042
    """Text that is an enum's member, as many programs have it."""

    RED = "red"


class Level(enum.IntEnum):
    """A whole number that is an enum's member."""

    HIGH = 3


class Broken(tzinfo):
    """A time zone that cannot say its offset."""

    def utcoffset(self, moment: datetime | None) -> timedelta:
        raise RuntimeError("no")


def read(type: Any, value: object) -> Any:
    """Read a value as generated code does."""
    reader = Types("server").reader(type, "place")
    scope = {f"_{name}": getattr(values, name) for name in dir(values) if not name.startswith("_")}
    return eval(reader.call("value", 0, 0, 0).replace("\n", ""), scope, {"value": value})


SCALARS: list[Any] = [
    Scalar(base="string"),
    Scalar(base="string", min_length=2, max_length=4),
    Scalar(base="string", pattern="[a-c]+|[0-9]{2}"),
    Scalar(base="string", enum=(EnumValue("a"), EnumValue("é"))),
    Scalar(base="string", nullable=True),
    Scalar(base="integer"),
    Scalar(base="integer", minimum=-2, maximum=5),
    Scalar(base="integer", exclusive_minimum=0.5, exclusive_maximum=3),
    Scalar(base="integer", maximum=2.5),
    Scalar(base="integer", enum=(EnumValue(1), EnumValue(2))),
    Scalar(base="number"),
    Scalar(base="number", minimum=0, maximum=1),
    Scalar(base="number", exclusive_minimum=0, exclusive_maximum=1),
    Scalar(base="number", exclusive_maximum=1),
    Scalar(base="number", enum=(EnumValue(0.5), EnumValue(1))),
    Scalar(base="boolean"),
    Scalar(base="boolean", enum=(EnumValue(True),), nullable=True),
    Scalar(base="date"),
    Scalar(base="datetime"),
    Scalar(base="uuid"),
    Scalar(base="url"),
    Scalar(base="url", max_length=14),
    AnyValue(),
]
TYPES = [
    *SCALARS,
    *[ListOf(item=item, max_items=3) for item in SCALARS],
    *[ListOf(item=item, min_items=1, unique_items=True) for item in SCALARS],
    *[MapOf(value=item, min_items=1, max_items=2) for item in SCALARS],
    ListOf(item=ListOf(item=Scalar(base="integer", maximum=3), max_items=2)),
    ListOf(item=MapOf(value=AnyValue()), nullable=True),
    MapOf(value=ListOf(item=Scalar(base="string", nullable=True))),
]

_TEXTS = st.one_of(
    st.text(max_size=5),
    st.text(st.characters(categories=("Cs", "L")), max_size=3),
    st.sampled_from(["a", "abc", "42", "2026-01-31", "2026-02-30", "0000-01-01", "2024-02-29", "2026-1-31"]),
    st.sampled_from([
        "2026-01-31T12:00:00Z", "2026-01-31T12:00:00.123456789+23:59", "2026-01-31T24:00:00Z", "2026-01-31T12:00:60Z",
        "2026-01-31T12:00:00", "0001-01-01T00:00:00+01:00", "9999-12-31T23:59:59-00:01", "2026-01-31T12:00:00+24:00",
        "2026-01-31T12:00:00+01:60", "2026-01-31t12:00:00z", "2026-01-31T12:00:00.Z", "1969-12-31T23:59:59.9999Z",
    ]),
    st.sampled_from(["123E4567-e89b-12d3-A456-426614174000", "123e4567e89b12d3a456426614174000"]),
    st.sampled_from(["https://a.example", "HTTP://[::1]:8/?x", "ftp://a", "https://a b", "//a", "https://u:p@a"]),
)  # fmt: skip
_NUMBERS = st.one_of(
    st.integers(-3, 6),
    st.integers(-(2**70), 2**70),
    st.floats(),
    st.floats(0, 1),
    st.sampled_from([-0.0, 3.0, 2**53, -(2**53), 2**53 - 1, 10**400, 1e308]),
)
_ATOMS = st.one_of(st.none(), st.booleans(), _NUMBERS, _TEXTS)
_KEYS = st.text(st.characters(categories=("Cs", "L")), max_size=2)
_JSON = st.recursive(
    _ATOMS,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(_KEYS, inner, max_size=3)),
    max_leaves=8,
)


def verdict(read: Any, type: Any, value: object) -> tuple[bool, object]:
    """Give the wire form with its Python types spelled out, or say that there is none."""
    try:
        return True, repr(read(type, value))
    except (WrongValueError, values.Flaw):
        return False, None


@given(st.sampled_from(TYPES), _JSON)
@example(Scalar(base="number"), -0.0)
@example(Scalar(base="integer"), 2**53)
@example(ListOf(item=AnyValue(), min_items=1, unique_items=True), [1, 1.0])
@example(ListOf(item=AnyValue(), min_items=1, unique_items=True), [True, 1, "1", [1], [True], {"a": 1}])
@example(ListOf(item=AnyValue(), min_items=1, unique_items=True), [{"a": 1, "b": 2}, {"b": 2.0, "a": 1}])
def test_verdicts_and_wire_forms_are_the_compiler_s(type: Any, value: Json) -> None:
    assert verdict(read, type, value) == verdict(wire_value, type, value)


@pytest.mark.parametrize("type", SCALARS)
@given(_ATOMS)
def test_every_scalar_meets_every_atom(type: Any, value: Json) -> None:
    assert verdict(read, type, value) == verdict(wire_value, type, value)


def test_the_published_patterns_are_repeated_to_the_letter() -> None:
    from trackside.ir import values as published

    assert values._URL.pattern == published.URL_PATTERN
    assert values._DATE.pattern == published.DATE_PATTERN
    assert values._DATETIME.pattern == published.DATETIME_PATTERN
    assert values._UUID.pattern == published.UUID_PATTERN
    assert (values.LARGEST_INTEGER, values.DEEPEST) == (published.LARGEST_INTEGER, published.DEEPEST_ANY)


def nested(depth: int) -> Any:
    """Make a list in a list, so many deep."""
    value: Any = 1
    for _ in range(depth):
        value = [value]
    return value


@pytest.mark.parametrize("depth", [39, 40, 41])
def test_any_is_as_deep_as_the_compiler_says(depth: int) -> None:
    assert verdict(read, AnyValue(), nested(depth)) == verdict(wire_value, AnyValue(), nested(depth))
    assert verdict(read, AnyValue(), nested(depth))[0] is (depth <= 40)


def test_a_value_that_holds_itself_is_refused_at_once() -> None:
    twice: list[Any] = []
    twice += [twice, twice]
    with pytest.raises(values.Flaw, match="holds itself"):
        values.anything(twice)
    shared = [1]
    assert values.anything([shared, shared]) == [[1], [1]]


@pytest.mark.parametrize(
    ("type", "value", "wire"),
    [
        (Scalar(base="string"), Colour.RED, "red"),
        (Scalar(base="string", enum=(EnumValue("red"),)), Colour.RED, "red"),
        (Scalar(base="integer"), Level.HIGH, 3),
        (Scalar(base="integer"), Decimal("3.00"), 3),
        (Scalar(base="integer"), Fraction(6, 2), 3),
        (Scalar(base="number"), Decimal("26.16"), 26.16),
        (Scalar(base="number"), Decimal("0.1"), 0.1),
        (Scalar(base="number"), Decimal("-0"), 0.0),
        (Scalar(base="number"), Fraction(1, 4), 0.25),
        (Scalar(base="number"), 2**53 + 1, 9007199254740992.0),
        (Scalar(base="number", maximum=0.1), Decimal("0.1"), 0.1),
        (Scalar(base="date"), date(987, 1, 2), "0987-01-02"),
        (
            Scalar(base="datetime"),
            datetime(2026, 1, 1, tzinfo=timezone(timedelta(hours=2))),
            "2025-12-31T22:00:00.000Z",
        ),
        (Scalar(base="datetime"), datetime(2026, 1, 1, 0, 0, 0, 999_999, UTC), "2026-01-01T00:00:00.999Z"),
        (Scalar(base="uuid"), UUID("123E4567-E89B-12D3-A456-426614174000"), "123e4567-e89b-12d3-a456-426614174000"),
        (ListOf(item=Scalar(base="integer")), (1, 2), [1, 2]),
        (ListOf(item=Scalar(base="integer")), deque([1, 2]), [1, 2]),
        (ListOf(item=Scalar(base="integer")), range(2), [0, 1]),
        (MapOf(value=Scalar(base="integer")), UserDict({"a": 1}), {"a": 1}),
        (MapOf(value=Scalar(base="integer")), MappingProxyType({"a": 1}), {"a": 1}),
        (AnyValue(), {"a": (Decimal("1.5"), Colour.RED, 2**60)}, {"a": [1.5, "red", float(2**60)]}),
    ],
)
def test_what_only_python_has_is_read(type: Any, value: object, wire: object) -> None:
    found = read(type, value)
    assert repr(found) == repr(wire)


@pytest.mark.parametrize(
    ("type", "value", "reason"),
    [
        (Scalar(base="string"), b"bytes", "is not text"),
        (Scalar(base="string"), None, "is null"),
        (Scalar(base="integer"), Decimal("3.5"), "is not a whole number"),
        (Scalar(base="integer"), Decimal("NaN"), "is not a whole number"),
        (Scalar(base="integer"), Decimal("1e999999"), "is beyond 2\\^53-1"),
        (Scalar(base="integer"), True, "is not a whole number"),
        (Scalar(base="number"), Decimal("sNaN"), "is not a finite number"),
        (Scalar(base="number"), Decimal("1e400"), "is not a finite number"),
        (Scalar(base="number"), True, "is not a number"),
        (Scalar(base="number"), "1", "is not a number"),
        (Scalar(base="number"), 1j, "is not a number"),
        (Scalar(base="boolean"), 1, "is not true or false"),
        (Scalar(base="date"), datetime(2026, 1, 1, tzinfo=UTC), "is a datetime"),
        (Scalar(base="datetime"), datetime(2026, 1, 1), "has no offset"),
        (Scalar(base="datetime"), date(2026, 1, 1), "is not text"),
        (Scalar(base="datetime"), datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=1))), "is not a time"),
        (Scalar(base="uuid"), 5, "is not text"),
        (ListOf(item=Scalar(base="string")), "text", "is not a list"),
        (ListOf(item=Scalar(base="string")), {"a"}, "is not a list"),
        (ListOf(item=Scalar(base="string")), (x for x in "ab"), "is not a list"),
        (MapOf(value=Scalar(base="string")), [("a", "b")], "is not a map"),
        (MapOf(value=Scalar(base="string")), {1: "b"}, "has a key that is not text"),
        (AnyValue(), {"a"}, "is not a JSON value"),
        (AnyValue(), date(2026, 1, 1), "is a date"),
        (AnyValue(), math.inf, "is not a finite number"),
    ],
)
def test_what_python_should_not_take_is_refused(type: Any, value: object, reason: str) -> None:
    with pytest.raises(values.Flaw, match=reason):
        read(type, value)


def test_a_time_zone_that_fails_is_a_flaw_of_the_value() -> None:
    with pytest.raises(RuntimeError):
        read(Scalar(base="datetime"), datetime(2026, 1, 1, tzinfo=Broken()))
    with pytest.raises(values.Flaw, match=r"could not be read \(RuntimeError\)"):
        read(ListOf(item=Scalar(base="datetime")), [datetime(2026, 1, 1, tzinfo=Broken())])


def test_a_flaw_deep_inside_is_found_in_one_pass() -> None:
    """Each level that looked twice at what failed below it would double the work: 2^30 readings here."""
    count = 0

    def fail(value: object) -> Json:
        nonlocal count
        count += 1
        raise values.Flaw("is wrong")

    reader = fail
    for _ in range(30):
        reader = values.within(values.items, reader)
    value: Any = 1
    for _ in range(30):
        value = [value]
    with pytest.raises(values.Flaw) as found:
        reader(value)
    assert count == 1
    assert found.value.path == (0,) * 30
