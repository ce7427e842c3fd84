"""The worker of an outbox: takes rows under a lease, completes what waits for a
look-up, sends, and writes down what became of each.

Killed at any moment it loses nothing: a row is done only when that is written, and a
lease runs out. What it sent and could not write down is sent again under the same
insert_id, which the destination knows.
"""

from __future__ import annotations

import json
import os
import random
from _thread import allocate_lock
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from socket import gethostname
from time import monotonic
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Protocol, TypeVar

from .counts import Counts
from .log import INFO
from .outbox_rows import Claimed, OutboxError, now_ms
from .outbox_store import CHUNK, MOST_COUNTED, Store
from .sinks import Outcome, WireEvent

if TYPE_CHECKING:
    from .amplitude_http import Verdict
    from .enrichment import Need

Answer = TypeVar("Answer")

HOUR: Final = 3600.0
DAY: Final = 24 * HOUR
WINDOW: Final = 7 * DAY - HOUR
"""Seconds in which the destination knows an insert_id again (Amplitude: 7 days), less
an hour for clocks and for the way.
"""
KEEP: Final = 8 * DAY
"""Seconds that it is known what was sent: the window, and a day."""
LEASE: Final = 120.0
"""Seconds after which the rows of a worker that died are anybody's."""
POLL: Final = 0.1
"""Seconds between two looks at an empty inbox."""
SWEEP: Final = 60.0
"""Seconds between two reports, and two times of upkeep."""
LONGEST_PAUSE: Final = 30.0
"""Seconds between two tries at a destination that answers nothing good, or at a store
that cannot be used, at most.
"""
MOST_TOLD: Final = 10
"""Overdue promises of one sweep that have a line each."""
_SLOWER: Final = {"daily_quota": HOUR}
"""Reasons that are no event's fault: seconds until the next try."""


class Sends(Protocol):
    """A destination, as the worker needs it."""

    def send(self, events: Sequence[WireEvent], goes_on: Callable[[], bool]) -> Verdict:
        """Send events, and tell what became of each; make no further request when
        `goes_on` says no.
        """
        ...

    def close(self) -> None:
        """Let go of the connection."""
        ...


Complete = Callable[[WireEvent, Sequence["Need"]], WireEvent | None]


class Totals(NamedTuple):
    """What a worker did: events sent, tries that failed, dead letters by reason."""

    sent: int
    tried_again: int
    dead: dict[str, int]


