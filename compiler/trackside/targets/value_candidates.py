"""Values worth trying on a type: its bounds, the neighbours of its bounds, and what languages tend to read differently.

Whether a candidate is accepted is not decided here, but by `ir.values`; only what JSON cannot say brings its verdict.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Literal, NamedTuple

from trackside.ir import AnyValue, Json, ListOf, MapOf, Object, Scalar, Type
from trackside.ir.patterns import parse_pattern
from trackside.ir.values import LARGEST_INTEGER, WrongValueError, wire_value
from trackside.targets.samples import NoSampleError, Samples

LONGEST = 300
"""Texts, lists and maps beyond this size are not tried: vectors stay readable."""


class Candidate(NamedTuple):
    """A value to try. Where JSON cannot say it, `make` and `text` tell how to build it and `value` is its nearest JSON.

    `only` names the one language that has such a value; `reason` refuses it where the nearest JSON would pass.
    """

    value: Json = None
    make: str | None = None
    text: str = ""
    only: Literal["python", "javascript"] | None = None
    reason: str | None = None


_NOT_FINITE = tuple(
    Candidate(make="float", text=text, reason="is not a finite number") for text in ("nan", "inf", "-inf")
)
_HUGE = "1" + "0" * 309
_BIG = str(2**53 + 1)

_VALUES: dict[str, tuple[Json, ...]] = {
    "string": (
        "",
        "text",
        "caf\u00e9",
        "cafe\u0301",
        "\U0001f9fe",
        "a\x00b",
        "\u2028",
        "\ud800",
        "a\udfffb",
        1,
        True,
        [],
        {},
    ),
    "integer": (
        0,
        1,
        -1,
        3.0,
        -0.0,
        LARGEST_INTEGER,
        -LARGEST_INTEGER,
        2**53,
        -(2.0**60),
        1.5,
        1e300,
        True,
        "1",
        [],
        {},
    ),
    "number": (0, 1, -0.0, 0.1, 1e21, 5e-324, 1.7976931348623157e308, 2**53 + 1, False, "1", "NaN", [], {}),
    "boolean": (True, False, 0, 1, "true", "", []),
    "date": (
        "2024-02-29",
        "0001-01-01",
        "9999-12-31",
        "2023-02-29",
        "2026-1-31",
        "20260131",
        "2026-01-31T00:00:00Z",
        "2026-01-31\n",
        "",
        0,
        True,
    ),
    "datetime": (
        "2026-01-31T12:00:00Z",
        "2026-01-31T00:30:00.9999+01:00",
        "1969-12-31T23:59:59.9999Z",
        "2026-01-31T12:00:00.1-23:59",
        "2026-01-31T12:00:00",
        "2026-01-31 12:00:00Z",
        "2026-01-31t12:00:00z",
        "2026-01-31T12:00Z",
        "2026-01-31T24:00:00Z",
        "2026-06-30T23:59:60Z",
        "2026-02-30T12:00:00Z",
        "2026-01-31T12:00:00+24:00",
        "0001-01-01T00:00:00+00:01",
        "9999-12-31T23:59:59.999-00:01",
        "2026-01-31",
        0,
    ),
    "uuid": (
        "ABCDEF01-2345-6789-ABCD-EF0123456789",
        "00000000-0000-0000-0000-000000000000",
        "{abcdef01-2345-6789-abcd-ef0123456789}",
        "abcdef0123456789abcdef0123456789",
        "abcdef01-2345-6789-abcd-ef012345678g",
        "",
        1,
    ),
    "url": (
        "https://shop.example/a?b={c}&d[]=e|f#g`",
        "HTTP://localhost:8080",
        "http://[2001:db8::1]/",
        "ftp://shop.example/",
        "//shop.example/",
        "https://me:secret@shop.example/",
        "https://shop.example/a b",
        "https://shop.example/\u00e9",
        "https://",
        "javascript:alert(1)",
        "",
        1,
    ),
}

_MADE: dict[str, tuple[Candidate, ...]] = {
    "integer": (
        *_NOT_FINITE,
        Candidate(make="integer", text=_BIG, only="python", reason="is beyond 2^53-1"),
        Candidate(make="bigint", text="1", only="javascript", reason="is not a whole number"),
    ),
    "number": (
        *_NOT_FINITE,
        Candidate(value=0.1, make="decimal", text="0.1", only="python"),
        Candidate(value=12.5, make="decimal", text="12.50", only="python"),
        Candidate(make="decimal", text="NaN", only="python", reason="is not a finite number"),
        Candidate(make="integer", text=_HUGE, only="python", reason="is not a finite number"),
        Candidate(make="bigint", text="1", only="javascript", reason="is not a number"),
    ),
    "date": (
        Candidate(value="2026-01-31", make="date", text="2026-01-31", only="python"),
        Candidate(make="datetime", text="2026-01-31T00:00:00+00:00", only="python", reason="is not a date"),
        Candidate(make="Date", text="2026-01-31T00:00:00.000Z", only="javascript", reason="is not a date"),
    ),
    "datetime": (
        Candidate(
            value="2026-01-31T12:00:00.123999+02:00",
            make="datetime",
            text="2026-01-31T12:00:00.123999+02:00",
            only="python",
        ),
        Candidate(make="datetime", text="2026-01-31T12:00:00", only="python", reason="has no offset"),
        Candidate(make="date", text="2026-01-31", only="python", reason="is not a datetime"),
        Candidate(value="2026-01-31T12:00:00.123Z", make="Date", text="2026-01-31T12:00:00.123Z", only="javascript"),
        Candidate(make="Date", text="invalid", only="javascript", reason="is not a datetime"),
    ),
    "uuid": (
        Candidate(
            value="abcdef01-2345-6789-abcd-ef0123456789",
            make="uuid",
            text="ABCDEF01-2345-6789-ABCD-EF0123456789",
            only="python",
        ),
    ),
}

_NOT_LISTED: tuple[Json, ...] = ("", "\ud800", 0, 1, True, [], {})
_ANYTHING: tuple[Json, ...] = (
    None,
    True,
    -0.0,
    1.5,
    2**53 + 1,
    "",
    "\ud800",
    [],
    {},
    [None, [1, {"a": [True]}]],
    ["\ud800"],
    {"": 1, "__proto__": True, "constructor": {"a": 2}},
    {"\udfff": 1},
)
_PAIRS: tuple[Json, ...] = ([1, 1.0], [True, 1], ["1", 1], [{"a": 1, "b": 2}, {"b": 2, "a": 1}])


def candidates(type: Type, samples: Samples) -> Iterator[Candidate]:
    """Yield the candidates for a type, each value once: a sample that is accepted first, where one can be made."""
    seen: set[str] = set()
    for candidate in _candidates(type, samples):
        text = json.dumps(candidate.value) if candidate.make is None else f"{candidate.make} {candidate.text}"
        if text not in seen:
            seen.add(text)
            yield candidate


def _candidates(type: Type, samples: Samples) -> Iterator[Candidate]:
    with contextlib.suppress(NoSampleError):
        yield Candidate(samples.of(type))
    yield Candidate(None)
    if isinstance(type, Scalar):
        yield from map(Candidate, _edges(type))
        if type.enum or type.has_const:
            yield from map(Candidate, _NOT_LISTED)
        else:
            yield from map(Candidate, _VALUES[type.base])
            yield from _MADE.get(type.base, ())
    elif isinstance(type, AnyValue):
        yield from map(Candidate, _anything())
        yield from _NOT_FINITE
    elif isinstance(type, ListOf):
        yield from map(Candidate, _lists(type, samples))
        yield Candidate(make="undefined", text="[undefined]", only="javascript", reason="at [0]: is missing")
    elif isinstance(type, MapOf):
        yield from map(Candidate, _maps(type, samples))
    else:
        yield from map(Candidate, _objects(type, samples))


def _edges(type: Scalar) -> Iterator[Json]:
    for allowed in type.enum[:3]:
        yield allowed.value
        if isinstance(allowed.value, str):
            yield allowed.value.swapcase()
    for bound in (type.minimum, type.maximum, type.exclusive_minimum, type.exclusive_maximum):
        if bound is not None:
            step = 1 if type.base == "integer" else 0.5
            yield from (bound, bound - step, bound + step)
    if type.pattern is not None:
        pattern = parse_pattern(type.pattern)
        yield pattern.example()
        yield pattern.example() + "\n"
        yield pattern.counterexample()
    # One code point and two UTF-16 units: a length counts the former.
    for length in (type.min_length, type.max_length):
        if length is not None and 0 < length <= LONGEST:
            yield from (("\U0001f9fe" + "a" * length)[:size] for size in (length - 1, length, length + 1))


def _anything() -> Iterator[Json]:
    yield from _ANYTHING
    deep: Json = []
    for _ in range(39):
        deep = [deep]
    yield deep
    yield [deep]


def _wrong(type: Type, samples: Samples) -> list[Json]:
    """List up to three JSON values that the type refuses."""
    return list(
        islice(_refused(type, (candidate.value for candidate in candidates(type, samples) if not candidate.make)), 3)
    )


def _refused(type: Type, values: Iterable[Json]) -> Iterator[Json]:
    for value in values:
        try:
            wire_value(type, value)
        except WrongValueError:
            yield value


def _lists(type: ListOf, samples: Samples) -> Iterator[Json]:
    yield from ([], {}, "text", 1, True)
    try:
        item = samples.of(type.item)
    except NoSampleError:
        return
    for size in (1, 2, type.min_items, type.max_items):
        if size is not None and 0 < size <= LONGEST:
            yield [item] * size
    if type.min_items is not None and 1 < type.min_items <= LONGEST:
        yield [item] * (type.min_items - 1)
    if type.max_items is not None and type.max_items < LONGEST:
        yield [item] * (type.max_items + 1)
    for wrong in _wrong(type.item, samples):
        yield [item, wrong]
    if type.unique_items and isinstance(type.item, AnyValue):
        yield from _PAIRS


def _maps(type: MapOf, samples: Samples) -> Iterator[Json]:
    yield from ({}, [], "text", 1, True)
    try:
        value = samples.of(type.value)
    except NoSampleError:
        return
    yield from ({"": value}, {"__proto__": value, "constructor": value}, {"caf\u00e9": value}, {"\ud800": value})
    for size in (type.min_items, type.max_items):
        if size is not None and 0 < size < LONGEST:
            yield from ({f"k{number}": value for number in range(count)} for count in (size - 1, size, size + 1))
    for wrong in _wrong(type.value, samples):
        yield {"key": wrong}


def _objects(type: Object, samples: Samples) -> Iterator[Json]:
    yield from ({}, [], "text", 1, True)
    try:
        whole = samples.of(type)
    except NoSampleError:
        return
    if not isinstance(whole, dict):
        return
    yield {**whole, "surprise": 1}
    yield {**whole, "__proto__": {}}
    for prop in type.properties[:20]:
        if prop.name in whole:
            yield {name: value for name, value in whole.items() if name != prop.name}
        else:
            try:
                yield {**whole, prop.name: samples.of_property(prop)}
            except NoSampleError:
                continue
        for wrong in _wrong(prop.type, samples)[:1]:
            if wrong is not None:
                yield {**whole, prop.name: wrong}
