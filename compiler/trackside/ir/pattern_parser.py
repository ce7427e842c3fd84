"""Reads a pattern from left to right and refuses, by name, what languages do not read alike."""

from __future__ import annotations

import re
from typing import Final, NoReturn

from trackside.ir.character_sets import DIGITS, WORD, complement, merge
from trackside.ir.pattern_nodes import Chars, Choice, Node, Repeat, Sequence

MAX_REPEAT: Final = 1_000
"""What RE2 takes, also as the product of repeats within each other."""
MAX_DEPTH: Final = 40
"""Groups within groups."""

_SYNTAX: Final = frozenset("^$\\.*+?()[]{}|/")
_CONTROLS: Final = {"t": "\t", "n": "\n", "r": "\r", "f": "\f", "v": "\v"}
_CONTROL_NAMES: Final = {character: f"\\{name}" for name, character in _CONTROLS.items()}
_DOUBLES: Final = frozenset("&-!#$%*+,.:;<=>?@^`~|")
_BRACES: Final = re.compile(r"\{([0-9]*)(,?)([0-9]*)\}")
_HEX: Final = re.compile(r"[0-9A-Fa-f]{2}")

_WHITESPACE: Final = "is another set of characters in every language"
_EDGES: Final = "depends on what a language takes for a letter"
_ANCHOR: Final = "is an anchor that ECMAScript has not"
_PROPERTY: Final = "is a property class, and Python has none"
_LEAVE_OUT: Final = "leave it out: a pattern always matches the whole value"
_SPELL_OUT: Final = "spell out what may stand there"
_LIST: Final = "list the characters in a class"
_ITSELF: Final = "write the character itself"
_ESCAPES: Final[dict[str, tuple[str, str]]] = {
    "s": (_WHITESPACE, "write the characters that you mean, such as `[ \\t]`"),
    "S": (_WHITESPACE, "write a class such as `[^ \\t\\r\\n]`"),
    "D": ("means other digits in Python", "write `[^0-9]`"),
    "W": ("means other letters in Python", "write `[^0-9A-Za-z_]`"),
    "b": (_EDGES, _LEAVE_OUT),
    "B": (_EDGES, _LEAVE_OUT),
    "A": (_ANCHOR, _LEAVE_OUT),
    "Z": (_ANCHOR, _LEAVE_OUT),
    "z": (_ANCHOR, _LEAVE_OUT),
    "p": (_PROPERTY, _LIST),
    "P": (_PROPERTY, _LIST),
    "u": ("is an escape that RE2 has not", "write the character itself, or `\\x` and two digits"),
    "U": ("is an escape that Python alone has", _ITSELF),
    "N": ("is an escape that Python alone has", _ITSELF),
    "k": ("is a back-reference, and RE2 has none", _SPELL_OUT),
    "0": ("is an octal escape, read differently by each language", "write `\\x00`"),
    "c": ("is a control escape, and Python has none", "write `\\x` and two digits"),
}
_GROUPS: Final[tuple[tuple[str, str, str], ...]] = (
    ("(?=", "is look-ahead, and RE2 has none", _SPELL_OUT),
    ("(?!", "is look-ahead, and RE2 has none", _SPELL_OUT),
    ("(?<=", "is look-behind, and RE2 has none", _SPELL_OUT),
    ("(?<!", "is look-behind, and RE2 has none", _SPELL_OUT),
    ("(?P=", "is a back-reference, and RE2 has none", _SPELL_OUT),
    ("(?P", "is a named group, and nothing reads it", "write `(?:`"),
    ("(?<", "is a named group, and nothing reads it", "write `(?:`"),
    ("(?>", "is an atomic group, which ECMAScript and RE2 have not", "write `(?:`"),
    ("(?#", "is a comment, which ECMAScript and RE2 have not", "put it into the description"),
    ("(?(", "is a condition, which ECMAScript and RE2 have not", "write the cases as alternatives"),
)