class Worker:
    """Delivers what is in a store. Several may share one, in one process or in many.

    `complete` adds what an event waits for; without it, such events stay where they
    are. `batch` is how many events a request has at most, `lease`, `window` and `keep`
    are in seconds. `send_late` sends what is older than the window, at the risk that
    it counts twice. What is sent, given up and goes wrong is counted in `counts`, which
    log it; `say` is given a line at a time of what was done.
    """

    def __init__(
        self,
        store: Store,
        destination: Sends,
        *,
        complete: Complete | None = None,
        batch: int = CHUNK,
        lease: float = LEASE,
        window: float = WINDOW,
        keep: float = KEEP,
        send_late: bool = False,
        counts: Counts | None = None,
        say: Callable[[str], object] = print,
    ) -> None:
        self.name = f"{gethostname()}:{os.getpid()}:{os.urandom(4).hex()}"
        self._store = store
        self._destination = destination
        self._complete = complete
        self._batch = self._size = max(1, batch)
        self._lease = lease
        self._window = int(window * 1000)
        self._keep = int(keep * 1000)
        self._send_late = send_late
        self._counts = Counts() if counts is None else counts
        self._say = say
        self._stopped = False
        # Not an Event: `stop` in a signal handler would wait for a lock of its that the
        # interrupted `wait` may hold.
        self._wake = allocate_lock()
        self._wake.acquire()
        self._rounds = 0
        self._failures = 0
        self._store_failed = False
        self._rounds_without_store = 0
        self._recovered = 0
        self._swept = -SWEEP
        self._told: tuple[Any, ...] = ()
        self._sent = 0
        self._again = 0
        self._dead: dict[str, int] = {}

    def stop(self) -> None:
        """End after the request that is under way; may be called by a signal handler
        and from any thread.
        """
        self._stopped = True
        with suppress(RuntimeError):  # it is awake
            self._wake.release()

    def _pauses(self, seconds: float) -> bool:
        """Wait, at most until `stop`; tell whether it has been called."""
        if not self._stopped:
            self._wake.acquire(timeout=seconds)
        return self._stopped

    @property
    def totals(self) -> Totals:
        """What was done so far."""
        return Totals(self._sent, self._again, dict(self._dead))

    def run(self, *, once: bool = False) -> Totals:
        """Deliver until `stop`; with `once`, until every row that is due has been tried
        once.
        """
        while not self._stopped:
            self._store_failed = False
            moved = self._persist(self._absorb) or 0
            if monotonic() - self._swept >= SWEEP:
                self._persist(self._sweep)
            claimed = self._persist(self._claim) or []
            if claimed:
                self._deliver(claimed)
            away = self._rounds_without_store + 1 if self._store_failed else 0
            self._rounds_without_store = away
            if once and not moved and not claimed:
                break
            if not once and self._failures:
                self._pauses(random.uniform(0, self._pause()))
            elif not moved and not claimed:
                longest = min(LONGEST_PAUSE, POLL * 2.0 ** min(away, 10))
                self._pauses(random.uniform(longest / 2, longest) if away else POLL)
        self._persist(lambda: self._store.release(self.name))
        self._persist(self._sweep)
        self._counts.write_rest()
        self._destination.close()
        return self.totals

    # --- one round ---

    def _absorb(self) -> int:
        # A few chunks, then a request: a full inbox must not keep events from going.
        total = 0
        for _ in range(8):
            moved = self._store.absorb()
            total += moved
            if moved < CHUNK:
                break
        return total

    def _claim(self) -> list[Claimed]:
        self._rounds += 1
        return self._store.claim(
            self.name,
            self._size,
            int(self._lease * 1000),
            with_needs=self._complete is not None,
            # New events must not keep those that failed once from their next try.
            again_first=self._rounds % 4 == 0,
        )

    def _deliver(self, claimed: Sequence[Claimed]) -> None:
        rows: list[Claimed] = []
        events: list[WireEvent] = []
        dead: list[tuple[int, str]] = []
        later: list[Claimed] = []
        oldest = now_ms() - self._window
        started = monotonic()
        patience = started + self._lease / 3
        for row in claimed:
            if row.stored_at < oldest and not self._send_late:
                dead.append((row.id, "too_old"))
                continue
            event = _event_of(row.body)
            if event is None:
                dead.append((row.id, "unreadable"))
                continue
            if row.needs is not None:
                late = monotonic() > patience or self._stopped
                event = None if late else self._completed(event, row.needs)
            if event is None:
                later.append(row)
            else:
                rows.append(row)
                events.append(event)
        if dead or later:
            tries = min([row.attempts for row in later], default=0)
            self._settle((), dead, later, random.uniform(0.1, _span(tries)))
        if rows:
            # The last request, and writing down what it brought, take their time too.
            ends = started + self._lease * 2 / 3
            self._send(rows, events, lambda: not self._stopped and monotonic() < ends)

    def _completed(self, event: WireEvent, needs: str) -> WireEvent | None:
        from .enrichment import Need

        try:
            wanted = [Need(*need) for need in json.loads(needs)]
            return None if self._complete is None else self._complete(event, wanted)
        except Exception as error:
            kind = "deliver_completion_failed"
            self._counts.problem(kind, error, event["event_type"])
            return None

    def _send(
        self,
        rows: Sequence[Claimed],
        events: Sequence[WireEvent],
        goes_on: Callable[[], bool],
    ) -> None:
        verdict = self._destination.send(events, goes_on)
        dead: list[tuple[int, str]] = []
        slower: list[tuple[Claimed, float]] = []
        for index, reason in verdict.dropped:
            if reason in _SLOWER:
                slower.append((rows[index], _SLOWER[reason]))
            else:
                dead.append((rows[index].id, reason))
        for row, wait in slower:
            self._settle((), (), (row,), wait)
        sent = [rows[index].id for index in verdict.sent]
        again = [rows[index] for index in verdict.retry]
        self._settle(sent, dead, again, verdict.wait)
        # After trouble, fewer at once: an event that brings a server down is alone
        # after a while, and the others have gone.
        if verdict.smaller or (again and not sent):
            self._size = max(1, min(self._size, len(rows)) // 2)
        elif not again:
            self._size = min(self._batch, self._size * 2)
        if again and not sent and not dead:
            # The long pauses begin when fewer at once has not helped.
            self._failures = 1 if self._size > 1 else self._failures + 1
            self._counts.problem(f"deliver_destination:{verdict.trouble}")
        else:
            if self._failures:
                self._recovered += 1
                line = "the destination takes events again"
                self._counts.log.note("deliver_recovered", self._recovered, line, INFO)
            self._failures = 0

    def _settle(
        self,
        sent: Sequence[int],
        dead: Sequence[tuple[int, str]],
        again: Sequence[Claimed],
        wait: float,
    ) -> None:
        """Write down what became of rows, however long the store takes: what is not
        written is sent again.
        """
        if not wait and again:
            # Among others, an event is not known to be the one that fails: then what
            # counts is how long nothing has gone.
            tries = min(row.attempts for row in again)
            if len(again) > 1:
                tries = min(tries, self._failures)
            wait = random.uniform(0, _span(tries))
        ids = [row.id for row in again]

        def write() -> bool:
            self._store.settle(self.name, sent, dead, ids, int(wait * 1000))
            return True

        if self._persist(write, self._lease) is None:
            return
        self._sent += len(sent)
        self._again += len(again)
        lost = Counter([reason for _, reason in dead])
        for reason, number in lost.items():
            self._dead[reason] = self._dead.get(reason, 0) + number
        self._counts.outcome(Outcome(0, len(sent), tuple(lost.items())))

    def _pause(self) -> float:
        return min(LONGEST_PAUSE, 0.25 * 2.0 ** min(self._failures, 10))

    def _persist(
        self, act: Callable[[], Answer], patience: float = 0.0
    ) -> Answer | None:
        """Do something with the store; when it fails, count that and try again after a
        pause, for `patience` seconds. None when it could not be done.
        """
        ends = monotonic() + patience
        pause = 0.1
        while True:
            try:
                return act()
            except OutboxError as error:
                self._store_failed = True
                self._counts.problem(f"deliver_store:{error.reason}", error)
            if self._pauses(random.uniform(0, pause)) or monotonic() > ends:
                return None
            pause = min(5.0, pause * 2)

    # --- upkeep ---

    def _sweep(self) -> None:
        """Forget what is old, tell which promises were not kept, and report."""
        self._swept = monotonic()
        late = self._store.sweep(self._keep)
        for promise in late:
            self._counts.problem(f"promise_overdue:{promise.event}")
        for promise in late[:MOST_TOLD]:
            self._say(
                f"promised and not there in time: {promise.event}"
                f" {promise.insert_id}"
            )
        if len(late) > MOST_TOLD:
            self._say(f"and {len(late) - MOST_TOLD} more")
        self._store.checkpoint()
        status = self._store.status()
        told = (self._sent, self._again, sum(self._dead.values()), *status)
        if told == self._told:
            return
        self._told = told
        dead = "".join(
            [f", {number} {reason}" for reason, number in sorted(self._dead.items())]
        )
        more = " or more" if status.waiting >= MOST_COUNTED else ""
        waiting = f"{status.waiting}{more}"
        held = f", {status.held} of them for a look-up" if status.held else ""
        overdue = f"; {status.overdue} promises overdue" if status.overdue else ""
        self._say(
            f"sent {self._sent}, tried again {self._again}, gave up"
            f" {sum(self._dead.values())}{dead and ' (' + dead[2:] + ')'};"
            f" {waiting} wait{held}; {status.dead} dead letters{overdue}"
        )


def _event_of(body: str) -> WireEvent | None:
    """Read a row, which somebody may have edited; None where it is no event."""
    try:
        event: Any = json.loads(body)
        return event if isinstance(event["event_type"], str) else None
    except (ValueError, TypeError, KeyError, RecursionError):
        return None


def _span(tries: int) -> float:
    """Give the seconds within which to try again: twice as many each time, up to a
    minute.
    """
    return min(60.0, 0.1 * 2.0 ** min(tries, 10))
