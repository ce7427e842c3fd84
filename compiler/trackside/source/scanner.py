"""A small scanner of YAML text that finds mistakes: moving over the text, and the nodes that look alike everywhere."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Final, NamedTuple

from trackside.source import syntax_findings as findings

if TYPE_CHECKING:
    from trackside.diagnostics.model import Diagnostic
    from trackside.source.node import SourceFile

_BLANKS: Final = re.compile(r" *")
_LINE: Final = re.compile(r"[^\r\n]*")
_BREAK: Final = re.compile(r"\r\n|\r|\n")
_NAME: Final = re.compile(r"[&*]([A-Za-z0-9_-]*)")
_TAG: Final = re.compile(r"![^\s]*")
_KNOWN_TAG: Final = re.compile(r"!!(?:str|map|seq)")
_SINGLE: Final = re.compile(r"'(?:[^']+|'')*+'")
_DOUBLE: Final = re.compile(r'"(?:[^"\\]+|\\.)*+"', re.DOTALL)
_HEX: Final = "[0-9a-fA-F]"
_SURROGATE: Final = f"u[dD][89a-fA-F]{_HEX}{{2}}"
_ESCAPE: Final = re.compile(
    rf"\\(?:[0abtnvfe \"\\N_LP\t\r\n]|x{_HEX}{{2}}|(?!{_SURROGATE})u{_HEX}{{4}}"
    rf"|U(?:0000(?![dD][89a-fA-F]){_HEX}{{4}}|000[1-9a-fA-F]{_HEX}{{4}}|0010{_HEX}{{4}})"
    rf"|({_SURROGATE}\\{_SURROGATE}|{_SURROGATE}|.|$))",
    re.DOTALL,
)
_NEXT_KEY: Final = re.compile(r"""\s*,\s*(?:[\w$-]+|"[^"]*"|'[^']*')\s*:(?=\s)""")
MARKER: Final = re.compile(r"(?:---|\.\.\.)(?=[ \t\r\n]|$)")


TOKEN_LIMIT: Final = 1_500_000
"""How much of a text is looked at; ten thousand events have less."""

_PATIENCE: Final = 50_000
"""How much more of it is looked at once enough is found."""

MISTAKE_LIMIT: Final = 100
"""How many mistakes in one text are looked for."""


class Block(NamedTuple):
    column: int
    is_mapping: bool
    start: int


class Flow:
    """An open `{` or `[`, where it stands, and what was last read in it."""

    __slots__ = ("before", "colon", "entry", "fresh", "line_start", "opening", "properties", "start")

    def __init__(self, opening: str, start: int, line_start: int, fresh: bool, properties: int) -> None:
        self.opening = opening
        self.start = start
        self.line_start = line_start
        self.fresh = fresh
        self.properties = properties
        # One of "comma" (also at the opening), "colon" and "node".
        self.before = "comma"
        self.colon = False
        self.entry = start + 1


