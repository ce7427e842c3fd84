"""What is counted: nothing is lost without a number that grows, and a log line."""

from __future__ import annotations

from _thread import get_ident
from collections import deque
from collections.abc import Callable
from time import monotonic, sleep
from typing import Final, NamedTuple

from .log import INFO, WARNING, Log
from .sinks import Outcome

MOST_KINDS: Final = 1000
"""How many reasons, places or kinds are told apart; what comes after is `other`."""
_PATIENCE: Final = 0.2
"""Seconds that a reader gives another thread to add up what has been counted."""

_BY_PLAN: Final = frozenset(
    (
        "consent",
        "nothing_to_identify",
        "opted_out",
        "endpoint:consent",
        "endpoint:copy_known",
        "endpoint:copy_not_a_fact",
        "endpoint:copy_unknown",
        "endpoint:opted_out",
        "endpoint:sdk_extra",
    )
)
"""Reasons of which nobody has to be warned: it is what the plan wants."""


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
    """Counts from any thread, signal handler or finaliser, and waits for none of them.

    A number is put into a queue and added up from there, by one frame at a time. Who
    comes while another frame adds leaves its number to that one: it may be the very
    frame that a signal or the garbage collector has interrupted, or a thread that waits
    for something which this one holds.
    """

    def __init__(self, log: Log | None = None) -> None:
        self.log = Log() if log is None else log
        self.before_reading: Callable[[], object] | None = None
        self._start()

    def _start(self) -> None:
        self._waiting: deque[tuple[dict[str, int], str, int]] = deque()
        self._turn = {"free": True}
        self._adder = 0
        self._totals = {"accepted": 0, "sent": 0}
        self._dropped: dict[str, int] = {}
        self._violations: dict[str, int] = {}
        self._problems: dict[str, int] = {}

    def restart(self) -> None:
        """Count from zero: a child process counts its own, and what another thread of
        its parent was adding up would never be done.
        """
        self.log.forget()
        self._start()

    def outcome(self, outcome: Outcome) -> None:
        """Count what a sink says about events that it had taken."""
        if outcome.sent:
            self._add(self._totals, "sent", outcome.sent)
        for reason, number in outcome.dropped:
            self.dropped(reason, number)

    def taken(self, outcome: Outcome) -> bool:
        """Count what a sink says at once about one event; tell whether it has it."""
        accepted = outcome.queued > 0 or outcome.sent > 0
        if accepted:
            waiting, totals = self._waiting, self._totals
            waiting.append((totals, "accepted", 1))
            if outcome.sent:
                waiting.append((totals, "sent", outcome.sent))
            self._add_up()
        for reason, number in outcome.dropped:
            self.dropped(reason, number)
        return accepted

    def forwarded(self, outcome: Outcome) -> bool:
        """Count what a sink took of the events that clients sent; tell whether it took
        all of them.
        """
        self._add(self._totals, "accepted", outcome.queued + outcome.sent)
        self._add(self._totals, "sent", outcome.sent)
        for reason, _ in outcome.dropped:
            self.problem(f"endpoint_sink:{reason}")
        return not outcome.dropped

    def dropped(self, reason: str, number: int = 1) -> None:
        """Count events that no sink gets, or that a sink has lost."""
        if number <= 0:
            return
        reason, total = self._add(self._dropped, reason, number)
        # What these have lost is in the log already, with more to read.
        if reason != "violation" and not reason.startswith("error:"):
            level = INFO if reason in _BY_PLAN else WARNING
            text = f"events are dropped: {reason}"
            self.log.note(f"dropped:{reason}", total, text, level)

    def violated(self, place: str, line: str | None = None) -> None:
        """Count one breach; `line` is for the log, None when somebody else is told."""
        place, total = self._add(self._violations, place, 1)
        if line is not None:
            self.log.note(f"violation:{place}", total, line)

    def problem(
        self, kind: str, error: BaseException | None = None, event: str = ""
    ) -> None:
        """Count something that went wrong beside the events; `error` and the name of
        the event it happened at are for the log.
        """
        kind, total = self._add(self._problems, kind, 1)
        text = f"{event}: {kind}" if event else kind
        self.log.note(f"problem:{kind}", total, text, error=error)

    def write_rest(self) -> None:
        """Log, at the end, what has been counted since the last line of each kind."""
        stats = self.read()
        self.log.write_rest(
            {
                f"{kind}:{name}": number
                for kind, numbers in (
                    ("dropped", stats.dropped),
                    ("violation", stats.violations),
                    ("problem", stats.problems),
                )
                for name, number in numbers.items()
            }
        )

    def read(self) -> Stats:
        """Give the counts as they are now."""
        if self.before_reading is not None:
            self.before_reading()  # to count what time alone brings about
        ends = monotonic() + _PATIENCE
        while not self._add_up():
            # Another thread goes on; a frame that this one has interrupted does not.
            if self._adder == get_ident() or monotonic() >= ends:
                break
            sleep(0.001)
        return Stats(
            self._totals["accepted"],
            self._totals["sent"],
            dict(self._dropped),
            dict(self._violations),
            dict(self._problems),
        )

    def _add(self, numbers: dict[str, int], name: str, number: int) -> tuple[str, int]:
        """Count; give the name it is counted by and how often that was, as far as it is
        added up.
        """
        self._waiting.append((numbers, name, number))
        self._add_up()
        if name not in numbers and len(numbers) >= MOST_KINDS:
            name = "other"
        return name, max(number, numbers.get(name, 0))

    def _add_up(self) -> bool:
        """Add up what waits; tell whether nothing is left to another frame."""
        waiting, turn = self._waiting, self._turn
        while waiting:
            try:
                # One step. A lock is taken by a call, after which a handler may raise
                # before the lock is known to be held.
                del turn["free"]
            except KeyError:
                return False
            try:
                self._adder = get_ident()
                while waiting:
                    numbers, name, number = waiting[0]
                    if name not in numbers and len(numbers) >= MOST_KINDS:
                        name = "other"
                    numbers[name] = numbers.get(name, 0) + number
                    del waiting[0]
            finally:
                self._adder = 0
                turn["free"] = True
        return True
