"""What other parsers make of plain text."""

from __future__ import annotations

import doctest

import pytest

from trackside.source import scalars
from trackside.source.scalars import other_reading, quoted

READINGS = {
    "a boolean": ["y", "Y", "yes", "Yes", "YES", "n", "No", "NO", "on", "On", "OFF", "true", "True", "FALSE"],
    "null": ["", "~", "null", "Null", "NULL"],
    "infinity": [".inf", "-.Inf", "+.INF"],
    "not a number": [".nan", ".NaN", ".NAN"],
    "a merge key": ["<<"],
    "a default value": ["="],
    "an octal number": ["012", "00", "0o14", "-017", "0_7"],
    "a hexadecimal number": ["0x1F", "-0xff"],
    "a binary number": ["0b101", "0b1_0"],
    "a base-60 number": ["1:20", "190:20:30", "190:20:30.15", "0:30", "-1:00"],
    "a date": ["2024-01-01", "2024-1-2"],
    "a date and time": ["2024-01-01T10:00:00Z", "2024-01-01 10:00:00", "2001-12-14t21:59:43.10-05:00"],
    "a number with underscores": ["1_000", "1_000.5"],
    "a number with commas": ["1,000", "12,345.67"],
    "a number with a leading zero": ["089", "01.5"],
    "a number with an exponent": ["1e5", "1.5E-3", ".5e1", "6e23"],
    "a symbol": [":name"],
}
AGREED = [
    *("hello", "Order number", "1.10", "42", "-1", "+1", "0", "0.5", ".5", "1.", "1.0.0", "2024-01", "12:345", "1:2:x"),
    *(
        "yEs",
        "None",
        "nil",
        "TRue",
        "no way",
        "on time",
        "~x",
        "null-ish",
        "10h",
        "30m",
        "0xZZ",
        "1 000",
        "-",
        "--",
        "+",
    ),
    *("2024-01-01-x", "1e", "e5", "::", ":", ": x", "é", "日本", "<", "<<<", "#x", "1_a", "_1", "5%", "12a", "0o89"),
]


@pytest.mark.parametrize(
    ("text", "reading"), [(text, reading) for reading, texts in READINGS.items() for text in texts]
)
def test_another_reading_is_named(text: str, reading: str) -> None:
    assert other_reading(text) == reading


@pytest.mark.parametrize("text", AGREED)
def test_text_and_decimal_numbers_have_no_other_reading(text: str) -> None:
    assert other_reading(text) is None


@pytest.mark.parametrize(
    ("text", "wanted"),
    [("a, b", '"a, b"'), ("it's", '"it\'s"'), ('say "x"', "'say \"x\"'"), (r"\d's", r"'\d''s'"), ("", '""')],
)
def test_quotes_are_those_that_change_least(text: str, wanted: str) -> None:
    assert quoted(text) == wanted


def test_the_examples_in_the_docstrings() -> None:
    result = doctest.testmod(scalars)
    assert result.attempted > 0
    assert result.failed == 0
