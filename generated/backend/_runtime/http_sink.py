"""The sink that sends over HTTP itself, from a thread of its own, and from a few more
while one connection is not enough.

A call only appends to a queue: encoding, compressing and waiting are the thread's. What
it holds is in memory, so a process that is killed loses it; what is sent twice because
an answer was lost is told apart by its insert_id.
"""

from __future__ import annotations

import os
from _thread import allocate_lock
from collections import Counter, deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from random import random
from threading import Condition, Thread
from time import monotonic
from typing import Final, NamedTuple, TypeVar

from .amplitude_http import Destination, Verdict
from .log import Log
from .process import (
    EXIT_TIMEOUT,
    after_fork,
    at_exit,
    at_sigterm,
    before_threads_end,
    install_again,
)
from .sinks import Listener, Outcome, WireEvent

_FIRST_WAIT: Final = 0.25
"""Seconds of the first wait after a failure, at most; each one more doubles it."""
_LONGEST_WAIT: Final = 30.0
_LONGEST_URGENT_WAIT: Final = 1.0
_LAST_WAIT: Final = 0.5
"""Seconds for a destination that has not answered at the end of the process before."""
_NEVER: Final = 1 << 62
_HELD_BACK: Final = frozenset(("throttled", "too_many_requests"))
"""What keeps some events back, while others may go."""

_QUEUED_ONE: Final = Outcome(queued=1)
_T = TypeVar("_T")


class _Batch(NamedTuple):
    """Events on their way. `first` is at most the number of the first of them, counted
    as they left the queue; `due` is when they may go, by the monotonic clock.
    """

    first: int
    events: list[WireEvent]
    due: float = 0.0


