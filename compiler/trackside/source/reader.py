"""Read YAML text into nodes, in one pass over a parser's events.

Everything that would let two parsers understand a plan differently is refused here, with a place and a way out. A
finding that concerns one entry leaves a hole and reading goes on; one that concerns the text as YAML ends it.
"""

from __future__ import annotations

import re
from typing import Any, Final

from trackside.diagnostics.bag import Bag
from trackside.diagnostics.model import Diagnostic, Edit, Fix, Label
from trackside.source import parsers
from trackside.source.aliases import NODE_LIMIT, Anchors
from trackside.source.characters import find_forbidden_characters
from trackside.source.node import MappingNode, ScalarNode, SequenceNode, SourceFile
from trackside.source.parsers import (
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)
from trackside.source.scalars import other_reading, quoted, shown
from trackside.source.syntax import find_syntax_errors
from trackside.source.syntax_findings import second_document, unread

DEPTH_LIMIT: Final = 100
"""How many collections may stand inside each other, aliases counted as what they stand for."""

_FLOW_INDICATORS: Final = re.compile(r"[:,#?\[\]{}]").search
_MISREAD: Final = ("\t", "\\'", "\n%", "\r%", "\n...", "\r...", "}#", "]#", '"#', "'#")
_PROPERTIES: Final = re.compile(r"(?:(?:&[A-Za-z0-9_-]+|!\S*)\s+(?:#[^\r\n]*\s+)*)+")
_HEADER: Final = re.compile(r"[|>][-+1-9]*(?! *(?:#[^\r\n]*)?(?:\r\n|\r|\n) +[\r\n])(?=\s|$)")
_ALIAS_END: Final = re.compile(r"[\s,\]}]|$")
_COMMA: Final = re.compile(r"\s*,\s*")
_BLANK: Final = re.compile(r"(?:\s|#[^\r\n]*)*")
_TAGS: Final = {"tag:yaml.org,2002:map": MappingStartEvent, "tag:yaml.org,2002:seq": SequenceStartEvent}
_TEXT_TAG: Final = "tag:yaml.org,2002:str"


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
    problems: list[Diagnostic] | None = None
    # What one parser lets pass and the other does not is found by our own look at the text.
    if parse is not parsers.c_events or _may_be_misread(file.text):
        problems = find_syntax_errors(file)
    reader = _Reader(file)
    documents: SequenceNode | None = None
    try:
        documents = reader.read(parse)
    except parsers.YAMLError as error:
        problems = problems or find_syntax_errors(file) or [unread(file, parsers.error_place(error))]
    except _Odd as odd:
        problems = problems or find_syntax_errors(file) or [unread(file, odd.offset)]
    except _Stop as stop:
        if stop.at_limit:
            problems = None
        elif problems is None:
            problems = find_syntax_errors(file)
        here = file.span(stop.offset, stop.offset).line
        problems = [problem for problem in problems or () if problem.primary.span.line < here]
    if not problems:
        root = None if documents is None else reader.root(documents)
        bag.extend(reader.findings)
        return root
    # What was read from the line of the first mistake in the text on is guesswork.
    first = problems[0].primary.span.line
    bag.extend(found for found in reader.findings if found.primary.span.line < first)
    bag.extend(problems)
    return None


def _may_be_misread(text: str) -> bool:
    """Tell whether a text may hold what the C parser accepts, and the pure one refuses or reads otherwise."""
    if any(sign in text for sign in _MISREAD) or text.startswith("%"):
        return True
    at = text.find("?")
    while at >= 0:
        before = text[max(at - 80, 0) : at].rstrip(" ")
        if not before or before[-1] in "[{,-?:\r\n":
            return True
        at = text.find("?", at + 1)
    return False


def _line_end(text: str, offset: int) -> int:
    match = re.compile(r"[^\r\n]*").match(text, offset)
    return match.end() if match else offset


class _Stop(Exception):
    """Ends reading after a finding that makes the rest of the text meaningless."""

    def __init__(self, offset: int, at_limit: bool = False) -> None:
        super().__init__()
        self.offset = offset
        self.at_limit = at_limit


class _Odd(Exception):
    """Ends reading at what only a look at the text itself can explain."""

    def __init__(self, offset: int) -> None:
        super().__init__()
        self.offset = offset


