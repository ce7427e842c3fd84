"""Read YAML text into nodes, in one pass over a parser's events.

Everything that would let two parsers understand a plan differently is refused, with a place and a way out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from trackside.diagnostics.bag import Bag
from trackside.source import parsers
from trackside.source.characters import find_forbidden_characters
from trackside.source.document import DocumentReader, LimitReached, OddText
from trackside.source.node import MappingNode, SourceFile
from trackside.source.syntax import find_syntax_errors
from trackside.source.syntax_findings import unread

if TYPE_CHECKING:
    from trackside.diagnostics.model import Diagnostic

# Where one of these stands, the C parser may accept what the pure one refuses or reads otherwise.
_MISREAD: Final = (
    *("\t", "\\'", "\\/", "\n%", "\r%", "\n...", "\r..."),
    *("{#", "[#", "}#", "]#", ",#", ":#", '"#', "'#"),
)


def read_text(text: str, shown: str, bag: Bag) -> tuple[SourceFile, MappingNode | None]:
    """Read one file's text; `shown` is its path as the user would type it.

    The mapping is None when the text is no YAML mapping; then the bag says why. A byte order mark at the start is no
    part of the text.
    """
    file = SourceFile(shown, text.removeprefix("\ufeff"))
    if not parsers.has_c_parser:
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
        problems = find_syntax_errors(file)
    reader = DocumentReader(file)
    root: MappingNode | None = None
    try:
        documents = reader.read(parse)
        if not problems:
            root = reader.root(documents)
    except LimitReached:
        problems = []
    except parsers.YAMLError as error:
        problems = problems or find_syntax_errors(file) or [unread(file, parsers.error_place(error))]
    except OddText as odd:
        problems = problems or find_syntax_errors(file) or [odd.finding or unread(file, odd.offset)]
    if problems:
        bag.extend(_findings_above(parse, file, problems[0].primary.span.line))
        bag.extend(problems)
        return None
    bag.extend(reader.findings)
    return root


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
    if any(sign in text for sign in _MISREAD) or text.startswith("%"):
        return True
    # A question mark begins a key where no text is before it, and is part of a text elsewhere.
    at = text.find("?")
    while at >= 0:
        before = text[max(at - 80, 0) : at].rstrip(" ")
        if not before or before[-1] in "[{,-?:\r\n":
            return True
        at = text.find("?", at + 1)
    return False
