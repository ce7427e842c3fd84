"""Text from a plan made fit for a terminal: nothing in it moves the cursor, hides or reorders what is read."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

TAB_WIDTH: Final = 4

_UNSEEN: Final = re.compile(
    "[\x00-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff"
    "\U000e0000-\U000e007f]"
)
"""Control characters, line ends of other systems, directions, joiners and other marks that have no shape."""


def visible(text: str) -> str:
    r"""Replace every character that acts on a terminal, or cannot be seen, by a name for it.

    >>> visible("a\x1b[31mb\u202ec\td")
    'a␛[31mb<U+202E>c    d'
    """
    return _UNSEEN.sub(lambda match: _name(match[0]), text) if _UNSEEN.search(text) else text


def _name(character: str) -> str:
    if character == "\t":
        return " " * TAB_WIDTH
    code = ord(character)
    if code < 0x20:
        return chr(0x2400 + code)
    return "␡" if code == 0x7F else f"<U+{code:04X}>"


def width(text: str) -> int:
    """Count the columns that visible text takes on a terminal.

    >>> width("abc"), width("日本"), width("e\u0301")
    (3, 4, 1)
    """
    if text.isascii():
        return len(text)
    columns = 0
    for character in text:
        if unicodedata.category(character) in {"Mn", "Me", "Cf"}:
            continue
        columns += 2 if unicodedata.east_asian_width(character) in {"W", "F"} else 1
    return columns
