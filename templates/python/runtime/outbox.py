"""The sink that loses nothing: an event is a row in a database before its call returns,
and a worker sends it later, at least once, under the same insert_id.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from .encoding import encoder
from .log import Log
from .outbox_rows import (
    Bound,
    Entry,
    OutboxError,
    Promise,
    Run,
    TransactionLostError,
    now_ms,
)
from .outbox_store import Store
from .sinks import Outcome, WireEvent

if TYPE_CHECKING:
    from .enrichment import Need

_QUEUED: Final = Outcome(queued=1)
# Pure ASCII: no database has a second opinion on it.
_encode: Final = encoder(ascii_only=True)


class _Block:
    """A caller's connection, for as long as its block is open; `lost` is what became of
    its transaction.
    """

    def __init__(self, sink: OutboxSink, act: Bound, outer: _Block | None) -> None:
        self.sink = sink
        self.outer = outer
        self.open = True
        self.lost: TransactionLostError | None = None
        self._act = act

    def __call__(self, act: Callable[[Run], None]) -> None:
        """Do something in the transaction; when that is lost, the next call would be
        one of its own, without what the caller has done before.
        """
        try:
            if self.lost is None:
                self._act(act)
        except TransactionLostError as error:
            self.lost = error
        if self.lost is not None:
            raise self.lost


_bound: ContextVar[_Block | None] = ContextVar("trackside_outbox", default=None)


class OutboxSink:
    """Keeps events in a store, `SQLite(path)` or `PostgreSQL(...)`; `deliver` sends
    them.
    """

    durable: Final = True

    def __init__(self, store: Store) -> None:
        self.store = store
        self._closed = False
        self._log = Log()
        self._failures: dict[str, int] = {}

    # --- a sink ---

    def accept(self, events: Sequence[WireEvent]) -> Outcome:
        """Store the events: on return, they survive the process."""
        now = now_ms()
        return self._put([_entry(event, now) for event in events])

    def flush(self, timeout: float) -> bool:
        """Do nothing: every event is stored when it is accepted."""
        return True

    def close(self, timeout: float) -> bool:
        """Let go of the database."""
        self._closed = True
        self.store.close()
        return True

    # --- more than a sink ---

    def hold(self, event: WireEvent, needs: Sequence[Need]) -> Outcome:
        """Store an event that a worker completes, by these look-ups, before it sends
        it.
        """
        return self._put([_entry(event, now_ms(), needs=needs)])

    def accept_copy(self, event: WireEvent) -> Outcome:
        """Store a client's copy, which the authority's replaces until one is sent."""
        return self._put([_entry(event, now_ms(), copy=1)])

    @contextmanager
    def using(self, connection: object) -> Generator[None]:
        """Make the emissions inside the block part of the caller's own transaction:
        they are there if it commits, and not if it does not.

        Takes a connection of the store's own kind, or a connection or session of
        SQLAlchemy over one. It holds for this thread or task and what it starts, while
        the block is open. Raises TypeError and ValueError for a connection that
        cannot be it.

        What cannot be stored is dropped and counted, and the transaction goes on. When
        the database has rolled that back, TransactionLostError is raised, by the call
        or at the end of the block.
        """
        mine = _Block(self, self.store.bind(connection), _bound.get())
        token = _bound.set(mine)
        try:
            yield
            if mine.lost is not None:  # and somebody has caught it
                raise mine.lost
        finally:
            # A task that was started inside and goes on must not write into a
            # transaction that may be over.
            mine.open = False
            try:
                _bound.reset(token)
            except ValueError:  # left in another task than it was entered in
                _bound.set(mine.outer)

    def in_transaction(self) -> bool:
        """Tell whether what is emitted here is part of a caller's transaction, and so
        may still be rolled back.
        """
        return self._bound() is not None

    def knows(
        self, event_name: str, insert_id: str, device_id: str | None = None
    ) -> bool:
        """Tell whether a fact is stored, or was sent and is still kept. Raises
        OutboxError when the store cannot say.
        """
        return self.store.knows(event_name, insert_id, device_id)

    def promise(
        self, event_name: str, insert_id: str, within: float | timedelta
    ) -> Outcome:
        """Note that a fact will come within so many seconds; what is not kept in time
        is `overdue`.
        """
        if self._closed:
            return Outcome(dropped=(("sink_closed", 1),))
        seconds = within.total_seconds() if isinstance(within, timedelta) else within
        due_at = now_ms() + int(seconds * 1000)
        try:
            self.store.promise(Promise(event_name, insert_id, due_at), self._bound())
        except OutboxError as error:
            return self._failed(error, 1)
        return _QUEUED

    def promised(self, event_name: str, insert_id: str) -> bool:
        """Tell whether a fact was promised. Raises OutboxError when the store cannot
        say.
        """
        return self.store.promised(event_name, insert_id)

    def overdue(self) -> list[Promise]:
        """List the promises that were not kept in time, and are not kept yet. Raises
        OutboxError when the store cannot say.
        """
        return self.store.overdue()

    # --- parts ---

    def _put(self, entries: list[Entry]) -> Outcome:
        number = len(entries)
        if self._closed:
            return Outcome(dropped=(("sink_closed", number),))
        try:
            self.store.put(entries, self._bound())
        except OutboxError as error:
            return self._failed(error, number)
        return _QUEUED if number == 1 else Outcome(queued=number)

    def _failed(self, error: OutboxError, number: int) -> Outcome:
        """Say what the database said; the count of dropped events knows a word only."""
        reason = error.reason
        failures = self._failures[reason] = self._failures.get(reason, 0) + number
        self._log.note(reason, failures, str(error))
        return Outcome(dropped=((reason, number),))

    def _bound(self) -> _Block | None:
        bound = _bound.get()
        while bound is not None:
            if bound.open and bound.sink is self:
                return bound
            bound = bound.outer
        return None


def _entry(
    event: WireEvent, now: int, copy: int = 0, needs: Sequence[Need] = ()
) -> Entry:
    return (
        now,
        copy,
        event["event_type"],
        event["insert_id"],
        event.get("device_id", ""),
        _encode([list(need) for need in needs]) if needs else None,
        _encode(event),
    )
