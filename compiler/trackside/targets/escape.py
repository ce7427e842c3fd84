"""Escaping: a text of the plan made safe for one place of one language.

One function for each place, named after it. What a person would see as it is stays as it is; what is invisible, ends the place or
turns the direction of writing is spelled out.
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
    line = _PYTHON_SPECIAL.sub(_python_escape, _WHITE.sub(" ", text).strip())
    if '"""' in line or line[:1] == '"' or line[-1:] == '"':
        return line.replace('"', '\\"')
    return line

# --- JavaScript ---

_JS_SPECIAL: Final = re.compile(f"[\\\\\"<{_INVISIBLE}]")
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
    line = _WHITE.sub(" ", text).strip()
    if not line.isprintable() or "@" in line or "*/" in line:
        line = _JS_TAG.sub(r"\1&#64;", _JS_COMMENT.sub("\ufffd", line)).replace("*/", "*\\/")
    return line
