"""Naming conventions: how each one is recognised, and how words are put together by it."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from typing import Final, NamedTuple

from trackside.ir.patterns import PatternError, parse_pattern
from trackside.targets.names import words


class Convention(NamedTuple):
    """A convention: a test for names, an example, and what writes words by it (None for a pattern)."""

    matches: Callable[[str], object]
    example: str
    write: Callable[[list[str]], str] | None


def _titled(parts: list[str]) -> list[str]:
    return [part[0].upper() + part[1:] for part in parts]


def _camel(parts: list[str]) -> str:
    return "".join([parts[0], *_titled(parts[1:])])


_KNOWN: Final[dict[str, tuple[str, Callable[[list[str]], str]]]] = {
    "snake_case": (r"[a-z][a-z0-9]*(?:_[a-z0-9]+)*", "_".join),
    "camelCase": (r"[a-z][a-zA-Z0-9]*", _camel),
    "PascalCase": (r"[A-Z][a-zA-Z0-9]*", lambda parts: "".join(_titled(parts))),
    "Title Case": (r"[A-Z][a-zA-Z0-9]*(?: [A-Z0-9][a-zA-Z0-9]*)*", lambda parts: " ".join(_titled(parts))),
    "kebab-case": (r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*", "-".join),
    "dot.case": (r"[a-z][a-z0-9]*(?:\.[a-z0-9]+)*", ".".join),
}

NAMES: Final = (*_KNOWN, "any")
"""The conventions that have a name."""

_LIKE_A_NAME: Final = re.compile(r"[A-Za-z]+(?:[ _.-]?[A-Za-z]+)?")


@lru_cache(maxsize=64)
def convention(text: str) -> Convention | None:
    """Find what `naming:` asks for: None for `any`; raises PatternError where it is neither a name nor a pattern.

    One word, or two, that are no convention are taken for a misspelled one, not for a pattern that one name matches.
    """
    if text == "any":
        return None
    known = _KNOWN.get(text)
    if known is not None:
        expression, write = known
        return Convention(re.compile(expression).fullmatch, write(["site", "opened"]), write)
    if _LIKE_A_NAME.fullmatch(text):
        raise PatternError(f"`{text}` is no naming convention", 0, text)
    pattern = parse_pattern(text)
    return Convention(pattern.matches, pattern.example(), None)


def rewritten(name: str, wanted: Convention) -> str | None:
    """Write a name by a convention, or None where it cannot be.

    >>> rewritten("Order Paid", convention("snake_case"))
    'order_paid'
    """
    if wanted.write is None:
        return None
    parts = words(name)
    written = wanted.write(parts) if parts else ""
    return written if written and wanted.matches(written) else None
