"""The browser's keys are the compiler's, byte for byte."""

from __future__ import annotations

import hashlib
import json
import random
import unicodedata
import uuid
from pathlib import Path

from tests import node

from trackside.ir.keys import insert_id, namespace_uuid, template_text

HERE = Path(__file__).parent
Part = str | int | bool

NASTY = [
    "ORD-98765", "é", "e\u0301", "\u1112\u1161\u11ab", "한", "\u0344", "\u212b", "ﬁ",
    "\U0001f9fe\U0001f468\u200d\U0001f469", "\u2028\u2029", '"\\/', "\x00\x01\x08\t\n\x0b\x0c\r\x1f\x7f",
    "\ufeff\ufffe\uffff", "\u202eabc", " ", "[1,2]", "%41%", "</script>", "${x}", "\U0010ffff", "a" * 55, "a" * 56,
    "a" * 64, "é" * 200, 0, 1, -1, 2**53 - 1, 1 - 2**53, True, False, "1", "true", "q\u0307\u0323", "\u0958",
    "\u2126", "\u1e9b\u0323",
]  # fmt: skip
"""Decomposed and composed letters, Hangul, separators, quotes, controls, and lengths around SHA-1's block."""


def _random_text(dice: random.Random) -> str:
    kinds = [
        (0, 0x7F),
        (0x80, 0x24F),
        (0x300, 0x36F),
        (0x1100, 0x11FF),
        (0xAC00, 0xD7A3),
        (0x2000, 0x206F),
        (0x1F300, 0x1F6FF),
    ]
    return "".join(chr(dice.randint(*dice.choice(kinds))) for _ in range(dice.randint(1, 40)))


def _independent(namespace: str, key_name: str, parts: list[Part]) -> str:
    """Compute a key without the compiler: the definition in other words."""
    seed = hashlib.sha1(uuid.NAMESPACE_URL.bytes + namespace.encode()).digest()[:16]
    seed = bytes([*seed[:6], seed[6] & 15 | 0x50, seed[7], seed[8] & 63 | 128, *seed[9:]])
    texts = []
    for part in [1, key_name, *parts]:
        if isinstance(part, bool):
            texts.append("true" if part else "false")
        elif isinstance(part, int):
            texts.append(str(part))
        else:
            texts.append(json.dumps(unicodedata.normalize("NFC", part), ensure_ascii=False))
    digest = bytearray(hashlib.sha1(seed + f"[{','.join(texts)}]".encode()).digest()[:16])
    digest[6], digest[8] = digest[6] & 15 | 0x50, digest[8] & 63 | 128
    return str(uuid.UUID(bytes=bytes(digest)))


def _same_tables(text: str) -> bool:
    """Tell whether Python and Node must agree on a text: only characters that Python's older Unicode tables know."""
    return all(unicodedata.category(character) != "Cn" for character in text)


def test_hashed_keys(web: Path) -> None:
    dice = random.Random(20260101)
    texts = [text for text in (_random_text(dice) for _ in range(3000)) if _same_tables(text)]
    assert len(texts) > 2000
    lists: list[list[Part]] = [[part] for part in NASTY]
    lists += [[text] for text in texts]
    lists += [[dice.choice(NASTY) for _ in range(dice.randint(1, 6))] for _ in range(500)]
    namespace = "https://shop.acme.example/é"
    asked = [
        ["hash", str(namespace_uuid(namespace)), dice.choice(["purchase", "été\u0301", "a b"]), parts]
        for parts in lists
    ]
    found = node.answer(HERE / "keys.mjs", given=asked, GENERATED=web)
    for (_, _, name, parts), key in zip(asked, found, strict=True):
        assert key == insert_id(namespace, name, parts) == _independent(namespace, name, parts), parts


def test_keys_in_the_clear(web: Path) -> None:
    dice = random.Random(7)
    asked = []
    for _ in range(500):
        parts = [dice.choice(NASTY) for _ in range(dice.randint(1, 3))]
        texts = [dice.choice(["", "purchase_", "/", "\u0301", "é"]) for _ in range(len(parts) + 1)]
        asked.append(["text", "", texts, parts])
    found = node.answer(HERE / "keys.mjs", given=asked, GENERATED=web)
    assert found == [template_text(texts, parts) for _, _, texts, parts in asked]


def test_parts_that_are_no_parts(web: Path) -> None:
    asked = [
        [kind, str(uuid.uuid4()), name, [part]]
        for kind, name in (("hash", "n"), ("text", ["a", "b"]))
        for part in ("", None, [], {})
    ]
    assert node.answer(HERE / "keys.mjs", given=asked, GENERATED=web) == [None] * len(asked)
