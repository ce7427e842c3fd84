"""The tables of an outbox and what is done with them, in the SQL that SQLite and
PostgreSQL share.

A call only appends a row to the inbox: nothing there is unique, so it waits for no row
of another transaction. Workers move rows from there to the outbox, where one fact has
one row, and send from that.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Collection, Iterable, Sequence
from contextlib import AbstractContextManager
from inspect import iscoroutinefunction
from typing import Any, Final

from .outbox_facts import known, merge
from .outbox_quarantine import QuarantineTable
from .outbox_rows import (
    Bound,
    Claimed,
    Dead,
    Entry,
    OutboxError,
    Promise,
    Row,
    Run,
    Status,
    TransactionLostError,
    listed,
)
from .outbox_schema import MIGRATIONS

LONGEST_WAIT: Final = 3_600_000
"""Milliseconds ahead that a row is due at most; more says that a clock went back."""
MOST_COUNTED: Final = 100_000
"""Rows of a kind that `status` counts; so many stands for that many or more."""
CHUNK: Final = 500
"""Rows of one transaction, so that a writer beside it waits for milliseconds only."""

# What is sent is forgotten one day, that its promise was kept is not.
_KEPT: Final = (
    "UPDATE trackside_promise SET state = 2 WHERE state < 2 AND (event, insert_id) IN"
    " (SELECT event, insert_id FROM trackside_outbox WHERE id IN ({ids}) AND copy = 0)"
)

_CAME: Final = (
    "(EXISTS (SELECT 1 FROM trackside_outbox AS o WHERE o.event = p.event"
    " AND o.insert_id = p.insert_id AND o.copy = 0)"
    " OR EXISTS (SELECT 1 FROM trackside_inbox AS i WHERE i.insert_id = p.insert_id"
    " AND i.event = p.event AND i.copy = 0)"
    " OR EXISTS (SELECT 1 FROM trackside_dead AS d WHERE d.event = p.event"
    " AND d.insert_id = p.insert_id AND d.copy = 0))"
)

_BURY: Final = (
    "INSERT INTO trackside_dead (event, insert_id, device_id, body, needs, stored_at,"
    " copy, reason, died_at) SELECT event, insert_id, device_id, body, needs,"
    " stored_at, copy, CAST(? AS text), CAST(? AS bigint) FROM trackside_outbox"
    " WHERE id = ? AND worker = ? AND sent_at IS NULL"
    " ON CONFLICT (event, insert_id, device_id) DO UPDATE SET body = excluded.body,"
    " needs = excluded.needs, stored_at = excluded.stored_at, copy = excluded.copy,"
    " reason = excluded.reason, died_at = excluded.died_at"
)


class Store(QuarantineTable):
    """Where an outbox is kept. The methods of workers may be called from any process
    that can reach it, by several at once. All raise OutboxError.
    """

    # What the dialects say differently.
    _key: str
    _lasting_key: str
    _locked: str
    _claimed: str

    # --- what an application does ---

    @abstractmethod
    def prepare(self) -> None:
        """Make the tables, or bring them to this version; done at the first use."""

    @abstractmethod
    def put(self, entries: Sequence[Entry], bound: Bound | None = None) -> None:
        """Append to the inbox, in the transaction that `bind` was given or in one of
        its own. Raises OutboxError, and TransactionLostError.
        """

    @abstractmethod
    def promise(self, promise: Promise, bound: Bound | None = None) -> None:
        """Note that a fact will come; raises as `put` does."""

    def bind(self, connection: object) -> Bound:
        """Take a caller's connection for `put` and `promise`; what is wrong with the
        outbox there is theirs to say, since a transaction must not fail for it. Raises
        TypeError and ValueError for a connection that cannot be it, and
        TransactionLostError.
        """
        try:
            return self._bind(connection)
        except (TypeError, ValueError, TransactionLostError):
            raise
        except Exception as error:
            told = self._told(error)

        def refuse(_: object) -> None:
            raise OutboxError(told.reason, str(told))

        return refuse

    @abstractmethod
    def _bind(self, connection: object) -> Bound: ...

    @staticmethod
    @abstractmethod
    def _told(error: Exception) -> OutboxError:
        """Find the word for what the database says."""

    @abstractmethod
    def close(self) -> None:
        """Let go of the connection; it is opened again when it is needed."""

    @abstractmethod
    def _reading(self) -> AbstractContextManager[Run]: ...

    @abstractmethod
    def _writing(self) -> AbstractContextManager[Run]: ...

    @abstractmethod
    def _now(self, run: Run) -> int: ...

    @abstractmethod
    def checkpoint(self) -> None:
        """Do what upkeep the database wants from time to time."""

    def knows(self, event: str, insert_id: str, device_id: str | None) -> bool:
        """Tell whether a fact is here: stored, sent and still kept, or dead. Without a
        device, any device's.
        """
        with self._reading() as run:
            return known(run, event, insert_id, device_id)

    def promised(self, event: str, insert_id: str) -> bool:
        """Tell whether a fact was promised, and is not sent and forgotten since."""
        with self._reading() as run:
            return bool(
                run(
                    "SELECT 1 FROM trackside_promise WHERE event = ? AND insert_id = ?",
                    (event, insert_id),
                )
            )

    def overdue(self) -> list[Promise]:
        """List the promises that were not kept in time and are not kept yet."""
        with self._reading() as run:
            return [Promise(*row) for row in self._overdue(run, "")]

    # --- what workers do ---

    def absorb(self) -> int:
        """Move the oldest rows of the inbox to the outbox; give how many there were."""
        with self._reading() as run:  # an idle worker is in nobody's way
            if not run("SELECT 1 FROM trackside_inbox LIMIT 1"):
                return 0
        with self._writing() as run:
            rows = run(
                "SELECT id, event, insert_id, device_id, body, needs, stored_at, copy"
                f" FROM trackside_inbox ORDER BY id LIMIT {CHUNK}{self._locked}"
            )
            self._merge(run, [row[1:] for row in rows])
            if rows:
                ids = listed(row[0] for row in rows)
                run(f"DELETE FROM trackside_inbox WHERE id IN ({ids})")
        return len(rows)

    def claim(
        self,
        worker: str,
        limit: int,
        lease: int,
        *,
        with_needs: bool = True,
        again_first: bool = False,
    ) -> list[Claimed]:
        """Lease rows that are due, for `lease` ms; the oldest first, or those that were
        tried before.
        """
        needs = "" if with_needs else " AND needs IS NULL"
        query = (
            "SELECT id, body, needs, stored_at, attempts FROM trackside_outbox"
            f" WHERE sent_at IS NULL AND due_at BETWEEN ? AND ?{needs}"
            f" ORDER BY due_at, id LIMIT {int(limit)}{self._claimed}"
        )
        with self._reading() as run:
            if not run(
                "SELECT 1 FROM trackside_outbox"
                " WHERE sent_at IS NULL AND due_at <= ? LIMIT 1",
                (self._now(run),),
            ):
                return []
        with self._writing() as run:
            now = self._now(run)
            rows = run(query, (1, now)) if again_first else []
            rows = rows or run(query, (0, now))
            if rows:
                ids = listed(row[0] for row in rows)
                run(
                    "UPDATE trackside_outbox SET due_at = ?, worker = ?"
                    f" WHERE id IN ({ids})",
                    (now + min(lease, LONGEST_WAIT), worker),
                )
        return [Claimed(*row) for row in rows]

    def settle(
        self,
        worker: str,
        sent: Collection[int] = (),
        dead: Iterable[tuple[int, str]] = (),
        again: Collection[int] = (),
        wait: int = 0,
    ) -> None:
        """Write what became of claimed rows: sent, dead for a reason, or to be tried
        again after `wait` ms. A row that another worker has by now is left to it,
        unless it is sent.
        """
        with self._writing() as run:
            now = self._now(run)
            if sent:
                run(
                    "UPDATE trackside_outbox SET sent_at = ?, body = '', needs = NULL,"
                    f" worker = NULL WHERE id IN ({listed(sent)})"
                    " AND sent_at IS NULL",
                    (now,),
                )
            for number, reason in dead:
                run(_BURY, (reason, now, number, worker))
                run(
                    "DELETE FROM trackside_outbox WHERE id = ? AND worker = ?"
                    " AND sent_at IS NULL",
                    (number, worker),
                )
            if again:
                run(
                    "UPDATE trackside_outbox SET due_at = ?, attempts = attempts + 1,"
                    f" worker = NULL WHERE id IN ({listed(again)})"
                    " AND worker = ? AND sent_at IS NULL",
                    (now + max(1, min(wait, LONGEST_WAIT)), worker),
                )

    def release(self, worker: str) -> None:
        """Give back all that a worker has, at its end."""
        with self._writing() as run:
            run(
                "UPDATE trackside_outbox SET due_at = 0, worker = NULL"
                " WHERE worker = ? AND sent_at IS NULL",
                (worker,),
            )

    def sweep(self, keep: int) -> list[Promise]:
        """Forget what was sent, or was promised for, more than `keep` ms ago. Give the
        promises that have become overdue since the last sweep.
        """
        while True:
            with self._writing() as run:
                now = self._now(run)
                rows = run(
                    "SELECT id FROM trackside_outbox WHERE sent_at < ?"
                    f" LIMIT {CHUNK}{self._claimed}",
                    (now - keep,),
                )
                if rows:
                    ids = listed(row[0] for row in rows)
                    run(_KEPT.format(ids=ids))
                    run(f"DELETE FROM trackside_outbox WHERE id IN ({ids})")
            if len(rows) < CHUNK:
                break
        with self._writing() as run:
            # A clock that went back would hold rows for as long as it went.
            run(
                "UPDATE trackside_outbox SET due_at = 1"
                " WHERE sent_at IS NULL AND due_at > ?",
                (now + LONGEST_WAIT,),
            )
            run("DELETE FROM trackside_promise WHERE due_at < ?", (now - keep,))
            run(
                "UPDATE trackside_promise AS p SET state = 2"
                f" WHERE p.due_at < ? AND p.state < 2 AND {_CAME}",
                (now,),
            )
            found = [Promise(*row) for row in self._overdue(run, " AND p.state = 0")]
            for promise in found:
                run(
                    "UPDATE trackside_promise SET state = 1"
                    " WHERE event = ? AND insert_id = ?",
                    promise[:2],
                )
        return found

    def status(self) -> Status:
        """Count what is here, so far as that goes quickly."""
        with self._reading() as run:
            there = _counted(run, "trackside_inbox", "needs")
            here = _counted(
                run,
                "trackside_outbox WHERE sent_at IS NULL ORDER BY due_at, id",
                "needs",
            )
            sent = _counted(run, "trackside_outbox WHERE sent_at IS NOT NULL")
            dead = _counted(run, "trackside_dead")
            overdue = len(self._overdue(run, "", f" LIMIT {MOST_COUNTED}"))
        return Status(
            min(there[0] + here[0], MOST_COUNTED),
            min(there[1] + here[1], MOST_COUNTED),
            sent[0],
            dead[0],
            overdue,
        )

    def dead(self) -> list[Dead]:
        """List the dead letters, the oldest first."""
        with self._reading() as run:
            return [
                Dead(*row)
                for row in run(
                    "SELECT id, event, insert_id, device_id, reason, stored_at,"
                    " died_at, body FROM trackside_dead ORDER BY id"
                )
            ]

    def replay(self, ids: Collection[int] | None = None) -> int:
        """Put dead letters back, all or some; give how many."""
        which = "" if ids is None else f" WHERE id IN ({listed(ids)})"
        if ids is not None and not ids:
            return 0
        with self._writing() as run:
            rows = run(
                "SELECT event, insert_id, device_id, body, needs, stored_at, copy, id"
                f" FROM trackside_dead{which} ORDER BY id{self._locked}"
            )
            self._merge(run, [row[:7] for row in rows])
            if rows:
                found = listed(row[7] for row in rows)
                run(f"DELETE FROM trackside_dead WHERE id IN ({found})")
        return len(rows)

    # --- parts ---

    def _overdue(self, run: Run, which: str, limit: str = "") -> list[Row]:
        return run(
            "SELECT p.event, p.insert_id, p.due_at FROM trackside_promise AS p"
            f" WHERE p.due_at < ? AND p.state < 2{which} AND NOT {_CAME}"
            f" ORDER BY p.due_at{limit}",
            (self._now(run),),
        )

    def _prepare_beside(self) -> None:
        """See to the tables by a connection of our own: nothing of it becomes part of a
        caller's transaction. Raises OutboxError for those of a newer version; what else
        fails, the caller's connection meets itself.
        """
        try:
            self.prepare()
        except OutboxError as error:
            if error.reason == "outbox_newer":
                raise

    def _merge(self, run: Run, rows: Sequence[Row]) -> None:
        self._take_turns(run, alone=any(row[6] for row in rows))
        merge(run, rows)

    @abstractmethod
    def _take_turns(self, run: Run, *, alone: bool) -> None:
        """Wait, with clients' copies, until nobody else brings rows to the outbox: two
        that do not see each other's would keep a copy beside its authority.
        """

    def _migrate(self, run: Run) -> None:
        """Apply what is missing, inside a transaction that no other worker shares."""
        run("CREATE TABLE IF NOT EXISTS trackside_schema (version bigint NOT NULL)")
        version = self._version(run)
        for number, statements in enumerate(MIGRATIONS[version:], version + 1):
            for statement in statements:
                run(
                    statement.replace("{key}", self._key).replace(
                        "{lasting_key}", self._lasting_key
                    )
                )
            run("INSERT INTO trackside_schema (version) VALUES (?)", (number,))

    def _version(self, run: Run) -> int:
        found = run("SELECT max(version) FROM trackside_schema")[0][0] or 0
        if found > len(MIGRATIONS):
            raise OutboxError(
                "outbox_newer",
                f"the outbox has version {found} of its tables, and this code knows"
                f" {len(MIGRATIONS)}: build the package anew with the newer trackside",
            )
        return int(found)


def _counted(run: Run, rows: str, column: str = "id") -> Row:
    """Count rows, and those of them whose column is not null."""
    query = f"SELECT {column} AS one FROM {rows} LIMIT {MOST_COUNTED}"
    return run(f"SELECT count(*), count(one) FROM ({query}) AS counted")[0]


def connection_of(given: Any) -> Any:
    """Give the connection of a session of SQLAlchemy; anything else as it is."""
    if hasattr(given, "exec_driver_sql"):
        return given
    ask: Any = getattr(given, "connection", None)
    return ask() if callable(ask) and not iscoroutinefunction(ask) else given
