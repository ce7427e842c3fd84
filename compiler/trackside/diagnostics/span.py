"""Places in source files."""

from __future__ import annotations

from typing import NamedTuple, Protocol


class Span(NamedTuple):
    """A stretch of one file, from its first character to just past its last one.

    Lines and columns count from 1; columns count code points. `file` is the path as the user would type it from the
    plan's folder, with forward slashes.
    """

    file: str
    line: int
    column: int
    end_line: int
    end_column: int


class Place(Protocol):
    """Where something of the plan was written: what the IR keeps of the source, so that no position is ever lost."""

    @property
    def span(self) -> Span:
        """The value's own span."""
        ...

    @property
    def key_span(self) -> Span:
        """The span of the key that the value stands under, or the value's own where it has no key."""
        ...

    def at(self, *path: str | int) -> Place:
        """Go down by keys and indexes; where the source goes no further, its last place answers."""
        ...

    def has(self, key: str) -> bool:
        """Tell whether the key is written at this place."""
        ...
