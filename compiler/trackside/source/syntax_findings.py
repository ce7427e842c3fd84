"""The findings about text that is not YAML, in our words and each with its way out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from trackside.diagnostics.codes import code
from trackside.diagnostics.model import Diagnostic, Edit, Fix, Label
from trackside.source.scalars import quoted, shown

if TYPE_CHECKING:
    from trackside.diagnostics.span import Span
    from trackside.source.node import SourceFile


class Block(Protocol):
    """An open block of lines: the column of its entries from 0, and where it starts."""

    @property
    def column(self) -> int: ...
    @property
    def start(self) -> int: ...


def unread(file: SourceFile, offset: int | None) -> Diagnostic:
    """Say that the text is no YAML where nothing better can be said; `offset` is where the parser stopped."""
    text = file.text
    at = min(offset or 0, len(text))
    # The parsers stop at different characters of a line, so its beginning is named.
    start = max(text.rfind("\n", 0, at), text.rfind("\r", 0, at)) + 1
    while text.startswith(" ", start):
        start += 1
    end = start
    while end < len(text) and text[end] not in "\r\n":
        end += 1
    return Diagnostic(
        code("yaml-syntax"),
        "this cannot be read as YAML",
        Label(file.span(start, end)),
        help="look at the indentation, the quotes and the brackets, here and on the line above",
    )


def tab(file: SourceFile, start: int, end: int, indents: bool) -> Diagnostic:
    """Report tabs outside of quotes and comments."""
    span = file.span(start, end)
    where = "indents a line" if indents else "separates two words"
    return Diagnostic(
        code("tab"),
        f"a tab {where}, and only spaces mean the same to every parser",
        Label(span, "a tab"),
        help="use spaces; a tab that belongs to text is written `\\t`, in double quotes",
        fix=Fix("Replace the tab by spaces", (Edit(span, "  " * (end - start) if indents else " "),)),
    )


def unquoted(file: SourceFile, start: int, end: int, why: str, in_flow: bool) -> Diagnostic:
    """Report text that wants quotes; `why` says what it begins with or holds."""
    span = file.span(start, end)
    text = " ".join(file.text[start:end].split())
    headline = f"quote the text: it {why}"
    if len(text) > 1 and text[0] in "\"'":
        # Quotes that end too early: an apostrophe inside single quotes, or words after the closing one.
        headline = f"text follows the closing {text[0]}: all of it wants quotes"
        text = text[1:-1].replace("''", "'") if text[-1] == text[0] else text
    mended = quoted(text)
    return Diagnostic(
        code("unquoted-text"),
        headline,
        Label(span, "inside `{}` and `[]` this wants quotes" if in_flow else "this wants quotes"),
        help=f"write `{shown(mended)}`",
        fix=Fix("Quote the text", (Edit(span, mended),)),
    )


def begins_with(character: str) -> str:
    """Say what a text begins with."""
    return "begins with a backtick" if character == "`" else f"begins with `{character}`"


def second_document(file: SourceFile, start: int, end: int) -> Diagnostic:
    """Report what comes after a document."""
    return Diagnostic(
        code("several-documents"),
        "a second YAML document starts here, and a plan's file holds one",
        Label(file.span(start, end)),
        help="put it in a file of its own and name that under `include:`",
    )


def stray_text(file: SourceFile, start: int, end: int) -> Diagnostic:
    """Report what stands behind the closing bracket of a value that goes over lines."""
    return Diagnostic(
        code("yaml-syntax"),
        "nothing can follow the closing bracket here",
        Label(file.span(start, end)),
        help="delete it; inside `{}` and `[]` commas part the entries",
    )


def unclosed_quote(file: SourceFile, start: int, end: int) -> Diagnostic:
    """Report a quote that nothing closes."""
    quote = file.text[start]
    inside = "`''`" if quote == "'" else '`\\"`'
    return Diagnostic(
        code("unclosed"),
        f"the quote {quote} is opened here and not closed",
        Label(file.span(start, end), "opened here"),
        help=f"close it with {quote}; inside such quotes, write {quote} as {inside}",
    )


def unclosed_bracket(file: SourceFile, start: int, end: int) -> Diagnostic:
    """Report a bracket that nothing closes."""
    opening = file.text[start]
    closing = "}" if opening == "{" else "]"
    line = file.text[start:end]
    comment = line.find(" #")
    hidden = comment >= 0 and closing in line[comment:]
    return Diagnostic(
        code("unclosed"),
        f"`{opening}` is opened here and not closed",
        Label(file.span(start, start + 1), "opened here"),
        (Label(file.span(start + comment + 1, start + comment + 2), "from here on the line is a comment"),)
        if hidden
        else (),
        help="quote the text that holds ` #`"
        if hidden
        else f"close it with `{closing}`; text that begins with `{opening}` wants quotes",
    )


def wrong_closing(file: SourceFile, start: int, at: int) -> Diagnostic:
    """Report a bracket that the other kind closes."""
    opening = file.text[start]
    return Diagnostic(
        code("unclosed"),
        f"`{opening}` is closed by `{file.text[at]}`",
        Label(file.span(at, at + 1), f"`{'}' if opening == '{' else ']'}` is wanted"),
        (Label(file.span(start, start + 1), "opened here"),),
        help="text that holds a bracket wants quotes",
    )


def bad_escape(file: SourceFile, start: int, end: int, escape: int, escape_end: int) -> Diagnostic:
    """Report a backslash in double quotes that begins no escape; the quotes stand from `start` to `end`."""
    name = file.text[escape:escape_end]
    if name.startswith("\\u") and len(name) > 2:
        return _surrogate(file, escape, escape_end)
    inside = file.text[start + 1 : end - 1]
    single = "\n" not in inside and "\r" not in inside and '\\"' not in inside and "\\\\" not in inside
    return Diagnostic(
        code("bad-escape"),
        f"`{name}` is no escape that every parser knows",
        Label(file.span(escape, escape_end), "a backslash in double quotes begins an escape"),
        help=f"in single quotes a backslash is a backslash: `{shown(_single(inside))}`"
        if single
        else f"write a backslash as `\\\\`: `\\{name}`",
        fix=Fix("Use single quotes", (Edit(file.span(start, end), _single(inside)),))
        if single
        else Fix("Double the backslash", (Edit(file.span(escape, escape + 1), "\\\\"),)),
    )


def _surrogate(file: SourceFile, start: int, end: int) -> Diagnostic:
    """Report a character written as JSON writes it, in two halves, or one half alone."""
    span = file.span(start, end)
    name = file.text[start:end]
    high, low = (int(half, 16) for half in (name[2:6], name[8:12] or "0"))
    pair = 0xD800 <= high < 0xDC00 <= low < 0xE000
    mended = f"\\U{0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00):08X}" if pair else ""
    return Diagnostic(
        code("bad-escape"),
        f"`{name}` is {'a character in two halves' if pair else 'half a character'}, which YAML does not know",
        Label(span),
        help=f"write `{mended}`, or the character itself"
        if pair
        else "write the character itself, or `\\U` and 8 digits",
        fix=Fix("Write the character as one", (Edit(span, mended),), safe=True) if pair else None,
    )


def _single(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def directive(file: SourceFile, start: int, end: int) -> Diagnostic:
    """Report a line that begins with `%`."""
    return Diagnostic(
        code("yaml-directive"),
        "a line that begins with `%` changes how YAML is read, and plans are read in one way",
        Label(file.span(start, end)),
        help="delete the line; a key that begins with `%` wants quotes",
    )


def unknown_tag(file: SourceFile, start: int) -> Diagnostic:
    """Report a tag."""
    end = start
    while end < len(file.text) and not file.text[end].isspace():
        end += 1
    return Diagnostic(
        code("unknown-tag"),
        f"the tag `{shown(file.text[start:end])}` is not part of the plan language",
        Label(file.span(start, end)),
        help="leave it out: a value is read by the type that its place wants; text that begins with `!` wants quotes",
    )


def complex_key(file: SourceFile, start: int, end: int) -> Diagnostic:
    """Report a mapping, a list or an alias in a key's place."""
    return Diagnostic(
        code("complex-key"),
        "a key is text, and here a mapping, a list or an alias stands for one",
        Label(file.span(start, end)),
        help='quote the key if it is text: braces in a template want quotes, `"{name}"`',
    )


