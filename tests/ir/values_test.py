"""One value, one verdict, one wire form: the compiler's reading of the table."""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trackside.diagnostics import Span
from trackside.ir import AnyValue, EnumValue, Json, ListOf, MapOf, Object, Property, Scalar, Side, Type
from trackside.ir.values import (
    DATETIME_PATTERN,
    LARGEST_INTEGER,
    URL_PATTERN,
    UUID_PATTERN,
    WrongValueError,
    same,
    wire_value,
)


class _Nowhere:
    """A place for IR made by hand."""

    span = key_span = Span("plan.yaml", 1, 1, 1, 1)

    def at(self, *path: str | int) -> _Nowhere:
        return self

    def has(self, key: str) -> bool:
        return False


def prop(name: str, type: Type, *optional_on: Side) -> Property:
    return Property(name=name, type=type, place=_Nowhere(), optional_on=frozenset(optional_on))


def nested(depth: int) -> Json:
    value: Json = []
    for _ in range(depth - 1):
        value = [value]
    return value


ADDRESS = Object(
    properties=(
        prop("city", Scalar(base="string", min_length=1)),
        prop("zip", Scalar(base="string"), "client"),
        prop("v", Scalar(base="integer", const=2, has_const=True)),
    )
)

ACCEPTED: list[tuple[Type, Any, Any]] = [
    (Scalar(base="integer"), 3.0, 3),
    (Scalar(base="integer"), -0.0, 0),
    (Scalar(base="integer"), LARGEST_INTEGER, LARGEST_INTEGER),
    (Scalar(base="integer", minimum=1, maximum=3), 3, 3),
    (Scalar(base="number"), 3, 3.0),
    (Scalar(base="number"), 2**53 + 1, 2.0**53),
    (Scalar(base="number", exclusive_minimum=0), 5e-324, 5e-324),
    (Scalar(base="boolean"), False, False),
    (Scalar(base="string"), "", ""),
    (Scalar(base="string", max_length=1), "😀", "😀"),
    (Scalar(base="string", pattern="[a-z]+"), "abc", "abc"),
    (Scalar(base="string", nullable=True), None, None),
    (Scalar(base="string", enum=(EnumValue("a"), EnumValue("A"))), "A", "A"),
    (Scalar(base="number", enum=(EnumValue(1), EnumValue(2))), 1, 1.0),
    (Scalar(base="string", has_const=True, const=None, nullable=True), None, None),
    (Scalar(base="date"), "2024-02-29", "2024-02-29"),
    (Scalar(base="datetime"), "2026-01-31T12:00:00Z", "2026-01-31T12:00:00.000Z"),
    (Scalar(base="datetime"), "2026-01-31T00:30:00.9999+01:00", "2026-01-30T23:30:00.999Z"),
    (Scalar(base="datetime"), "2026-01-31T23:30:00.12-23:59", "2026-02-01T23:29:00.120Z"),
    (Scalar(base="datetime"), "0001-01-01T00:00:00-00:00", "0001-01-01T00:00:00.000Z"),
    (Scalar(base="uuid"), "ABCDEF01-2345-6789-ABCD-EF0123456789", "abcdef01-2345-6789-abcd-ef0123456789"),
    (
        Scalar(base="uuid", pattern="a[0-9a-f-]+"),
        "A0000000-0000-0000-0000-00000000000A",
        "a0000000-0000-0000-0000-00000000000a",
    ),
    (
        Scalar(base="url"),
        "HTTPS://shop.example:8080/a?b={c}&d[]=e|f#g`",
        "HTTPS://shop.example:8080/a?b={c}&d[]=e|f#g`",
    ),
    (Scalar(base="url"), "http://[2001:db8::1]", "http://[2001:db8::1]"),
    (Scalar(base="url"), "http://localhost", "http://localhost"),
    (AnyValue(), None, None),
    (AnyValue(), {"": [1, 1.5, True, "é", 2**60, -0.0]}, {"": [1, 1.5, True, "é", 2.0**60, 0.0]}),
    (AnyValue(), nested(40), nested(40)),
    (ListOf(item=Scalar(base="number"), min_items=1), [1], [1.0]),
    (ListOf(item=AnyValue(), unique_items=True), [True, 1, "1", [1], [True], {"a": 1}], None),
    (MapOf(value=Scalar(base="integer")), {"__proto__": 1.0, "": 2}, {"__proto__": 1, "": 2}),
    (ADDRESS, {"city": "Turin"}, {"city": "Turin", "v": 2}),
    (ADDRESS, {"city": "Turin", "v": 2.0, "zip": ""}, {"city": "Turin", "zip": "", "v": 2}),
]

