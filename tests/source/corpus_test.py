"""Both parsers accept the same texts, refuse the same texts, and say the same at the same places."""

from __future__ import annotations

import pytest
from tests.source.corpus import ACCEPTED, REFUSED
from tests.source.reader_test import PARSERS, plain

from trackside.diagnostics import Bag, Diagnostic
from trackside.source.node import MappingNode, SourceFile
from trackside.source.reader import read_with

TEXTS = [(text, wanted) for texts in REFUSED.values() for text, wanted in texts.items()]
IDS = [f"{head}: {text!r}" for head, texts in REFUSED.items() for text in texts]


def look(text: str, parser: str) -> tuple[MappingNode | None, list[Diagnostic]]:
    bag = Bag()
    root = read_with(PARSERS[parser], SourceFile("p.yaml", text), bag)
    return root, list(bag)


def shown(found: Diagnostic) -> str:
    span = found.primary.span
    return f"{span.line}:{span.column}-{span.end_line}:{span.end_column} {found.slug}"


@pytest.mark.parametrize("parser", PARSERS)
@pytest.mark.parametrize(("text", "wanted"), TEXTS, ids=IDS)
def test_a_mistake_is_found_where_it_is(text: str, wanted: list[str], parser: str) -> None:
    _, found = look(text, parser)
    assert [shown(item) for item in found] == wanted


@pytest.mark.parametrize(("text", "wanted"), TEXTS, ids=IDS)
def test_both_parsers_say_the_same(text: str, wanted: list[str]) -> None:
    assert wanted
    root, found = look(text, "c")
    other_root, other_found = look(text, "pure")
    assert found == other_found
    assert (root is None) == (other_root is None)
    assert root is None or other_root is None or plain(root) == plain(other_root)


@pytest.mark.parametrize(("text", "wanted"), TEXTS, ids=IDS)
def test_every_finding_says_the_way_out_in_our_words(text: str, wanted: list[str]) -> None:
    _, found = look(text, "c")
    for item in found:
        assert item.help
        assert not item.headline.endswith(".")
        said = " ".join([item.headline, item.primary.text, item.help, *(label.text for label in item.secondary)])
        for theirs in ("while scanning", "while parsing", "expected", "in this context", "cannot start any token"):
            assert theirs not in said
    assert len(found) == len(wanted)


@pytest.mark.parametrize(("text", "wanted"), TEXTS, ids=IDS)
def test_a_fix_mends_what_it_is_for(text: str, wanted: list[str]) -> None:
    """Make the edits of all fixes: what they were for is not found any more."""
    _, found = look(text, "c")
    fixes = [item.fix for item in found if item.fix is not None]
    mended = text
    for edit in sorted((edit for fix in fixes for edit in fix.edits), key=lambda edit: edit.span, reverse=True):
        start, end = offset(mended, edit.span.line, edit.span.column), offset(mended, edit.span[3], edit.span[4])
        mended = mended[:start] + edit.text + mended[end:]
    _, left = look(mended, "c")
    fixed = {item.slug for item in found if item.fix is not None}
    assert not fixed & {item.slug for item in left}
    if len(fixes) == len(wanted):
        assert not left


def offset(text: str, line: int, column: int) -> int:
    """Give the offset of a place; the texts here have lines that end in a line feed."""
    return sum(len(each) for each in text.splitlines(keepends=True)[: line - 1]) + column - 1


@pytest.mark.parametrize("text", ACCEPTED)
def test_what_is_right_is_read_alike(text: str) -> None:
    root, found = look(text, "c")
    other_root, other_found = look(text, "pure")
    assert [shown(item) for item in [*found, *other_found]] == []
    assert root is not None
    assert other_root is not None
    assert places(root) == places(other_root)


def places(node: object) -> object:
    """Give a node with all its places."""
    place = (node.start, node.end, node.key_start, node.key_end)  # type: ignore[attr-defined]
    if isinstance(node, dict):
        return place, [(key, places(value)) for key, value in node.items()]
    if isinstance(node, list):
        return place, [places(item) for item in node]
    return place, node.text, node.plain  # type: ignore[attr-defined]
