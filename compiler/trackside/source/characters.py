"""Characters that no plan may hold raw, because parsers refuse them or break lines at them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from trackside.diagnostics.codes import code
from trackside.diagnostics.model import Diagnostic, Label

if TYPE_CHECKING:
    from trackside.source.node import SourceFile

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
    forbidden = {character for character in set(unusual.decode("utf-8", "surrogatepass")) if _is_forbidden(character)}
    if not forbidden:
        return []
    found: list[Diagnostic] = []
    for offset, character in enumerate(text):
        if character not in forbidden:
            continue
        number = ord(character)
        half = 0xD800 <= number <= 0xDFFF
        name = _NAMES.get(character) or ("half a surrogate pair" if half else "a control character")
        escape = f"\\x{number:02x}" if number < 0x100 else f"\\u{number:04x}"
        found.append(
            Diagnostic(
                code("forbidden-character"),
                f"{name} (U+{number:04X}) stands raw in the file",
                Label(file.span(offset, offset + 1), "parsers refuse it, or read it differently"),
                help="delete it"
                if half or character in "\0\ufeff"
                else f"delete it, or write it in double quotes as `{escape}`",
            )
        )
        if len(found) == _SHOWN:
            break
    return found


def _is_forbidden(character: str) -> bool:
    """Tell whether YAML calls it unprintable, or it is a byte order mark or a line break that only YAML 1.1 knows."""
    number = ord(character)
    return number < 0xA0 or character in "\u2028\u2029\ufeff\ufffe\uffff" or 0xD800 <= number <= 0xDFFF
