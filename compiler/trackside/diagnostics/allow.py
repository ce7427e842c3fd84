"""Allow comments: `# trackside: allow <slug>, <slug> -- reason` silences one finding of each slug.

The comment stands at the end of the finding's line, or on comment lines directly above it. Only a comment of YAML
counts: the same text inside a quoted or block scalar is text. What an allow comment gets wrong is a finding itself.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, Protocol

from trackside.diagnostics.bag import Bag
from trackside.diagnostics.codes import CODES, RETIRED, Severity
from trackside.diagnostics.model import Diagnostic, Edit, Fix, Label, finding
from trackside.diagnostics.nearest import nearest
from trackside.diagnostics.span import Span


class Source(Protocol):
    """A file's text, and what turns offsets in it into lines and columns."""

    @property
    def path(self) -> str: ...
    @property
    def text(self) -> str: ...
    def span(self, start: int, end: int) -> Span: ...


class Node(Protocol):
    """A node of a file: a dict, a list or a scalar. Offsets count code points; key offsets are -1 without a key."""

    @property
    def file(self) -> Source: ...
    @property
    def start(self) -> int: ...
    @property
    def end(self) -> int: ...
    @property
    def key_start(self) -> int: ...
    @property
    def key_end(self) -> int: ...


# The sign comes first and what stands before it is looked at afterwards: so a search is one for a single character.
_COMMENT: Final = re.compile(r"#(?<!\S#)[ \t]*(?P<name>(?i:trackside)\b(?:[ \t]*:)?)(?P<body>[^\r\n]*)")
_VERB: Final = re.compile(r"\s*(?P<verb>[^\s,:]*):?")
_SLUG: Final = re.compile(r"[^\s,]+")
_REASON: Final = re.compile(r"(?:^|\s)--(?:\s|$)")
_OTHER_COMMENT: Final = re.compile(r"\s+#")
_LINE: Final = re.compile(r"([^\r\n]*)(?:\r\n|\r|\n)?")
_BLOCK_HEADER: Final = re.compile(r"(?:[&!]\S*\s+)*[|>][-+0-9]*[ \t]+")
_MISTAKEN_VERBS: Final = frozenset({"ignore", "disable", "skip", "silence", "suppress", "noqa", "off", "accept"})
_MOST_GUESSES: Final = 200
_FORM: Final = "`# trackside: allow <slug> -- <reason>`"


@dataclass(slots=True)
class _Allow:
    """One slug of one allow comment. `line` is the line that it covers, None where nothing follows the comment."""

    slug: str
    file: str
    line: int | None
    span: Span
    whole: bool
    comment: Span
    used: bool = field(default=False)


def apply_allows(bag: Bag, files: Mapping[str, Source], documents: Iterable[Node]) -> Bag:
    """Return the findings that no allow comment silences, and what is wrong with the comments themselves.

    `documents` are the root nodes of the files: they tell comments from text that looks like one.
    """
    if not any(_COMMENT.search(file.text) for file in files.values()):
        return bag
    kept = Bag()
    allows: list[_Allow] = []
    for document in documents:
        covered: dict[int, int | None] = {}
        # From the last to the first, so that a run of comment lines is walked once.
        read = [
            list(_read(match, document.file, covered, kept)) for match in reversed(_comments(document.file, document))
        ]
        allows.extend(allow for of_one in reversed(read) for allow in of_one)
    waiting: dict[tuple[str, str, int | None], list[_Allow]] = {}
    for allow in allows:
        waiting.setdefault((allow.slug, allow.file, allow.line), []).append(allow)
    complete = True
    for found in bag:
        primary = found.primary.span
        here = waiting.get((found.slug, primary.file, primary.line))
        if here and found.code.can_be_allowed:
            here.pop(0).used = True
            continue
        kept.add(found)
        complete = complete and (found.code.rule is not None or found.severity is not Severity.ERROR)
    # A plan with holes is not judged whole, so an allow that silences nothing today may be wanted tomorrow.
    if complete:
        left: dict[tuple[str, str], list[Span]] = {}
        for found in kept:
            left.setdefault((found.slug, found.primary.span.file), []).append(found.primary.span)
        for allow in allows:
            if not allow.used:
                kept.add(_unused(allow, left.get((allow.slug, allow.file), [])))
    return kept


