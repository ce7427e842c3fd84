"""Find what is wrong with text that is not YAML."""

from __future__ import annotations

from trackside.diagnostics.codes import code
from trackside.diagnostics.model import Diagnostic, Label
from trackside.source.node import SourceFile


def find_syntax_errors(file: SourceFile) -> list[Diagnostic]:
    """List the mistakes in a text, in order."""
    return []


def unread(file: SourceFile, offset: int | None) -> Diagnostic:
    """Say that the text is no YAML where nothing better can be said."""
    at = min(offset or 0, len(file.text))
    return Diagnostic(
        code("yaml-syntax"),
        "this cannot be read as YAML",
        Label(file.span(at, at)),
        help="look at the indentation and the quotes here and on the line above",
    )


def unknown_tag(file: SourceFile, start: int) -> Diagnostic:
    """Report a tag."""
    end = start
    while end < len(file.text) and not file.text[end].isspace():
        end += 1
    return Diagnostic(
        code("unknown-tag"),
        f"the tag `{file.text[start:end]}` is not part of the plan language",
        Label(file.span(start, end)),
        help="leave it out: a value is read by the type that its place wants; text that begins with `!` wants quotes",
    )
