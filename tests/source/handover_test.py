"""A plan that another process has read is the plan that this one would have read, to the last offset."""

from __future__ import annotations

import marshal
from pathlib import Path
from typing import Any

import pytest

from trackside.diagnostics import Bag
from trackside.source.handover import pack, unpack
from trackside.source.node import MappingNode, Node, ScalarNode
from trackside.source.plan_files import PlanSource, read_plan

CASES = Path(__file__).parents[1] / "cases"
ANCHORS = """\
trackside: 1
x-all: &all {owner: "web", "key with: colon": [a, 'b', {c: d}], e: }
x-block: |
  é 😀
events:
  one: {<<: *all, kind: click}
  two: *all
"""


def shape(node: Node) -> tuple[Any, ...]:
    """Describe a node and all below it, the order of keys included."""
    own = (type(node), node.start, node.end, node.key_start, node.key_end, node.file.path, node.span)
    if isinstance(node, ScalarNode):
        return (*own, node.text, node.plain)
    if isinstance(node, MappingNode):
        return (*own, [(key, shape(value)) for key, value in node.items()])
    return (*own, [shape(value) for value in node])


def handed_over(path: Path) -> tuple[PlanSource, PlanSource]:
    source = read_plan(path, Bag())
    assert source is not None
    return source, unpack(marshal.loads(marshal.dumps(pack(source))))


def assert_same(source: PlanSource, other: PlanSource) -> None:
    assert [shape(document) for document in other.documents] == [shape(document) for document in source.documents]
    assert [(name, file.path, file.text) for name, file in other.files.items()] == [
        (name, file.path, file.text) for name, file in source.files.items()
    ]
    assert (other.folder, other.include_patterns) == (source.folder, source.include_patterns)
    assert all(document.file is other.files[document.file.path] for document in other.documents)


@pytest.mark.parametrize("case", sorted(path.name for path in CASES.iterdir() if (path / "plan.yaml").exists()))
def test_every_case(case: str) -> None:
    assert_same(*handed_over(CASES / case / "plan.yaml"))


def test_anchors_and_merges(tmp_path: Path) -> None:
    path = tmp_path / "plan.yaml"
    path.write_text(ANCHORS, encoding="utf-8")
    source, other = handed_over(path)
    assert_same(source, other)
    assert list(other.documents[0].at("events", "one")) == ["owner", "key with: colon", "e", "kind"]  # type: ignore[arg-type]
