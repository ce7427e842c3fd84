"""Escaping: a text of the plan made safe for one place of one language.

One function for each place, named after it. What a person would see as it is stays as it is; what is invisible, ends the place or
turns the direction of writing is spelled out.
"""

from __future__ import annotations

import re
from typing import Final

_INVISIBLE = (
    "\\x00-\\x1f\\x7f-\\xa0\\xad\\u061c\\u180e\\u200b-\\u200f\\u2028-\\u202f\\u2060-\\u206f\\ufeff\\ufff9-\\ufffb"
    "\\ud800-\\udfff\\U000e0000-\\U000e007f"
)
"""Controls, format characters, separators that are not the space, and lone surrogates. A list, not a Unicode category:
the tables differ between versions of Python, and the same plan gives the same bytes."""

# --- Python ---

_PYTHON_SPECIAL: Final = re.compile(f"[\\\\{_INVISIBLE}]")
_PYTHON_SHORT: Final = {"\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"}
_WHITE: Final = re.compile("\\s+")


def _python_escape(found: re.Match[str]) -> str:
    character = found[0]
    short = _PYTHON_SHORT.get(character)
    if short is not None:
        return short
    number = ord(character)
    if number < 0x100:
        return f"\\x{number:02x}"
    return f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}"


def python_string(text: str) -> str:
    r"""Write a string literal with the quotes that black would choose.

    >>> print(python_string('plain'), python_string('say "hi"'), python_string("a\n\\"))
    "plain" 'say "hi"' "a\n\\"
    """
    body = _PYTHON_SPECIAL.sub(_python_escape, text)
    if '"' not in body:
        return f'"{body}"'
    if body.count('"') > body.count("'"):
        return "'" + body.replace("'", "\\'") + "'"
    return '"' + body.replace('"', '\\"') + '"'


def python_docstring(text: str) -> str:
    r"""Make a text safe inside a docstring of three double quotes: one line, white space as single spaces.

    >>> print(python_docstring('one\n  two \"\"\" C:\\new'))
    one two \"\"\" C:\\new
    """
    line = _PYTHON_SPECIAL.sub(_python_escape, _WHITE.sub(" ", text).strip())
    if '"""' in line or line[:1] == '"' or line[-1:] == '"':
        return line.replace('"', '\\"')
    return line
