"""The scanner inside `{}` and `[]`."""

from __future__ import annotations

import re
from typing import Final

from trackside.source import syntax_findings as findings
from trackside.source.scanner import MARKER, Flow, Scanner

_FLOW_PLAIN_END: Final = re.compile(r"[,\[\]{}?:]|[ \t]#|[\r\n]|$")
_BELOW: Final = re.compile(r"(?:[ \t]*(?:\r\n|\r|\n))+[ \t]*")
_ENTRY: Final = re.compile(r"[^\s,\[\]{}]*")
_GLUED_KEY: Final = re.compile(r"[A-Za-z_][\w-]*(:)(?=[^\s:/])")


class FlowScanner(Scanner):
    """Reads what stands inside brackets."""

    def flow_token(self) -> None:
        text = self.text
        at = self.at
        character = text[at]
        flow = self.flows[-1]
        if at == self.line_start and self.marker():
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
            self.flows.append(Flow(character, at, self.line_start, self.fresh, self.properties))
            self.properties = -1
            self.at += 1
        elif character in "\"'":
            self.quoted()
        elif character in "&!":
            self.property()
        elif character == "*":
            self.alias()
        elif character == "?" and self.blank(at + 1):
            self.found.append(findings.explicit_key(self.file, at))
            self.at += 1
        elif character in "|>@`%?#":
            self.wants_quotes(at, self.extent(at), findings.begins_with(character))
        elif character == "-" and self.blank(at + 1):
            self.wants_quotes(at, self.extent(at), "begins with `- `")
        else:
            self._flow_plain(flow)

    def _flow_colon(self, flow: Flow) -> None:
        at = self.at
        if flow.colon:
            value = self._value_start(flow)
            self.wants_quotes(value, self.extent(value), "holds `: `")
            return
        if flow.before == "comma":
            if not self.blank(at + 1):
                self.wants_quotes(at, self.extent(at), "begins with `:`")
                return
            self.found.append(findings.colon_without_key(self.file, at))
        flow.colon = True
        flow.before = "colon"
        self.properties = -1
        self.at += 1

    def _value_start(self, flow: Flow) -> int:
        """Give where the value of the entry at hand begins, or the entry itself if it has no colon yet."""
        entry = self.text[flow.entry : self.at]
        colon = re.search(r":\s+", entry) if flow.colon else None
        blanks = colon.end() if colon else len(entry) - len(entry.lstrip())
        return flow.entry + blanks

    def flow_node(self, start: int, end: int) -> None:
        flow = self.flows[-1]
        if flow.before == "node":
            self.found.append(findings.missing_comma(self.file, start, end))
        flow.before = "node"
        self.properties = -1
        is_key = (flow.opening == "{" and not flow.colon) or re.compile(r" *:").match(self.text, end)
        if is_key and self.text[start] in "[{*":
            self.found.append(findings.complex_key(self.file, start, end))

    def _flow_plain(self, flow: Flow) -> None:
        """Read plain text, which goes on over lines until a sign ends it."""
        text = self.text
        start = here = self.at
        while True:
            match = _FLOW_PLAIN_END.search(text, self.at)
            end = match.start() if match else len(text)
            stop = text[end : end + 1]
            self.tabs_within(here, end)
            below = _BELOW.match(text, end)
            if not below or below.end() == len(text) or text[below.end()] == "#" or self._marker_at(below):
                break
            self.move_over(end, below.end())
            here = self.at
        if stop == ":" and self.blank(end + 1) and end > start:
            if here > start:
                self.found.append(findings.missing_comma(self.file, here, here + len(text[here:end].rstrip())))
                flow.colon = False
        elif stop and stop in "?:[{":
            if stop == ":" and flow.opening == "{" and not flow.colon and _GLUED_KEY.match(text, start):
                entry = _ENTRY.match(text, start)
                self.at = entry.end() if entry else end + 1
                self.found.append(findings.glued_colon(self.file, start, self.at, end))
                flow.before = "node"
                return
            value = min(self._value_start(flow), start) if flow.before != "comma" and here == start else here
            self.wants_quotes(value, self.extent(value), f"holds `{stop}`")
            return
        flow.before = "node"
        self.properties = -1
        self.at = end

    def _marker_at(self, below: re.Match[str]) -> bool:
        return below.group().endswith(("\r", "\n")) and MARKER.match(self.text, below.end()) is not None

    def _close_flow(self, character: str) -> None:
        at = self.at
        flow = self.flows.pop()
        if (flow.opening == "{") != (character == "}"):
            self.found.append(findings.wrong_closing(self.file, flow.start, at))
        line_start = self.line_start
        # For the lines around, all of it stands where it is opened.
        self.line_start, self.fresh, self.properties = flow.line_start, flow.fresh, flow.properties
        self.node(flow.start, at + 1, findings.begins_with(flow.opening), line_start != flow.line_start)
        if self.at > at:
            self.line_start = line_start
