"""Random plans for the fuzz tests: a strategy for whole plans, a writer of YAML, and the tests' own reading of a key.

Nothing here calls the compiler: the writer quotes by YAML's rules, and `expected_insert_id` follows the published
scheme with nothing but SHA-1, so that it can disagree with the compiler.
"""

from __future__ import annotations

import hashlib
import unicodedata
import uuid
from typing import Any

from hypothesis import strategies as st

NASTY = [
    "*/", '"""', "\\", "${x}", "</script>", "`", "'''", "{{ x }}", "{% raw %}", "-->", "#}", "%s", "{0}", "$&", "@see",
    "/**", "//", "|", "<!--", "\u2028", "\u2029", "\x85", "\U0001f600", "\u202e", "\ufeff", "\u0301", "\n", "\r\n",
    "\t",
]  # fmt: skip
"""Pieces of text that end comments, strings or lines somewhere."""

PRINTABLE = [piece for piece in NASTY if not any(unicodedata.category(character) == "Cc" for character in piece)]
"""Those of them that a name may hold."""

AWKWARD_NAMES = [
    "class", "import", "None", "True", "def", "lambda", "await", "async", "match", "type", "print", "str", "dict",
    "list", "self", "context", "time", "track", "capture", "configure", "identify", "stats", "Context", "Receipt",
    "sinks", "constructor", "__proto__", "prototype", "toString", "hasOwnProperty", "undefined", "null", "NaN", "eval",
    "arguments", "delete", "default", "export", "new", "this", "let", "yield", "enum", "interface", "datetime", "uuid",
    "json", "Any",
]  # fmt: skip
"""Names that mean something in Python, in ECMAScript or in generated code."""


def assigned(minimum: int = 0, maximum: int = 12) -> st.SearchStrategy[str]:
    """Draw text of characters that both Unicode tables at work here know; no half surrogates."""
    return st.text(
        st.characters(exclude_categories=("Cs", "Cn", "Co"), max_codepoint=0x1F5FF), min_size=minimum, max_size=maximum
    )


def prose() -> st.SearchStrategy[str]:
    """Draw a description: words, with pieces that break generators."""
    pieces = st.one_of(st.sampled_from(NASTY), st.sampled_from(["the order", "was paid", "by", "a person."]))
    return st.lists(pieces, min_size=1, max_size=6).map(" ".join).filter(lambda text: bool(text.strip()))


@st.composite
def names(draw: st.DrawFn, count: int) -> list[str]:
    """Draw names that differ: awkward words, and plain ones with a number."""
    awkward = draw(st.lists(st.sampled_from(AWKWARD_NAMES), max_size=count, unique_by=str.lower))
    words = st.sampled_from(["page", "order", "Item Sold", "stateChange", *(f"x {piece} y" for piece in PRINTABLE)])
    plain = [f"{draw(words)} {index}" for index in range(count)]
    return (awkward + plain)[:count]


SCALARS: list[dict[str, Any]] = [
    {"type": "string"},
    {"type": "string", "max_length": 20},
    {"type": "string", "pattern": "[a-z]{2,8}(?:-[0-9]+)?"},
    {"type": "integer"},
    {"type": "integer", "minimum": 1, "maximum": 10},
    {"type": "number", "exclusive_minimum": 0},
    {"type": "boolean"},
    {"type": "date"},
    {"type": "datetime"},
    {"type": "uuid"},
    {"type": "url"},
    {"type": "any"},
    {"enum": ["red", "Green", "*/", '"""']},
    {"enum": {"a": "first", "b": "second ${x}"}},
    {"enum": PRINTABLE},
    {"const": "`${*/}` \\"},
    {"type": "string", "pattern": '[\\\\/"`$*-]{1,3}'},
    {"type": "integer", "enum": [1, 2, 30]},
    {"const": "fixed"},
]


@st.composite
def types(draw: st.DrawFn, depth: int = 2) -> dict[str, Any]:
    """Draw a type: a scalar, or a list, map or object of types."""
    form = draw(st.sampled_from(["scalar"] * 4 + (["list", "map", "object"] if depth else [])))
    if form == "scalar":
        return dict(draw(st.sampled_from(SCALARS)))
    inner = draw(types(depth=depth - 1))
    if form == "object":
        keys = draw(names(draw(st.integers(1, 3))))
        return {"type": "object", "properties": {key: draw(properties(depth - 1)) for key in keys}}
    if inner.get("const") is not None:
        inner = {"type": "string"}
    return {"type": "list", "items": inner} if form == "list" else {"type": "map", "values": inner}


@st.composite
def properties(draw: st.DrawFn, depth: int = 2) -> dict[str, Any]:
    """Draw a property: a type, and what is said of it."""
    prop = draw(types(depth=depth))
    if draw(st.booleans()):
        prop["description"] = draw(prose())
    if draw(st.integers(0, 9)) == 0:
        prop["only"] = draw(st.sampled_from(["client", "server"]))
        prop["unit"] = draw(prose())
    elif "const" not in prop:
        prop["optional"] = draw(st.sampled_from([False, False, True, "client", "server"]))
        if prop.get("type") != "any" and draw(st.booleans()):
            prop["nullable"] = True
    return prop


