"""Nodes: what the source stage makes of YAML text.

Mappings and sequences are real dicts and lists, so that pydantic reads them without a copy; scalars keep their source
text and are read by the type that their place wants. Every node is a `Place`.
"""

from __future__ import annotations

from bisect import bisect_right
from typing import TypeAlias

from trackside.diagnostics.span import Span


class SourceFile:
    """One file of a plan: its path as shown, its text, and where its lines start (made when first asked for)."""

    __slots__ = ("_starts", "path", "text")

    def __init__(self, path: str, text: str) -> None:
        self.path = path
        self.text = text
        self._starts: list[int] | None = None

    def span(self, start: int, end: int) -> Span:
        """Turn offsets, in code points from 0, into lines and columns from 1."""
        starts = self._starts
        if starts is None:
            starts = self._starts = line_starts(self.text)
        line = bisect_right(starts, start)
        end_line = bisect_right(starts, end)
        return Span(self.path, line, start - starts[line - 1] + 1, end_line, end - starts[end_line - 1] + 1)

    def line(self, number: int) -> str:
        """Give a line's text without its end; lines count from 1, and one past the last is empty."""
        if self._starts is None:
            self._starts = line_starts(self.text)
        if number > len(self._starts):
            return ""
        end = self._starts[number] if number < len(self._starts) else len(self.text)
        return self.text[self._starts[number - 1] : end].rstrip("\r\n")


def line_starts(text: str) -> list[int]:
    r"""List the offset at which each line starts; `\n`, `\r\n` and `\r` end a line.

    >>> line_starts("a\nb\r\nc")
    [0, 2, 5]
    """
    starts = [0]
    position = 0
    for line in text.replace("\r\n", "\0\n").replace("\r", "\n").split("\n"):
        position += len(line) + 1
        starts.append(position)
    starts.pop()
    return starts


class _Node:
    """What all nodes share. Offsets count code points of the file's text; a node without a key has key_start -1."""

    __slots__ = ()

    file: SourceFile
    start: int
    end: int
    key_start: int
    key_end: int

    @property
    def span(self) -> Span:
        return self.file.span(self.start, self.end)

    @property
    def key_span(self) -> Span:
        return self.span if self.key_start < 0 else self.file.span(self.key_start, self.key_end)

    def at(self, *path: str | int) -> Node:
        node: Node = self  # type: ignore[assignment]
        for step in path:
            if isinstance(node, MappingNode) and isinstance(step, str) and step in node:
                node = node[step]
                continue
            if isinstance(node, SequenceNode) and isinstance(step, int) and step < len(node):
                node = node[step]
                continue
            break
        return node

    def has(self, key: str) -> bool:
        return isinstance(self, MappingNode) and key in self


class ScalarNode(_Node):
    """A scalar's text as written. `plain` tells that it stands without quotes and is no block scalar."""

    __slots__ = ("end", "file", "key_end", "key_start", "plain", "start", "text")

    def __init__(
        self, text: str, plain: bool, file: SourceFile, start: int, end: int, key_start: int = -1, key_end: int = -1
    ) -> None:
        self.text = text
        self.plain = plain
        self.file = file
        self.start = start
        self.end = end
        self.key_start = key_start
        self.key_end = key_end

    def __repr__(self) -> str:
        return f"ScalarNode({self.text!r})"


class MappingNode(dict[str, "Node"], _Node):
    """A mapping in the order written. Each value node knows the span of its own key."""

    __slots__ = ("end", "file", "key_end", "key_start", "start")

    def __init__(self, file: SourceFile, start: int) -> None:
        super().__init__()
        self.file = file
        self.start = start
        self.end = start
        self.key_start = -1
        self.key_end = -1


class SequenceNode(list["Node"], _Node):
    """A list of nodes."""

    __slots__ = ("end", "file", "key_end", "key_start", "start")

    def __init__(self, file: SourceFile, start: int) -> None:
        super().__init__()
        self.file = file
        self.start = start
        self.end = start
        self.key_start = -1
        self.key_end = -1


Node: TypeAlias = ScalarNode | MappingNode | SequenceNode
