"""The quarantine of an outbox: client's copies that nobody vouches for, and events that
break the plan, until somebody releases or discards them.
"""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Collection
from contextlib import AbstractContextManager
from typing import Final, NamedTuple

from .outbox_facts import known
from .outbox_rows import INSERT, Run, listed
from .sinks import WireEvent

MOST: Final = 10_000
"""Events that a quarantine holds; what is more is dropped and counted."""
KEPT: Final = 30 * 24 * 3600 * 1000
"""Milliseconds after which what nobody has looked at makes room."""

_PUT: Final = (
    "INSERT INTO trackside_quarantine"
    " (event, insert_id, device_id, body, reason, put_at) VALUES (?, ?, ?, ?, ?, ?)"
    " ON CONFLICT (event, insert_id, device_id) DO NOTHING"
)


class Quarantined(NamedTuple):
    """One event in quarantine; `put_at` is in ms, `body` is JSON."""

    id: int
    event: str
    insert_id: str
    device_id: str
    reason: str
    put_at: int
    body: str


class QuarantineTable(ABC):
    """What a store does with its quarantine. All raise OutboxError."""

    @abstractmethod
    def _reading(self) -> AbstractContextManager[Run]: ...

    @abstractmethod
    def _writing(self) -> AbstractContextManager[Run]: ...

    @abstractmethod
    def _now(self, run: Run) -> int: ...

    def quarantine(self, event: WireEvent, reason: str, most: int = MOST) -> bool:
        """Keep an event that is not sent; tell whether there was room."""
        body = json.dumps(event, separators=(",", ":"))
        device_id = event.get("device_id", "")
        with self._writing() as run:
            now = self._now(run)
            if not _has_room(run, most):
                run("DELETE FROM trackside_quarantine WHERE put_at < ?", (now - KEPT,))
                count = run("SELECT count(*) FROM trackside_quarantine")[0][0]
                if count >= most:
                    return False
            fact = (event["event_type"], event["insert_id"], device_id)
            run(_PUT, (*fact, body, reason, now))
        return True

    def quarantined(self) -> list[Quarantined]:
        """List what is in quarantine, the oldest first."""
        with self._reading() as run:
            rows = run(
                "SELECT id, event, insert_id, device_id, reason, put_at, body"
                " FROM trackside_quarantine ORDER BY id"
            )
        return [Quarantined(*row) for row in rows]

    def release_quarantined(self, ids: Collection[int]) -> int:
        """Put events into the outbox, as a client's copies; give how many.

        A fact that is there already, of whatever device, is not sent again. The age of
        what is put there is that of its upload: the destination knows an insert_id for
        a time only, and the fact may have been sent and forgotten since.
        """
        released = 0
        with self._writing() as run:
            rows = run(
                "SELECT put_at, 1, event, insert_id, device_id, NULL, body"
                f" FROM trackside_quarantine WHERE id IN ({listed(ids)}) ORDER BY id"
            )
            for entry in rows:
                if not known(run, entry[2], entry[3], None):
                    run(INSERT, entry)
                    released += 1
            run(f"DELETE FROM trackside_quarantine WHERE id IN ({listed(ids)})")
        return released

    def discard_quarantined(self, ids: Collection[int]) -> int:
        """Forget events; give how many."""
        with self._writing() as run:
            which = f"FROM trackside_quarantine WHERE id IN ({listed(ids)})"
            count = run(f"SELECT count(*) {which}")[0][0]
            run(f"DELETE {which}")
        return int(count)


def _has_room(run: Run, most: int) -> bool:
    """Judge by the span of the ids, which needs no counting; it is never too small."""
    low, high = run("SELECT min(id), max(id) FROM trackside_quarantine")[0]
    return low is None or high - low + 1 < most
