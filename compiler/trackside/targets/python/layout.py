"""Laying out Python code as black does: what fits stands on one line, what does not has one item a line.

A bracket that is opened over several lines ends with a comma, which black then leaves as it is. So nothing here has to
know how black divides a line; it only has to agree with black about what fits, and to leave nothing on one line that
does not. What cannot be laid out that way, since one name alone is as long as a line, stands between `fmt: off` and
`fmt: on`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

LIMIT: Final = 88
"""Columns of a line: black's default."""


class Code(str):
    """Python code that this package made, with every name and text of the plan spelled for its place."""

    __slots__ = ()


def width(text: str) -> int:
    """Count columns, at most: a character beyond ASCII may take two."""
    return len(text) if text.isascii() else len(text) + sum(1 for character in text if character > "\x7f")


class Group:
    """A bracket with items: a call, a tuple, a subscript. `head` is what stands before the opening bracket."""

    __slots__ = ("close", "flat", "head", "items")

    def __init__(self, head: str, items: Sequence[str | Group], close: str) -> None:
        self.head = head
        self.items = items
        self.close = close
        flat: list[str] = [item if isinstance(item, str) else item.flat for item in items]
        comma = "," if len(flat) == 1 and (head == "(" or head[-2:] == "=(") else ""
        self.flat: str = f"{head}{', '.join(flat)}{comma}{close}"

    def lines(self, indent: int, before: int, after: int) -> str:
        """Lay the group out; `before` and `after` count the columns of what stands on its first and last line."""
        if before + width(self.flat) + after <= LIMIT:
            return self.flat
        return self.exploded(indent)

    def exploded(self, indent: int) -> str:
        """Lay the group out with one item a line."""
        inner = indent + 4
        pad = " " * inner
        # One item alone in a subscript takes no comma: it would make a tuple of it.
        comma = "" if self.close == "]" and len(self.items) == 1 else ","
        items = "".join([f"{pad}{lines(item, inner, inner, 1)}{comma}\n" for item in self.items])
        return f"{self.head}\n{items}{' ' * indent}{self.close}"


def lines(code: str | Group, indent: int, before: int, after: int) -> str:
    """Lay out code that is one word, or a group."""
    return code if isinstance(code, str) else code.lines(indent, before, after)


def statement(head: str, code: str | Group, indent: int) -> str:
    """Lay out a line: its indent, its head, and code to its end."""
    pad = " " * indent
    return f"{pad}{head}{lines(code, indent, indent + width(head), 0)}"


def is_too_long(text: str) -> bool:
    """Tell whether a line of the text is longer than black would leave it."""
    if text.isascii():
        return max(map(len, text.split("\n"))) > LIMIT
    return max(map(width, text.split("\n"))) > LIMIT


def unformatted(text: str) -> str:
    """Keep black away from a text that ends with a line end."""
    return f"# fmt: off\n{text}# fmt: on\n"


def wrap(words: str, indent: int, hanging: int) -> str:
    """Break a line of words; the first line starts after `indent` columns, those that follow at `hanging`."""
    if indent + width(words) <= LIMIT:
        return words
    found: list[str] = []
    column = indent
    for word in words.split(" "):
        size = width(word)
        if found and column + 1 + size > LIMIT:
            found.append("\n" + " " * hanging + word)
            column = hanging + size
        elif found:
            found.append(" " + word)
            column += 1 + size
        else:
            found.append(word)
            column += size
    return "".join(found)
