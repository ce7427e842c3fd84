"""Escaping: a text of the plan made safe for one place of one language.

One function for each place, named after it. What a person would see as it is stays as it is; what is invisible, ends
the place or turns the direction of writing is spelled out.
"""

from __future__ import annotations

import re
from typing import Final

_INVISIBLE = (
    "\\x00-\\x1f\\x7f-\\xa0\\xad\\u061c\\u180e\\u200b-\\u200f\\u2028-\\u202f\\u2060-\\u206f\\ufeff\\ufff9-\\ufffb"
    "\\ud800-\\udfff\\U000e0000-\\U000e007f"
)
"""Controls, format characters, separators that are not the space, and lone surrogates. A list, not a Unicode category:
the tables differ between versions of Python, and the same plan gives the same bytes."""

# --- Python ---

_PYTHON_SPECIAL: Final = re.compile(f"[\\\\{_INVISIBLE}]")
_PYTHON_SHORT: Final = {"\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"}
_WHITE: Final = re.compile("\\s+")


def _python_escape(found: re.Match[str]) -> str:
    character = found[0]
    short = _PYTHON_SHORT.get(character)
    if short is not None:
        return short
    number = ord(character)
    if number < 0x100:
        return f"\\x{number:02x}"
    return f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}"


def python_string(text: str) -> str:
    r"""Write a string literal with the quotes that black would choose.

    >>> print(python_string('plain'), python_string('say "hi"'), python_string("a\n\\"))
    "plain" 'say "hi"' "a\n\\"
    """
    if text.isidentifier() and text.isascii():
        return f'"{text}"'  # nearly every name
    body = _PYTHON_SPECIAL.sub(_python_escape, text)
    if '"' not in body:
        return f'"{body}"'
    if body.count('"') > body.count("'"):
        return "'" + body.replace("'", "\\'") + "'"
    return '"' + body.replace('"', '\\"') + '"'


def python_docstring(text: str) -> str:
    r"""Make a text safe inside a docstring of three double quotes: one line, white space as single spaces.

    >>> print(python_docstring('one\n  two \"\"\" C:\\new'))
    one two \"\"\" C:\\new
    """
    if text.isascii() and text.isprintable() and "\\" not in text and '"' not in text and "  " not in text:
        return text.strip(" ")  # nearly every description
    line = _PYTHON_SPECIAL.sub(_python_escape, _WHITE.sub(" ", text).strip())
    if '"""' in line or line[:1] == '"' or line[-1:] == '"':
        return line.replace('"', '\\"')
    return line


def python_docstring_name(name: str) -> str:
    """Make a name safe inside a docstring, between backticks, with its spaces as they are.

    >>> python_docstring_name(" a  b")
    ' a  b'
    """
    text = _PYTHON_SPECIAL.sub(_python_escape, name)
    return text.replace('"', '\\"') if '"""' in text else text


# --- JavaScript ---

_JS_SPECIAL: Final = re.compile(f'[\\\\"<{_INVISIBLE}]')
_JS_SHORT: Final = {"\\": "\\\\", '"': '\\"', "<": "<", "\n": "\\n", "\r": "\\r", "\t": "\\t"}
_JS_WORD: Final = re.compile("[A-Za-z_$][A-Za-z0-9_$]*")
_JS_PATTERN: Final = re.compile(r"\\.|/|[^ -~]", re.DOTALL)


def _js_code_point(character: str) -> str:
    number = ord(character)
    if number < 0x100:
        return f"\\x{number:02x}"
    return f"\\u{number:04x}" if number < 0x10000 else f"\\u{{{number:x}}}"


def _js_escape(found: re.Match[str]) -> str:
    character = found[0]
    if character == "<" and found.string[found.end() : found.end() + 1] in ("/", "!"):
        return "\\x3c"  # `</script>` and `<!--` mean something where a module is written into a page
    short = _JS_SHORT.get(character)
    return _js_code_point(character) if short is None else short


def js_string(text: str) -> str:
    r"""Write a string literal for JavaScript and TypeScript.

    >>> print(js_string('say "hi"'), js_string("</script>\n\\"))
    "say \"hi\"" "\x3c/script>\n\\"
    """
    return f'"{_JS_SPECIAL.sub(_js_escape, text)}"'


