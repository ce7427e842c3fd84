"""Did you mean: the known word that an unknown one was probably meant to be."""

from __future__ import annotations

from collections.abc import Iterable


def nearest(word: str, known: Iterable[str]) -> str | None:
    """Find the known word nearest to the one written, or None when none is near.

    >>> nearest("descripton", ["description", "trigger"]), nearest("zebra", ["description", "trigger"])
    ('description', None)
    """
    from difflib import get_close_matches

    by_case = {other.lower().replace("_", "-"): other for other in known}
    close = get_close_matches(word.lower().replace("_", "-"), by_case, n=1, cutoff=0.6)
    return by_case[close[0]] if close else None