REFUSED: list[tuple[Type, Any, str]] = [
    (Scalar(base="integer"), True, "is not a whole number"),
    (Scalar(base="integer"), 3.5, "is not a whole number"),
    (Scalar(base="integer"), math.inf, "is not a whole number"),
    (Scalar(base="integer"), "3", "is not a whole number"),
    (Scalar(base="integer"), LARGEST_INTEGER + 1, "is beyond 2^53-1"),
    (Scalar(base="integer"), -(2.0**53), "is beyond 2^53-1"),
    (Scalar(base="integer", minimum=1), 0, "is less than 1"),
    (Scalar(base="number"), False, "is not a number"),
    (Scalar(base="number"), math.nan, "is not a finite number"),
    (Scalar(base="number"), 10**400, "is not a finite number"),
    (Scalar(base="number", exclusive_maximum=1), 1, "is not less than 1"),
    (Scalar(base="number", exclusive_minimum=1), 1, "is not more than 1"),
    (Scalar(base="boolean"), 1, "is not true or false"),
    (Scalar(base="string"), None, "is null"),
    (Scalar(base="string"), 1, "is not text"),
    (Scalar(base="string"), "\ud800", "holds a lone surrogate"),
    (Scalar(base="string", min_length=2), "😀", "is shorter than 2"),
    (Scalar(base="string", max_length=1), "e\u0301", "is longer than 1"),
    (Scalar(base="string", pattern="[a-z]+"), "abc\n", "does not match the pattern"),
    (Scalar(base="string", pattern=r"\d+"), "٣", "does not match the pattern"),
    (Scalar(base="string", enum=(EnumValue("a"),)), "A", "is not one of the allowed values"),
    (Scalar(base="string", has_const=True, const="a"), "b", "is not the constant"),
    (Scalar(base="date"), "2026-02-29", "is not a day of the calendar"),
    (Scalar(base="date"), "0000-01-01", "is not a day of the calendar"),
    (Scalar(base="date"), "2026-1-31", "is not a date such as 2026-01-31"),
    (Scalar(base="date"), "٢٠٢٦-٠١-٠١", "is not a date such as 2026-01-31"),
    (
        Scalar(base="uuid"),
        "{abcdef01-2345-6789-abcd-ef0123456789}",
        "is not a UUID such as 123e4567-e89b-12d3-a456-426614174000",
    ),
    (
        Scalar(base="uuid"),
        "abcdef0123456789abcdef0123456789",
        "is not a UUID such as 123e4567-e89b-12d3-a456-426614174000",
    ),
    *(
        (Scalar(base="datetime"), text, "is not a datetime with an offset, such as 2026-01-31T12:00:00Z")
        for text in (
            "2026-01-31T12:00:00",
            "2026-01-31 12:00:00Z",
            "2026-01-31t12:00:00Z",
            "2026-01-31T12:00:00z",
            "2026-01-31T12:00Z",
            "2026-01-31T12:00:00,5Z",
            "2026-01-31T12:00:00.1234567890Z",
            "2026-01-31T12:00:00+0100",
            "2026-01-31T12:00:00Z\n",
        )
    ),
    *(
        (Scalar(base="datetime"), text, "is not a time of the calendar")
        for text in (
            "2026-01-31T24:00:00Z",
            "2026-06-30T23:59:60Z",
            "2026-02-30T12:00:00Z",
            "2026-01-31T12:00:00+24:00",
            "2026-01-31T12:00:00+00:60",
            "0001-01-01T00:00:00+00:01",
            "9999-12-31T23:59:59-00:01",
        )
    ),
    *(
        (Scalar(base="url"), text, "is not an absolute http or https URL")
        for text in (
            "ftp://a.example",
            "//a.example",
            "https:a.example",
            "https://",
            "https://a b.example",
            "https://me:secret@a.example",
            "https://a.example/é",
            'https://a.example/"',
            "https://a.example/<b>",
            "https://a.example\n",
            "javascript:alert(1)",
            "https://a.example:123456",
        )
    ),
    (AnyValue(), nested(41), ""),
    (AnyValue(), {"a": [math.nan]}, "at a[0]: is not a finite number"),
    (AnyValue(), {"\udfff": 1}, "holds a lone surrogate"),
    (ListOf(item=Scalar(base="integer")), {"0": 1}, "is not a list"),
    (ListOf(item=Scalar(base="integer")), [1, True], "at [1]: is not a whole number"),
    (ListOf(item=Scalar(base="integer"), min_items=1), [], "has fewer than 1 items"),
    (ListOf(item=Scalar(base="integer"), max_items=1), [1, 2], "has more than 1 items"),
    (ListOf(item=AnyValue(), unique_items=True), [{"a": 1, "b": 2}, {"b": 2.0, "a": 1.0}], "holds one value twice"),
    (MapOf(value=Scalar(base="integer")), [1], "is not a map"),
    (MapOf(value=Scalar(base="integer")), {str(n): n for n in range(101)}, "has more than 100 items"),
    (MapOf(value=ADDRESS), {"k": {"city": ""}}, "at k.city: is shorter than 1"),
    (ADDRESS, {}, "at city: is missing"),
    (ADDRESS, {"city": "Turin", "town": 1}, "at town: is not a property of the object"),
    (ADDRESS, {"city": "Turin", "v": 3}, "at v: is not the constant"),
    (ADDRESS, [], "is not an object"),
    (ADDRESS, None, "is not an object"),
]


