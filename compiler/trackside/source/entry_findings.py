"""The findings about keys, values and aliases of text that is YAML."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from trackside.diagnostics.codes import code
from trackside.diagnostics.model import Diagnostic, Edit, Fix, Label
from trackside.source.scalars import quoted, shown

if TYPE_CHECKING:
    from trackside.diagnostics.span import Span
    from trackside.source.node import SourceFile


def empty(file: SourceFile) -> Diagnostic:
    """Report a file without content."""
    return Diagnostic(
        code("empty-file"),
        f"`{file.path}` is empty",
        Label(file.span(0, 0)),
        help="`trackside init` writes a small plan to start from",
    )


def not_a_mapping(file: SourceFile, start: int, what: str) -> Diagnostic:
    """Report a file that is a list or text; only its first line is marked."""
    line = re.compile(r"[^\r\n]*").match(file.text, start)
    return Diagnostic(
        code("not-a-mapping"),
        f"`{file.path}` holds {what}, and a mapping of keys to values is wanted",
        Label(file.span(start, line.end() if line else start)),
        help="begin with a key, such as `events:`",
    )


def ambiguous_key(file: SourceFile, start: int, end: int, text: str, reading: str) -> Diagnostic:
    """Report a plain key that other parsers do not read as text."""
    span = file.span(start, end)
    return Diagnostic(
        code("ambiguous-key"),
        f"some YAML parsers read the key `{shown(text)}` as {reading}",
        Label(span, "wants quotes"),
        help=f"write `{shown(quoted(text))}:`",
        fix=Fix("Quote the key", (Edit(span, quoted(text)),), safe=True),
    )


def duplicate_key(file: SourceFile, start: int, end: int, first: Span, key: str) -> Diagnostic:
    """Report a key that its mapping has already."""
    return Diagnostic(
        code("duplicate-key"),
        f"the key `{shown(key)}` stands twice in one mapping",
        Label(file.span(start, end), "again here"),
        (Label(first, "first here"),),
        help="merge several by one list: `<<: [*a, *b]`"
        if key == "<<"
        else "keep one, or give the other a name of its own",
    )


def bad_merge(span: Span) -> Diagnostic:
    """Report a merge of what is no mapping."""
    return Diagnostic(
        code("bad-merge"),
        "`<<` merges mappings, and this is none",
        Label(span),
        help="write `<<: *anchor`, or `<<: [*one, *other]`, each the anchor of a mapping",
    )


def missing_value(file: SourceFile, start: int, end: int) -> Diagnostic:
    """Report a key inside `{}` that has neither a colon nor a value."""
    name = shown(" ".join(file.text[start:end].split()))
    return Diagnostic(
        code("missing-value"),
        f"`{name}` has no value",
        Label(file.span(start, end), "a key without a colon"),
        help=f"write `{name}: value`; a list stands in `[]`, and text with a comma in quotes",
    )


def nothing_marked(file: SourceFile, start: int) -> Diagnostic:
    """Report an anchor or a tag before a value that is not there."""
    match = re.compile(r"[^\s,\]}]*").match(file.text, start)
    end = match.end() if match else start
    return Diagnostic(
        code("missing-value"),
        f"`{shown(file.text[start:end])}` stands before no value",
        Label(file.span(start, end)),
        help="write the value after it, or leave it out",
    )


def unquoted_comma(file: SourceFile, start: int, end: int) -> Diagnostic:
    """Report text inside `{}` that a comma has cut; the span is the whole of it."""
    return _wants_quotes("unquoted-comma", file, start, end, "a comma", "inside `{}` a comma ends text without quotes")


def unquoted_in_flow(file: SourceFile, start: int, end: int) -> Diagnostic:
    """Report text inside `{}` or `[]` that holds a sign which parsers differ about."""
    sign = re.compile(r"[:,#?\[\]{}]").search(file.text, start, end)
    what = f"`{sign.group()}`" if sign else "what needs them"
    return _wants_quotes("unquoted-text", file, start, end, what, "inside `{}` and `[]` this wants quotes")


def _wants_quotes(slug: str, file: SourceFile, start: int, end: int, what: str, label: str) -> Diagnostic:
    span = file.span(start, end)
    mended = quoted(" ".join(file.text[start:end].split()))
    return Diagnostic(
        code(slug),
        f"quote the text: it holds {what}",
        Label(span, label),
        help=f"write `{shown(mended)}`",
        fix=Fix("Quote the text", (Edit(span, mended),)),
    )


def duplicate_anchor(name: str, span: Span, first: Span) -> Diagnostic:
    """Report an anchor whose name is taken."""
    return Diagnostic(
        code("duplicate-anchor"),
        f"the anchor `&{shown(name)}` is defined twice",
        Label(span, "defined again"),
        (Label(first, "first defined here"),),
        help="give each anchor a name of its own: parsers differ in which one an alias means",
    )


def unknown_alias(name: str, span: Span, near: str | None) -> Diagnostic:
    """Report an alias without its anchor."""
    return Diagnostic(
        code("unknown-alias"),
        f"`*{shown(name)}` names no anchor above it",
        Label(span),
        help=f"did you mean `*{near}`?"
        if near
        else f"mark what it stands for with `&{shown(name)}`, further up, or quote the text",
    )


def recursive_alias(name: str, span: Span, anchor: Span) -> Diagnostic:
    """Report an alias inside of what it stands for."""
    return Diagnostic(
        code("recursive-alias"),
        f"`*{shown(name)}` stands inside what `&{shown(name)}` marks, so it would hold itself",
        Label(span),
        (Label(anchor, "the anchor"),),
        help="write out what is meant; a type that names itself is not allowed either",
    )


def too_large(file: SourceFile, limit: int) -> Diagnostic:
    """Report a file of more pieces than are read."""
    return Diagnostic(
        code("file-too-large"),
        f"`{file.path}` holds more than {limit:,} keys and values",
        Label(file.span(0, 0)),
        help="a plan of ten thousand events has a third of that: is this a plan?",
    )


def too_deep(file: SourceFile, start: int, end: int, limit: int) -> Diagnostic:
    """Report the collection that is one level too deep."""
    return Diagnostic(
        code("too-deep"),
        f"collections stand inside each other more than {limit} deep",
        Label(file.span(start, end)),
        help="give the inner parts names under `types:`",
    )


def too_many_aliases(file: SourceFile, start: int, end: int, limit: int) -> Diagnostic:
    """Report the alias that is one too many."""
    return Diagnostic(
        code("too-many-aliases"),
        f"the aliases of `{file.path}` stand for more than {limit:,} values",
        Label(file.span(start, end)),
        help="a named type or a property group says it once: use those instead of aliases",
    )