def _comments(file: Source, document: Node) -> list[re.Match[str]]:
    """List what may be a comment to the compiler in one file; what stands in a key or a scalar of its nodes is text."""
    matches = list(_COMMENT.finditer(file.text))
    starts = [match.start() for match in matches]
    text: set[int] = set()
    nodes = [document]
    while nodes:
        node = nodes.pop()
        if node.file is not file:
            continue
        for index in range(bisect_left(starts, node.key_start), bisect_left(starts, node.key_end)):
            text.add(index)
        first, last = bisect_left(starts, node.start), bisect_left(starts, node.end)
        if first == last:
            continue
        # An alias has the place of its anchor, so each node is found through the one it was written in.
        if isinstance(node, dict):
            nodes.extend(node.values())
        elif isinstance(node, list):
            nodes.extend(node)
        else:
            text.update(
                index
                for index in range(first, last)
                if not _BLOCK_HEADER.fullmatch(file.text, node.start, starts[index])
            )
    return [match for index, match in enumerate(matches) if index not in text]


def _read(match: re.Match[str], file: Source, covered: dict[int, int | None], bag: Bag) -> Iterator[_Allow]:
    """Read one comment; what cannot be read, or names what cannot be allowed, is reported.

    `covered` maps the lines of comments further down to what they cover.
    """
    text, start, end = file.text, match.start(), match.end()
    while text[end - 1].isspace():
        end -= 1
    comment = file.span(start, end)
    verb = _VERB.match(text, match.start("body"), end)
    assert verb is not None
    word = verb["verb"]
    address = file.span(*match.span("name"))
    if match["name"] != "trackside:":
        # Without a colon it is a comment to people, unless it says what only the compiler is told.
        slug = _SLUG.match(text, _skip_spaces(text, verb.end()), end)
        if (word.lower() == "allow" and match["name"][-1] == ":") or (slug is not None and slug[0] in CODES):
            headline = f"`{match['name']}` is not how the compiler is spoken to: write {_FORM}"
            _misspelt(bag, address, headline, "want `trackside:`", "trackside:")
        return
    if word != "allow":
        if _glued(word):
            parted = f"allow {word[5:].lstrip('-_')}"
            headline = f"`{word}` wants a space behind `allow`: write {_FORM}"
            _misspelt(bag, file.span(*verb.span("verb")), headline, "two words in one", parted)
        elif word.lower() in _MISTAKEN_VERBS or nearest(word, ["allow"]):
            headline = f"`{word}` is not a word to the compiler here: write {_FORM}"
            _misspelt(bag, file.span(*verb.span("verb")), headline, "want `allow`", "allow")
        return
    other = _OTHER_COMMENT.search(text, verb.end(), end)
    reason = _REASON.search(text, verb.end(), other.start() if other else end)
    if reason is None and other is not None:
        end = other.start()
        comment = file.span(start, end)
    slugs = list(_SLUG.finditer(text, verb.end(), reason.start() if reason else end))
    if not slugs:
        bag.report(
            "unreadable-allow",
            comment,
            f"an allow comment names the finding that it allows: write {_FORM}",
            label="no slug",
            help="the slug stands in brackets behind the code of each finding",
        )
        return
    if reason is None or text[reason.end() : end].lstrip()[:1] in ("", "#"):
        bag.report(
            "allow-without-reason",
            comment,
            f"an allow comment says why: write {_FORM}",
            label="no reason",
            help="add two hyphens and the reason, for those who read the plan after you",
        )
    line = covered[comment.line] = _line_covered(text, start, comment.line, covered)
    for slug in slugs:
        place = file.span(*slug.span())
        if _is_known(slug[0], place, bag):
            name = RETIRED.get(slug[0], slug[0])
            yield _Allow(name, file.path, line, place, len(slugs) == 1, comment)


