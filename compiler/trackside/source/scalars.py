"""What other YAML parsers would make of a plain scalar.

The compiler takes a scalar's text where text is wanted. Elsewhere the same characters may be a boolean, a number in
some base, a date or nothing at all; a plan must mean one thing everywhere, so such text wants quotes.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Final

_WORDS: Final[dict[str, str]] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), "null"),
    **dict.fromkeys(
        (
            *("y", "Y", "yes", "Yes", "YES", "on", "On", "ON", "true", "True", "TRUE"),
            *("n", "N", "no", "No", "NO", "off", "Off", "OFF", "false", "False", "FALSE"),
        ),
        "a boolean",
    ),
    **dict.fromkeys((sign + word for sign in ("", "+", "-") for word in (".inf", ".Inf", ".INF")), "infinity"),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), "not a number"),
    "<<": "a merge key",
    "=": "a default value",
}

# YAML 1.1, YAML 1.2 and the readers of Ruby and Go disagree on these; the first form that fits names the reading.
_FORMS: Final[tuple[tuple[str, str | None], ...]] = (
    (r"[-+]?(?:0|[1-9][0-9]*)?(?:\.[0-9]*)?", None),
    (r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}", "a date"),
    (r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:[Tt]|[ \t]+)[0-9]{1,2}:[0-9]{2}.*", "a date and time"),
    (r"[-+]?0[0-7_]+", "an octal number"),
    (r"[-+]?0o[0-7_]+", "an octal number"),
    (r"[-+]?0x[0-9a-fA-F_]+", "a hexadecimal number"),
    (r"[-+]?0b[01_]+", "a binary number"),
    (r"[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?", "a base-60 number"),
    (r"[-+]?[0-9][0-9_]*(?:\.[0-9_]*)?", "a number"),
    (r"[-+]?[0-9][0-9_,]*(?:\.[0-9_]*)?", "a number"),
    (r"[-+]?(?:[0-9][0-9_]*\.?|\.[0-9])[0-9_]*[eE][-+]?[0-9]+", "a number with an exponent"),
    (r":[A-Za-z_].*", "a symbol"),
)


@cache
def _forms() -> list[tuple[re.Pattern[str], str | None]]:
    """Compile the forms when the first text needs them; most plans hold few that do."""
    return [(re.compile(pattern), reading) for pattern, reading in _FORMS]


def other_reading(text: str) -> str | None:
    """Say what another parser reads in a plain scalar where text is wanted, or None.

    Plain decimal numbers are None too: their text is what is taken, and nobody takes them for anything else.

    >>> other_reading("NO"), other_reading("1:20"), other_reading("1_000")
    ('a boolean', 'a base-60 number', 'a number with underscores')
    >>> other_reading("1.10"), other_reading("hello")
    (None, None)
    """
    word = _WORDS.get(text)
    # Every form below begins with a digit, a sign, a point or a colon, all of which sort before ";".
    if word is not None or text > ";":
        return word
    for form, reading in _forms():
        if form.fullmatch(text):
            if reading == "a number":
                oddity = "underscores" if "_" in text else "commas" if "," in text else "a leading zero"
                return f"a number with {oddity}"
            return reading
    return None


def quoted(text: str) -> str:
    """Put a one-line text into the quotes in which it needs the fewest changes.

    >>> print(quoted("a, b"), quoted('say "hi"'), quoted("\\\\d+"))
    "a, b" 'say "hi"' '\\d+'
    """
    if '"' in text or "\\" in text:
        return "'" + text.replace("'", "''") + "'"
    return f'"{text}"'


def shown(text: str) -> str:
    """Cut a text to what fits into a sentence.

    >>> shown("x" * 70)[-5:]
    'xxxx…'
    """
    return text if len(text) <= 60 else text[:59] + "…"
