"""What is read from text: values, and where each key and value stands to the code point."""

from __future__ import annotations

import pytest

from trackside.diagnostics import Bag
from trackside.source import parsers, reader
from trackside.source.node import MappingNode, Node, ScalarNode, SequenceNode, SourceFile
from trackside.source.reader import read_text, read_with

PARSERS = {"c": parsers.c_events, "pure": parsers.pure_events}


@pytest.fixture(params=PARSERS)
def parse(request: pytest.FixtureRequest) -> parsers.Events:
    return PARSERS[request.param]


def read(text: str, parse: parsers.Events) -> MappingNode:
    """Read a text that has nothing wrong with it."""
    bag = Bag()
    root = read_with(parse, SourceFile("p.yaml", text), bag)
    assert [(found.slug, found.primary.span) for found in bag] == []
    assert root is not None
    return root


def plain(node: Node) -> object:
    """Give a node's values without their places."""
    if isinstance(node, ScalarNode):
        return node.text
    if isinstance(node, MappingNode):
        return {key: plain(value) for key, value in node.items()}
    return [plain(item) for item in node]


def key_text(node: Node) -> str:
    """Give the text that a node's key span covers."""
    return node.file.text[node.key_start : node.key_end]


def text_of(node: Node) -> str:
    """Give the text that a node's span covers."""
    return node.file.text[node.start : node.end]


def test_both_parsers_are_here() -> None:
    assert parsers.has_c_parser


def test_scalars_keep_their_text(parse: parsers.Events) -> None:
    root = read("version: 1.10\nflag: NO\nnone: ~\nempty:\nquoted: '1.10'\ntagged: !!str 012\n", parse)
    assert plain(root) == {
        "version": "1.10", "flag": "NO", "none": "~", "empty": "", "quoted": "1.10", "tagged": "012",
    }  # fmt: skip
    assert [node.plain for node in root.values() if isinstance(node, ScalarNode)] == [
        *(True, True, True, True, False, False)
    ]


def test_places_count_code_points_from_one(parse: parsers.Events) -> None:
    root = read("é😀: {日本: 'x', b: [😀, c]}\r\nlast: \"\\u00e9\"\r\n", parse)
    assert root["é😀"].key_span == ("p.yaml", 1, 1, 1, 3)
    inner = root.at("é😀", "日本")
    assert inner.key_span == ("p.yaml", 1, 6, 1, 8)
    assert inner.span == ("p.yaml", 1, 10, 1, 13)
    assert root.at("é😀", "b", 1).span == ("p.yaml", 1, 22, 1, 23)
    assert root.at("é😀").span == ("p.yaml", 1, 5, 1, 25)
    assert root["last"].span == ("p.yaml", 2, 7, 2, 15)
    assert plain(root) == {"é😀": {"日本": "x", "b": ["😀", "c"]}, "last": "é"}


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_lines_end_in_three_ways(parse: parsers.Events, end: str) -> None:
    root = read(end.join(["a: 1", "", "b:", "  - x", "  - u: |", "      text", "      more", "c: 2", ""]), parse)
    assert root.at("b", 1, "u").key_span == ("p.yaml", 5, 5, 5, 6)
    assert root["c"].span == ("p.yaml", 8, 4, 8, 5)
    assert plain(root) == {"a": "1", "b": ["x", {"u": "text\nmore\n"}], "c": "2"}


def test_a_byte_order_mark_is_no_part_of_the_text() -> None:
    bag = Bag()
    file, root = read_text("\ufeffa: b\n", "p.yaml", bag)
    assert root is not None
    assert root["a"].key_span == ("p.yaml", 1, 1, 1, 2)
    assert file.text == "a: b\n"
    assert len(bag) == 0


def test_a_block_ends_with_its_last_entry(parse: parsers.Events) -> None:
    root = read("a:\n  b: c  # why\n\n  # more\n\nd:\n  - e\n  - f: {g: h}\n\ni: |\n  text\n\n\nj: k\n", parse)
    assert text_of(root["a"]) == "b: c"
    assert text_of(root["d"]) == "- e\n  - f: {g: h}"
    assert text_of(root.at("d", 1)) == "f: {g: h}"
    assert text_of(root["i"]) == "|\n  text"
    assert text_of(root).endswith("j: k")