class Scanner(ABC):
    """One walk over a text. Offsets count code points."""

    def __init__(self, file: SourceFile) -> None:
        self.file = file
        self.text = file.text
        self.found: list[Diagnostic] = []
        self.at = 0
        self.line_start = 0
        self._line = (0, -1)
        # Nothing but blanks and dashes stands before `at` on its line.
        self.fresh = True
        self.waiting = True
        self.blocks: list[Block] = []
        self.flows: list[Flow] = []
        # Where a node's anchor or tag stands, until the node comes.
        self.properties = -1
        # Off once something is met that the structure of lines is not followed through.
        self.structured = True
        # A line of three points has ended the document.
        self.ended = False

    def run(self) -> None:
        """Walk to the end, or to where more mistakes help nobody."""
        left = TOKEN_LIMIT
        while (len(self.found) < MISTAKE_LIMIT or self.flows) and self.next():
            left -= 1
            if len(self.found) >= MISTAKE_LIMIT:
                # Inside an open bracket its end is worth looking for: all that is found there may come from its lack.
                del self.found[MISTAKE_LIMIT:]
                left = min(left, _PATIENCE)
            if left <= 0:
                return
            before = self.at
            if self.flows:
                self.flow_token()
            else:
                self.block_token()
            # Every token is at least a character; this holds for mistakes in the scanner as well.
            self.at = max(self.at, before + 1)
        if self.flows:
            self.unclosed_flow()

    def next(self) -> bool:
        """Go to the next token, past blanks, line breaks and comments; False at the end."""
        text = self.text
        while True:
            match = _BLANKS.match(text, self.at)
            if match:
                self.at = match.end()
            if self.at >= len(text):
                self._end_properties()
                return False
            character = text[self.at]
            if character in "\r\n":
                self.at += 2 if text.startswith("\r\n", self.at) else 1
                self.line_start = self.at
                self.fresh = True
                self._end_properties()
            elif character == "\t":
                self._tab()
            elif character == "#" and (self.at == self.line_start or text[self.at - 1] in " \t"):
                self.at = self.line_end(self.at)
            else:
                return True

    def _end_properties(self) -> None:
        """Forget an anchor or a tag at the end of its line: what it marks is below, if anything can be."""
        if self.properties >= 0 and not self.waiting and not self.flows and self.structured:
            self.found.append(findings.missing_colon(self.file, self.properties, self.text_end(self.properties)))
        self.properties = -1

    def _tab(self) -> None:
        start = self.at
        while self.text.startswith("\t", self.at):
            self.at += 1
        indents = not self.text[self.line_start : start].strip()
        self.found.append(findings.tab(self.file, start, self.at, indents))
        # How deep a tab indents is anybody's guess.
        self.structured = self.structured and not indents

    def tabs_within(self, start: int, end: int) -> None:
        """Report the tabs of a stretch."""
        for tabs in re.compile("\t+").finditer(self.text, start, end):
            self.found.append(findings.tab(self.file, tabs.start(), tabs.end(), False))

    def line_end(self, offset: int) -> int:
        """Give the end of the line, before its break."""
        # Long lines with many mistakes ask again and again.
        first, last = self._line
        if not first <= offset <= last:
            match = _LINE.match(self.text, offset)
            last = match.end() if match else offset
            self._line = (offset, last)
        return last

    def text_end(self, offset: int) -> int:
        """Give the end of the text that begins at `offset`, on its line and without a comment."""
        line = self.text[offset : self.line_end(offset)]
        cut = re.search(r"[ \t]#", line)
        return offset + len((line[: cut.start()] if cut else line).rstrip())

    def skip_to(self, offset: int) -> None:
        """Go past a mistake."""
        self.at = offset
        self.waiting = False
        self.fresh = False

    def column(self, offset: int) -> int:
        """Give the column from 0 of an offset on the line at hand."""
        return offset - self.line_start

    def move_over(self, start: int, end: int) -> None:
        """Go to `end`, minding the lines between."""
        for match in _BREAK.finditer(self.text, start, end):
            self.line_start = match.end()
        self.at = end
        self.fresh = False

    def blank(self, offset: int) -> bool:
        """Tell whether a blank, a line break or the end is at an offset."""
        return offset >= len(self.text) or self.text[offset] in " \t\r\n"

    def node_start(self) -> int:
        """Give the start of the node at `at`, with the anchor or tag before it."""
        return self.properties if self.properties >= 0 else self.at

    def marker(self) -> bool:
        """Read a directive or a document marker at the start of a line; False when there is none."""
        if self.text.startswith("%", self.at):
            self.found.append(findings.directive(self.file, self.at, self.line_end(self.at)))
            self.at = self.line_end(self.at)
            return True
        match = MARKER.match(self.text, self.at)
        if match is None:
            return False
        if self.flows:
            self.unclosed_flow()
        if self.ended and match.group() == "...":
            self.found.append(findings.second_document(self.file, self.at, match.end()))
        self.blocks.clear()
        self.waiting = True
        self.ended = match.group() == "..."
        self.at = match.end()
        if self.text[self.at : self.line_end(self.at)].strip():
            self.structured = False
        return True

    def property(self) -> None:
        """Read an anchor or a tag."""
        start = self.at
        if self.properties >= 0:
            self.found.append(findings.two_properties(self.file, self.properties, start))
        if self.text[start] == "!":
            match = _TAG.match(self.text, start)
            end = match.end() if match else start + 1
            if not _KNOWN_TAG.fullmatch(self.text, start, end):
                self.found.append(findings.unknown_tag(self.file, start))
        else:
            match = _NAME.match(self.text, start)
            end = match.end() if match else start + 1
            if end == start + 1 or not self.blank(end):
                self.wants_quotes(start, self.extent(start), "begins with `&`")
                return
        if self.properties < 0:
            self.properties = start
        self.at = end

    def alias(self) -> None:
        """Read an alias."""
        start = self.at
        match = _NAME.match(self.text, start)
        end = match.end() if match else start + 1
        if end == start + 1 or not (self.blank(end) or self.text[end] in (",]}" if self.flows else "")):
            self.wants_quotes(start, self.extent(start), "begins with `*`")
            return
        self.node(start, end, "begins with `*`")

    def quoted(self) -> None:
        """Read text in quotes."""
        start = self.at
        quote = self.text[start]
        match = (_SINGLE if quote == "'" else _DOUBLE).match(self.text, start)
        if match is None:
            self.found.append(findings.unclosed_quote(self.file, start, self.line_end(start)))
            self.at = len(self.text)
            self.flows.clear()
            return
        end = match.end()
        marker = re.compile(r"^(?:---|\.\.\.)(?=[ \t\r\n]|$)", re.MULTILINE).search(self.text, start, end)
        if marker and marker.start() > start:
            self._unclosed_quote(start)
            return
        if quote == '"':
            for escape in _ESCAPE.finditer(self.text, start + 1, end - 1):
                if escape.group(1) is not None:
                    self.found.append(findings.bad_escape(self.file, start, end, escape.start(), escape.end()))
        self.node(start, end, findings.begins_with(quote), _BREAK.search(self.text, start, end) is not None)

    def _unclosed_quote(self, start: int) -> None:
        self.found.append(findings.unclosed_quote(self.file, start, self.line_end(start)))
        self.skip_to(self.line_end(start))
        self.flows.clear()
        self.structured = False

    def node(self, start: int, end: int, why: str, lines: bool = False) -> None:
        """Go past a node that ends by itself, and see what follows it: a colon, the end of the line, or a mistake.

        `why` is what to say of it if it wants quotes; `lines` tells that it stands on more than one.
        """
        text = self.text
        after = end
        while text.startswith((" ", "\t"), after):
            after += 1
        self.tabs_within(end, after)
        following = text[after : after + 1]
        comment = following == "#" and after > end
        if self.flows:
            fine = not following or following in ",]}:\r\n" or comment
        else:
            colon = following == ":" and self.blank(after + 1)
            fine = not following or following in "\r\n" or comment or colon
            if fine and colon and not lines:
                if text[start] in "[{*":
                    self.found.append(findings.complex_key(self.file, start, end))
                self.key(start, end, after)
                return
            fine = fine and not colon
        if not fine:
            if lines and text[start] in "\"'":
                self._unclosed_quote(start)
            elif lines:
                self.at = after
                end = self.extent(after)
                self.found.append(findings.stray_text(self.file, after, end))
                self.properties = -1
                if self.flows:
                    self.flows[-1].before = "node"
                    self.at = end
                else:
                    self.skip_to(self.line_end(end))
            else:
                self.wants_quotes(start, self.extent(start), why)
            return
        if self.flows:
            self.flow_node(start, end)
        else:
            self.value(self.properties if self.properties >= 0 else start)
        if text[start] in "\"'":
            self.move_over(start, end)
        self.at = end
        self.fresh = False

    def unclosed_flow(self) -> None:
        """Report the outermost bracket that is open; what was found inside it is its consequence."""
        flow = self.flows[0]
        start = self.file.span(flow.start, flow.start + 1)
        self.found = [found for found in self.found if found.primary.span < start]
        self.found.append(findings.unclosed_bracket(self.file, flow.start, self.line_end(flow.start)))
        self.flows.clear()

    # Text that wants quotes

    def wants_quotes(self, start: int, end: int, why: str) -> None:
        """Report a text that is plain and may not be, and go past it."""
        key = None
        if self.fresh and self.structured and not self.flows:
            key = re.compile(r".+?(?=[ \t]*:(?:[ \t\r\n]|$))").match(self.text, start, self.line_end(start))
            end = key.end() if key else end
        self.found.append(findings.unquoted(self.file, start, max(end, start + 1), why, bool(self.flows)))
        if key:
            self.key(start, end, self.text.index(":", end))
            return
        self.properties = -1
        if self.flows:
            self.flows[-1].before = "node"
            self.at = end
        else:
            self.skip_to(self.line_end(end))

    def extent(self, start: int) -> int:
        """Guess where a text that should stand in quotes ends: before what looks like the next entry or the closing."""
        if len(self.found) >= MISTAKE_LIMIT:
            return self.at
        end = self.line_end(start)
        if not self.flows:
            return self.text_end(start)
        text = self.text
        in_list = self.flows[-1].opening == "["
        depth = 0
        at = start
        while at < end:
            character = text[at]
            if character in "[{(":
                depth += 1
            elif character in "]})":
                if depth == 0 and character != ")":
                    break
                depth = max(depth - 1, 0)
            elif character == "#" and text[at - 1] in " \t":
                break
            if character == "," and depth == 0 and (in_list or _NEXT_KEY.match(text, at)):
                break
            at += 1
        return start + len(text[start:at].rstrip())

    @abstractmethod
    def block_token(self) -> None:
        """Read a token outside of brackets."""

    @abstractmethod
    def flow_token(self) -> None:
        """Read a token inside brackets."""

    @abstractmethod
    def key(self, start: int, end: int, colon: int) -> None:
        """Read a key of a block mapping; `colon` is where its colon stands."""

    @abstractmethod
    def value(self, start: int, block_scalar: bool = False) -> None:
        """Place a node of a block that is no key."""

    @abstractmethod
    def flow_node(self, start: int, end: int) -> None:
        """Note a node inside brackets."""
