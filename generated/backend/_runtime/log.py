"""What goes to the log: for each kind of trouble one line a minute at most, with the
number since the line before.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from time import monotonic
from typing import Final

INTERVAL: Final = 60.0
"""Seconds in which a kind gets one line."""

INFO: Final = 20
WARNING: Final = 30
"""Levels of `logging`, which is imported with the first line."""


class Log:
    """Writes to the logger `trackside`.

    It takes no lock of its own, so that it may be called from a signal handler. Two
    threads may write the same line when a kind is due again; a number is never lost,
    since the caller counts.
    """

    def __init__(
        self, interval: float = INTERVAL, clock: Callable[[], float] = monotonic
    ) -> None:
        self._interval = interval
        self._clock = clock
        self._written: dict[str, tuple[float, int]] = {}

    def note(
        self,
        kind: str,
        number: int,
        text: str,
        level: int = WARNING,
        error: BaseException | None = None,
    ) -> None:
        """Write a line unless the kind had one within the interval. `number` is how
        often it has happened, this time included.
        """
        now = self._clock()
        entry = (now + self._interval, number)
        last = self._written.setdefault(kind, entry)
        if last is entry:
            self._write(level, text, number, number, error)
        elif now >= last[0]:
            self._written[kind] = entry
            self._write(level, text, number - last[1], number, error)

    def write_rest(self, numbers: Mapping[str, int]) -> None:
        """Write, at the end, what has happened since the last line of each kind;
        `numbers` says how often each has happened in all.
        """
        now = self._clock()
        for kind, (_, written) in list(self._written.items()):
            number = numbers.get(kind, 0)
            if number > written:
                self._written[kind] = (now + self._interval, number)
                self._write(WARNING, kind, number - written, number)

    def forget(self) -> None:
        """Begin anew, as a child process does."""
        self._written = {}

    def _write(
        self,
        level: int,
        text: str,
        since: int,
        number: int,
        error: BaseException | None = None,
    ) -> None:
        import logging

        # Whatever the application's handlers and errors do here, a call of ours does
        # not fail for it: the number is in `stats()`.
        with suppress(Exception):
            if error is not None:
                text = f"{text}: {error!r}"
            if number > 1:
                new = "" if since == number else f"{since} since the last line, "
                text = f"{text} ({new}{number} in all)"
            logging.getLogger("trackside").log(level, "%s", text)