@st.composite
def plans(draw: st.DrawFn) -> dict[str, Any]:
    """Draw a plan whose events stand on one side each; most of these plans are right."""
    events: dict[str, Any] = {}
    for name in draw(names(draw(st.integers(1, 4)))):
        event: dict[str, Any] = {
            "placement": draw(st.sampled_from(["client", "server"])),
            "because": draw(prose()),
            "properties": {key: draw(properties()) for key in draw(names(draw(st.integers(0, 4))))},
        }
        if draw(st.booleans()):
            event["description"] = draw(prose())
            event["trigger"] = draw(prose())
            event["owner"] = draw(prose())
            event["tags"] = [draw(prose())]
            event["links"] = {draw(prose()): draw(prose())}
            event["x-note"] = draw(prose())
        events[name] = event
    return with_head(
        {
            "enrichments": {"look up */": {"by": "user_id", "properties": {"found": {"type": "string"}}}},
            "user_properties": {key: {"type": "string", "description": draw(prose())} for key in draw(names(2))},
            "events": events,
        }
    )


@st.composite
def keyed_plans(draw: st.DrawFn) -> dict[str, Any]:
    """Draw a plan of hybrid events with keys of every type that a key may have."""
    kinds: list[dict[str, Any]] = [
        {"type": "string"}, {"type": "integer"}, {"type": "boolean"}, {"type": "date"}, {"type": "uuid"},
        {"enum": ["x", "Y z", "\U0001f600", '"quoted"']},
    ]  # fmt: skip
    events: dict[str, Any] = {}
    for index in range(draw(st.integers(1, 3))):
        parts = {f"part_{number}": dict(draw(st.sampled_from(kinds))) for number in range(draw(st.integers(1, 4)))}
        by = draw(st.permutations(list(parts)))
        name = f"fact_{index}"
        dedupe: Any = by
        if draw(st.booleans()):
            dedupe = {"by": by, "name": draw(assigned(1, 8).filter(_usable)) + f" {index}"}
        events[name] = {
            "placement": "hybrid",
            "because": "The server knows; the browser is the safety net.",
            "identity": ["device_id"],
            "client_copy": {"grace": "2m"},
            "dedupe": dedupe,
            "properties": parts,
        }
    return with_head({"events": events})


def _usable(text: str) -> bool:
    return bool(text.strip()) and not any(unicodedata.category(character) == "Cc" for character in text)


def key_values(kind: dict[str, Any]) -> st.SearchStrategy[Any]:
    """Draw a value, in JSON's terms, that may be a part of a key."""
    if "enum" in kind:
        return st.sampled_from(kind["enum"])
    return {
        "string": assigned(1, 20),
        "integer": st.integers(-(2**53) + 1, 2**53 - 1),
        "boolean": st.booleans(),
        "date": st.dates().map(lambda day: day.isoformat()),
        "uuid": st.uuids().map(str),
    }[kind["type"]]


def with_head(rest: dict[str, Any]) -> dict[str, Any]:
    """Put what every plan needs before what a test is about."""
    return {
        "trackside": 1,
        "plan": {"name": "fuzz", "version": "1.0.0", "namespace": "https://fuzz.example"},
        "destinations": {"amplitude": {"project": "fuzz", "region": "us", "api_key": "AMPLITUDE_API_KEY"}},
        "sources": {
            "web": {"side": "client", "target": "javascript", "out": "generated/web"},
            "backend": {"side": "server", "target": "python", "out": "generated/backend"},
        },
        "outputs": {
            "docs": {"target": "docs", "out": "generated/docs"},
            "schema": {"target": "schema", "out": "generated/schema"},
            "test_vectors": {"target": "test_vectors", "out": "generated/test_vectors"},
        },
        "endpoint": {"route": "/t", "served_by": "backend"},
        "identity": {
            "device_id": {"created_by": "client", "carried_in": ["header", "cookie", "stored"]},
            "session_id": {"created_by": "client", "carried_in": ["header"], "timeout": "30m"},
        },
        **rest,
    }


def to_yaml(value: Any, indent: int = 0) -> str:
    """Write a value as YAML in block style, every text in double quotes."""
    pad = "  " * indent
    if isinstance(value, dict):
        if not value:
            return " {}\n"
        return "\n" + "".join(f"{pad}{_quoted(key)}:{to_yaml(inner, indent + 1)}" for key, inner in value.items())
    if isinstance(value, list):
        return " [" + ", ".join(_scalar(inner) for inner in value) + "]\n"
    return f" {_scalar(value)}\n"


def _scalar(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, int) else _quoted(value)


def _quoted(text: str) -> str:
    def spell(character: str) -> str:
        if character in '"\\':
            return "\\" + character
        if " " <= character <= "~":
            return character
        return f"\\U{ord(character):08X}"

    return '"' + "".join(map(spell, text)) + '"'


def expected_insert_id(namespace: str, key_name: str, parts: list[str | int | bool]) -> str:
    """Compute a key from the scheme's description alone: SHA-1 over the namespace's bytes and the array's text."""
    seed = _uuid5(uuid.UUID("6ba7b811-9dad-11d1-80b4-00c04fd430c8").bytes, namespace)
    text = "[1," + ",".join(_json(part) for part in [key_name, *parts]) + "]"
    return str(uuid.UUID(bytes=_uuid5(seed, text)))


def _uuid5(seed: bytes, text: str) -> bytes:
    digest = bytearray(hashlib.sha1(seed + text.encode()).digest()[:16])
    digest[6] = digest[6] & 0x0F | 0x50
    digest[8] = digest[8] & 0x3F | 0x80
    return bytes(digest)


def _json(part: str | int | bool) -> str:
    if part is True or part is False:
        return "true" if part else "false"
    if isinstance(part, int):
        return str(part)
    short = {'"': '\\"', "\\": "\\\\", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t"}
    return (
        '"'
        + "".join(
            short.get(character) or (f"\\u{ord(character):04x}" if character < " " else character)
            for character in unicodedata.normalize("NFC", part)
        )
        + '"'
    )