def explicit_key(file: SourceFile, at: int) -> Diagnostic:
    """Report a `?` that begins a key."""
    return Diagnostic(
        code("complex-key"),
        "a `?` begins a key of another kind than `key: value`, and keys are text",
        Label(file.span(at, at + 1)),
        help="write `key: value`; text that begins with `?` wants quotes",
    )


def blank_first_line(file: SourceFile, start: int, end: int) -> Diagnostic:
    """Report blanks where the text of a block scalar is to begin."""
    span = file.span(start, end)
    return Diagnostic(
        code("yaml-indentation"),
        "text below `|` or `>` begins with a line of blanks, and parsers differ in what they make of it",
        Label(span, "only blanks"),
        help="delete the blanks",
        fix=Fix("Delete the blanks", (Edit(span, ""),)),
    )


def two_properties(file: SourceFile, first: int, second: int) -> Diagnostic:
    """Report an anchor or a tag that follows another before one value."""
    end = second
    while end < len(file.text) and not file.text[end].isspace():
        end += 1
    return Diagnostic(
        code("yaml-syntax"),
        "a value has one anchor or one tag before it, not two",
        Label(file.span(second, end), "the second"),
        (Label(file.span(first, first + 1), "the first"),),
        help="leave the tag out: a value is read by the type that its place wants",
    )