def js_key(name: str) -> str:
    """Write the name of a property where an object literal has one.

    A literal that is written `__proto__: x` sets the object's prototype; the computed form does not.

    >>> print(js_key("order_id"), js_key("order-id"), js_key("__proto__"))
    order_id "order-id" ["__proto__"]
    """
    if name == "__proto__":
        return '["__proto__"]'
    return name if _JS_WORD.fullmatch(name) else js_string(name)


def js_pattern(text: str) -> str:
    r"""Write a portable pattern as a regular expression that matches whole values.

    >>> print(js_pattern("[A-Z/]+\u2028"))
    /^(?:[A-Z\/]+\u2028)$/u
    """

    def escape(found: re.Match[str]) -> str:
        piece = found[0]
        if len(piece) == 2:
            return piece
        return "\\/" if piece == "/" else _js_code_point(piece)

    return f"/^(?:{_JS_PATTERN.sub(escape, text)})$/u"


_JS_COMMENT: Final = re.compile(f"[{_INVISIBLE}]")
_JS_TAG: Final = re.compile(r"(^|[{\s])@")


def js_doc(text: str) -> str:
    """Make a text safe inside a documentation comment: one line, white space as single spaces, no tags of its own.

    >>> print(js_doc("Ends */ here.\\n@deprecated {@link x}"))
    Ends *\\/ here. &#64;deprecated {&#64;link x}
    """
    if text.isprintable() and "  " not in text:  # most texts; the long way gives them back as they are
        line = text.strip()
    else:
        line = _JS_COMMENT.sub("\ufffd", _WHITE.sub(" ", text).strip())
    if "@" in line or "*/" in line:
        line = _JS_TAG.sub(r"\1&#64;", line).replace("*/", "*\\/")
    return line


# --- Markdown and Mermaid ---


class Markdown(str):
    """Text that a Markdown page may print: every text of the plan in it went through the functions below."""

    __slots__ = ()


_MD_INVISIBLE: Final = (
    "\\x00-\\x1f\\x7f-\\x9f\\xad\\u061c\\u180e\\u200b\\u202a-\\u202e\\u2060-\\u206f\\ufeff\\ufff9-\\ufffb\\ud800-\\udfff"
    "\\U000e0000-\\U000e007f"
)
"""What is spelled out for readers. Joiners and the marks of right-to-left scripts stay: their texts need them."""

_MD_PLAIN: Final = re.compile(r"[A-Za-z][A-Za-z0-9 ,.;()?'\"/%=-]*(?:_[A-Za-z0-9]+)*[.]?")
_MD_SPECIAL: Final = re.compile(
    r"[\\`*\[\]<>|~$@{}]"
    r"|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])"  # within a word it marks nothing
    r"|&(?=#?[A-Za-z0-9]+;)|(?<![A-Za-z0-9])#|:(?=[A-Za-z0-9_+-]+:)"
    rf"|^[-+](?=[ \-]|$)|^=|^[0-9]{{1,9}}[.)](?= |$)|[{_MD_INVISIBLE}]"
)
_MD_ENTITIES: Final = {"<": "&lt;", ">": "&gt;", "&": "&amp;", "|": "&#124;", ":": "&#58;"}
"""As entities, since a backslash before them is read differently by different readers, or within tables."""
_MD_CODE: Final = re.compile("[ -_a-{}~]+")
_MD_NO_CODE: Final = re.compile(f"[`|{_MD_INVISIBLE}\\u2028\\u2029]")
_MD_URL: Final = re.compile(r"[Hh][Tt][Tt][Pp][Ss]?://[!-~]+|[Mm][Aa][Ii][Ll][Tt][Oo]:[!-~]+@[!-~]+")
_MD_URL_SPECIAL: Final = re.compile(r"[\\`|()<>\[\]]")


def _spelled_out(character: str) -> str:
    number = ord(character)
    return f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}"


def _md_escape(found: re.Match[str]) -> str:
    character = found[0]
    entity = _MD_ENTITIES.get(character)
    if entity is not None:
        return entity
    if character[0] in "0123456789":  # `1.` at the start would begin a list
        return f"{character[:-1]}\\{character[-1]}"
    return f"\\{character}" if " " < character < "\x7f" else f"\\{_spelled_out(character)}"


