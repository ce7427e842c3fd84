"""Text made to exhaust or to break a reader: each gets one clear finding, at once and without a traceback."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from tests.source.corpus_test import shown
from tests.source.reader_test import PARSERS

from trackside.diagnostics import Bag, Diagnostic
from trackside.diagnostics.render import full
from trackside.source import document
from trackside.source.aliases import NODE_LIMIT
from trackside.source.document import DEPTH_LIMIT, FINDING_LIMIT
from trackside.source.node import MappingNode, SourceFile
from trackside.source.reader import read_text, read_with

COMPILER = Path(__file__).resolve().parents[2] / "compiler"
MEGABYTES = 10 * 1024 * 1024


def find(text: str) -> list[Diagnostic]:
    """Read a text that is refused, and show what is found."""
    bag = Bag()
    file, root = read_text(text, "p.yaml", bag)
    assert root is None
    assert full.render(list(bag)[:3], {"p.yaml": file}, color=False).count("\n") < 50
    return list(bag)


def bomb(levels: int, opening: str, closing: str, item: str) -> str:
    """Make a text in which each level holds the one above it ten times."""
    lines = [f"a0: &a0 {opening}{item.format(0, 'x')}{closing}"]
    for level in range(1, levels):
        items = ", ".join(item.format(place, f"*a{level - 1}") for place in range(10))
        lines.append(f"a{level}: &a{level} {opening}{items}{closing}")
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize(
    "text", [bomb(30, "[", "]", "{1}"), bomb(30, "{", "}", "k{0}: {1}")], ids=["lists", "mappings"]
)
def test_aliases_of_aliases(text: str) -> None:
    (found,) = find(text)
    assert found.slug == "too-many-aliases"
    assert found.primary.span.line == 7
    assert f"{NODE_LIMIT:,}" in found.headline


def test_more_aliases_than_are_read() -> None:
    (found,) = find("a: &a x\nb: [" + "*a, " * (NODE_LIMIT + 10) + "]\n")
    assert found.slug == "too-many-aliases"
    assert found.primary.span == ("p.yaml", 2, 5 + 4 * NODE_LIMIT, 2, 7 + 4 * NODE_LIMIT)


def test_aliases_within_the_limit_are_read() -> None:
    bag = Bag()
    items = NODE_LIMIT // 12
    _, root = read_text("a: &a {b: c, d: [e, f, g, h, i, j, k, l]}\nm: [" + "*a, " * items + "]\n", "p.yaml", bag)
    assert [shown(found) for found in bag] == []
    assert root is not None
    assert len(root["m"]) == items  # type: ignore[arg-type]


def test_chains_of_merges_and_of_aliases() -> None:
    merges = "a0: &a0 {x: 1}\n" + "".join(f"a{i}: &a{i} {{<<: *a{i - 1}, k{i}: 1}}\n" for i in range(1, 3000))
    (found,) = find(merges)
    assert found.slug == "too-many-aliases"
    aliases = "a0: &a0 [x]\n" + "".join(f"a{i}: &a{i} [*a{i - 1}]\n" for i in range(1, 3000))
    (found,) = find(aliases)
    assert shown(found) == f"{DEPTH_LIMIT}:12-{DEPTH_LIMIT}:16 too-deep"


@pytest.mark.parametrize("parser", PARSERS)
@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("a: " + "[" * 10_000 + "]" * 10_000, f"1:{DEPTH_LIMIT + 3}-1:{DEPTH_LIMIT + 4}"),
        ("{a: " * 10_000 + "}" * 10_000, f"1:{4 * DEPTH_LIMIT + 1}-1:{4 * DEPTH_LIMIT + 2}"),
        ("a:\n  " + "- " * 10_000 + "b", f"2:{2 * DEPTH_LIMIT + 1}-2:{2 * DEPTH_LIMIT + 1}"),
        (
            "".join(" " * i + "a:\n" for i in range(1_000)),
            f"{DEPTH_LIMIT + 1}:{DEPTH_LIMIT + 1}-{DEPTH_LIMIT + 1}:{DEPTH_LIMIT + 1}",
        ),
    ],
    ids=["lists in brackets", "mappings in braces", "lists", "mappings"],
)
def test_levels(text: str, place: str, parser: str) -> None:
    bag = Bag()
    assert read_with(PARSERS[parser], SourceFile("p.yaml", text), bag) is None
    assert [shown(found) for found in bag] == [f"{place} too-deep"]


def test_ten_thousand_levels_that_stay_open() -> None:
    (found,) = find("a: " + "[" * 10_000)
    assert shown(found) in {"1:4-1:5 unclosed", f"1:{DEPTH_LIMIT + 3}-1:{DEPTH_LIMIT + 4} too-deep"}


def test_as_many_levels_as_are_allowed() -> None:
    bag = Bag()
    depth = DEPTH_LIMIT - 1
    _, root = read_text("a: " + "[" * depth + "]" * depth + "\n", "p.yaml", bag)
    assert root is not None
    assert len(bag) == 0


def test_more_pieces_than_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(document, "EVENT_LIMIT", 10_000)
    (found,) = find("a: [" + "b," * 10_000 + "]\n")
    assert shown(found) == "1:1-1:1 file-too-large"


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ('a: "' + "b\\n" * (MEGABYTES // 3), "1:4-1:10485764 unclosed"),
        ("a: '" + "b''" * (MEGABYTES // 3), "1:4-1:10485764 unclosed"),
        ("a: {b: c" + ", d" * 50_000, "1:4-1:5 unclosed"),
        ("a" * MEGABYTES, "1:1-1:10485761 not-a-mapping"),
        ("a" * MEGABYTES + ": b", "1:1-1:10485761 yaml-syntax"),
        (" " * MEGABYTES, "1:1-1:1 empty-file"),
        ("# a\n" * (MEGABYTES // 4), "1:1-1:1 empty-file"),
        ("a: " * (MEGABYTES // 3), "1:4-1:10485759 unquoted-text"),
        ("a: " + "*" * MEGABYTES, "1:4-1:10485764 unquoted-text"),
        ("a: |\n" + "  b\n" * 500_000 + " c\n", "500002:2-500002:3 missing-colon"),
        ("a: {b: c" + ", d" * 50_000 + "}", f"1:8-1:{9 + 3 * 50_000} unquoted-comma"),
    ],
    ids=lambda value: value if isinstance(value, str) and len(value) < 60 else "text",
)
def test_one_mistake_in_much_text(text: str, wanted: str) -> None:
    found = find(text) if "comma" not in wanted else findings(text)
    assert [shown(item) for item in found] == [wanted]


def findings(text: str) -> list[Diagnostic]:
    bag = Bag()
    read_text(text, "p.yaml", bag)
    return list(bag)


@pytest.mark.parametrize(
    ("text", "slug", "count"),
    [
        ("a: 1\n" * 500_000, "duplicate-key", FINDING_LIMIT),
        ("a: {" + "b, " * 500_000 + "}\n", "missing-value", FINDING_LIMIT),
        ("".join(f"a{i}: &a{i} 1\nb{i}: *c{i}\n" for i in range(50_000)), "unknown-alias", FINDING_LIMIT),
        ("@a: b\n" * 500_000, "unquoted-text", 100),
        ('a: "b" c\n' * 500_000, "unquoted-text", 100),
        ("a: [" + "b?c, " * 500_000 + "]\n", "unquoted-text", 100),
        ("a: {" + "b:1, " * 500_000 + "}\n", "missing-colon", 100),
        ("a: b\0\n" * 500_000, "forbidden-character", 20),
    ],
)
def test_of_many_mistakes_enough_are_shown(text: str, slug: str, count: int) -> None:
    found = find(text)
    assert {item.slug for item in found} == {slug}
    assert len(found) == count


NAMES = [
    "class",
    "import",
    "__proto__",
    "constructor",
    "None",
    "\U0001f600",
    "\u05d0\u05d1",
    "a\u202eb",
    "</script>",
    "*/",
]


@pytest.mark.parametrize("name", NAMES)
def test_names_of_any_kind_are_keys(name: str) -> None:
    bag = Bag()
    _, root = read_text(f'events:\n  "{name}": {{description: "{name}"}}\n', "p.yaml", bag)
    assert [shown(found) for found in bag] == []
    assert root is not None
    assert root.at("events", name).key_span == ("p.yaml", 2, 3, 2, 5 + len(name))


def test_texts_of_any_kind_are_values() -> None:
    text = 'a: "*/ \\"\\"\\" \\\\ ${} </script> \\u2028 \\n \\r \\0 \\U0001F937 \\u202e"\n'
    bag = Bag()
    _, root = read_text(text, "p.yaml", bag)
    assert [shown(found) for found in bag] == []
    assert isinstance(root, MappingNode)
    assert root["a"].text == '*/ """ \\ ${} </script> \u2028 \n \r \0 \U0001f937 \u202e'  # type: ignore[union-attr]


def test_half_a_surrogate_pair_cannot_be_smuggled_in() -> None:
    assert [shown(item) for item in find('a: "\\ud83e"\n')] == ["1:5-1:11 bad-escape"]
    (found,) = find('a: "x\\ud83e\\udd37"\n')
    assert shown(found) == "1:6-1:18 bad-escape"
    assert found.fix is not None
    assert found.fix.edits[0].text == "\\U0001F937"


def test_ten_megabytes_of_aliases_end_soon_and_fit_into_memory() -> None:
    """Run in a process of its own: 700 MB of addresses, libraries included, and 60 seconds are more than it takes."""
    script = (
        "import resource, sys\n"
        "resource.setrlimit(resource.RLIMIT_AS, (700 << 20, 700 << 20))\n"
        f"sys.path.insert(0, {str(COMPILER)!r})\n"
        "from trackside.diagnostics import Bag\n"
        "from trackside.source.reader import read_text\n"
        "bag = Bag()\n"
        "read_text('a: &a {b: c}\\nd: [' + '*a, ' * 2_500_000 + ']', 'p.yaml', bag)\n"
        "print([found.slug for found in bag])\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=False)
    assert done.stderr == ""
    assert done.stdout == "['too-many-aliases']\n"
