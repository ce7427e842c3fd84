"""Run the test pages in `tests/rules`: Markdown with prose for people and YAML blocks for the compiler.

In a block, `# error: [slug]` or `# warning: [slug]` at the end of a line says that this line must be flagged, and
nothing else may be found. `tests/rules/head.yaml` completes a block that is no whole plan. A fence of `text` after a
block holds the full rendering of what is found in it; TRACKSIDE_UPDATE=1 writes it anew.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pytest

from trackside.diagnostics import CODES
from trackside.diagnostics.render.full import render
from trackside.pipeline import analyse_text
from trackside.rules import HEADINGS, page

PAGES = Path(__file__).parent / "rules"
FENCE = re.compile(r"^```(?P<info>[^`\n]*)\n(?P<body>.*?)^```[ \t]*$", re.MULTILINE | re.DOTALL)
MARK = re.compile(r"# (error|warning): \[([^\]]*)\]")
SECTION = re.compile(r"^([A-Za-z_-][\w-]*):", re.MULTILINE)
UPDATE = os.environ.get("TRACKSIDE_UPDATE") == "1"


@dataclass(frozen=True)
class Block:
    """One YAML block of a page, and the rendering that follows it, if one does. Offsets are the page's."""

    page: Path
    line: int
    without: frozenset[str]
    text: str
    snapshot: str | None
    snapshot_start: int


def sections(text: str) -> dict[str, str]:
    """Cut a plan's text at its top-level keys."""
    starts = [match.start() for match in SECTION.finditer(text)]
    parts = [text[start:end] for start, end in zip(starts, [*starts[1:], len(text)], strict=True)]
    return {part.partition(":")[0]: part for part in parts}


HEAD = sections((PAGES / "head.yaml").read_text(encoding="utf-8"))


def blocks_of(path: Path) -> list[Block]:
    """List the YAML blocks of a page."""
    text = path.read_text(encoding="utf-8")
    fences = list(FENCE.finditer(text))
    found = []
    for fence, after in zip(fences, [*fences[1:], None], strict=True):
        kind, *words = fence["info"].split()
        if kind != "yaml":
            continue
        follows = (
            after is not None and after["info"].strip() == "text" and not text[fence.end() : after.start()].strip()
        )
        found.append(
            Block(
                page=path,
                line=text.count("\n", 0, fence.start()) + 1,
                without=frozenset(word for word in words if word != "without"),
                text=fence["body"],
                snapshot=after["body"] if after is not None and follows else None,
                snapshot_start=after.start("body") if after is not None and follows else -1,
            )
        )
    return found


def completed(block: Block) -> str:
    """Add what the block leaves out below it, so that its own lines keep their numbers."""
    own = sections(block.text)
    if "trackside" in own:
        return block.text
    # A definition that nothing uses is a finding of its own.
    unused = frozenset() if re.search(r"\bmoney\b", block.text) else frozenset({"types"})
    left_out = own.keys() | block.without | unused
    return block.text + "".join(part for name, part in HEAD.items() if name not in left_out)


def expected(text: str) -> Counter[tuple[int, str, str]]:
    """Count the marks of a block by line, severity and slug."""
    marks = Counter[tuple[int, str, str]]()
    for number, line in enumerate(text.split("\n"), 1):
        for severity, slugs in MARK.findall(line):
            marks.update((number, severity, slug.strip()) for slug in slugs.split(","))
    return marks


BLOCKS = [block for path in sorted(PAGES.glob("*.md")) for block in blocks_of(path)]


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: f"{block.page.stem}:{block.line}")
def test_block(block: Block) -> None:
    analysis = analyse_text(completed(block))
    findings = list(analysis.bag)
    found = Counter((item.primary.span.line, item.severity.value, item.slug) for item in findings)
    wanted = expected(block.text)
    unexpected = [
        f"line {item.primary.span.line}: {item.severity.value} [{item.slug}] {item.headline}"
        for item in findings
        if (item.primary.span.line, item.severity.value, item.slug) not in wanted
    ]
    assert not unexpected, "found and not marked:\n" + "\n".join(unexpected)
    assert found == wanted, f"marked and not found: {sorted((wanted - found).elements())}"
    if block.snapshot is None:
        return
    rendered = render(findings, analysis.files, color=False)
    if UPDATE and rendered != block.snapshot:
        text = block.page.read_text(encoding="utf-8")
        start = next(now.snapshot_start for now in blocks_of(block.page) if now.text == block.text)
        old = FENCE.match(text, text.rindex("```", 0, start))
        assert old is not None
        block.page.write_text(text[:start] + rendered + text[old.end("body") :], encoding="utf-8")
    else:
        assert rendered == block.snapshot


@pytest.mark.parametrize("slug", sorted(CODES))
def test_every_code_has_a_page_with_the_fixed_headings(slug: str) -> None:
    title, *body = page(slug).splitlines()
    assert title == f"# {slug} ({CODES[slug].id}, {CODES[slug].severity.value})"
    inside, headings = False, []
    for line in body:
        inside ^= line.startswith("```")
        if line.startswith("#") and not inside:
            headings.append(line)
    assert headings == [f"## {heading}" for heading in HEADINGS]
    texts = re.split(r"^## .*$", "\n".join(body), flags=re.MULTILINE)
    assert all(text.strip() for text in texts), "each heading has a text, and the page begins with one"


@pytest.mark.parametrize("slug", sorted(slug for slug, entry in CODES.items() if entry.rule is not None))
def test_every_rule_has_a_test_page_that_catches_it_and_one_block_that_is_clean(slug: str) -> None:
    blocks = blocks_of(PAGES / f"{slug}.md")
    marks = [mark for block in blocks for (_, _, mark) in expected(block.text)]
    assert slug in marks
    assert any(not expected(block.text) for block in blocks)


def test_codes_are_sorted_and_no_id_or_slug_is_used_twice() -> None:
    ids = [entry.id for entry in CODES.values()]
    assert ids == sorted(ids)
    assert len(set(ids)) == len(ids)
