"""Find what is wrong with text that a parser refuses, and what one parser reads and another does not.

A small scanner of our own walks the text, so that the place and the words of a finding do not depend on the parser. It
runs over text that failed, over text that holds a tab, and before the pure parser, which lets pass what the C parser
refuses. After a mistake that quotes would mend, it skips that text and goes on.
"""

from __future__ import annotations

import re
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
_HEADER: Final = re.compile(r"[|>](?:[-+]?[1-9]?|[1-9][-+])(?=[ \t\r\n]|$)")
_PLAIN_END: Final = re.compile(r":(?=[ \t\r\n]|$)|[ \t]#|[\r\n]|$")
_FLOW_PLAIN_END: Final = re.compile(r"[,\[\]{}?:]|[ \t]#|[\r\n]|$")
_SINGLE: Final = re.compile(r"'(?:[^']|'')*'")
_DOUBLE: Final = re.compile(r'"(?:[^"\\]|\\.)*"', re.DOTALL)
_ESCAPE: Final = re.compile(
    r"\\(?:[0abtnvfe \"\\N_LP\t\r\n]|x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|(.|$))", re.DOTALL
)
_MARKER: Final = re.compile(r"(?:---|\.\.\.)(?=[ \t\r\n]|$)")
_GLUED_KEY: Final = re.compile(r"[A-Za-z_][\w-]*(:)(?=[^\s:/])")
_KEY_LIMIT: Final = 1024
"""How many characters a key may have, and on one line, for the C parser."""


def find_syntax_errors(file: SourceFile) -> list[Diagnostic]:
    """List the mistakes in a text, in order. A text that every parser reads has none."""
    scan = _Scan(file)
    scan.run()
    return sorted(scan.found, key=lambda found: found.primary.span)


class _Block(NamedTuple):
    column: int
    is_mapping: bool
    start: int


class _Flow:
    """An open `{` or `[`, and what was last read in it."""

    __slots__ = ("before", "colon", "entry", "opening", "start")

    def __init__(self, opening: str, start: int) -> None:
        self.opening = opening
        self.start = start
        # One of "comma" (also at the opening), "colon" and "node".
        self.before = "comma"
        self.colon = False
        self.entry = start + 1