def markdown_text(text: str) -> Markdown:
    r"""Make a text safe in a paragraph, a heading, a list or a table: one line, no markup of its own.

    >>> print(markdown_text("# *Paid* by <b>card</b> | order_id\n`x`"))
    \# \*Paid\* by &lt;b&gt;card&lt;/b&gt; &#124; order_id \`x\`
    """
    if _MD_PLAIN.fullmatch(text) and "  " not in text:
        return Markdown(text)
    return Markdown(_MD_SPECIAL.sub(_md_escape, " ".join(text.split())))


def markdown_paragraphs(text: str) -> Markdown:
    """Make a text safe as paragraphs of its own: lines flow, blank lines part them.

    >>> markdown_paragraphs("One.\\nStill one.\\n\\n- Two")
    'One. Still one.\\n\\n\\\\- Two'
    """
    if "\n" not in text:
        return markdown_text(text)
    return Markdown(
        "\n\n".join([markdown_text(part) for part in re.split(r"\n[ \t]*\n", text.strip()) if part.strip()])
    )


def markdown_code(text: str) -> Markdown:
    r"""Show a text as code, also in a table.

    >>> print(markdown_code("order_id"), markdown_code("a|`b`\n"))
    `order_id` <code>a&#124;&#96;b&#96;&#92;u000a</code>
    """
    if text.isascii() and text.isidentifier():
        return Markdown(f"`{text}`")
    plain = _MD_CODE.fullmatch(text) or not _MD_NO_CODE.search(text)
    if plain and text and text == text.strip() and "  " not in text:
        return Markdown(f"`{text}`")
    shown = re.sub(f"[{_MD_INVISIBLE}\\u2028\\u2029]", lambda found: _spelled_out(found[0]), text)
    inside = re.sub(r"[!-/:-@\[-`{-~]|^ | (?= )| $", lambda found: f"&#{ord(found[0])};", shown)
    return Markdown(f"<code>{inside}</code>")


def markdown_link(label: str, url: str) -> Markdown:
    """Link to an http, https or mailto URL; any other is shown as code, and leads nowhere.

    >>> print(markdown_link("Runbook", "https://wiki.example/a(b)"), markdown_link("x", "javascript:alert(1)"))
    [Runbook](https://wiki.example/a%28b%29) x: `javascript:alert(1)`
    """
    if not _MD_URL.fullmatch(url):
        return Markdown(f"{markdown_text(label)}: {markdown_code(url)}")
    safe = _MD_URL_SPECIAL.sub(lambda found: f"%{ord(found[0]):02X}", url).replace("&", "&amp;")
    return Markdown(f"[{markdown_text(label)}]({safe})")


_MERMAID_SPECIAL: Final = re.compile(rf"[^A-Za-z0-9 _.,/()'\-\u00a1-\U0010ffff]|[{_MD_INVISIBLE}\u2028\u2029]")


def mermaid_text(text: str, longest: int = 80) -> Markdown:
    r"""Make a text safe as the label of a Mermaid diagram: one line, at most `longest` characters.

    >>> print(mermaid_text('a;b\n"c" <d>'))
    a#59;b #34;c#34; #60;d#62;
    """
    line = " ".join(text.split())
    if len(line) > longest:
        line = line[: longest - 1] + "…"
    elif line.isascii() and line.isidentifier():
        return Markdown(line)
    return Markdown(
        _MERMAID_SPECIAL.sub(lambda found: f"#{ord(found[0])};" if found[0].isprintable() else "\ufffd", line)
    )


_MD_BLOCK_SPECIAL: Final = re.compile(f"[`\\x00-\\x09\\x0b-\\x1f{_MD_INVISIBLE[9:]}\\u2028\\u2029]")


def markdown_block(text: str) -> Markdown:
    r"""Make code safe inside a fenced block: what could end the block, or cannot be seen, is spelled out.

    >>> print(markdown_block('["\x00`"]'))
    ["\u0000\u0060"]
    """
    return Markdown(_MD_BLOCK_SPECIAL.sub(lambda found: _spelled_out(found[0]), text))
