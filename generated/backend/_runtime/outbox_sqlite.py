"""An outbox in a SQLite file, which any number of processes of one machine share.

An event is on its way when its call returns: in the write-ahead log, which survives the
process. With `synchronous="NORMAL"` the machine's own crash, a power cut say, may take
the last moments before it; `"FULL"` waits for the disk at each call.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager, suppress
from importlib import import_module
from pathlib import Path
from threading import RLock
from time import sleep
from typing import Any, Final, Literal
from weakref import WeakSet

from .outbox_rows import (
    INSERT,
    PROMISE,
    Bound,
    Entry,
    OutboxError,
    Promise,
    Run,
    TransactionLostError,
    now_ms,
)
from .outbox_schema import MIGRATIONS
from .outbox_store import Store, connection_of

CHECKPOINT: Final = 16_000
"""Pages of 4 kB in the log before a call carries them over; workers do it sooner. An
event writes two or three: its row, and its place in the index.
"""


class SQLite(Store):
    """The file at `path`, made when it is first used; it may be the application's own
    database, and has to be for `using`.

    `busy_timeout` is the seconds that a call waits for another process's transaction.
    `max_bytes` bounds the file; an event that finds no room is dropped and counted as
    `outbox_full`. A file on a network share does not work: SQLite's log needs shared
    memory.
    """

    _key = "INTEGER PRIMARY KEY"
    _lasting_key = "INTEGER PRIMARY KEY AUTOINCREMENT"
    _locked = _claimed = ""

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        synchronous: Literal["NORMAL", "FULL"] = "NORMAL",
        busy_timeout: float = 5.0,
        max_bytes: int | None = None,
    ) -> None:
        if os.fspath(path) == ":memory:" or not os.fspath(path):
            raise ValueError("an outbox in memory would not outlive the process")
        if synchronous not in ("NORMAL", "FULL"):
            raise ValueError(f"synchronous is NORMAL or FULL, not {synchronous!r}")
        self.path = str(Path(path).absolute())
        self._synchronous = synchronous
        self._busy_timeout = busy_timeout
        self._max_bytes = max_bytes
        # One for each process, since a fork may copy a lock that is held. It is taken
        # again by a signal handler that tracks while a call is under way.
        self._locks: dict[int, Any] = {}
        # All that follows is this process's, and is read when its lock is held.
        self._process = 0
        self._connection: Any = None
        self._inserting: Any = None
        # Whether a transaction of ours is under way; what signal handlers put into it.
        self._inside = False
        self._within: list[Entry] = []
        _watch_forks(self)

    def __repr__(self) -> str:
        return f"SQLite({self.path!r})"

    def prepare(self) -> None:
        """Make the tables, or bring them to this version; done at the first use."""
        with self._failing(), self._lock():
            self._opened()

    def put(self, entries: Sequence[Entry], bound: Bound | None = None) -> None:
        """Append to the inbox, in the transaction that `bind` was given or in one of
        its own. Raises OutboxError, and TransactionLostError.
        """
        if bound is not None:

            def insert(run: Run) -> None:
                for entry in entries:
                    run(INSERT, entry)

            with self._failing():
                bound(insert)
            return
        try:
            with self._lock():
                connection = self._opened()
                if connection.in_transaction:  # this is a signal handler's call
                    connection.executemany(INSERT, entries)
                    self._within += entries
                    return
                if len(entries) == 1:
                    self._inserting.execute(INSERT, entries[0])
                    return
                with self._transaction(connection):
                    connection.executemany(INSERT, entries)
        except Exception as error:
            raise self._told(error) from error

    def promise(self, promise: Promise, bound: Bound | None = None) -> None:
        """Note that a fact will come; raises as `put` does."""

        def note(run: Run) -> None:
            run(PROMISE, promise)

        if bound is not None:
            with self._failing():
                bound(note)
            return
        with self._writing() as run:
            note(run)

    def _bind(self, connection: object) -> Bound:
        """Take a connection of `sqlite3`, or a connection or session of SQLAlchemy over
        it, to the file of this outbox.
        """
        given: Any = connection_of(connection)
        sqlite3: Any = import_module("sqlite3")
        execute: Any = getattr(given, "exec_driver_sql", None)
        if execute is not None:
            if given.dialect.name != "sqlite":
                raise TypeError(
                    f"the outbox is a SQLite file, the connection {given.dialect.name}"
                )
        elif isinstance(given, sqlite3.Connection):
            # Not `given.execute`: rows are to be tuples, whatever its `row_factory`.
            execute = sqlite3.Cursor(given).execute
        else:
            raise TypeError(
                "expected a connection of sqlite3, or of SQLAlchemy over sqlite3, not"
                f" {type(connection).__name__}"
            )
        run = _runner(execute)
        file = _file_of(run)
        if not file or os.path.realpath(file) != os.path.realpath(self.path):
            raise ValueError(
                f"the connection is to {file or 'memory'}, and the outbox is in"
                f" {self.path}: what is written there would not be found"
            )
        guarded = _guarded(given, run)
        # A caller that has begun to write holds the only lock there is for writing:
        # then the tables, if they are missing, become part of its transaction. It does
        # not wait for ours either: another thread may have that, and wait for the
        # caller to commit.
        if self._connection is None or self._process != os.getpid():
            if _in_transaction(given):
                guarded(self._migrate_within)
            else:
                self._prepare_beside()
        return guarded

    def _migrate_within(self, run: Run) -> None:
        """Make the tables in a caller's transaction, all of them or none."""
        run("SAVEPOINT trackside")
        try:
            self._migrate(run)
        except BaseException:
            with suppress(Exception):
                run("ROLLBACK TO trackside")
                run("RELEASE trackside")
            raise
        run("RELEASE trackside")

    def close(self) -> None:
        """Let go of the connection; it is opened again when it is needed."""
        with self._lock():
            self._begin_anew()
            connection, self._connection = self._connection, None
            self._inserting = None
        if connection is not None:
            connection.close()

    def checkpoint(self) -> None:
        """Carry the log over to the file without waiting for anybody, so that no call
        has to.
        """
        with self._failing(), self._lock():
            self._opened().execute("PRAGMA wal_checkpoint(PASSIVE)")

    # --- parts ---

    def _lock(self) -> Any:
        process = os.getpid()
        return self._locks.get(process) or self._locks.setdefault(process, RLock())

    def _now(self, run: Run) -> int:
        return now_ms()

    def _take_turns(self, run: Run, *, alone: bool) -> None:
        pass  # a file has one writer at a time

    @contextmanager
    def _reading(self) -> Generator[Run]:
        with self._failing(), self._lock():
            yield _runner(self._opened().execute)

    @contextmanager
    def _writing(self) -> Generator[Run]:
        with self._failing(), self._lock():
            connection = self._opened()
            with self._transaction(connection):
                yield _runner(connection.execute)

    @contextmanager
    def _failing(self) -> Generator[None]:
        try:
            yield
        except (OutboxError, TransactionLostError):
            raise
        except Exception as error:
            raise self._told(error) from error

    @staticmethod
    def _told(error: Exception) -> OutboxError:
        """Find the word for what SQLite says."""
        if isinstance(error, OutboxError):
            return error
        original: Any = getattr(error, "orig", None) or error  # SQLAlchemy wraps it
        name = str(getattr(original, "sqlite_errorname", ""))
        if name.startswith("SQLITE_FULL"):
            reason = "outbox_full"
        elif name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
            reason = "outbox_busy"
        elif name.startswith("SQLITE_IOERR"):
            reason = "outbox_io"  # among others a disk or a quota that is full
        else:
            reason = f"outbox_failed:{type(original).__name__}"
        return OutboxError(reason, f"{reason}: {error}")

    @contextmanager
    def _transaction(self, connection: Any) -> Generator[None]:
        """Open a transaction of our own, in which no event of a signal handler's is
        lost. What else a handler does becomes part of the one that it interrupts.
        """
        if self._inside:
            yield
            return
        try:
            self._inside = True
            # A handler may raise when the lock is ours and the statement is over.
            connection.execute("BEGIN IMMEDIATE")
            yield
            connection.execute("COMMIT")
        except BaseException:
            with suppress(Exception):
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
            for entry in self._within:
                with suppress(Exception):
                    connection.execute(INSERT, entry)
            raise
        finally:
            self._inside, self._within = False, []

    def _opened(self) -> Any:
        """Open the file, with its tables, unless it is open."""
        self._begin_anew()
        connection = self._connection
        if connection is not None:
            if connection.in_transaction and not self._inside:
                # Left open by an exception at a place where none is expected, it would
                # keep events from everybody, and everybody from writing.
                connection.execute("ROLLBACK")
            return connection
        connection = import_module("sqlite3").connect(
            self.path,
            timeout=self._busy_timeout,
            isolation_level=None,
            check_same_thread=False,
        )
        try:
            _use_log(connection)
            connection.execute(f"PRAGMA synchronous = {self._synchronous}")
            connection.execute(f"PRAGMA wal_autocheckpoint = {CHECKPOINT}")
            # An event that is sent leaves nothing of it on the disk.
            connection.execute("PRAGMA secure_delete = FAST")
            if self._max_bytes is not None:
                size = connection.execute("PRAGMA page_size").fetchone()[0]
                pages = max(1, self._max_bytes // size)
                connection.execute(f"PRAGMA max_page_count = {pages}")
            run = _runner(connection.execute)
            made = run(
                "SELECT 1 FROM sqlite_master"
                " WHERE type = 'table' AND name = 'trackside_schema'"
            )
            if not made or self._version(run) < len(MIGRATIONS):
                with self._transaction(connection):
                    self._migrate(run)
        except BaseException:
            connection.close()
            raise
        self._inserting = connection.cursor()
        self._connection = connection
        return connection

    # --- forks ---

    def before_fork(self) -> None:
        """Close the file: its locks belong to a process, and SQLite in a child would
        take those of its parent for its own.
        """
        self._lock().acquire()
        with suppress(Exception):
            self.close()

    def after_fork_in_parent(self) -> None:
        """Go on."""
        self._lock().release()

    def after_fork_in_child(self) -> None:
        """Close what nobody has closed before the fork: a server that forks in C, as
        uWSGI does, calls Python after it only.

        At this moment, and while the parent has the file open, that takes nothing from
        the parent. Beside a connection that is left open, a new one would have no locks
        of its own: the parent, when it closes the file, would remove the log under it.
        """
        lock, connection = self._locks.get(self._process), self._connection
        # What another thread of the parent is using cannot be closed without harm.
        idle = lock is not None and lock.acquire(blocking=False)
        if idle and connection is not None and not connection.in_transaction:
            self._connection = self._inserting = None
            with suppress(Exception):
                connection.close()

    def _begin_anew(self) -> None:
        """Leave to the parent, in a child, what is its; and go on without."""
        process = os.getpid()
        if self._process == process:
            return
        if self._connection is not None:
            # Closing it now, or letting Python do so, could take the log from others.
            _parents.append((self._connection, self._inserting))
        self._connection = self._inserting = None
        self._inside, self._within = False, []
        self._process = process


def _use_log(connection: Any) -> None:
    """Switch the file to its write-ahead log, where it is not yet; it stays so.

    Somebody else's transaction may be in the way, and SQLite does not wait for it here:
    without the log all is as safe, and slower, until the file is opened next.
    """
    for _ in range(20):
        with suppress(import_module("sqlite3").OperationalError):
            connection.execute("PRAGMA journal_mode = WAL")
            return
        sleep(0.02)


def _runner(execute: Callable[..., Any]) -> Run:
    def run(sql: str, parameters: Sequence[Any] = ()) -> list[Any]:
        answer = execute(sql, tuple(parameters))
        # SQLAlchemy refuses to read an answer that has no rows.
        returns = getattr(answer, "returns_rows", True)
        return list(answer.fetchall()) if returns else []

    return run


def _guarded(given: Any, run: Run) -> Bound:
    def guarded(act: Callable[[Run], None]) -> None:
        begun = _in_transaction(given)
        try:
            act(run)
        except Exception as error:
            # A disk that is full, among others, makes SQLite give up the whole. Most
            # often a statement takes back itself alone: the caller goes on.
            if begun and not _in_transaction(given):
                raise TransactionLostError(str(error)) from error
            raise

    return guarded


def _in_transaction(given: Any) -> bool:
    """Tell whether a connection is inside a transaction of SQLite's own."""
    driver = getattr(getattr(given, "connection", None), "driver_connection", given)
    return getattr(driver, "in_transaction", False) is True


def _file_of(run: Run) -> str:
    """Give the file of a connection, empty for none; its texts may be bytes."""
    for row in run("PRAGMA database_list"):
        if os.fsdecode(row[1]) == "main":
            return os.fsdecode(row[2] or "")
    return ""


# --- forks ---

_stores: Final[WeakSet[SQLite]] = WeakSet()
_held: Final[list[SQLite]] = []
_parents: Final[list[Any]] = []
_watching: Final[list[bool]] = []


def _watch_forks(store: SQLite) -> None:
    if not _watching:
        _watching.append(True)
        register: Any = getattr(os, "register_at_fork", None)
        if register is not None:  # Windows has no fork
            register(
                before=_before_fork,
                after_in_parent=_after_fork_in_parent,
                after_in_child=_after_fork_in_child,
            )
    _stores.add(store)


def _before_fork() -> None:
    for store in list(_stores):
        store.before_fork()
        _held.append(store)


def _after_fork_in_parent() -> None:
    stores, _held[:] = list(_held), []
    for store in stores:
        store.after_fork_in_parent()


def _after_fork_in_child() -> None:
    _held.clear()
    for store in list(_stores):
        store.after_fork_in_child()
