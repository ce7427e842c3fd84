"""Turn a parser's events into nodes.

A finding that concerns one entry leaves a hole, and reading goes on. What only a look at the text can explain ends it.
"""

from __future__ import annotations

import re
from itertools import islice
from typing import Any, Final

from trackside.diagnostics.bag import Bag
from trackside.diagnostics.model import Diagnostic
from trackside.source import entry_findings as findings
from trackside.source import parsers
from trackside.source.aliases import NODE_LIMIT, Anchors
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
from trackside.source.scalars import other_reading
from trackside.source.syntax_findings import second_document, unknown_tag

DEPTH_LIMIT: Final = 100
"""How many collections may stand inside each other, aliases counted as what they stand for."""

EVENT_LIMIT: Final = 2_000_000
"""How many keys, values, openings and closings a file may hold; ten thousand events have a third of that."""

FINDING_LIMIT: Final = 1000
"""How many findings in one file are enough."""

_FLOW_INDICATORS: Final = re.compile(r"[:,#?\[\]{}]").search
_PROPERTIES: Final = re.compile(r"(?:(?:&[A-Za-z0-9_-]+|!\S*)\s+(?:#[^\r\n]*\s+)*)+")
_HEADER: Final = re.compile(r"[|>][-+1-9]*(?! *(?:#[^\r\n]*)?(?:\r\n|\r|\n) +[\r\n])(?=\s|$)")
_ALIAS_END: Final = re.compile(r"[\s,\]}]|$")
_COMMA: Final = re.compile(r"\s*,\s*")
_BLANK: Final = re.compile(r"(?:\s|#[^\r\n]*)*")
_TAGS: Final = {"tag:yaml.org,2002:map": MappingStartEvent, "tag:yaml.org,2002:seq": SequenceStartEvent}
_TEXT_TAG: Final = "tag:yaml.org,2002:str"


class LimitReached(Exception):
    """Ends reading at a limit; the findings show which."""


class OddText(Exception):
    """Ends reading at what only a look at the text itself can explain.

    `finding` is what there is to say when the text shows no other mistake.
    """

    def __init__(self, offset: int, finding: Diagnostic | None = None) -> None:
        super().__init__()
        self.offset = offset
        self.finding = finding


class _Slot:
    """A key that is no entry of its mapping: a hole that a finding explains, or `<<`."""

    def __repr__(self) -> str:
        return "<<" if self is _MERGE else "(hole)"


_HOLE: Final = _Slot()
_MERGE: Final = _Slot()


class DocumentReader:
    """Reads one file, once. What it finds on the way is in `findings`."""

    def __init__(self, file: SourceFile) -> None:
        self.file = file
        self.findings = Bag()
        self.anchors = Anchors(file, self._report)
        self.keys: dict[str, str] = {}
        self.merges: list[tuple[MappingNode, Any]] = []
        self.commas: dict[int, ScalarNode] = {}

    def read(self, parse: parsers.Events) -> SequenceNode:
        """Run over the events and give the documents."""
        try:
            return self._nodes(parse)
        finally:
            for node in islice(self.commas.values(), FINDING_LIMIT):
                self.findings.add(findings.unquoted_comma(self.file, node.start, node.end))

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

        for event in islice(parse(file.text), EVENT_LIMIT):
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
                            self._report(findings.unquoted_in_flow(file, start, end))
                        else:
                            clean.add(text)
                elif style in {"|", ">"}:
                    if not _HEADER.match(file.text, start):
                        raise OddText(start)
                    end = start + len(file.text[start:end].rstrip())
                if in_mapping and key is None:
                    if not text and not style:
                        raise OddText(start)
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
                    if not stack and (text or style):
                        raise OddText(start, findings.not_a_mapping(file, start, "text"))
                if event.anchor is not None:
                    anchors.define(event.anchor, node, event.start_mark.index)
            elif kind is MappingStartEvent or kind is SequenceStartEvent:
                start = event.start_mark.index
                if in_mapping and key is None:
                    raise OddText(start)
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
                    if not stack and kind is SequenceStartEvent:
                        raise OddText(start, findings.not_a_mapping(file, start, "a list"))
                stack.append((top, in_mapping, flow))
                if len(stack) > DEPTH_LIMIT:
                    self._too_deep(start, event.end_mark.index)
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
                    raise OddText(start)
                if not stack:
                    raise OddText(start, findings.not_a_mapping(file, start, "text"))
                if in_mapping and key is None:
                    raise OddText(start)
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
                    start = event.start_mark.index
                    raise OddText(start, second_document(file, start, event.end_mark.index))
        if stack:
            self._report(findings.too_large(file, EVENT_LIMIT))
            raise LimitReached
        return root

    def root(self, documents: SequenceNode) -> MappingNode | None:
        """Give the mapping that a text is, or report that it is empty."""
        root = documents[0] if documents else None
        if isinstance(root, MappingNode):
            return root
        self.findings.add(findings.empty(self.file))
        return None

    def _report(self, finding: Diagnostic) -> None:
        self.findings.add(finding)
        if len(self.findings) >= FINDING_LIMIT:
            raise LimitReached

    def _scalar_properties(self, event: Any, start: int, end: int, plain: bool) -> tuple[int, bool]:
        """Skip what stands before a scalar, an anchor or a tag, and read the tag."""
        match = _PROPERTIES.match(self.file.text, start, end)
        tag = event.tag
        if tag is not None and event.anchor is not None:
            raise OddText(event.end_mark.index)
        if plain and not event.value:
            raise OddText(start, findings.nothing_marked(self.file, start))
        if match is None:
            raise OddText(start)
        if tag is None or tag == _TEXT_TAG:
            return match.end(), plain and tag is None
        # Without its tag the value is what it would be, so whatever else is wrong can be said as well.
        self._report(unknown_tag(self.file, start))
        return match.end(), plain

    def _collection_properties(self, event: Any, start: int) -> int:
        tag = event.tag
        if tag is not None and event.anchor is not None:
            raise OddText(start)
        if tag is not None and _TAGS.get(tag) is not type(event):
            self._report(unknown_tag(self.file, start))
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
            self._report(findings.ambiguous_key(self.file, start, end, text, reading))
        return text

    def _repeated_key(self, key: Any, top: MappingNode, start: int, end: int) -> Any:
        """Report a key that its mapping has already; `<<` comes here always, because it is no entry."""
        if key is _MERGE:
            before = next((node for owner, node in self.merges if owner is top), None)
            if before is None:
                return key
        else:
            before = top[key]
        self._report(findings.duplicate_key(self.file, start, end, before.key_span, str(key)))
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
            self._report(findings.bad_merge(wrong.span if wrong.key_start < 0 else value.key_span))
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
            self._too_deep(start, end)
        if not self.anchors.repeat(nodes):
            self._report(findings.too_many_aliases(self.file, start, end, NODE_LIMIT))
            raise LimitReached
        return node

    def _too_deep(self, start: int, end: int) -> None:
        self._report(findings.too_deep(self.file, start, end, DEPTH_LIMIT))
        raise LimitReached

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
            and previous.text
            and _COMMA.fullmatch(text, previous.end, start)
            and text[start] not in "\"'"
        ):
            self.commas[id(previous)] = previous
            previous.text = text[previous.start : end]
            previous.end = end
            previous.plain = False
        else:
            self._report(findings.missing_value(self.file, start, end))
        return True