class _Slot:
    """A key that is no entry of its mapping: a hole that a finding explains, or `<<`."""

    def __repr__(self) -> str:
        return "<<" if self is _MERGE else "(hole)"


_HOLE: Final = _Slot()
_MERGE: Final = _Slot()


class _Reader:
    """Reads one file, once."""

    def __init__(self, file: SourceFile) -> None:
        self.file = file
        self.findings = Bag()
        self.anchors = Anchors(file, self.findings)
        self.keys: dict[str, str] = {}
        self.merges: list[tuple[MappingNode, Any]] = []
        self.commas: dict[int, tuple[ScalarNode, int]] = {}

    def read(self, parse: parsers.Events) -> SequenceNode:
        """Run over the events and give the documents."""
        try:
            return self._nodes(parse)
        finally:
            for node, start in self.commas.values():
                self._report_commas(node, start)

    def _nodes(self, parse: parsers.Events) -> SequenceNode:
        file = self.file
        root = SequenceNode(file, 0)
        documents = 0
        top: Any = root
        in_mapping = flow = False
        # In a mapping: the key that waits for its value, or None where a key comes next.
        key: Any = None
        key_start = key_end = -1
        end = 0
        stack: list[tuple[Any, bool, bool]] = []
        known_keys = self.keys
        clean: set[str] = set()
        anchors = self.anchors

        for event in parse(file.text):
            kind = type(event)
            if kind is ScalarEvent:
                text = event.value
                start = event.start_mark.index
                end = event.end_mark.index
                style = event.style
                plain = not style
                if event.anchor is not None or event.ctag is not None:
                    start, plain = self._scalar_properties(event, start, end, plain)
                if flow:
                    if plain and text not in clean:
                        if _FLOW_INDICATORS(text):
                            self._report_flow_text(start, end)
                        else:
                            clean.add(text)
                elif style in {"|", ">"}:
                    if not _HEADER.match(file.text, start):
                        raise _Odd(start)
                    end = start + len(file.text[start:end].rstrip())
                if in_mapping and key is None:
                    if not text and not style:
                        raise _Odd(start)
                    key = known_keys.get(text) if plain else text
                    if key is None:
                        key = self._plain_key(text, start, end)
                    if key in top or key is _MERGE:
                        key = self._repeated_key(key, top, start, end)
                    key_start = start
                    key_end = end
                    if event.anchor is not None:
                        anchors.define(event.anchor, ScalarNode(text, plain, file, start, end), event.start_mark.index)
                    continue
                if in_mapping:
                    if plain and not text and event.anchor is None:
                        start = key_start
                        end = key_end
                        if flow and self._no_colon(top, key, start, end):
                            key = None
                            continue
                    node: Any = ScalarNode(text, plain, file, start, end, key_start, key_end)
                    if type(key) is str:
                        top[key] = node
                    else:
                        self._fill(key, top, node)
                    key = None
                else:
                    node = ScalarNode(text, plain, file, start, end)
                    top.append(node)
                if event.anchor is not None:
                    anchors.define(event.anchor, node, event.start_mark.index)
            elif kind is MappingStartEvent or kind is SequenceStartEvent:
                start = event.start_mark.index
                if in_mapping and key is None:
                    self._report_complex_key(start, event.end_mark.index)
                if event.anchor is not None or event.ctag is not None:
                    start = self._collection_properties(event, start)
                node = MappingNode(file, start) if kind is MappingStartEvent else SequenceNode(file, start)
                if in_mapping:
                    node.key_start = key_start
                    node.key_end = key_end
                    if type(key) is str:
                        top[key] = node
                    else:
                        self._fill(key, top, node)
                else:
                    top.append(node)
                stack.append((top, in_mapping, flow))
                if len(stack) > DEPTH_LIMIT:
                    self._report_depth(start, event.end_mark.index)
                if event.anchor is not None:
                    anchors.begin(event.anchor, node, event.start_mark.index)
                top = node
                in_mapping = kind is MappingStartEvent
                flow = bool(event.flow_style)
                end = event.end_mark.index
                key = None
            elif kind is MappingEndEvent or kind is SequenceEndEvent:
                # A block ends where the next token starts, beyond comments and blank lines; its last entry ends it.
                end_mark = event.end_mark.index
                if flow and event.start_mark.index < end_mark:
                    end = end_mark
                top.end = end
                if self.merges and self.merges[-1][0] is top:
                    self._merge(top)
                if anchors.open:
                    anchors.finish(top)
                top, in_mapping, flow = stack.pop()
                key = None
            elif kind is AliasEvent:
                start = event.start_mark.index
                end = event.end_mark.index
                if not _ALIAS_END.match(file.text, end):
                    raise _Odd(start)
                if in_mapping and key is None:
                    self._report_complex_key(start, end)
                node = self._alias(event.anchor, start, end, len(stack))
                if not in_mapping:
                    if node is not None:
                        top.append(node)
                    continue
                if node is not None:
                    node.key_start = key_start
                    node.key_end = key_end
                    if type(key) is str:
                        top[key] = node
                    else:
                        self._fill(key, top, node)
                key = None
            elif kind is DocumentStartEvent:
                documents += 1
                if documents > 1:
                    self._report_second_document(event.start_mark.index, event.end_mark.index)
        return root

    def root(self, documents: SequenceNode) -> MappingNode | None:
        """Give the mapping that a text is, or report that it is none."""
        file = self.file
        root = documents[0] if documents else None
        if root is None or (isinstance(root, ScalarNode) and root.plain and not root.text):
            self.findings.report(
                "empty-file",
                file.span(0, 0),
                f"`{file.path}` is empty",
                help="`trackside init` writes a small plan to start from",
            )
            return None
        if isinstance(root, MappingNode):
            return root
        what = "a list" if isinstance(root, SequenceNode) else "text"
        start = root.start
        self.findings.report(
            "not-a-mapping",
            file.span(start, _line_end(file.text, start)),
            f"`{file.path}` holds {what}, and a mapping of keys to values is wanted",
            help="begin with a key, such as `events:`",
        )
        return None

    def _scalar_properties(self, event: Any, start: int, end: int, plain: bool) -> tuple[int, bool]:
        """Skip what stands before a scalar, an anchor or a tag, and read the tag."""
        match = _PROPERTIES.match(self.file.text, start, end)
        tag = event.tag
        if tag is not None and (tag != _TEXT_TAG or event.anchor is not None):
            raise _Odd(start)
        if match is None and event.value:
            raise _Odd(start)
        return (match.end() if match else end), plain and tag is None

    def _collection_properties(self, event: Any, start: int) -> int:
        tag = event.tag
        if tag is not None and (_TAGS.get(tag) is not type(event) or event.anchor is not None):
            raise _Odd(start)
        match = _PROPERTIES.match(self.file.text, start)
        return match.end() if match else start

    def _plain_key(self, text: str, start: int, end: int) -> Any:
        """Judge a plain key that is met for the first time."""
        reading = other_reading(text)
        if text == "<<":
            return _MERGE
        if reading is None:
            self.keys[text] = text
        else:
            span = self.file.span(start, end)
            self.findings.report(
                "ambiguous-key",
                span,
                f"some YAML parsers read the key `{text}` as {reading}",
                label="wants quotes",
                help=f"write `{quoted(text)}:`",
                fix=Fix("Quote the key", (Edit(span, quoted(text)),), safe=True),
            )
        return text

    def _repeated_key(self, key: Any, top: MappingNode, start: int, end: int) -> Any:
        """Report a key that its mapping has already; `<<` comes here always, because it is no entry."""
        if key is _MERGE:
            before = next((node for owner, node in self.merges if owner is top), None)
            if before is None:
                return key
        else:
            before = top[key]
        self.findings.report(
            "duplicate-key",
            self.file.span(start, end),
            f"the key `{shown(str(key))}` stands twice in one mapping",
            label="again here",
            secondary=[Label(before.key_span, "first here")],
            help="keep one, or give the other a name of its own"
            if key is not _MERGE
            else "merge several by one list: `<<: [*a, *b]`",
        )
        return _HOLE

    def _fill(self, key: Any, top: MappingNode, node: Any) -> None:
        if key is _MERGE:
            self.merges.append((top, node))

    def _merge(self, top: MappingNode) -> None:
        """Put in what `<<` brings: before the mapping's own keys, which override it; of several, the first one wins."""
        _, value = self.merges.pop()
        written: list[Any] = value if isinstance(value, SequenceNode) else [value]
        sources = [source for source in written if isinstance(source, MappingNode)]
        if len(sources) < len(written):
            wrong = next(source for source in written if not isinstance(source, MappingNode))
            self.findings.report(
                "bad-merge",
                wrong.span if wrong.key_start < 0 else value.key_span,
                "`<<` merges mappings, and this is none",
                help="write `<<: *anchor`, or `<<: [*one, *other]`, each the anchor of a mapping",
            )
            return
        own = dict(top)
        top.clear()
        for source in sources:
            for name, node in source.items():
                top.setdefault(name, node)
        top.update(own)

    def _alias(self, name: str, start: int, end: int, depth: int) -> Any:
        node = self.anchors.use(name, start, end)
        if node is None:
            return None
        nodes, levels = self.anchors.size(name)
        if depth + levels > DEPTH_LIMIT:
            self._report_depth(start, end)
        if not self.anchors.repeat(nodes):
            self.findings.report(
                "too-many-aliases",
                self.file.span(start, end),
                f"the aliases of `{self.file.path}` stand for more than {NODE_LIMIT:,} values",
                help="a named type or a property group says it once: use those instead of aliases",
            )
            raise _Stop(start, at_limit=True)
        return node

    def _no_colon(self, top: MappingNode, key: Any, start: int, end: int) -> bool:
        """Tell whether a key inside `{}` has no colon: then it is a piece of the text before it, or lacks its value."""
        text = self.file.text
        after = _BLANK.match(text, end)
        if after and text.startswith(":", after.end()):
            return False
        previous = next(reversed(top.values()), None)
        if (
            isinstance(previous, ScalarNode)
            and (previous.plain or id(previous) in self.commas)
            and previous.key_start >= 0
            and previous.text
            and _COMMA.fullmatch(text, previous.end, start)
            and text[start] not in "\"'"
        ):
            self.commas[id(previous)] = (previous, previous.start)
            previous.text = text[previous.start : end]
            previous.end = end
            previous.plain = False
        else:
            name = text[start:end]
            self.findings.report(
                "missing-value",
                self.file.span(start, end),
                f"`{shown(name)}` has no value",
                label="a key without a colon" if name else "",
                help=f"write `{shown(name)}: value`; a list stands in `[]`, and text with a comma in quotes",
            )
        return True

    def _report_commas(self, node: ScalarNode, start: int) -> None:
        file = self.file
        span = file.span(start, node.end)
        text = " ".join(file.text[start : node.end].split())
        self.findings.report(
            "unquoted-comma",
            span,
            "quote the text: it holds a comma",
            label="inside `{}` a comma ends text that has no quotes",
            help=f"write `{shown(quoted(text))}`",
            fix=Fix("Quote the text", (Edit(span, quoted(text)),)),
        )

    def _report_flow_text(self, start: int, end: int) -> None:
        file = self.file
        span = file.span(start, end)
        text = " ".join(file.text[start:end].split())
        found = _FLOW_INDICATORS(text)
        self.findings.report(
            "unquoted-text",
            span,
            f"quote the text: it holds `{found.group() if found else ''}`",
            label="inside `{}` and `[]` this wants quotes",
            help=f"write `{shown(quoted(text))}`",
            fix=Fix("Quote the text", (Edit(span, quoted(text)),)),
        )

    def _report_complex_key(self, start: int, end: int) -> None:
        self.findings.report(
            "complex-key",
            self.file.span(start, end),
            "a key is text, and here a mapping, a list or an alias stands for one",
            help='quote the key if it is text; braces in a template want quotes: `"{name}"`',
        )
        raise _Stop(start)

    def _report_depth(self, start: int, end: int) -> None:
        self.findings.report(
            "too-deep",
            self.file.span(start, end),
            f"collections stand inside each other more than {DEPTH_LIMIT} deep",
            help="give the inner parts names under `types:`",
        )
        raise _Stop(start, at_limit=True)

    def _report_second_document(self, start: int, end: int) -> None:
        self.findings.add(second_document(self.file, start, end))
        raise _Stop(start)
