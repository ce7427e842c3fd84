"""Findings for a person: the lines at fault with what is to be seen in them, and the way out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import groupby
from typing import Final

from trackside.diagnostics.codes import Severity
from trackside.diagnostics.model import Diagnostic, Label
from trackside.diagnostics.render import Lines
from trackside.diagnostics.render.visible import visible, width

LONGEST_LINE: Final = 110
"""How many characters of a source line are shown; of a longer one, those around its label."""

_BOLD: Final = "\x1b[1m"
_RED: Final = "\x1b[1;31m"
_YELLOW: Final = "\x1b[1;33m"
_BLUE: Final = "\x1b[1;34m"
_CYAN: Final = "\x1b[1;36m"
_END: Final = "\x1b[0m"


def render(findings: Iterable[Diagnostic], files: Mapping[str, Lines], *, color: bool) -> str:
    """Print findings one after another, with a blank line between two. No findings print nothing."""
    return "\n".join(_Page(finding, files, color).text() for finding in findings)


class _Page:
    """The rendering of one finding."""

    def __init__(self, finding: Diagnostic, files: Mapping[str, Lines], color: bool) -> None:
        self._finding = finding
        self._files = files
        self._color = color
        self._shade = _RED if finding.severity is Severity.ERROR else _YELLOW
        numbers = [label.span.line for label in (finding.primary, *finding.secondary)]
        self._gutter = len(str(max(numbers)))

    def text(self) -> str:
        finding = self._finding
        head = self._paint(f"{finding.severity.value}[{finding.code.id}] {finding.slug}", self._shade)
        lines = [f"{head}{self._paint(f': {visible(finding.headline)}', _BOLD)}"]
        lines += self._snippets()
        for note in finding.notes:
            lines.append(self._remark("note", note))
        if finding.help is not None:
            lines.append(self._remark("help", finding.help))
        lines.append(self._remark("docs", f"trackside explain {finding.slug}"))
        return "\n".join(lines) + "\n"

    def _snippets(self) -> list[str]:
        """Show the labelled lines file by file, the primary label's file first."""
        primary = self._finding.primary
        labels = [primary, *self._finding.secondary]
        order = list(dict.fromkeys(label.span.file for label in labels))
        labels.sort(key=lambda label: (order.index(label.span.file), label.span))
        out = []
        for name, in_file in groupby(labels, key=lambda label: label.span.file):
            group = list(in_file)
            first = primary.span if name == primary.span.file else group[0].span
            arrow = "-->" if name == primary.span.file else ":::"
            place = f"{visible(name)}:{first.line}:{first.column}"
            out.append(f"{' ' * (self._gutter + 1)}{self._paint(arrow, _BLUE)} {place}")
            if name in self._files:
                out.append(self._row("", ""))
                out += self._lines(self._files[name], group)
                out.append(self._row("", ""))
        return out

    def _lines(self, file: Lines, labels: list[Label]) -> list[str]:
        out = []
        for number, on_line in groupby(labels, key=lambda label: label.span.line):
            text = file.line(number)
            for group in _together(text, list(on_line)):
                out += self._line(number, text, group)
        return out

    def _line(self, number: int, text: str, group: list[Label]) -> list[str]:
        start, end = _window(text, group)
        shown = ("…" if start else "") + visible(text[start:end]) + ("…" if end < len(text) else "")
        out = [self._row(str(number), shown)]
        # The rightmost label stands nearest to its line, so that no text runs over another's mark.
        for label in sorted(group, key=lambda label: -label.span.column):
            out.append(self._row("", self._mark(label, text, start, end)))
        return out

    def _mark(self, label: Label, text: str, start: int, end: int) -> str:
        span = label.span
        first = min(max(span.column - 1, start), end)
        last = min(span.end_column - 1 if span.end_line == span.line else len(text), end)
        before = width(visible(text[start:first])) + (1 if start else 0)
        length = max(width(visible(text[first:last])), 1)
        is_primary = label is self._finding.primary
        mark = ("^" if is_primary else "-") * length + (f" {visible(label.text)}" if label.text else "")
        return " " * before + self._paint(mark, self._shade if is_primary else _BLUE)

    def _row(self, number: str, text: str) -> str:
        gutter = self._paint(f" {number:>{self._gutter}} |", _BLUE)
        return f"{gutter} {text}" if text else gutter

    def _remark(self, head: str, text: str) -> str:
        return f" {self._paint(head + ':', _CYAN)} {visible(text)}"

    def _paint(self, text: str, shade: str) -> str:
        return f"{shade}{text}{_END}" if self._color else text


def _together(text: str, labels: list[Label]) -> list[list[Label]]:
    """Part the labels of a line, given from left to right, so that all of a part show on one piece of it."""
    parts: list[list[Label]] = []
    for label in labels:
        end = label.span.end_column - 1 if label.span.end_line == label.span.line else len(text)
        if parts and end <= _window(text, parts[-1])[1]:
            parts[-1].append(label)
        else:
            parts.append([label])
    return parts


def _window(text: str, labels: list[Label]) -> tuple[int, int]:
    """Choose which characters of a line are shown: all, or those around its leftmost label."""
    if len(text) <= LONGEST_LINE:
        return 0, len(text)
    left = min(label.span.column for label in labels) - 1
    start = max(0, min(left - LONGEST_LINE // 3, len(text) - LONGEST_LINE))
    return start, start + LONGEST_LINE
