"""Promises: facts that a request has confirmed, and a job or a webhook will send."""

from __future__ import annotations

from math import inf
from threading import Lock
from time import monotonic
from typing import Final

from .counts import Counts

MOST: Final = 10_000
"""Promises that a process remembers; one more forgets the oldest, and is counted."""


class Promises:
    """The promises of one process, for a sink that keeps none: in its memory only, so a
    fact that another process sends looks like one that never came.
    """

    def __init__(self, counts: Counts) -> None:
        self._counts = counts
        self._lock = Lock()
        self._open: dict[str, tuple[str, float]] = {}
        self._next = inf

    def __bool__(self) -> bool:
        return bool(self._open)

    def __contains__(self, insert_id: str) -> bool:
        return insert_id in self._open

    def make(self, event: str, insert_id: str, within: float) -> None:
        """Remember that a fact will come within so many seconds."""
        due = monotonic() + within
        with self._lock:
            forgotten = len(self._open) >= MOST and insert_id not in self._open
            if forgotten:
                del self._open[next(iter(self._open))]
            self._open[insert_id] = event, due
            self._next = min(self._next, due)
        if forgotten:
            self._counts.problem("promise_forgotten")
        self.review()

    def keep(self, insert_id: str) -> None:
        """Note that a fact has come."""
        self._open.pop(insert_id, None)

    def review(self) -> None:
        """Count what was not kept in time, each promise once."""
        now = monotonic()
        if now < self._next:
            return
        late: list[str] = []
        with self._lock:
            self._next = inf
            for insert_id, (event, due) in list(self._open.items()):
                if due <= now:
                    if self._open.pop(insert_id, None) is not None:
                        late.append(event)
                else:
                    self._next = min(self._next, due)
        for event in late:
            self._counts.problem(f"promise_overdue:{event}")

    def restart(self) -> None:
        """Begin anew: what the parent of this process promised, it counts itself."""
        self._lock = Lock()
        self._open = {}
        self._next = inf