@pytest.mark.parametrize(("type", "value", "wire"), ACCEPTED)
def test_accepts(type: Type, value: Json, wire: Json) -> None:
    got = wire_value(type, value)
    assert same(got, value if wire is None else wire)
    assert same(wire_value(type, got), got), "the wire form of a wire form is itself"


@pytest.mark.parametrize(("type", "value", "reason"), REFUSED)
def test_refuses(type: Type, value: Json, reason: str) -> None:
    with pytest.raises(WrongValueError) as caught:
        wire_value(type, value)
    assert reason in str(caught.value)


def test_a_number_is_always_a_float_and_never_minus_zero() -> None:
    wire = wire_value(Scalar(base="number"), -0.0)
    assert isinstance(wire, float)
    assert math.copysign(1, wire) == 1
    assert isinstance(wire_value(Scalar(base="number"), 3), float)


def test_a_property_may_be_missing_on_the_side_that_leaves_it_out() -> None:
    assert wire_value(ADDRESS, {"city": "Turin"}, "client") == {"city": "Turin", "v": 2}
    with pytest.raises(WrongValueError, match="at zip: is missing"):
        wire_value(ADDRESS, {"city": "Turin"}, "server")


def test_a_deep_value_is_refused_without_recursion_running_out() -> None:
    with pytest.raises(WrongValueError, match="nested deeper than 40"):
        wire_value(AnyValue(), nested(100_000))


def test_the_path_leads_to_the_fault() -> None:
    with pytest.raises(WrongValueError) as caught:
        wire_value(ListOf(item=MapOf(value=AnyValue())), [{}, {"k": ["\ud800"]}])
    assert caught.value.path == (1, "k", 0)
    assert caught.value.reason == "holds a lone surrogate"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=10,
)
TYPES: st.SearchStrategy[Type] = st.recursive(
    st.builds(
        Scalar,
        base=st.sampled_from(["string", "integer", "number", "boolean", "date", "datetime", "uuid", "url"]),
        nullable=st.booleans(),
    )
    | st.just(AnyValue()),
    lambda inner: st.builds(ListOf, item=inner, unique_items=st.booleans()) | st.builds(MapOf, value=inner),
    max_leaves=3,
)


@given(TYPES, JSON)
def test_every_value_is_refused_or_has_a_stable_wire_form(type: Type, value: Json) -> None:
    try:
        wire = wire_value(type, value)
    except WrongValueError as error:
        assert error.reason
    else:
        assert same(wire_value(type, wire), wire)


@given(JSON, JSON)
def test_same_agrees_with_uniqueness(left: Json, right: Json) -> None:
    pair = ListOf(item=AnyValue(), unique_items=True)
    try:
        first, second = cast("list[Json]", wire_value(ListOf(item=AnyValue()), [left, right]))
    except WrongValueError:
        return
    if same(first, second):
        with pytest.raises(WrongValueError, match="holds one value twice"):
            wire_value(pair, [left, right])
    else:
        assert same(wire_value(pair, [left, right]), [first, second])


@given(
    st.datetimes(min_value=datetime(2, 1, 1), max_value=datetime(9998, 1, 1)),
    st.integers(-23 * 60 - 59, 23 * 60 + 59),
    st.integers(0, 9),
)
def test_datetimes_agree_with_the_standard_library(moment: datetime, offset: int, digits: int) -> None:
    fraction = f"{moment.microsecond:06d}000"[:digits]
    zone = f"{'-' if offset < 0 else '+'}{abs(offset) // 60:02d}:{abs(offset) % 60:02d}"
    text = moment.isoformat()[:19] + (f".{fraction}" if fraction else "") + zone
    utc = (moment - timedelta(minutes=offset)).replace(tzinfo=UTC)
    milliseconds = int((fraction + "000")[:3])
    assert wire_value(Scalar(base="datetime"), text) == f"{utc.isoformat()[:19]}.{milliseconds:03d}Z"


@pytest.mark.parametrize("pattern", [URL_PATTERN, DATETIME_PATTERN, UUID_PATTERN])
def test_published_patterns_need_nothing_that_languages_read_differently(pattern: str) -> None:
    assert pattern.isascii()
    assert not re.search(r"\\[dwsbDWSB1-9]|\(\?[^:]|(?<!\[)\.(?!\])", re.sub(r"\[[^]]*\]", "[]", pattern))