def _skip_spaces(text: str, position: int) -> int:
    while text[position : position + 1] in (" ", "\t"):
        position += 1
    return position


def _misspelt(bag: Bag, place: Span, headline: str, label: str, right: str) -> None:
    fix = Fix(f"write `{right}`", (Edit(place, right),))
    bag.report("unreadable-allow", place, headline, label=label, fix=fix)


def _glued(word: str) -> bool:
    """Tell whether a word is `allow` and a slug in one.

    >>> _glued("allowpii-on-client"), _glued("allowed")
    (True, False)
    """
    slugs = [entry.slug for entry in CODES.values() if entry.can_be_allowed]
    return word.startswith("allow") and len(word) > len("allow") + 3 and nearest(word[5:], slugs) is not None


def _is_known(slug: str, place: Span, bag: Bag) -> bool:
    """Tell whether the slug is a rule's that can be allowed; report it otherwise."""
    entry = CODES.get(RETIRED.get(slug, slug))
    if entry is not None and entry.can_be_allowed:
        return True
    if entry is not None:
        bag.report(
            "unknown-allow",
            place,
            f"no comment can allow `{slug}`: mend what it finds",
            label="what is generated would be wrong" if entry.rule else "not the finding of a rule",
        )
        return False
    meant = next((entry.slug for entry in CODES.values() if entry.id == slug.upper()), None)
    # Guessing takes its time: who has written hundreds of wrong slugs sees what is meant from the first ones.
    if meant is None and len(bag) < _MOST_GUESSES:
        meant = nearest(slug, [entry.slug for entry in CODES.values() if entry.can_be_allowed])
    bag.report(
        "unknown-allow",
        place,
        f"there is no finding called `{slug}`" + (f": did you mean `{meant}`?" if meant else ""),
        label="unknown slug",
        help=None if meant else "the slug stands behind the code of each finding, as in `error[TS101] the-slug`",
        fix=Fix(f"write `{meant}`", (Edit(place, meant),)) if meant else None,
    )
    return False


def _line_covered(text: str, start: int, number: int, covered: dict[int, int | None]) -> int | None:
    """Say which line a comment speaks of: its own, or the first one below the comment lines it stands in.

    None where a blank line or the end of the file comes first.
    """
    line_start = max(text.rfind("\n", 0, start), text.rfind("\r", 0, start)) + 1
    before = text[line_start:start].lstrip()
    if before and not before.startswith("#"):
        return number
    position = start
    while line := _LINE.match(text, position):
        content = line[1].strip()
        if not content:
            return None
        if not content.startswith("#"):
            return number
        number, position = number + 1, line.end()
        if number in covered:
            return covered[number]
    return None


def _unused(allow: _Allow, left: list[Span]) -> Diagnostic:
    """Say that an allow silences nothing, and which of the findings `left` of its slug, in order, is nearest."""
    index = bisect_left(left, allow.span)
    closest = min(left[max(0, index - 1) : index + 1], key=lambda span: abs(span.line - allow.span.line), default=None)
    if allow.line is None:
        help = "put it on the comment line directly above what it speaks of, with no blank line between"
    elif closest is not None:
        help = (
            f"`{allow.slug}` is found in line {closest.line}; one comment silences one finding, there or directly below"
        )
    else:
        help = "take the comment away"
    return finding(
        "unused-allow",
        allow.span,
        f"nothing here is `{allow.slug}`, so the comment allows nothing",
        label="silences nothing",
        secondary=() if closest is None else (Label(closest, "found here"),),
        help=help,
        fix=Fix("take the comment away", (Edit(allow.comment, ""),), safe=True)
        if allow.whole and closest is None
        else None,
    )