class _Scan:
    """One walk over a text. Offsets count code points."""

    def __init__(self, file: SourceFile) -> None:
        self.file = file
        self.text = file.text
        self.found: list[Diagnostic] = []
        self.at = 0
        self.line_start = 0
        # Nothing but blanks and dashes stands before `at` on its line.
        self.fresh = True
        self.waiting = True
        self.blocks: list[_Block] = []
        self.flows: list[_Flow] = []
        # Where a node's anchor or tag stands, until the node comes.
        self.properties = -1
        # Off once something is met that the structure of lines is not followed through.
        self.structured = True
        # A line of three points has ended the document.
        self.ended = False

    def run(self) -> None:
        """Walk to the end."""
        while self._next():
            before = self.at
            if self.flows:
                self._flow_token()
            else:
                self._block_token()
            # Every token is at least a character; this holds for mistakes in the scanner as well.
            self.at = max(self.at, before + 1)
        if self.flows:
            self._unclosed_flow()

    # Moving

    def _next(self) -> bool:
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
                self.at = self._line_end(self.at)
            else:
                return True

    def _end_properties(self) -> None:
        """Forget an anchor or a tag at the end of its line: what it marks is below, if anything can be."""
        if self.properties >= 0 and not self.waiting and not self.flows and self.structured:
            self.found.append(findings.missing_colon(self.file, self.properties, self._text_end(self.properties)))
        self.properties = -1

    def _tab(self) -> None:
        start = self.at
        while self.text.startswith("\t", self.at):
            self.at += 1
        indents = not self.text[self.line_start : start].strip()
        self.found.append(findings.tab(self.file, start, self.at, indents))
        # How deep a tab indents is anybody's guess.
        self.structured = self.structured and not indents

    def _tabs_within(self, start: int, end: int) -> None:
        for tabs in re.compile("\t+").finditer(self.text, start, end):
            self.found.append(findings.tab(self.file, tabs.start(), tabs.end(), False))

    def _line_end(self, offset: int) -> int:
        match = _LINE.match(self.text, offset)
        return match.end() if match else offset

    def _text_end(self, offset: int) -> int:
        """Give the end of the text that begins at `offset`, on its line and without a comment."""
        line = self.text[offset : self._line_end(offset)]
        cut = re.search(r"[ \t]#", line)
        return offset + len((line[: cut.start()] if cut else line).rstrip())

    def _skip_to(self, offset: int) -> None:
        self.at = offset
        self.waiting = False
        self.fresh = False

    def _column(self, offset: int) -> int:
        return offset - self.line_start

    # Block context

    def _block_token(self) -> None:
        text = self.text
        at = self.at
        character = text[at]
        if at == self.line_start and self._marker():
            return
        if self.ended:
            self.found.append(findings.second_document(self.file, at, self._text_end(at)))
            self.at = len(text)
            return
        followed = text[at + 1 : at + 2]
        blank_follows = not followed or followed in " \t\r\n"
        if character == "-" and blank_follows:
            self._dash()
        elif character == "?" and blank_follows:
            self.found.append(findings.explicit_key(self.file, at))
            self.structured = False
            self.waiting = self.fresh = True
            self.at += 1
        elif character == ":" and blank_follows:
            if self.structured:
                self.found.append(findings.colon_without_key(self.file, at))
                self.structured = False
            self.waiting = True
            self.at += 1
        elif character in "&!":
            self._property()
        elif character == "*":
            self._alias()
        elif character in "|>":
            self._block_scalar()
        elif character in "[{":
            self.flows.append(_Flow(character, at))
            self.properties = -1
            self.at += 1
        elif character in "\"'":
            self._quoted()
        elif character in "@`%,]}":
            self._wants_quotes(at, self._text_end(at), findings.begins_with(character))
        else:
            self._plain()

    def _marker(self) -> bool:
        """Read a directive or a document marker at the start of a line; False when there is none."""
        if self.text.startswith("%", self.at):
            self.found.append(findings.directive(self.file, self.at, self._line_end(self.at)))
            self.at = self._line_end(self.at)
            return True
        match = _MARKER.match(self.text, self.at)
        if match is None:
            return False
        if self.flows:
            self._unclosed_flow()
        if self.ended and match.group() == "...":
            self.found.append(findings.second_document(self.file, self.at, match.end()))
        self.blocks.clear()
        self.waiting = True
        self.ended = match.group() == "..."
        self.at = match.end()
        if self.text[self.at : self._line_end(self.at)].strip():
            self.structured = False
        return True

    def _start(self) -> int:
        """Give the start of the node at `at`, with the anchor or tag before it."""
        return self.properties if self.properties >= 0 else self.at

    def _dash(self) -> None:
        start = self._start()
        if not self.fresh:
            if self.structured:
                self._wants_quotes(start, self._text_end(start), "begins with `- `")
                return
        else:
            self._place(start, "-")
        self.at += 1
        self.waiting = True
        self.properties = -1

    def _property(self) -> None:
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
            if end == start + 1 or not self._blank(end):
                self._wants_quotes(start, self._extent(start), "begins with `&`")
                return
        if self.properties < 0:
            self.properties = start
        self.at = end

    def _blank(self, offset: int) -> bool:
        return offset >= len(self.text) or self.text[offset] in " \t\r\n"

    def _alias(self) -> None:
        start = self.at
        match = _NAME.match(self.text, start)
        end = match.end() if match else start + 1
        if end == start + 1 or not (self._blank(end) or self.text[end] in (",]}" if self.flows else "")):
            self._wants_quotes(start, self._extent(start), "begins with `*`")
            return
        self._node(start, end, "begins with `*`")

    def _quoted(self) -> None:
        start = self.at
        quote = self.text[start]
        match = (_SINGLE if quote == "'" else _DOUBLE).match(self.text, start)
        if match is None:
            self.found.append(findings.unclosed_quote(self.file, start, self._line_end(start)))
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
        self._node(start, end, findings.begins_with(quote))

    def _unclosed_quote(self, start: int) -> None:
        self.found.append(findings.unclosed_quote(self.file, start, self._line_end(start)))
        self._skip_to(self._line_end(start))
        self.flows.clear()
        self.structured = False

    def _node(self, start: int, end: int, why: str) -> None:
        """Go past a node that ends by itself, and see what follows it: a colon, the end of the line, or a mistake."""
        text = self.text
        lines = _BREAK.search(text, start, end) is not None
        after = end
        while text.startswith((" ", "\t"), after):
            after += 1
        self._tabs_within(end, after)
        following = text[after : after + 1]
        comment = following == "#" and after > end
        if self.flows:
            fine = not following or following in ",]}:\r\n" or comment
        else:
            colon = following == ":" and self._blank(after + 1)
            fine = not following or following in "\r\n" or comment or colon
            if fine and colon and not lines:
                if text[start] in "[{*":
                    self.found.append(findings.complex_key(self.file, start, end))
                self._key(start, end, after)
                return
            fine = fine and not colon
        if not fine:
            if lines and text[start] in "\"'":
                self._unclosed_quote(start)
            else:
                self._wants_quotes(start, self._extent(start), why)
            return
        if self.flows:
            self._flow_node(start, end)
        else:
            self._value(self._start())
        self._move_over(start, end)

    def _move_over(self, start: int, end: int) -> None:
        """Go to `end`, minding the lines between."""
        for match in _BREAK.finditer(self.text, start, end):
            self.line_start = match.end()
        self.at = end
        self.fresh = False

    def _plain(self) -> None:
        start = self.at
        first = _PLAIN_END.search(self.text, start)
        end = first.start() if first else len(self.text)
        self._tabs_within(start, end)
        if self.text.startswith(":", end):
            self._key(start, start + len(self.text[start:end].rstrip()), end)
            return
        if self.fresh and not self.waiting and self.structured:
            self.found.append(findings.missing_colon(self.file, start, self._text_end(start)))
            self._skip_to(self._line_end(start))
            return
        was_fresh = self.fresh
        self._value(self._start())
        self.at = end
        self.fresh = False
        indent = self.blocks[-1].column if self.blocks else -1
        # The lines below that are indented deeper go on with the text, up to a comment.
        while self.structured and not self.text.startswith((" #", "\t#"), self.at):
            line = re.compile(r"(?:[ \t]*(?:\r\n|\r|\n))+( *)").match(self.text, self._line_end(self.at) - 0)
            if line is None or len(line.group(1)) <= indent or line.end() >= len(self.text):
                break
            here = line.end()
            if self.text[here] in "#\t" or (not line.group(1) and _MARKER.match(self.text, here)):
                break
            last = _PLAIN_END.search(self.text, here)
            end = last.start() if last else len(self.text)
            self._tabs_within(self.at, end)
            self._move_over(self.at, here)
            if self.text.startswith(":", end):
                self._key_below_text(start, was_fresh, here, end)
                return
            self.at = end

    def _key_below_text(self, start: int, was_fresh: bool, key: int, end: int) -> None:
        glued = _GLUED_KEY.match(self.text, start) if was_fresh else None
        if glued:
            self.found.append(findings.glued_colon(self.file, start, self._text_end(start), glued.start(1)))
        else:
            self.found.append(findings.key_below_text(self.file, key, end, start, self._text_end(start)))
        # The lines that follow belong to this one as far as a reader is concerned.
        self.blocks.append(_Block(self._column(key), True, key))
        self.at = end + 1
        self.waiting = True

    def _key(self, start: int, end: int, colon: int) -> None:
        """Read a key of a block mapping; `colon` is where its colon stands."""
        if self.structured:
            if not self.fresh:
                value = start
                self._wants_quotes(value, self._text_end(value), "holds `: `")
                return
            if colon - start > _KEY_LIMIT:
                self.found.append(findings.long_key(self.file, start, end, _KEY_LIMIT))
            self._place(self._start(), "key")
        self.at = colon + 1
        self.fresh = False
        self.waiting = True
        self.properties = -1

    def _value(self, start: int, block_scalar: bool = False) -> None:
        """Place a node that is no key; the parsers let a block scalar's header stand right below its key."""
        if self.structured and self.fresh:
            column = self._column(start)
            if not self.waiting:
                self.found.append(findings.missing_colon(self.file, start, self._text_end(start)))
            elif self.blocks and column < self.blocks[-1].column + (not block_scalar):
                self.found.append(findings.missing_colon(self.file, start, self._text_end(start)))
        self.waiting = False
        self.properties = -1

    def _place(self, start: int, what: str) -> None:
        """Fit a key or a dash that begins a line into the blocks that are open."""
        if not self.structured:
            return
        column = self._column(start)
        blocks = self.blocks
        closed = None
        while blocks and blocks[-1].column > column:
            closed = blocks.pop()
        key = what == "key"
        top = blocks[-1] if blocks else None
        if top is not None and top.column == column and key and not top.is_mapping and len(blocks) > 1:
            below = blocks[-2]
            if below.column == column:
                blocks.pop()
                return
        if top is not None and top.column == column and top.is_mapping == key:
            return
        opens = self.waiting and closed is None and (top is None or top.column < column)
        indentless = not key and top is not None and top.is_mapping and top.column == column and self.waiting
        if opens or (indentless and closed is None):
            blocks.append(_Block(column, key, start))
            return
        self.found.append(findings.indentation(self.file, start, self._text_end(start), column, top, closed))
        # Read on as if the line belonged where it stands.
        if top is None or top.column < column or top.is_mapping != key:
            blocks.append(_Block(column, key, start))

    def _block_scalar(self) -> None:
        start = self.at
        match = _HEADER.match(self.text, start)
        end = match.end() if match else start + 1
        rest = self.text[end : self._line_end(end)]
        if match is None or (rest.strip() and not re.match(r"[ \t]+#", rest)):
            character = self.text[start]
            self._wants_quotes(start, self._text_end(start), f"begins with `{character}`")
            return
        tabs = re.match(r" *(\t+)", rest)
        if tabs:
            self.found.append(findings.tab(self.file, end + tabs.start(1), end + tabs.end(1), False))
        digit = re.search("[1-9]", match.group())
        parent = self.blocks[-1].column if self.blocks else -1
        self._value(self._start(), block_scalar=True)
        self.at = self._line_end(end)
        least = max(parent, 0) + int(digit.group()) if digit else None
        lines = re.compile(r"(?:\r\n|\r|\n)( *)([^\r\n]*)")
        first = self.at
        while line := lines.match(self.text, self.at):
            blanks = len(line.group(1))
            content = line.group(2)
            if self.at == first and blanks and not content and line.end() < len(self.text):
                self.found.append(findings.blank_first_line(self.file, line.start(1), line.end(1)))
            if content and least is None:
                if blanks <= max(parent, 0):
                    break
                if content[0] == "\t":
                    self.found.append(findings.tab(self.file, line.start(2), line.start(2) + 1, True))
                least = blanks
            if content and least is not None and blanks < least:
                break
            if content and blanks == 0 and _MARKER.match(content):
                break
            self.at = line.end()
        self.fresh = False

    # Flow context

    def _flow_token(self) -> None:
        text = self.text
        at = self.at
        character = text[at]
        flow = self.flows[-1]
        if at == self.line_start and self._marker():
            return
        if character == ",":
            if flow.before == "comma":
                self.found.append(findings.empty_entry(self.file, at))
            flow.before = "comma"
            flow.colon = False
            self.at += 1
            flow.entry = self.at
        elif character in "]}":
            self._close_flow(character)
        elif character == ":":
            self._flow_colon(flow)
        elif character in "[{":
            self.flows.append(_Flow(character, at))
            self.properties = -1
            self.at += 1
        elif character in "\"'":
            self._quoted()
        elif character in "&!":
            self._property()
        elif character == "*":
            self._alias()
        elif character in "|>@`%?":
            self._wants_quotes(at, self._extent(at), findings.begins_with(character))
        elif character == "-" and self._blank(at + 1):
            self._wants_quotes(at, self._extent(at), "begins with `- `")
        else:
            self._flow_plain(flow)

    def _flow_colon(self, flow: _Flow) -> None:
        at = self.at
        if flow.colon:
            value = self._value_start(flow)
            self._wants_quotes(value, self._extent(value), "holds `: `")
            return
        if flow.before == "comma":
            if not self._blank(at + 1):
                self._wants_quotes(at, self._extent(at), "begins with `:`")
                return
            self.found.append(findings.colon_without_key(self.file, at))
        flow.colon = True
        flow.before = "colon"
        self.properties = -1
        self.at += 1

    def _value_start(self, flow: _Flow) -> int:
        """Give where the value of the entry at hand begins, or the entry itself if it has no colon yet."""
        entry = self.text[flow.entry : self.at]
        colon = re.search(r":\s+", entry) if flow.colon else None
        blanks = colon.end() if colon else len(entry) - len(entry.lstrip())
        return flow.entry + blanks

    def _flow_node(self, start: int, end: int) -> None:
        flow = self.flows[-1]
        if flow.before == "node":
            self.found.append(findings.missing_comma(self.file, start, end))
        flow.before = "node"
        self.properties = -1
        is_key = (flow.opening == "{" and not flow.colon) or re.compile(r" *:").match(self.text, end)
        if is_key and self.text[start] in "[{*":
            self.found.append(findings.complex_key(self.file, start, end))

    def _flow_plain(self, flow: _Flow) -> None:
        start = self.at
        while True:
            match = _FLOW_PLAIN_END.search(self.text, self.at)
            end = match.start() if match else len(self.text)
            stop = self.text[end : end + 1]
            if stop == ":" and self._blank(end + 1) and end > start:
                break
            if stop and stop in "?:[{":
                if stop == ":" and flow.opening == "{" and not flow.colon and _GLUED_KEY.match(self.text, start):
                    self.found.append(findings.glued_colon(self.file, start, self._extent(start), end))
                    self.at = self._extent(start)
                    flow.before = "node"
                    return
                value = self._value_start(flow) if flow.before != "comma" else start
                self._wants_quotes(min(value, start), self._extent(min(value, start)), f"holds `{stop}`")
                return
            break
        text_end = start + len(self.text[start:end].rstrip())
        self._tabs_within(start, end)
        if flow.before == "node":
            # Plain text goes on over lines; only what it holds then is seen.
            if flow.colon and stop == ":":
                self.found.append(findings.missing_comma(self.file, start, text_end))
                flow.colon = False
        elif flow.before == "colon" and stop == ":":
            pass
        flow.before = "node"
        self.properties = -1
        self.at = end

    def _close_flow(self, character: str) -> None:
        at = self.at
        flow = self.flows[-1]
        if (flow.opening == "{") != (character == "}"):
            self.found.append(findings.wrong_closing(self.file, flow.start, at))
        self.flows.pop()
        outer = self.line_start
        self.at = at
        self._node(flow.start, at + 1, f"begins with `{flow.opening}`")
        if self.at == at + 1:
            self.line_start = outer

    def _unclosed_flow(self) -> None:
        """Report the outermost bracket that is open; what was found inside it is its consequence."""
        flow = self.flows[0]
        start = self.file.span(flow.start, flow.start + 1)
        self.found = [found for found in self.found if found.primary.span < start]
        self.found.append(findings.unclosed_bracket(self.file, flow.start, self._line_end(flow.start)))
        self.flows.clear()

    # Text that wants quotes

    def _wants_quotes(self, start: int, end: int, why: str) -> None:
        """Report a text that is plain and may not be, and go past it."""
        key = None
        if self.fresh and self.structured and not self.flows:
            key = re.compile(r".+?(?=[ \t]*:(?:[ \t\r\n]|$))").match(self.text, start, self._line_end(start))
            end = key.end() if key else end
        self.found.append(findings.unquoted(self.file, start, max(end, start + 1), why, bool(self.flows)))
        if key:
            self._key(start, end, self.text.index(":", end))
            return
        self.properties = -1
        if self.flows:
            self.flows[-1].before = "node"
            self.at = end
        else:
            self._skip_to(self._line_end(end))

    def _extent(self, start: int) -> int:
        """Guess where a text that should stand in quotes ends: before what looks like the next entry or the closing."""
        end = self._line_end(start)
        if not self.flows:
            return self._text_end(start)
        text = self.text
        in_list = self.flows[-1].opening == "["
        depth = 0
        at = start
        next_key = re.compile(r"""\s*,\s*(?:[\w$-]+|"[^"]*"|'[^']*')\s*:(?=\s)""")
        while at < end:
            character = text[at]
            if character in "[{(":
                depth += 1
            elif character in "]})":
                if depth == 0 and character != ")":
                    break
                depth = max(depth - 1, 0)
            elif character == "," and depth == 0 and (in_list or next_key.match(text, at)):
                break
            elif character == "#" and text[at - 1] in " \t":
                break
            at += 1
        return start + len(text[start:at].rstrip())
