"""Where rules point to and how they speak: the keys and values as the plan wrote them."""

from __future__ import annotations

from collections.abc import Iterable

from trackside.diagnostics import Place, Span
from trackside.ir import DedupeKey, Plan


def value_of(place: Place, *path: str | int) -> Span:
    """Find the span of a value on one line; else that of its key, or of the nearest key above that is written."""
    for step in path:
        below = place.at(step)
        if below is place:
            return place.key_span
        place = below
    span = place.span
    return span if span.line == span.end_line else place.key_span


def key_of(place: Place, *path: str | int) -> Span:
    """Find the span of a key, or of the nearest key above that is written."""
    return place.at(*path).key_span


def part_of(key: DedupeKey, index: int) -> Span:
    """Find the span of one of a key's parts; in a template it is the whole template's."""
    if key.form == "template":
        return value_of(key.place, "template")
    return value_of(key.place, "by", index) if key.place.has("by") else value_of(key.place, index)


def was_left_out(plan: Plan, *sections: str) -> bool:
    """Tell whether something of these sections could not be read, so that nothing may be concluded from its absence."""
    return any(section in sections for section, _ in plan.holes)


def listed(names: Iterable[str], most: int = 4) -> str:
    """Name things in a sentence.

    >>> listed(["a", "b", "c"]), listed("abcdef", most=3)
    ('`a`, `b` and `c`', '`a`, `b`, `c` and 3 more')
    """
    quoted = [f"`{name}`" for name in names]
    if len(quoted) > most:
        return f"{', '.join(quoted[:most])} and {len(quoted) - most} more"
    return " and ".join([", ".join(quoted[:-1]), quoted[-1]] if len(quoted) > 1 else quoted)


def span_of_time(seconds: int) -> str:
    """Print seconds as a plan writes them.

    >>> span_of_time(90), span_of_time(120), span_of_time(7 * 86400)
    ('90s', '2m', '7d')
    """
    for unit, size in (("d", 86400), ("h", 3600), ("m", 60)):
        if seconds and seconds % size == 0:
            return f"{seconds // size}{unit}"
    return f"{seconds}s"
