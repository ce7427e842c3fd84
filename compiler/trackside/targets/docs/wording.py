"""Small words that all pages share: durations, lists, sides, carriers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from trackside.ir import Destination, Plan, Source
from trackside.targets.escape import Markdown, markdown_code

_UNITS: Final = ((86400, "day", "days"), (3600, "hour", "hours"), (60, "minute", "minutes"), (1, "second", "seconds"))

_CARRIERS: Final = {
    "header": "the `Trackside-Context` header",
    "cookie": "the `trackside` cookie",
    "stored": "what the request handler stored with its row",
}
"""How an id travels from client to server, in words."""

_VENDORS: Final = {"amplitude": "Amplitude"}

PLACEMENTS: Final = {
    "client": "the client sends it",
    "server": "the server sends it",
    "hybrid": "the server owns the fact, the client holds a copy",
}


def duration(seconds: int) -> str:
    """Say a time in its largest whole unit.

    >>> duration(604800), duration(1800), duration(1), duration(90)
    ('7 days', '30 minutes', '1 second', '90 seconds')
    """
    for size, one, many in _UNITS:
        if seconds % size == 0 and seconds:
            count = seconds // size
            return f"{count} {one if count == 1 else many}"
    return "no time"


def listed(parts: Sequence[str], last: str = "and") -> str:
    """Join words as a sentence does.

    >>> listed(["a", "b", "c"]), listed(["a", "b"], "or"), listed([])
    ('a, b and c', 'a or b', '')
    """
    if len(parts) < 2:
        return "".join(parts)
    return f"{', '.join(parts[:-1])} {last} {parts[-1]}"


def codes(names: Iterable[str], last: str = "and") -> Markdown:
    """Join names as code."""
    return Markdown(listed([markdown_code(name) for name in names], last))


def sentence(text: str) -> str:
    """End a text as a sentence does.

    >>> sentence("It was paid"), sentence("Was it?")
    ('It was paid.', 'Was it?')
    """
    return text if text[-1:] in {".", "!", "?", "…", ""} else f"{text}."


def carriers(ways: Iterable[str]) -> str:
    """Say how an id reaches the server; empty where it does not."""
    return listed([_CARRIERS[way] for way in ways], "or")


def side_word(sources: Sequence[Source]) -> str:
    """Call a side as its people do: a browser, an app, both, or a server.

    The sources are all of one side.
    """
    if sources and sources[0].side == "server":
        return "Server"
    kinds = {source.target for source in sources}
    if kinds == {"javascript"}:
        return "Browser"
    return "Client"


def vendor(destination: Destination) -> str:
    """Name the product behind a destination."""
    return _VENDORS[destination.kind]


def vendors(plan: Plan) -> str:
    """Name the products that the plan's events go to."""
    found = list(dict.fromkeys(vendor(destination) for destination in plan.destinations.values()))
    return listed(found) or "the destination"
