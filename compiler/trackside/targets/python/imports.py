"""The import lines of generated modules, sorted as isort would have them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from trackside.targets.python.layout import LIMIT, Code

_HOMES: Final = {
    "AbstractContextManager": "contextlib",
    "Callable": "collections.abc",
    "Decimal": "decimal",
    "Iterable": "collections.abc",
    "Literal": "typing",
    "Mapping": "collections.abc",
    "NotRequired": "typing",
    "Sequence": "collections.abc",
    "TYPE_CHECKING": "typing",
    "TypeAlias": "typing",
    "TypedDict": "typing",
    "UUID": "uuid",
    "date": "datetime",
    "datetime": "datetime",
}
"""The module of the standard library that each name comes from."""


def block(imports: Iterable[tuple[str, Iterable[str]]], indent: int = 0) -> str:
    """Write `from module import names` lines; a name may be `name as other`. Modules without names are left out."""
    pad = " " * indent
    found: list[str] = []
    for module, wanted in imports:
        names = sorted(set(wanted), key=_isort_key)
        if not names:
            continue
        line = f"{pad}from {module} import {', '.join(names)}"
        if len(line) > LIMIT:
            inner = "".join([f"{pad}    {name},\n" for name in names])
            line = f"{pad}from {module} import (\n{inner}{pad})"
        found.append(f"{line}\n")
    return "".join(found)


def standard(names: Iterable[str], indent: int = 0) -> str:
    """Write the imports of the standard library that bring these names; others are passed over."""
    homes: dict[str, list[str]] = {}
    for name in names:
        if name in _HOMES:
            homes.setdefault(_HOMES[name], []).append(name)
    return block(sorted(homes.items()), indent)


def together(*parts: str) -> Code:
    """Put blocks of imports below each other, an empty line between them."""
    return Code("\n".join([part for part in parts if part]))


def _isort_key(name: str) -> tuple[int, str]:
    """Constants first, then classes, then the rest."""
    word = name.split(" ", 1)[0]
    rank = 0 if word.isupper() and len(word) > 1 else 1 if word[:1].isupper() else 2
    return rank, word
