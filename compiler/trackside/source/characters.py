"""Characters that no plan may hold raw, because parsers refuse them or break lines at them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from trackside.diagnostics.codes import code
from trackside.diagnostics.model import Diagnostic, Label

if TYPE_CHECKING:
    from trackside.source.node import SourceFile

# What YAML calls printable, without the byte order mark and the three line breaks that only YAML 1.1 knows.
_FORBIDDEN: Final = re.compile("[^\t\n\r -~\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]")
_NAMES: Final[dict[str, str]] = {
    "\0": "NUL",
    "\x0b": "a vertical tab",
    "\x0c": "a form feed",
    "\x1b": "an escape",
    "\x7f": "a delete",
    "\x85": "a next-line character",
    "\u2028": "a line separator",
    "\u2029": "a paragraph separator",
    "\ufeff": "a byte order mark",
}
_PLAIN_ASCII: Final = b"\t\n\r" + bytes(range(0x20, 0x7F))
_SHOWN: Final = 20
"""How many of them are reported one by one; a binary file holds many."""


def find_forbidden_characters(file: SourceFile) -> list[Diagnostic]:
    """Report the characters of a file that no plan may hold, the first twenty of them."""
    text = file.text
    # Usually little is left once plain ASCII is taken out, at the speed of a copy, and only that is searched.
    unusual = text.encode("utf-8", "surrogatepass").translate(None, _PLAIN_ASCII)
    if not unusual or not _FORBIDDEN.search(unusual.decode("utf-8", "surrogatepass")):
        return []
    found: list[Diagnostic] = []
    for match in _FORBIDDEN.finditer(text):
        character = match.group()
        number = ord(character)
        half = 0xD800 <= number <= 0xDFFF
        name = _NAMES.get(character) or ("half a surrogate pair" if half else "a control character")
        escape = f"\\x{number:02x}" if number < 0x100 else f"\\u{number:04x}"
        found.append(
            Diagnostic(
                code("forbidden-character"),
                f"{name} (U+{number:04X}) stands raw in the file",
                Label(file.span(match.start(), match.end()), "parsers refuse it, or read it differently"),
                help="delete it"
                if half or character in "\0\ufeff"
                else f"delete it, or write it in double quotes as `{escape}`",
            )
        )
        if len(found) == _SHOWN:
            break
    return found
