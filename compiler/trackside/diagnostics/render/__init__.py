"""How findings are printed: one module for each format, each with `render(findings, files, color=...)`."""

from __future__ import annotations

from typing import Protocol


class Lines(Protocol):
    """A source file that can show its lines."""

    def line(self, number: int) -> str:
        """Give a line's text without its end; lines count from 1, and one past the last is empty."""
        ...
