"""Pages: how event pages are called on disk, and how long tables are parted."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from trackside.targets.escape import Markdown
from trackside.targets.names import words

LONGEST_NAME: Final = 80
"""Characters of a page's name: short enough for every file system below a deep folder."""

ROWS: Final = 500
"""Rows of a table on one page: forges do not show Markdown beyond some hundred kilobytes."""

_TAKEN: Final = frozenset(
    {"", "con", "prn", "aux", "nul", "readme", "index"}
    | {f"{port}{number}" for port in ("com", "lpt") for number in range(10)}
)
"""No name at all, names that Windows keeps for devices, and those that forges show in place of a folder."""


def page_names(names: Iterable[str]) -> dict[str, str]:
    """Give each event the name of its page, without ending: readable, legal everywhere, unique in any case.

    A name that is its own page's name keeps it whatever else is in the plan; of others that meet, all but one get a
    digest of their name.

    >>> page_names(["Order Paid", "order_paid", "con", "🧾"])
    {'Order Paid': 'order_paid-f64158a2', 'order_paid': 'order_paid', 'con': 'con-1143da2b', '🧾': 'event-af0a15e1'}
    """
    wanted = {name: "_".join(words(name))[:LONGEST_NAME] for name in names}
    taken = set(_TAKEN).union([name for name, wish in wanted.items() if name == wish])
    found: dict[str, str] = {}
    for name, wish in wanted.items():
        page = wish
        if wish in taken and (name != wish or name in _TAKEN):
            digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:8]
            page = f"{wish or 'event'}-{digest}"
        taken.add(page)
        found[name] = page
    return found


def table(head: Sequence[str], rows: Iterable[str]) -> Markdown:
    """Join rows, each of which stands between `|` already, under their head."""
    return Markdown("\n".join([f"| {' | '.join(head)} |", f"|{'---|' * len(head)}", *rows]))


def parted(stem: str, head: Sequence[str], rows: Sequence[str]) -> Iterator[tuple[str, Markdown, Markdown]]:
    """Part a table into pages: yield each page's name, its table, and the line that leads to the other pages."""
    pages = [rows[start : start + ROWS] for start in range(0, len(rows), ROWS)] or [rows]
    names = [f"{stem}.md" if number == 0 else f"{stem}-{number + 1}.md" for number in range(len(pages))]
    for number, part in enumerate(pages):
        steps = []
        if number:
            steps.append(f"[previous]({names[number - 1]})")
        if number + 1 < len(pages):
            steps.append(f"[next]({names[number + 1]})")
        where = f"Page {number + 1} of {len(pages)}: {', '.join(steps)}." if steps else ""
        yield names[number], table(head, part), Markdown(where)
