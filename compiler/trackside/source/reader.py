"""Read YAML text into nodes, in one pass over a parser's events.

Everything that would let two parsers understand a plan differently is refused, with a place and a way out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from trackside.diagnostics.bag import Bag
from trackside.source import parsers
from trackside.source.characters import find_forbidden_characters
from trackside.source.document import DocumentReader, LimitReached, OddText
from trackside.source.node import MappingNode, SourceFile
from trackside.source.syntax_findings import unread

if TYPE_CHECKING:
    from collections.abc import Iterator

    from trackside.diagnostics.model import Diagnostic


def read_text(text: str, shown: str, bag: Bag) -> tuple[SourceFile, MappingNode | None]:
    """Read one file's text; `shown` is its path as the user would type it.

    The mapping is None when the text is no YAML mapping; then the bag says why. A byte order mark at the start is no
    part of the text.
    """
    file = SourceFile(shown, text.removeprefix("\ufeff"))
    if not parsers.has_c_parser:
        # Once for a plan is enough, however many files it has.
        if all(found.slug != "slow-yaml-parser" for found in bag):
            bag.report(
                "slow-yaml-parser",
                file.span(0, 0),
                "the C parser of ruamel.yaml is missing, so plans are read by the pure one, some 30 times slower",
                help="install the package `ruamel.yaml.clib`",
            )
        return file, read_with(parsers.pure_events, file, bag)
    return file, read_with(parsers.c_events, file, bag)


def read_with(parse: parsers.Events, file: SourceFile, bag: Bag) -> MappingNode | None:
    """Read a file by the given parser. Whichever it is, the same text is accepted and the same findings are made."""
    characters = find_forbidden_characters(file)
    if characters:
        bag.extend(characters)
        return None
    problems: list[Diagnostic] = []
    # What one parser lets pass and the other does not is found by our own look at the text.
    if parse is not parsers.c_events or _may_be_misread(file.text):
        problems = _look(file)
        if all(found.slug == "unknown-tag" for found in problems):
            problems = []  # the reader passes over a tag that it does not know, and reports it
    reader = DocumentReader(file)
    root: MappingNode | None = None
    try:
        documents = reader.read(parse)
        if not problems:
            root = reader.root(documents)
    except LimitReached:
        problems = []
    except parsers.YAMLError as error:
        problems = problems or _look(file) or [unread(file, parsers.error_place(error))]
    except OddText as odd:
        problems = problems or _look(file) or [odd.finding or unread(file, odd.offset)]
    if problems:
        bag.extend(_findings_above(parse, file, problems[0].primary.span.line))
        bag.extend(problems)
        return None
    bag.extend(reader.findings)
    return root


def _look(file: SourceFile) -> list[Diagnostic]:
    """List the mistakes that our own scanner finds; text without one is read without it."""
    from trackside.source.syntax import find_syntax_errors

    return find_syntax_errors(file)


def _findings_above(parse: parsers.Events, file: SourceFile, line: int) -> Bag:
    """List the findings in the lines above the first mistake, read on their own; below it, all is guesswork."""
    above = SourceFile(file.path, "".join(file.text.splitlines(keepends=True)[: line - 1]))
    reader = DocumentReader(above)
    try:
        reader.read(parse)
    except (parsers.YAMLError, OddText, LimitReached):
        return Bag()
    return reader.findings


def _may_be_misread(text: str) -> bool:
    """Tell whether a text may hold what the C parser accepts, and the pure one refuses or reads otherwise."""
    if "\t" in text or "\n..." in text or "\r..." in text:
        return True
    # Each of these means something else, or nothing, elsewhere: a comment needs a blank before it, a directive a line
    # of its own, and a key that begins with a question mark has no text before it.
    return (
        any(text[at + 1 : at + 2] in ("'", "/") for at in _places(text, "\\"))
        or any(at == 0 or text[at - 1] in "\r\n" for at in _places(text, "%"))
        or any(at > 0 and text[at - 1] in "{[}],:\"'" for at in _places(text, "#"))
        or any((text[max(at - 80, 0) : at].rstrip(" ") or "-")[-1] in "[{,-?:\r\n" for at in _places(text, "?"))
    )


def _places(text: str, sign: str) -> Iterator[int]:
    at = text.find(sign)
    while at >= 0:
        yield at
        at = text.find(sign, at + 1)