class HttpSink:
    """Sends events to one Amplitude project.

    `zone` is the project's region; `server_url` is the whole address instead of the
    vendor's. `batch_api` takes the Batch API, for volumes above the limits of HTTP V2.
    An event waits for others for at most `interval` seconds. At most `queue_size`
    events are held, in the queue or to be sent again: what comes then is dropped as
    `buffer_full`. `timeout` is the seconds of one request. There is one connection, and
    up to `connections` while full batches wait for it.
    """

    durable: Final = False

    def __init__(
        self,
        api_key: str,
        *,
        zone: str = "US",
        server_url: str | None = None,
        batch_api: bool = False,
        interval: float = 0.25,
        batch_size: int | None = None,
        queue_size: int = 20_000,
        timeout: float = 10.0,
        compress: bool = True,
        connections: int = 4,
    ) -> None:
        self._destination = partial(
            Destination,
            api_key,
            zone=zone,
            server_url=server_url,
            batch_api=batch_api,
            timeout=timeout,
            compress=compress,
        )
        self._spare = [self._destination()]
        self._helpers_most = connections - 1
        self._interval = interval
        self._most = batch_size or (2000 if batch_api else 1000)
        self._limit = queue_size
        self._listener: Listener | None = None
        self._closed = False
        self._log = Log()
        self._begin()
        after_fork(self._begin)
        at_exit(self._at_exit)
        before_threads_end(self._before_threads_end)
        at_sigterm(self._at_sigterm)

    def _begin(self) -> None:
        """Start with nothing: what a parent process has queued, it sends itself."""
        self._process = os.getpid()
        self._queue: deque[WireEvent] = deque()
        self._changed = Condition()
        # A semaphore that a signal handler or a finaliser may release as well: no
        # Event, which holds a lock meanwhile.
        self._wake = allocate_lock()
        self._wake.acquire()
        self._wake_at = _NEVER
        self._thread: Thread | None = None
        self._taken = 0
        self._flying: list[_Batch] = []
        self._helpers = 0
        self._again: list[_Batch] = []
        self._held = 0
        self._waiters = 0
        self._asked = False
        self._hurry = False
        self._patience = EXIT_TIMEOUT
        self._ends: float | None = None
        self._over = False
        self._gave_up = False
        self._pause = 0.0
        self._imposed = False
        self._failures = 0
        self._next_send = 0.0
        self._troubles: Counter[str] = Counter()
        self._log.forget()

    def report_to(self, listener: Listener) -> None:
        """Tell the listener what became of the events, from the sink's thread."""
        self._listener = listener

    # --- the caller's side ---

    def accept(self, events: Sequence[WireEvent]) -> Outcome:
        """Queue the events."""
        number = len(events)
        if self._closed:
            return Outcome(dropped=(("sink_closed", number),))
        if self._thread is None or self._process != os.getpid():
            self._start()
        queue = self._queue
        room = self._limit - self._held - len(queue)
        if number > room:
            room = max(0, room)
            queue.extend(events[:room])
            outcome = Outcome(room, 0, (("buffer_full", number - room),))
        else:
            queue.extend(events)
            outcome = _QUEUED_ONE if number == 1 else Outcome(number)
        if len(queue) >= self._wake_at:
            self._wake_at = _NEVER
            self._wake_up()
        if self._closed:  # meanwhile, by another thread
            self._lose()
        return outcome

    def flush(self, timeout: float) -> bool:
        """Send what has been queued until now, without waiting for more; tell whether
        nothing of it is left.
        """
        if self._process != os.getpid() or self._thread is None:
            return True
        with self._changed:
            mark = self._taken + len(self._queue)
            self._waiters += 1
            self._asked = True
            self._wake_up()
            was_over = self._over
            try:
                self._changed.wait_for(
                    lambda: self._over or self._gave_up or self._settled() >= mark,
                    timeout,
                )
                # What is lost when the sink is closed meanwhile is settled, and left.
                return self._settled() >= mark and self._over == was_over
            finally:
                self._waiters -= 1

    def close(self, timeout: float) -> bool:
        """Flush and end the thread; what is left is lost and counted.

        Events that were to wait longer than there is time get one last try.
        """
        if self._closed:
            return True
        with self._changed:
            self._ends = monotonic() + timeout
        self.flush(timeout)
        self._closed = True
        thread = self._thread
        lost = self._lose()
        if thread is not None:
            self._wake_up()
            ends = self._ends or 0.0
            thread.join(max(0.0, min(0.2, ends - monotonic())))
        for destination in self._spare:
            destination.close()
        return not lost

    def _start(self) -> None:
        if self._process != os.getpid():
            self._begin()
        with self._changed:
            if self._thread is None:
                thread = Thread(target=self._run, name="trackside-http", daemon=True)
                thread.start()
                self._thread = thread
        install_again()

    def _wake_up(self) -> None:
        with suppress(RuntimeError):  # it is awake
            self._wake.release()

    def _lose(self) -> int:
        """Count what will not be sent any more."""
        with self._changed:
            self._over = True
            lost = self._held + len(_drained(self._queue, _NEVER))
            self._held, self._again, self._flying = 0, [], []
            self._changed.notify_all()
        if lost:
            self._tell(Outcome(dropped=(("lost_at_close", lost),)))
        return lost

    def _tell(self, outcome: Outcome) -> None:
        listener = self._listener
        if listener is not None:
            listener(outcome)

    # --- the end of the process ---

    def _before_threads_end(self) -> None:
        # Other threads may still have something to say: this is not the end.
        self._hurry = True
        self._patience = EXIT_TIMEOUT if self.flush(EXIT_TIMEOUT) else _LAST_WAIT

    def _at_exit(self) -> None:
        self.close(self._patience)

    def _at_sigterm(self) -> None:
        self._hurry = True
        self.flush(EXIT_TIMEOUT)

    # --- the thread ---

    def _run(self) -> None:
        destination = self._spare.pop() if self._spare else self._destination()
        try:
            while True:
                batch = self._next()
                if batch is None:
                    return
                self._send(destination, batch)
        finally:
            destination.close()

    def _help(self) -> None:
        """Send full batches beside the sink's thread, as long as there are some and the
        destination takes them.
        """
        destination = self._spare.pop() if self._spare else self._destination()
        try:
            while len(self._queue) >= self._most and not (self._failures or self._over):
                self._send(destination, self._take(monotonic()))
        finally:
            with self._changed:
                self._helpers -= 1
            if self._over:
                destination.close()
            else:
                self._spare.append(destination)

    def _send(self, destination: Destination, batch: _Batch) -> None:
        try:
            verdict = destination.send(batch.events)
        except Exception as error:  # ours: nothing that a server does raises
            every = tuple(range(len(batch.events)))
            verdict = Verdict(retry=every, trouble=type(error).__name__)
        self._settle(batch, verdict)

    def _next(self) -> _Batch | None:
        """Wait for what is to be sent next; None is the end."""
        while not self._over:
            now = monotonic()
            if self._asked:
                self._asked = False
                if not self._imposed:
                    self._pause = 0.0
                if self._ends is not None:
                    self._pause = 0.0
                    self._again = [batch._replace(due=0.0) for batch in self._again]
            if self._pause > now:
                if not self._wait(self._pause, _NEVER):
                    return None
                continue
            due = min(self._again, key=lambda batch: batch.due, default=None)
            if due is not None and due.due <= now:
                with self._changed:
                    self._again.remove(due)
                    self._flying.append(due)
                return due
            number = len(self._queue)
            urgent = self._waiters or self._hurry or now >= self._next_send
            if number >= self._most or (number and urgent):
                return self._take(now)
            ends = _NEVER if due is None else due.due
            if number:
                ends = min(ends, self._next_send)
            if not self._wait(ends, self._most if number else 1):
                return None
        return None

    def _take(self, now: float) -> _Batch:
        self._next_send = now + self._interval
        with self._changed:
            batch = _Batch(self._taken, _drained(self._queue, self._most))
            self._flying.append(batch)
            self._taken += len(batch.events)
            self._held += len(batch.events)
            more = len(self._queue) >= self._most and not self._failures
            more = more and self._helpers < self._helpers_most
            self._helpers += more
        if more:
            try:
                Thread(target=self._help, name="trackside-http+", daemon=True).start()
            except RuntimeError:  # there are too many threads: one has to do
                with self._changed:
                    self._helpers -= 1
        return batch

    def _wait(self, until: float, number: int) -> bool:
        """Sleep until a time, or until so many events are queued, or somebody asks.

        Tell whether there is a point in going on: at the end there is none when the
        time is over before anything may be sent again.
        """
        ends = self._ends
        if ends is not None and until > ends:
            with self._changed:
                self._gave_up = True
                self._changed.notify_all()
        self._wake_at = number
        if len(self._queue) < number and not self._asked and not self._over:
            left = until - monotonic()
            self._wake.acquire(timeout=-1 if until >= _NEVER else max(0.0, left))
        self._wake_at = _NEVER
        return not self._over

    def _settle(self, batch: _Batch, verdict: Verdict) -> None:
        now = monotonic()
        sent, trouble = len(verdict.sent), verdict.trouble
        with self._changed:
            if self._over:
                return  # it was counted as lost
            self._flying = [one for one in self._flying if one is not batch]
            if verdict.retry:
                left = [batch.events[index] for index in verdict.retry]
                due = now + verdict.wait if trouble in _HELD_BACK else 0.0
                self._again.insert(0, _Batch(batch.first, left, due))
            self._held -= len(batch.events) - len(verdict.retry)
            self._changed.notify_all()
            if not trouble or trouble in _HELD_BACK:
                self._failures = 0
            else:
                self._failures += 1
                self._pause = now + (verdict.wait or self._backoff())
                self._imposed = verdict.wait > 0
            if trouble:
                self._troubles[trouble] += 1
        if trouble:
            self._log.note(
                f"http_sink:{trouble}",
                self._troubles[trouble],
                f"{len(verdict.retry)} events are to be sent again: {trouble}",
            )
        dropped = Counter([reason for _, reason in verdict.dropped])
        if sent or dropped:
            self._tell(Outcome(0, sent, tuple(dropped.items())))

    def _backoff(self) -> float:
        """Choose a wait anywhere below a limit that doubles with each failure, so that
        processes that failed together do not come back together.
        """
        urgent = self._waiters or self._hurry
        longest = _LONGEST_URGENT_WAIT if urgent else _LONGEST_WAIT
        return random() * min(longest, _FIRST_WAIT * 2.0 ** min(self._failures, 20))

    def _settled(self) -> int:
        """Give the number of the first event whose fate is open."""
        unsettled = [batch.first for batch in [*self._again, *self._flying]]
        return min(unsettled, default=self._taken)


def _drained(queue: deque[_T], most: int) -> list[_T]:
    """Take up to so many from a queue that others may take from as well."""
    taken: list[_T] = []
    pop: Callable[[], _T] = queue.popleft
    with suppress(IndexError):
        for _ in range(min(most, len(queue))):
            taken.append(pop())
    return taken
