"""No text of a plan breaks out of its place in a page, and every link leads somewhere."""

from __future__ import annotations

import re
from pathlib import PurePosixPath

from markdown_it import MarkdownIt
from markdown_it.token import Token


def tokens_of(page: str) -> list[Token]:
    markdown = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
    found: list[Token] = []
    for token in markdown.parse(page):
        found += [token, *(token.children or [])]
    return found


def test_hostile_text_makes_no_markup(hostile: dict[str, str]) -> None:
    assert len(hostile) == 9
    for name, page in hostile.items():
        assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f\u2028\u2029\u202a-\u202e]", page), name
        kinds = {token.type for token in tokens_of(page)}
        assert not kinds & {"html_block", "image", "s_open", "em_open", "hr"}, name
        html = {token.content for token in tokens_of(page) if token.type == "html_inline"}
        assert html <= {"<code>", "</code>"}, name
        levels = [token.tag for token in tokens_of(page) if token.type == "heading_open"]
        assert levels[0] == "h1"
        assert levels.count("h1") == 1, name


def test_hostile_text_makes_no_headings_and_no_blocks(hostile: dict[str, str], shop: dict[str, str]) -> None:
    event = next(page for name, page in hostile.items() if name.startswith("events/") and "second" not in name)
    headings = re.findall(r"^#+ (.*)$", event, re.MULTILINE)
    assert headings[1:] == [
        "How it travels",
        "Properties",
        "How it is counted once",
        "The client's copy",
        "Revenue",
        "Privacy",
        "Owner and life",
        "How to send it",
        "More",
    ]
    fences = [token.info for token in tokens_of(event) if token.type == "fence"]
    assert fences == ["mermaid", "text", "js", "python"]


def test_every_row_has_the_cells_of_its_head(hostile: dict[str, str], shop: dict[str, str]) -> None:
    rows = 0
    for name, page in [*hostile.items(), *shop.items()]:
        width = 0
        for line in page.splitlines():
            if line.startswith("|---"):
                width = line.count("|")
            elif line.startswith("|") and width:
                # No reader of tables takes anything but a bare `|` for the end of a cell, and none is escaped here.
                assert line.count("|") == width, (name, line)
                rows += 1
            elif not line:
                width = 0
    assert rows > 100


def links_of(page: str) -> list[str]:
    return [str(token.attrs["href"]) for token in tokens_of(page) if token.type == "link_open"]


def test_every_link_leads_to_a_page_or_to_the_web(hostile: dict[str, str], shop: dict[str, str]) -> None:
    for pages in (hostile, shop):
        for name, page in pages.items():
            for link in links_of(page):
                if link.startswith(("http://", "https://")):
                    assert link.startswith(("https://ok.example/", "https://wiki.acme.example/")), (name, link)
                    continue
                path, _, anchor = link.partition("#")
                target = name if not path else resolved(PurePosixPath(name).parent / path)
                assert target in pages, (name, link)
                headings = re.findall(r"^#+ (.*)$", pages[target], re.MULTILINE)
                assert not anchor or anchor in {heading.lower().replace(" ", "-") for heading in headings}, (name, link)


def resolved(path: PurePosixPath) -> str:
    parts: list[str] = []
    for part in path.parts:
        if part == "..":
            parts.pop()
        else:
            parts.append(part)
    return "/".join(parts)