def test_a_value_that_is_not_written_stands_at_its_key(parse: parsers.Events) -> None:
    root = read("a:\n\nb: {c: , d: 1}\ne: [x,\n  y]\n", parse)
    assert root["a"].span == root["a"].key_span == ("p.yaml", 1, 1, 1, 2)
    assert root.at("b", "c").span == ("p.yaml", 3, 5, 3, 6)


def test_text_over_lines_is_folded_and_its_span_covers_it(parse: parsers.Events) -> None:
    root = read("a: one\n  two\nb: 'three\n  four'\nc: >-\n  five\n  six\nd: {e: seven\n  eight}\n", parse)
    assert plain(root) == {"a": "one two", "b": "three four", "c": "five six", "d": {"e": "seven eight"}}
    assert root["a"].span == ("p.yaml", 1, 4, 2, 6)
    assert root["b"].span == ("p.yaml", 3, 4, 4, 8)
    assert root["c"].span == ("p.yaml", 5, 4, 7, 6)
    assert root.at("d", "e").span == ("p.yaml", 8, 8, 9, 8)


def test_an_alias_has_its_own_key_and_its_anchors_place(parse: parsers.Events) -> None:
    root = read("a: &one {x: 1}\nb: *one\nc: [*one, *one]\nd: &two text\ne: *two\n", parse)
    assert plain(root) == {"a": {"x": "1"}, "b": {"x": "1"}, "c": [{"x": "1"}] * 2, "d": "text", "e": "text"}
    assert [key_text(node) for node in root.values()] == ["a", "b", "c", "d", "e"]
    assert root["b"].span == root["a"].span == ("p.yaml", 1, 9, 1, 15)
    assert root["e"].span == ("p.yaml", 4, 9, 4, 13)
    assert root.at("c", 0).key_start == -1


def test_an_anchored_key_and_properties_on_lines_of_their_own(parse: parsers.Events) -> None:
    root = read("&k key: 1\na: &m\n  b: 2\nc: !!map # why\n  d: *k\ne: *m\n", parse)
    assert plain(root) == {"key": "1", "a": {"b": "2"}, "c": {"d": "key"}, "e": {"b": "2"}}
    assert root["key"].key_span == ("p.yaml", 1, 4, 1, 7)
    assert root["a"].span == ("p.yaml", 3, 3, 3, 7)


def test_merge_keys_are_overridden_and_keep_where_they_are_written(parse: parsers.Events) -> None:
    root = read("a: &a {x: 1, z: 3}\nb: &b {x: 5, w: 6}\nc:\n  u: 2\n  <<: [*a, *b, {v: 7}]\n  z: 4\n", parse)
    merged = root["c"]
    assert plain(merged) == {"x": "1", "z": "4", "w": "6", "v": "7", "u": "2"}
    assert list(merged) == ["x", "z", "w", "v", "u"]
    assert merged.at("x").key_span == ("p.yaml", 1, 8, 1, 9)
    assert merged.at("z").key_span == ("p.yaml", 6, 3, 6, 4)
    assert plain(root["a"]) == {"x": "1", "z": "3"}


def test_merges_inside_merges(parse: parsers.Events) -> None:
    root = read("a: &a {x: 1}\nb: &b {<<: *a, u: 2}\nc: {<<: {<<: *b, z: 3}, x: 9}\n", parse)
    assert plain(root["c"]) == {"x": "9", "u": "2", "z": "3"}


def test_a_quoted_merge_key_is_a_name(parse: parsers.Events) -> None:
    assert plain(read('a: {"<<": 1}\n', parse)) == {"a": {"<<": "1"}}


def test_documents_may_be_marked(parse: parsers.Events) -> None:
    assert plain(read("---\na: 1\n...\n", parse)) == {"a": "1"}


def test_without_the_c_parser_the_pure_one_reads_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader.parsers, "has_c_parser", False)
    bag = Bag()
    _, root = read_text("a: {b: [c]}\n", "p.yaml", bag)
    assert root is not None
    assert plain(root) == {"a": {"b": ["c"]}}
    read_text("d: e\n", "other.yaml", bag)
    (found,) = bag
    assert (found.slug, found.severity.value, found.primary.span) == (
        "slow-yaml-parser",
        "warning",
        ("p.yaml", 1, 1, 1, 1),
    )


def test_nodes_answer_for_places() -> None:
    _, root = read_text("a: {b: [c]}\n", "p.yaml", Bag())
    assert root is not None
    assert root.has("a")
    assert not root.has("z")
    assert root.at("a", "b", 5).span == root.at("a", "b").span
    assert isinstance(root.at("a", "b"), SequenceNode)
