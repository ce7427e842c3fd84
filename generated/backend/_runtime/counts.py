"""What is counted: nothing is lost without a number that grows."""

from __future__ import annotations

from threading import Lock
from typing import NamedTuple

from .sinks import Outcome


class Stats(NamedTuple):
    """Counts since the start of the process.

    `accepted` were taken by a sink, `sent` are known to have arrived, `dropped` were
    not sent, by reason. `violations` counts breaches of the plan, by `event.property`;
    `problems` what went wrong beside the events, such as a provider that failed.
    """

    accepted: int
    sent: int
    dropped: dict[str, int]
    violations: dict[str, int]
    problems: dict[str, int]


class Counts:
    """Counts from any thread."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._accepted = 0
        self._sent = 0
        self._dropped: dict[str, int] = {}
        self._violations: dict[str, int] = {}
        self._problems: dict[str, int] = {}

    def outcome(self, outcome: Outcome) -> None:
        """Count what a sink says about events that it had taken."""
        with self._lock:
            self._sent += outcome.sent
            for reason, number in outcome.dropped:
                self._dropped[reason] = self._dropped.get(reason, 0) + number

    def taken(self, outcome: Outcome) -> bool:
        """Count what a sink says at once about one event; tell whether it has it."""
        accepted = outcome.queued > 0 or outcome.sent > 0
        with self._lock:
            if accepted:
                self._accepted += 1
                self._sent += outcome.sent
            for reason, number in outcome.dropped:
                self._dropped[reason] = self._dropped.get(reason, 0) + number
        return accepted

    def dropped(self, reason: str) -> None:
        """Count one event that no sink gets."""
        with self._lock:
            self._dropped[reason] = self._dropped.get(reason, 0) + 1

    def violated(self, place: str) -> int:
        """Count one breach; give how often it has happened there."""
        with self._lock:
            number = self._violations[place] = self._violations.get(place, 0) + 1
        return number

    def problem(self, kind: str) -> int:
        """Count something that went wrong beside the events; give how often it has."""
        with self._lock:
            number = self._problems[kind] = self._problems.get(kind, 0) + 1
        return number

    def read(self) -> Stats:
        """Give the counts as they are now."""
        with self._lock:
            return Stats(
                self._accepted,
                self._sent,
                dict(self._dropped),
                dict(self._violations),
                dict(self._problems),
            )
