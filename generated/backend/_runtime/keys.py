"""The insert_id of an event: the dedupe key of a fact, or a random one."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha1
from json.encoder import encode_basestring
from os import urandom
from typing import Final

_URL_NAMESPACE: Final = bytes.fromhex("6ba7b8119dad11d180b400c04fd430c8")
"""RFC 9562's namespace for names that are URLs."""
_VARIANT: Final = dict(zip("0123456789abcdef", "89ab" * 4, strict=True))


def prefix(namespace: str, key_name: str) -> bytes:
    """Make the first part of what is hashed for every key of this name: the plan's
    namespace, then `[1,"name"`.
    """
    seed = bytearray(
        sha1(_URL_NAMESPACE + namespace.encode(), usedforsecurity=False).digest()[:16]
    )
    seed[6] = seed[6] & 0x0F | 0x50
    seed[8] = seed[8] & 0x3F | 0x80
    return bytes(seed) + f"[1,{encode_basestring(_normal(key_name))}".encode()


def hashed(start: bytes, parts: Sequence[str | int | bool]) -> str:
    """Compute the insert_id of one fact: a UUID of version 5 over the JSON text of `[1,
    key_name, *parts]`.
    """
    text = ""
    for part in parts:
        if type(part) is str:
            text += f",{encode_basestring(part if part.isascii() else _normal(part))}"
        else:
            text += f",{printed(part)}"
    digest = sha1(start + f"{text}]".encode(), usedforsecurity=False).hexdigest()
    return (
        f"{digest[:8]}-{digest[8:12]}-5{digest[13:16]}"
        f"-{_VARIANT[digest[16]]}{digest[17:20]}-{digest[20:32]}"
    )


def in_the_clear(texts: Sequence[str], parts: Sequence[str | int | bool]) -> str:
    """Print a key from its template: the texts, with the parts between them."""
    return _normal(
        "".join(
            [
                text + printed(part)
                for text, part in zip(texts, [*parts, ""], strict=True)
            ]
        )
    )


def printed(part: str | int | bool) -> str:
    """Print one part of a key: integers in decimal, booleans as true and false."""
    return ("true" if part else "false") if isinstance(part, bool) else str(part)


def random_id() -> str:
    """Make an insert_id for an event without a key: a random UUID of version 4."""
    digits = urandom(16).hex()
    return (
        f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}"
        f"-{_VARIANT[digits[16]]}{digits[17:20]}-{digits[20:]}"
    )


def _normal(text: str) -> str:
    if text.isascii():
        return text
    from unicodedata import normalize

    return normalize("NFC", text)
