"""Find what is wrong with text that a parser refuses, and what one parser reads and another does not.

A small scanner of our own walks the text, so that the place and the words of a finding do not depend on the parser. It
runs over text that failed, over text that holds a tab, and before the pure parser, which lets pass what the C parser
refuses. After a mistake that quotes would mend, it skips that text and goes on.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from trackside.source import syntax_findings as findings
from trackside.source.flow_scanner import FlowScanner
from trackside.source.scanner import MARKER, Block, Flow

if TYPE_CHECKING:
    from trackside.diagnostics.model import Diagnostic
    from trackside.source.node import SourceFile

_HEADER: Final = re.compile(r"[|>](?:[-+]?[1-9]?|[1-9][-+])(?=[ \t\r\n]|$)")
_PLAIN_END: Final = re.compile(r":(?=[ \t\r\n]|$)|[ \t]#|[\r\n]|$")
_GLUED_KEY: Final = re.compile(r"[A-Za-z_][\w-]*(:)(?=[^\s:/])")
_KEY_LIMIT: Final = 1024
"""How many characters a key may have, and on one line, for the C parser."""


def find_syntax_errors(file: SourceFile) -> list[Diagnostic]:
    """List the mistakes in a text, in order. A text that every parser reads has none."""
    scan = _BlockScanner(file)
    scan.run()
    return sorted(scan.found, key=lambda found: found.primary.span)


class _BlockScanner(FlowScanner):
    """Reads the lines outside of brackets and the indentation that gives them their structure."""

    def block_token(self) -> None:
        text = self.text
        at = self.at
        character = text[at]
        if at == self.line_start and self.marker():
            return
        if self.ended:
            self.found.append(findings.second_document(self.file, at, self.text_end(at)))
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
            self.property()
        elif character == "*":
            self.alias()
        elif character in "|>":
            self._block_scalar()
        elif character in "[{":
            self.flows.append(Flow(character, at, self.line_start, self.fresh, self.properties))
            self.properties = -1
            self.at += 1
        elif character in "\"'":
            self.quoted()
        elif character in "@`%,]}":
            self.wants_quotes(at, self.text_end(at), findings.begins_with(character))
        else:
            self._plain()

    def _dash(self) -> None:
        start = self.node_start()
        if not self.fresh:
            if self.structured:
                self.wants_quotes(start, self.text_end(start), "begins with `- `")
                return
        else:
            self._place(start, "-")
        self.at += 1
        self.waiting = True
        self.properties = -1

    def _plain(self) -> None:
        start = self.at
        first = _PLAIN_END.search(self.text, start)
        end = first.start() if first else len(self.text)
        self.tabs_within(start, end)
        if self.text.startswith(":", end):
            self.key(start, start + len(self.text[start:end].rstrip()), end)
            return
        if self.fresh and not self.waiting and self.structured:
            self.found.append(findings.missing_colon(self.file, start, self.text_end(start)))
            self.skip_to(self.line_end(start))
            return
        was_fresh = self.fresh
        self.value(self.node_start())
        self.at = end
        self.fresh = False
        indent = self.blocks[-1].column if self.blocks else -1
        # The lines below that are indented deeper go on with the text, up to a comment.
        while self.structured and not self.text.startswith((" #", "\t#"), self.at):
            line = re.compile(r"(?:[ \t]*(?:\r\n|\r|\n))+( *)").match(self.text, self.line_end(self.at) - 0)
            if line is None or len(line.group(1)) <= indent or line.end() >= len(self.text):
                break
            here = line.end()
            if self.text[here] in "#\t" or (not line.group(1) and MARKER.match(self.text, here)):
                break
            last = _PLAIN_END.search(self.text, here)
            end = last.start() if last else len(self.text)
            self.tabs_within(self.at, end)
            self.move_over(self.at, here)
            if self.text.startswith(":", end):
                self._key_below_text(start, was_fresh, here, end)
                return
            self.at = end

    def _key_below_text(self, start: int, was_fresh: bool, key: int, end: int) -> None:
        glued = _GLUED_KEY.match(self.text, start) if was_fresh else None
        if key == end:
            self.found.append(findings.colon_without_key(self.file, key))
        elif glued:
            self.found.append(findings.glued_colon(self.file, start, self.text_end(start), glued.start(1)))
        else:
            self.found.append(findings.key_below_text(self.file, key, end, start, self.text_end(start)))
        # The lines that follow belong to this one as far as a reader is concerned.
        self.blocks.append(Block(self.column(key), True, key))
        self.at = end + 1
        self.waiting = True

    def key(self, start: int, end: int, colon: int) -> None:
        """Read a key of a block mapping; `colon` is where its colon stands."""
        if self.structured:
            if not self.fresh:
                value = start
                self.wants_quotes(value, self.text_end(value), "holds `: `")
                return
            if colon - start > _KEY_LIMIT:
                self.found.append(findings.long_key(self.file, start, end, _KEY_LIMIT))
            self._place(self.node_start(), "key")
        self.at = colon + 1
        self.fresh = False
        self.waiting = True
        self.properties = -1

    def value(self, start: int, block_scalar: bool = False) -> None:
        """Place a node that is no key; the parsers let a block scalar's header stand right below its key."""
        if self.structured and self.fresh:
            column = self.column(start)
            inside = not self.blocks or column >= self.blocks[-1].column + (not block_scalar)
            if not (self.waiting and inside):
                self.found.append(findings.missing_colon(self.file, start, self.text_end(start)))
        self.waiting = False
        self.properties = -1

    def _place(self, start: int, what: str) -> None:
        """Fit a key or a dash that begins a line into the blocks that are open."""
        if not self.structured:
            return
        column = self.column(start)
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
            blocks.append(Block(column, key, start))
            return
        self.found.append(findings.indentation(self.file, start, self.text_end(start), column, top, closed))
        # Read on as if the line belonged where it stands.
        if top is None or top.column < column or top.is_mapping != key:
            blocks.append(Block(column, key, start))

    def _block_scalar(self) -> None:
        start = self.at
        match = _HEADER.match(self.text, start)
        end = match.end() if match else start + 1
        rest = self.text[end : self.line_end(end)]
        if match is None or (rest.strip() and not re.match(r"[ \t]+#", rest)):
            character = self.text[start]
            self.wants_quotes(start, self.text_end(start), f"begins with `{character}`")
            return
        tabs = re.match(r" *(\t+)", rest)
        if tabs:
            self.found.append(findings.tab(self.file, end + tabs.start(1), end + tabs.end(1), False))
        digit = re.search("[1-9]", match.group())
        parent = self.blocks[-1].column if self.blocks else -1
        self.value(self.node_start(), block_scalar=True)
        self.at = self.line_end(end)
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
            if content and blanks == 0 and MARKER.match(content):
                break
            self.at = line.end()
        self.fresh = False