def missing_colon(file: SourceFile, start: int, end: int) -> Diagnostic:
    """Report a line of a mapping that has no key."""
    line = file.text[start:end]
    colon = line.find(":")
    if 0 < colon < len(line) - 1 and " " not in line[:colon]:
        return glued_colon(file, start, end, start + colon)
    return Diagnostic(
        code("missing-colon"),
        f"`{shown(line)}` is no `key: value`",
        Label(file.span(start, end), "a key and a colon are wanted"),
        help="put a colon after the key; text that goes on over lines is indented deeper than its key",
    )


def glued_colon(file: SourceFile, start: int, end: int, colon: int) -> Diagnostic:
    """Report a colon without the space that makes what stands before it a key."""
    line = file.text[start:end]
    at = colon - start + 1
    place = file.span(colon + 1, colon + 1)
    return Diagnostic(
        code("missing-colon"),
        f"`{shown(line)}` is no `key: value`: a space is wanted after the colon",
        Label(file.span(start, end)),
        help=f"write `{shown(line[:at] + ' ' + line[at:])}`",
        fix=Fix("Put a space after the colon", (Edit(place, " "),)),
    )


def colon_without_key(file: SourceFile, at: int) -> Diagnostic:
    """Report a colon before which there is no key."""
    return Diagnostic(
        code("yaml-syntax"),
        "a colon stands here without a key before it",
        Label(file.span(at, at + 1)),
        help="put the key before it, on the same line; text that holds a colon wants quotes",
    )


def long_key(file: SourceFile, start: int, end: int, limit: int) -> Diagnostic:
    """Report a key that the C parser does not take for one."""
    return Diagnostic(
        code("yaml-syntax"),
        f"a key has at most {limit} characters",
        Label(file.span(start, end), f"{end - start} characters"),
        help="names have at most 256 characters",
    )


def key_below_text(file: SourceFile, key: int, end: int, start: int, start_end: int) -> Diagnostic:
    """Report a key that is indented below a text, which it cannot be part of."""
    name = file.text[key:end].rstrip()
    return Diagnostic(
        code("yaml-indentation"),
        f"`{shown(name)}:` is indented below text, which can hold no keys",
        Label(file.span(key, key + len(name)), "a key"),
        (Label(file.span(start, start_end), "the text"),),
        help="indent the key like those it belongs to; if all of it is text, put that in quotes",
    )


def indentation(
    file: SourceFile, start: int, end: int, column: int, above: Block | None, closed: Block | None
) -> Diagnostic:
    """Report a line whose indentation is that of no block; `closed` is the last block that it would end."""
    secondary = []
    if closed is not None:
        columns = f"{above.column} or {closed.column}" if above is not None else str(closed.column)
        secondary.append(Label(_line(file, closed.start), _spaces(closed.column)))
    elif above is not None:
        columns = str(above.column)
        secondary.append(Label(_line(file, above.start), _spaces(above.column)))
    else:
        return Diagnostic(
            code("yaml-indentation"),
            "this line stands below text that belongs to no key",
            Label(file.span(start, end)),
            help="put the text above in quotes, below a key",
        )
    wanted = f"{columns} {'space' if columns == '1' else 'spaces'}"
    if above is not None and above.column == column:
        headline = "a list and keys stand side by side in one block"
        help_ = "a block holds keys or list items; indent the items below their key"
    else:
        headline = f"this line is indented by {_spaces(column)}, and the lines above by {wanted}"
        help_ = "indent the entries of one block alike, and what belongs to a key deeper than the key"
    return Diagnostic(
        code("yaml-indentation"), headline, Label(file.span(start, end), _spaces(column)), tuple(secondary), help=help_
    )


def _spaces(count: int) -> str:
    return "1 space" if count == 1 else f"{count} spaces"


def _line(file: SourceFile, start: int) -> Span:
    end = start
    while end < len(file.text) and file.text[end] not in " \r\n":
        end += 1
    return file.span(start, end)


def empty_entry(file: SourceFile, at: int) -> Diagnostic:
    """Report a comma with nothing before it."""
    return Diagnostic(
        code("yaml-syntax"),
        "nothing stands before this comma",
        Label(file.span(at, at + 1)),
        help="delete the comma; text that holds one wants quotes",
    )


def missing_comma(file: SourceFile, start: int, end: int) -> Diagnostic:
    """Report an entry inside brackets that no comma parts from the one before it."""
    return Diagnostic(
        code("yaml-syntax"),
        "a comma is wanted before this entry",
        Label(file.span(start, end)),
        help="inside `{}` and `[]` commas part the entries, also on lines of their own",
    )
