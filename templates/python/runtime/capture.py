"""For tests: what would be sent, recorded instead."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final

from .sinks import RecordingSink, WireEvent

captured: Final[ContextVar[RecordingSink | None]] = ContextVar(
    "trackside_capture", default=None
)
"""The sink that takes the place of every other here; None outside a capture."""


@contextmanager
def capturing() -> Generator[list[WireEvent], None, None]:
    """Record events instead of sending them, in this thread or task and what it
    starts.
    """
    sink = RecordingSink()
    token = captured.set(sink)
    try:
        yield sink.events
    finally:
        try:
            captured.reset(token)
        except ValueError:  # left in another task than it was entered in: a fixture
            captured.set(None)
