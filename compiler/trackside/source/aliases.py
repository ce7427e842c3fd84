"""Anchors and aliases: what may be repeated, and how much of it.

An alias stands for a copy of what its anchor marks. Nothing is copied deeply, but later stages walk what aliases stand
for, so that is what is counted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from trackside.diagnostics.nearest import nearest
from trackside.source import entry_findings as findings
from trackside.source.node import MappingNode, Node, ScalarNode, SequenceNode, SourceFile

if TYPE_CHECKING:
    from collections.abc import Callable

    from trackside.diagnostics.model import Diagnostic

NODE_LIMIT: Final = 300_000
"""How many nodes all aliases of a file may stand for."""

_COMPARED: Final = 1000
"""Among how many names one that is nearly right is looked for."""


class Anchors:
    """The anchors of one file, in the order they are met."""

    def __init__(self, file: SourceFile, report: Callable[[Diagnostic], None]) -> None:
        self._file = file
        self._report = report
        self._nodes: dict[str, Node] = {}
        self._places: dict[str, tuple[int, int]] = {}
        self._sizes: dict[str, tuple[int, int]] = {}
        self._repeated = 0
        self.open: list[tuple[Node, str]] = []

    def define(self, name: str, node: Node, start: int) -> None:
        """Keep a node under a name; `start` is where its `&` stands."""
        file = self._file
        place = (start, start + 1 + len(name))
        if name in self._nodes:
            self._report(findings.duplicate_anchor(name, file.span(*place), file.span(*self._places[name])))
            return
        self._nodes[name] = node
        self._places[name] = place

    def begin(self, name: str, node: Node, start: int) -> None:
        """Keep a collection whose end is not read yet."""
        self.define(name, node, start)
        self.open.append((node, name))

    def finish(self, node: Node) -> None:
        """Note that a collection's end is read."""
        if self.open[-1][0] is node:
            self.open.pop()

    def use(self, name: str, start: int, end: int) -> Node | None:
        """Give the node that an alias stands for, as a node of its own, or report why there is none."""
        node = self._nodes.get(name)
        file = self._file
        if node is None:
            near = nearest(name, self._nodes) if len(self._nodes) <= _COMPARED else None
            self._report(findings.unknown_alias(name, file.span(start, end), near))
            return None
        if self.open and any(open_node is node for open_node, _ in self.open):
            self._report(findings.recursive_alias(name, file.span(start, end), file.span(*self._places[name])))
            return None
        return _copy(node)

    def size(self, name: str) -> tuple[int, int]:
        """Count the nodes under an anchor and the levels they make, no further than past the limit."""
        size = self._sizes.get(name)
        if size is None:
            size = self._sizes[name] = _size(self._nodes[name])
        return size

    def repeat(self, nodes: int) -> bool:
        """Count nodes that an alias repeats; False when that is too many."""
        self._repeated += nodes
        return self._repeated <= NODE_LIMIT


def _copy(node: Node) -> Node:
    """Make a node of its own, so that it can have its own key; what it holds is shared."""
    if isinstance(node, ScalarNode):
        return ScalarNode(node.text, node.plain, node.file, node.start, node.end)
    copy = MappingNode(node.file, node.start) if isinstance(node, MappingNode) else SequenceNode(node.file, node.start)
    copy.end = node.end
    if isinstance(copy, MappingNode):
        copy.update(node)  # type: ignore[arg-type]
    else:
        copy.extend(node)  # type: ignore[arg-type]
    return copy


def _size(node: Node) -> tuple[int, int]:
    nodes = 0
    levels = 0
    layer: list[Node] = [node]
    while layer and nodes <= NODE_LIMIT:
        nodes += len(layer)
        below: list[Node] = []
        collections = False
        for each in layer:
            if isinstance(each, MappingNode):
                below.extend(each.values())
                collections = True
            elif isinstance(each, SequenceNode):
                below.extend(each)
                collections = True
            if len(below) > NODE_LIMIT:
                break
        levels += collections
        layer = below
    return nodes, levels
