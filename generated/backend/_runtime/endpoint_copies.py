"""What becomes of a client's copy of a fact: the server owns the fact, and its copy is
there so that none is lost, never to assert one.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from threading import Lock
from time import time_ns
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, cast

from .outbox_quarantine import Quarantined
from .sinks import Outcome, WireEvent
from .values import Json

if TYPE_CHECKING:
    from .endpoint_events import Read
    from .tracker import Tracker

Exists: TypeAlias = Callable[
    [str, Mapping[str, Json]], "bool | Awaitable[bool | None] | None"
]
"""Tells whether a fact exists, by its event's name and the parts of its key by name;
None when that cannot be said.
"""

Fate: TypeAlias = Literal[
    "known", "later", "not_a_fact", "unknown", "forward", "quarantine"
]


class Arbiter:
    """Decides about copies. `exists` is the application's own word."""

    def __init__(
        self,
        tracker: Tracker,
        exists: Callable[[str, Mapping[str, Json]], bool | None] | None,
    ) -> None:
        self._tracker = tracker
        self._exists = exists

    def judge(self, read: Read) -> Fate:
        """Decide what becomes of one copy.

        The store's word goes first, then the application's, then the plan's. A store
        or a hook that fails leaves the copy with the client, which asks again.
        """
        event, record = read.event, read.record
        if event is None:
            return "forward"
        name, insert_id = record["event_type"], record["insert_id"]
        counts = self._tracker.counts
        vouched = False
        ledger = ledger_of(self._tracker)
        if ledger is not None:
            try:
                if ledger.knows(name, insert_id):
                    return "known"
                if ledger.promised(name, insert_id):
                    late = [promise[:2] for promise in ledger.overdue()]
                    if (name, insert_id) not in late:
                        return "later"
                    # The request said that it would come, and it did not: the copy
                    # is what there is.
                    vouched = True
            except Exception as error:
                counts.problem("endpoint_store_failed", error, name)
                return "later"
        elif self._tracker.promised(insert_id):
            return "later"
        key = event.key
        if (
            not vouched
            and self._exists is not None
            and key is not None
            and not key.attempt
        ):
            properties = record["event_properties"]
            try:
                answer = self._exists(
                    name, {part: properties[part] for part in key.parts}
                )
            except Exception as error:
                counts.problem("exists_failed", error, name)
                return "later"
            if answer is False:
                return "not_a_fact"
            vouched = answer is True
        if vouched:
            return "forward"
        if read.copy == "unknown" and event.on_unknown == "drop":
            return "unknown"
        return "quarantine" if event.earns else "forward"


def ledger_of(tracker: Tracker) -> Any:
    """Give the sink that knows what it has sent: an outbox. None where none is."""
    sink: Any = tracker.sink()
    if hasattr(sink, "knows"):
        return sink
    return getattr(sink, "ledger", None)


def forward_copy(tracker: Tracker, record: WireEvent) -> Outcome:
    """Hand a copy to the sink, as one that the server's replaces where it can."""
    sink: Any = tracker.sink()
    takes = getattr(sink, "accept_copy", None)
    outcome: Outcome = sink.accept((record,)) if takes is None else takes(record)
    return outcome


class MemoryQuarantine:
    """A quarantine of one process, for a sink that has no store. What it holds is gone
    with the process.
    """

    def __init__(self, tracker: Tracker, most: int = 1_000) -> None:
        self._tracker = tracker
        self._most = most
        self._lock = Lock()
        self._next = 1
        self._held: dict[tuple[str, str, str], tuple[Quarantined, WireEvent]] = {}

    def quarantine(self, event: WireEvent, reason: str) -> bool:
        """Keep an event that is not sent; tell whether there was room."""
        import json

        fact = (event["event_type"], event["insert_id"], event.get("device_id", ""))
        with self._lock:
            if fact in self._held:
                return True
            if len(self._held) >= self._most:
                return False
            body = json.dumps(event, separators=(",", ":"))
            row = Quarantined(self._next, *fact, reason, time_ns() // 1_000_000, body)
            self._held[fact] = row, event
            self._next += 1
        return True

    def quarantined(self) -> list[Quarantined]:
        """List what is in quarantine, the oldest first."""
        with self._lock:
            return [row for row, _ in self._held.values()]

    def release_quarantined(self, ids: object) -> int:
        """Forward events to the sink; give how many it took. The others stay."""
        released = 0
        for fact, event in self._asked_for(ids):
            if self._tracker.counts.forwarded(forward_copy(self._tracker, event)):
                released += self._forget(fact)
        return released

    def discard_quarantined(self, ids: object) -> int:
        """Forget events; give how many."""
        return sum([self._forget(fact) for fact, _ in self._asked_for(ids)])

    def _asked_for(self, ids: object) -> list[tuple[tuple[str, str, str], WireEvent]]:
        wanted = set(cast("list[int]", ids))
        with self._lock:
            held = self._held.items()
            return [(fact, event) for fact, (row, event) in held if row.id in wanted]

    def _forget(self, fact: tuple[str, str, str]) -> bool:
        with self._lock:
            return self._held.pop(fact, None) is not None
