"""What an outbox is made of: the rows that its parts hand to each other, and what they
raise.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from time import time_ns
from typing import Any, Final, NamedTuple, TypeAlias

from .events import TrackingError, Violation

Row: TypeAlias = tuple[Any, ...]
Run: TypeAlias = Callable[..., list[Row]]
"""Runs one statement with its parameters and gives the rows of its answer."""
Entry: TypeAlias = tuple[int, int, str, str, str, "str | None", str]
"""One row of the inbox: when it was stored, in ms; 1 for a client's copy and 0 for the
authority's; event, insert_id and device_id; what it needs and its body, both JSON.
"""

Bound: TypeAlias = Callable[[Callable[[Run], None]], None]
"""Does something in a caller's transaction. Raises what its database does, OutboxError
and TransactionLostError.
"""


class OutboxError(Exception):
    """An event that could not be stored, or a store that cannot be used; `reason` is
    the word that it is counted under.
    """

    def __init__(self, reason: str, text: str = "") -> None:
        super().__init__(text or reason)
        self.reason = reason


class Claimed(NamedTuple):
    """A row that a worker has for the time of its lease."""

    id: int
    body: str
    needs: str | None
    stored_at: int
    attempts: int


class Dead(NamedTuple):
    """A row of the dead-letter table; times are in ms."""

    id: int
    event: str
    insert_id: str
    device_id: str
    reason: str
    stored_at: int
    died_at: int
    body: str


class Promise(NamedTuple):
    """A fact that was promised to come until `due_at`, in ms."""

    event: str
    insert_id: str
    due_at: int


class Status(NamedTuple):
    """What an outbox holds: rows that wait to be sent, those of them that wait for a
    look-up, rows that are sent and kept, dead letters, promises not kept in time. None
    of them is counted beyond `MOST_COUNTED`.
    """

    waiting: int
    held: int
    sent: int
    dead: int
    overdue: int


class TransactionLostError(TrackingError):
    """The database has rolled back the transaction of the caller that an event was to
    be part of. It is raised in production as well: nothing of that transaction may be
    committed, and what comes after would be a transaction of its own.
    """

    def __init__(self, said: str) -> None:
        text = f"the database has rolled your transaction back: {said}"
        super().__init__("outbox", (Violation("", "", text, "refused"),))


# Selections: a row that finds no room in SQLite then takes back itself alone. For the
# `VALUES` of one row it keeps nothing to go back to, and rolls a transaction back.
INSERT: Final = (
    "INSERT INTO trackside_inbox"
    " (stored_at, copy, event, insert_id, device_id, needs, body)"
    " SELECT ?, ?, ?, ?, ?, ?, ?"
)
PROMISE: Final = (
    "INSERT INTO trackside_promise (event, insert_id, due_at, state)"
    " SELECT ?, ?, ?, 0 WHERE 1 = 1 ON CONFLICT (event, insert_id) DO NOTHING"
)


def now_ms() -> int:
    """Give this machine's clock in ms."""
    return time_ns() // 1_000_000


def listed(ids: Iterable[int]) -> str:
    """Write ids as SQL lists them; no id where there is none."""
    return ",".join([str(int(number)) for number in ids]) or "NULL"
