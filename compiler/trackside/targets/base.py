"""What a target is: a pure function from the plan to files."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple, TypeAlias

from trackside.ir import Output, Plan, Source


class File(NamedTuple):
    """One file to write: its path from the plan's folder, with forward slashes, and its whole text."""

    path: str
    text: str


SourceTarget: TypeAlias = Callable[[Plan, Source], Iterator[File]]
"""Prints what one source imports. It sees the views of that source only."""

OutputTarget: TypeAlias = Callable[[Plan, Output], Iterator[File]]
"""Prints files about the whole plan."""
