"""What may be asked of the destination itself, and what is said of the rest."""

from __future__ import annotations

from typing import Any

import pytest

from trackside.collect.asked import LARGEST_BODY, Wait, WrongAskingError, read_ahead, read_json, read_wait

NOT_FINITE = (b"1e999", b"-1e999", b"NaN", b"Infinity", b"-Infinity", b"1" * 400 + b".5")


@pytest.mark.parametrize("number", NOT_FINITE)
def test_numbers_are_finite(number: bytes) -> None:
    for body in (number, b"[" + number + b"]", b'{"json": {"a": [' + number + b"]}}"):
        with pytest.raises(WrongAskingError, match="not finite"):
            read_json(body)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", "no JSON"),
        (b"{", "no JSON"),
        (b"\xff", "no JSON"),
        (b"[" * 100_000, "no JSON"),
        (b"[" * 41 + b"]" * 41, "at most 40 objects and lists"),
        (b" " * (LARGEST_BODY + 1), "at most 1,000,000 bytes"),
        (b"1" * 5000, "no JSON"),
    ],
)
def test_what_cannot_be_read_is_refused(body: bytes, said: str) -> None:
    with pytest.raises(WrongAskingError, match=said):
        read_json(body)


@pytest.mark.parametrize(
    "body",
    [
        b"5", b"[]", b"{}", b"null", b'{"ahead": null}', b'{"ahead": "5"}', b'{"ahead": true}', b'{"ahead": [1]}',
        b'{"ahead": 1e300}', b'{"ahead": 632448001}', b'{"ahead": -632448001}', b'{"ahead": 1' + b"0" * 400 + b"}",
    ],
)  # fmt: skip
def test_a_clock_is_a_few_years_ahead_at_most(body: bytes) -> None:
    with pytest.raises(
        WrongAskingError, match=r"\{\"ahead\": seconds\}, a number between -632,448,000 and 632,448,000"
    ):
        read_ahead(body)


def test_a_clock_may_be_behind() -> None:
    assert [read_ahead(body) for body in (b'{"ahead": -5.5}', b'{"ahead": 604800}')] == [-5.5, 604_800.0]


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ({"sort": "worse"}, "sort is one of good, bad, duplicates"),
        *(({"count": text}, "count is a whole number") for text in ("", "many", "1.5", "-1", "nan", "inf", "1e10")),
        *(({"timeout": text}, "timeout is a number of seconds") for text in ("", "long", "-1", "nan", "inf", "601")),
    ],
)
def test_a_wait_is_bounded(query: dict[str, Any], said: str) -> None:
    with pytest.raises(WrongAskingError, match=said):
        read_wait(query)


def test_a_wait_has_what_is_not_stated() -> None:
    assert read_wait({}) == Wait("good", 1, 10.0)
    assert read_wait({"sort": "bad", "count": "0", "timeout": "0.5"}) == Wait("bad", 0, 0.5)
