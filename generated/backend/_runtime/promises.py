"""Promises: facts that a request has confirmed, and a job or a webhook will send."""

from __future__ import annotations

from collections import OrderedDict
from time import monotonic
from typing import Final

from .counts import Counts

MOST: Final = 10_000
"""Promises that a process remembers; one more forgets the oldest, and is counted. Of
facts that came it remembers at least as many, and at most twice.
"""
LOOK: Final = 60.0
"""Seconds after which it is looked for overdue promises again, at the latest."""


class Promises:
    """The promises of one process, for a sink that keeps none: in its memory only, so a
    fact that another process sends looks like one that never came.

    There is no lock, which a signal handler or a finaliser would wait for in vain:
    every step here is one that another thread cannot divide. `_next` alone may be set
    by two at once; then an overdue promise is found a minute late.
    """

    def __init__(self, counts: Counts) -> None:
        self._counts = counts
        self.restart()

    def restart(self) -> None:
        """Begin anew: what the parent of this process promised, it counts itself."""
        self._open: OrderedDict[str, tuple[str, float]] = OrderedDict()
        self._came: dict[str, None] = {}
        self._came_before: dict[str, None] = {}
        self._next = 0.0

    def __contains__(self, insert_id: str) -> bool:
        return insert_id in self._open

    def make(self, event: str, insert_id: str, within: float) -> None:
        """Remember that a fact will come within so many seconds, unless it has come: a
        webhook may be faster than the request that caused it.
        """
        due = monotonic() + within
        self._open[insert_id] = event, due
        if insert_id in self._came or insert_id in self._came_before:
            self._open.pop(insert_id, None)  # looked at last: it may come meanwhile
        self._next = min(self._next, due)
        while len(self._open) > MOST:
            try:
                self._open.popitem(last=False)
            except KeyError:
                break
            self._counts.problem("promise_forgotten")
        self.review()

    def keep(self, insert_id: str) -> None:
        """Note that a fact has come."""
        if len(self._came) >= MOST:
            self._came, self._came_before = {}, self._came
        self._came[insert_id] = None
        self._open.pop(insert_id, None)

    def review(self) -> None:
        """Count what was not kept in time, each promise once."""
        now = monotonic()
        if now < self._next:
            return
        self._next = soonest = now + LOOK
        for insert_id in list(self._open):
            event, due = self._open.get(insert_id, ("", now + LOOK))
            if due > now:
                soonest = min(soonest, due)
            elif self._open.pop(insert_id, None) is not None:
                self._counts.problem(f"promise_overdue:{event}")
        self._next = min(self._next, soonest)