class PatternError(ValueError):
    """A pattern outside the portable subset.

    `message` names what is refused and why, `help` the way out. `offset` counts code points from the start of the text
    as written; `what` is the piece of it that is refused.
    """

    def __init__(self, message: str, offset: int, what: str, help: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.offset = offset
        self.what = what
        self.help = help


class PatternParser:
    """Reads one pattern, once. `parse` gives its tree, without anchors, or raises PatternError."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.anchored_start = text.startswith("^")
        self.position = 1 if self.anchored_start else 0
        self.end = len(text)
        self.anchored_end = False
        self.class_start = 0

    def parse(self) -> Node:
        for index, character in enumerate(self.text):
            if 0xD800 <= ord(character) <= 0xDFFF:
                raise PatternError("half a surrogate pair is no character", index, character, "leave it out")
        root = self._choice(0)
        if self.position < len(self.text):
            self._refuse("a `)` closes nothing", "write `\\)` for the character", 1)
        if isinstance(root, Choice) and (self.anchored_start or self.anchored_end):
            self.position = 0 if self.anchored_start else len(self.text) - 1
            self._refuse(
                "an anchor binds to one alternative only", "leave it out, the whole value is matched anyhow", 1
            )
        return root

    def _refuse(self, message: str, help: str, length: int) -> NoReturn:
        raise PatternError(message, self.position, self.text[self.position : self.position + length], help)

    def _choice(self, depth: int) -> Node:
        start = self.position
        options = [self._sequence(depth)]
        while self.position < self.end and self.text[self.position] == "|":
            self.position += 1
            options.append(self._sequence(depth))
        return options[0] if len(options) == 1 else Choice(tuple(options), start)

    def _sequence(self, depth: int) -> Node:
        start = self.position
        items: list[Node] = []
        while self.position < self.end and (character := self.text[self.position]) not in "|)":
            if character == "$":
                if self.position == len(self.text) - 1 and depth == 0:
                    self.anchored_end = True
                    self.end = self.position
                    break
                self._refuse("`$` stands at the end of a pattern only", "write `\\$` for the character", 1)
            items.append(self._quantified(self._atom(depth)))
        if not items:
            self.position = min(start, len(self.text))
            self._refuse(
                "an alternative or a pattern is never empty", "leave it out, or make the rest optional: `?`", 1
            )
        if self.anchored_end:
            self.position = len(self.text)
        return items[0] if len(items) == 1 else Sequence(tuple(items))

    def _atom(self, depth: int) -> Node:
        character = self.text[self.position]
        if character == "(":
            return self._group(depth)
        if character == "[":
            return self._class()
        if character == "\\":
            return self._escape()
        if character == ".":
            self._refuse(
                "`.` leaves out other line ends in each language", "write a class such as `[^\\n]`, or `\\.`", 1
            )
        if character == "^":
            self._refuse("`^` stands at the start of a pattern only", "write `\\^` for the character", 1)
        if character in "*+?":
            self._refuse(f"`{character}` repeats nothing here", f"write `\\{character}` for the character", 1)
        if character in "{}]":
            self._refuse(f"`{character}` alone is no character in ECMAScript", f"write `\\{character}`", 1)
        self.position += 1
        return Chars(((ord(character), ord(character)),), _spelled(character))

    def _group(self, depth: int) -> Node:
        start = self.position
        if not self.text.startswith("(?:", start):
            self._refuse_group()
        if depth >= MAX_DEPTH:
            self._refuse(
                f"groups stand at most {MAX_DEPTH} deep in each other", "leave out those that group nothing", 3
            )
        self.position += 3
        inner = self._choice(depth + 1)
        if self.position >= self.end or self.text[self.position] != ")":
            self.position = start
            self._refuse("this group has no end", "add `)`", 3)
        self.position += 1
        return inner

    def _refuse_group(self) -> NoReturn:
        for opening, why, way_out in _GROUPS:
            if self.text.startswith(opening, self.position):
                self._refuse(f"`{opening}` {why}", way_out, len(opening))
        if self.text.startswith("(?", self.position):
            self._refuse("flags differ between languages", "write both cases in a class, such as `[Aa]`", 3)
        self._refuse("nothing reads the groups of a pattern", "write `(?:`, or `\\(` for the character", 1)

    def _quantified(self, node: Node) -> Node:
        offset = self.position
        bounds = self._bounds()
        if bounds is None:
            return node
        least, most = bounds
        if self.position < len(self.text) and self.text[self.position] in "*+?{":
            follower = self.text[self.position]
            if follower == "?":
                self._refuse("a lazy repeat matches the same whole values", "leave out this `?`", 1)
            if follower == "+":
                self._refuse("ECMAScript and RE2 have no possessive repeats", "leave out this `+`", 1)
            self._refuse(
                "a repeat of a repeat is an error in most languages", "put the inner one into `(?:` and `)`", 1
            )
        written = self.text[offset : self.position]
        if node.nullable:
            raise PatternError(
                f"`{written}` repeats something that may be empty",
                offset,
                written,
                "make it at least one character long",
            )
        if (least, most) == (1, 1):
            return node
        if most is None and _has_endless(node):
            raise PatternError(
                f"`{written}` repeats a repeat that has no end either",
                offset,
                written,
                "bound one of the two, such as `{0,20}`",
            )
        if max(most or least, 1) * _product(node) > MAX_REPEAT:
            raise PatternError(
                f"repeats within each other multiply to more than {MAX_REPEAT:,}, which RE2 refuses",
                offset,
                written,
                f"make `{written}` smaller",
            )
        return Repeat(node, least, most, offset)

    def _bounds(self) -> tuple[int, int | None] | None:
        """Read a quantifier, if one stands here."""
        if self.position >= self.end or self.text[self.position] not in "*+?{":
            return None
        character = self.text[self.position]
        if character != "{":
            self.position += 1
            return {"*": (0, None), "+": (1, None), "?": (0, 1)}[character]
        found = _BRACES.match(self.text, self.position)
        if not found or not (found[1] or found[3]):
            self._refuse("`{` alone is no character in ECMAScript", "write `\\{`", 1)
        written, low, comma, high = found.group(), found[1], found[2], found[3]
        if not low:
            self._refuse(f"`{written}` is read as text by ECMAScript and RE2", f"write `{{0,{high}}}`", len(written))
        if any(len(digits) > 1 and digits.startswith("0") for digits in (low, high)):
            self._refuse(f"`{written}` has a leading zero, which RE2 reads as text", "leave the zero out", len(written))
        if max(len(low), len(high)) > 4 or max(int(low), int(high or 0)) > MAX_REPEAT:
            self._refuse(f"`{written}` is more than RE2 repeats", f"repeat at most {MAX_REPEAT:,} times", len(written))
        least, most = int(low), int(high) if high else None if comma else int(low)
        if most is not None and most < least:
            self._refuse(f"`{written}` has its bounds the wrong way round", f"write `{{{most},{least}}}`", len(written))
        if most == 0:
            self._refuse(f"`{written}` repeats something no times", "leave both out", len(written))
        self.position += len(written)
        return least, most

    def _escape(self) -> Chars:
        name = self.text[self.position + 1 : self.position + 2]
        if name in {"d", "w"}:
            self.position += 2
            return Chars(DIGITS, "[0-9]") if name == "d" else Chars(WORD, "[0-9A-Za-z_]")
        if name == "-":
            self._refuse("`\\-` is an escape inside a class only", "write `-`", 2)
        character = self._escaped_character()
        return Chars(((ord(character), ord(character)),), _spelled(character))

    def _escaped_character(self) -> str:
        """Read an escape that stands for one character, inside a class or out."""
        name = self.text[self.position + 1 : self.position + 2]
        if name in _SYNTAX:
            self.position += 2
            return name
        if name in _CONTROLS:
            self.position += 2
            return _CONTROLS[name]
        if name == "x" and (digits := _HEX.match(self.text, self.position + 2)):
            self.position += 4
            return chr(int(digits.group(), 16))
        if not name:
            self._refuse("a backslash at the end escapes nothing", "write `\\\\` for the character", 1)
        if name == "x":
            self._refuse("`\\x` wants two hexadecimal digits", "write `\\x41`, or the character itself", 2)
        if name in _ESCAPES:
            why, way_out = _ESCAPES[name]
            self._refuse(f"`\\{name}` {why}", way_out, 2)
        if name in "123456789":
            self._refuse(f"`\\{name}` is a back-reference, and RE2 has none", "spell out what may stand there", 2)
        if name.isascii() and name.isalpha():
            self._refuse(f"`\\{name}` is no escape that all languages know", "write the character itself", 2)
        raise PatternError(
            f"`{name}` needs no backslash, and ECMAScript refuses one",
            self.position,
            self.text[self.position : self.position + 2],
            f"write `{name}`",
        )

    def _class(self) -> Chars:
        start = self.class_start = self.position
        self.position += 1
        negated = self.text.startswith("^", self.position)
        if negated:
            self.position += 1
        members: list[tuple[int, int]] = []
        pieces: list[str] = []
        first = True
        while True:
            if self.position >= len(self.text):
                self.position = start
                self._refuse("this class has no end", "add `]`", 1)
            if self.text[self.position] == "]":
                break
            self._class_item(members, pieces, first)
            first = False
        if first:
            self.position = start
            self._refuse(
                "an empty class differs between languages",
                "write what it may hold, and `\\]` for a bracket in it",
                3 if negated else 2,
            )
        self.position += 1
        written = merge(members)
        held = complement(written) if negated else written
        if not held:
            self.position = start
            self._refuse("this class can match no character", "write what it may hold", 2)
        return Chars(held, f"[{'^' if negated else ''}{''.join(pieces)}]")

    def _class_item(self, members: list[tuple[int, int]], pieces: list[str], first: bool) -> None:
        """Read one character, one range or one of `\\d` and `\\w`."""
        start = self.position
        low = self._class_atom(first)
        ranged = self.text.startswith("-", self.position) and not self.text.startswith("-]", self.position)
        if isinstance(low, Chars):
            if ranged:
                self._refuse("`-` after a set of characters means nothing sure", "write `\\-`, or put it last", 1)
            members.extend(low.members)
            _add(pieces, low.text[1:-1])
            return
        if not ranged:
            members.append((ord(low), ord(low)))
            _add(pieces, _in_class(low))
            return
        self.position += 1
        high = self._class_atom(False, ends_range=True)
        written = self.text[start : self.position]
        if isinstance(high, Chars):
            raise PatternError(
                f"`{written}` ends a range with a set of characters",
                start,
                written,
                "write `\\-` for the character",
            )
        if ord(high) < ord(low):
            raise PatternError(f"`{written}` runs backwards", start, written, f"write `{high}-{low}`")
        if self.text.startswith("-", self.position) and not self.text.startswith("-]", self.position):
            self._refuse("`-` after a range means nothing sure", "write `\\-`, or put it last", 1)
        members.append((ord(low), ord(high)))
        _add(pieces, f"{_in_class(low)}-{_in_class(high)}")

    def _class_atom(self, first: bool, *, ends_range: bool = False) -> str | Chars:
        character = self.text[self.position : self.position + 1]
        if not character:
            self.position = self.class_start
            self._refuse("this class has no end", "add `]`", 1)
        if character == "\\":
            name = self.text[self.position + 1 : self.position + 2]
            if name in {"d", "w"}:
                return self._escape()
            if name == "-":
                self.position += 2
                return "-"
            if name == "b":
                self._refuse("`\\b` in a class is a backspace in some languages only", "write `\\x08`", 2)
            return self._escaped_character()
        if character == "[":
            if self.text[self.position + 1 : self.position + 2] in {":", ".", "="}:
                self._refuse("only RE2 has POSIX classes", "list the characters, such as `A-Za-z`", 2)
            self._refuse("`[` in a class begins another class in some languages", "write `\\[`", 1)
        if character in _DOUBLES and self.text.startswith(character * 2, self.position):
            once = _spelled(character)
            self._refuse(
                f"`{character * 2}` in a class is a set operation in some languages", f"write `{once}` once", 2
            )
        if character == "-" and (ends_range or not (first or self.text.startswith("-]", self.position))):
            self._refuse("`-` between characters means nothing sure", "write `\\-`, or put it last", 1)
        self.position += 1
        return character


def _spelled(character: str) -> str:
    """Spell one character so that it means itself to every engine."""
    if character in _SYNTAX:
        return f"\\{character}"
    if character in _CONTROL_NAMES:
        return _CONTROL_NAMES[character]
    point = ord(character)
    return f"\\x{point:02x}" if point < 0x20 or 0x7F <= point < 0xA0 else character


def _in_class(character: str) -> str:
    """Spell one character so that it means itself inside a class, also with ECMAScript's `v` flag."""
    return "\\-" if character == "-" else _spelled(character)


def _add(pieces: list[str], piece: str) -> None:
    """Add a piece of a class, kept from making a set operation with the piece before."""
    if pieces and piece[0] in _DOUBLES and pieces[-1][-1] == piece[0]:
        piece = f"\\x{ord(piece[0]):02x}{piece[1:]}"
    pieces.append(piece)


def _has_endless(node: Node) -> bool:
    if isinstance(node, Chars):
        return False
    if isinstance(node, Repeat):
        return node.most is None or _has_endless(node.item)
    return any(_has_endless(part) for part in (node.items if isinstance(node, Sequence) else node.options))


def _product(node: Node) -> int:
    """Multiply the counts of repeats within each other, along the worst path, as RE2 does."""
    if isinstance(node, Chars):
        return 1
    if isinstance(node, Repeat):
        return max(node.most or node.least, 1) * _product(node.item)
    return max(_product(part) for part in (node.items if isinstance(node, Sequence) else node.options))


def quantifier_at(text: str, offset: int) -> str:
    braces = _BRACES.match(text, offset)
    return braces.group() if braces else text[offset : offset + 1]
