"""An outbox in PostgreSQL, in the application's own database, so that an event can be
part of the transaction that makes it true.

Over psycopg 3, which is imported when it is first used.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Generator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from functools import lru_cache
from importlib import import_module
from importlib.util import find_spec
from inspect import iscoroutinefunction
from threading import RLock
from typing import Any, Final

from .outbox_rows import (
    INSERT,
    PROMISE,
    Bound,
    Entry,
    OutboxError,
    Promise,
    Run,
)
from .outbox_schema import MIGRATIONS
from .outbox_store import Store, connection_of
from .process import after_fork

_LOCK: Final = 0x747261636B73
"""The advisory lock under which the tables are made."""
_TURNS: Final = _LOCK + 1
"""The advisory lock of those who bring rows to the outbox."""
_DRIVERS: Final = ("psycopg", "psycopg2")


class PostgreSQL(Store):
    """The tables `trackside_...` in the first schema of the search path, made at the
    first use.

    `conninfo` is what `psycopg.connect` takes; an empty one means the variables that
    libpq reads, such as PGHOST. An event outside of `using` waits for one statement,
    for at most `timeout` seconds; one inside for the way to the server and back.
    """

    _key = "bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY"
    _lasting_key = _key
    _locked = _claimed = " FOR UPDATE SKIP LOCKED"

    def __init__(self, conninfo: str = "", *, timeout: float = 5.0) -> None:
        if find_spec("psycopg") is None:
            raise ModuleNotFoundError(
                "an outbox in PostgreSQL needs psycopg 3: pip install 'psycopg[binary]'"
            )
        self._conninfo = conninfo
        self._timeout = timeout
        self._lock = RLock()
        self._connection: Any = None
        self._process = 0
        # A connection of the parent's must be neither used nor ended in a child.
        self._parents: list[Any] = []
        after_fork(self._begin_anew)

    def __repr__(self) -> str:
        # A connection string may hold a password.
        return "PostgreSQL(...)"

    def prepare(self) -> None:
        """Make the tables, or bring them to this version; done at the first use."""
        with self._reading():
            pass

    def put(self, entries: Sequence[Entry], bound: Bound | None = None) -> None:
        """Append to the inbox, in the transaction that `bind` was given or in one of
        its own. Raises OutboxError.
        """

        def insert(run: Run) -> None:
            for entry in entries:
                run(INSERT, entry)

        self._write(insert, bound)

    def promise(self, promise: Promise, bound: Bound | None = None) -> None:
        """Note that a fact will come. Raises OutboxError."""

        def insert(run: Run) -> None:
            run(PROMISE, promise)

        self._write(insert, bound)

    def _bind(self, connection: object) -> Bound:
        """Take a connection of psycopg 3, or a connection or session of SQLAlchemy over
        psycopg, to the database of this outbox.
        """
        given: Any = connection_of(connection)
        execute: Any = getattr(given, "exec_driver_sql", None)
        guarded: Bound
        if execute is not None and not iscoroutinefunction(execute):
            dialect = given.dialect
            if dialect.name != "postgresql" or dialect.driver not in _DRIVERS:
                raise TypeError(
                    f"the outbox is in PostgreSQL, over {' or '.join(_DRIVERS)}; the"
                    f" connection is to {dialect.name}, over {dialect.driver}"
                )
            guarded = _guarded_by_sqlalchemy(given)
        elif isinstance(given, import_module("psycopg").Connection):
            guarded = _guarded_by_psycopg(given)
        else:
            raise TypeError(
                "expected a connection of psycopg, or of SQLAlchemy over psycopg, not"
                f" {type(connection).__name__}; where it is asynchronous, use the"
                " session's run_sync"
            )
        self._prepare_beside()
        return guarded

    def close(self) -> None:
        """Let go of the connection; it is opened again when it is needed."""
        with self._lock:
            if self._process != os.getpid():
                return
            connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(Exception):
                connection.close()

    def checkpoint(self) -> None:
        """Do nothing: the server does its own upkeep."""

    # --- parts ---

    def _now(self, run: Run) -> int:
        # One clock for all workers, whatever their machines say.
        asked = "SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint"
        return int(run(asked)[0][0])

    def _take_turns(self, run: Run, *, alone: bool) -> None:
        shared = "" if alone else "_shared"
        run(f"SELECT pg_advisory_xact_lock{shared}({_TURNS})")

    def _write(
        self,
        act: Callable[[Run], None],
        bound: Bound | None,
    ) -> None:
        if bound is not None:
            try:
                bound(act)
            except Exception as error:
                raise self._told(error) from error
            return
        with self._lock:  # else the connection that is looked at is another thread's
            former = self._connection
            try:
                with self._transaction() as run:
                    act(run)
            except OutboxError:
                if former is None or self._connection is not None:
                    raise
                # The server had gone, and may be back. Had it stored the event before
                # it went, the two rows would be one fact.
                with self._transaction() as run:
                    act(run)

    @contextmanager
    def _reading(self) -> Generator[Run]:
        with self._transaction() as run:
            yield run

    @contextmanager
    def _writing(self) -> Generator[Run]:
        with self._transaction() as run:
            yield run

    @contextmanager
    def _transaction(self) -> Generator[Run]:
        with self._lock:
            try:
                connection = self._opened()
                with connection.transaction():
                    yield _runner(connection.execute)
            except OutboxError:
                raise
            except Exception as error:
                connection = self._connection
                if connection is not None and connection.closed:
                    self._connection = None
                raise self._told(error) from error

    @staticmethod
    def _told(error: Exception) -> OutboxError:
        """Find the word for what PostgreSQL says."""
        if isinstance(error, OutboxError):
            return error
        original: Any = getattr(error, "orig", None) or error  # SQLAlchemy wraps it
        state = str(
            getattr(original, "sqlstate", None)
            or getattr(original, "pgcode", None)
            or ""
        )
        if state.startswith("53"):
            reason = "outbox_full"
        elif state in ("57014", "55P03", "40P01", "40001"):
            reason = "outbox_busy"
        else:
            reason = f"outbox_failed:{type(original).__name__}"
        return OutboxError(reason, f"{reason}: {error}")

    def _begin_anew(self) -> None:
        self._lock = RLock()

    def _opened(self) -> Any:
        """Connect, and see to the tables, unless that is done; a connection that the
        server has ended meanwhile is replaced.
        """
        connection, process = self._connection, os.getpid()
        if connection is not None and self._process != process:
            self._parents.append(connection)
            connection = self._connection = None
        if connection is not None and not connection.closed:
            return connection
        psycopg: Any = import_module("psycopg")
        milliseconds = int(self._timeout * 1000)
        # The server's clock does not see a network that has gone: TCP's does.
        settings = {
            "connect_timeout": max(2, int(self._timeout)),
            "tcp_user_timeout": 2 * milliseconds,
            "application_name": "trackside",
        }
        try:
            given = psycopg.conninfo.conninfo_to_dict(self._conninfo)
        except psycopg.Error as error:
            # What libpq says of it quotes it, and it may hold a password.
            reason = f"outbox_failed:{type(error).__name__}"
            text = f"{reason}: libpq cannot read the connection string"
            raise OutboxError(reason, text) from None
        connection = psycopg.connect(**{**settings, **given}, autocommit=True)
        try:
            connection.execute(f"SET statement_timeout = {milliseconds}")
            with connection.transaction():
                run = _runner(connection.execute)
                if not self._is_made(run):
                    run(f"SELECT pg_advisory_xact_lock({_LOCK})")
                    self._migrate(run)
        except BaseException:
            connection.close()
            raise
        self._connection, self._process = connection, process
        return connection

    def _is_made(self, run: Run) -> bool:
        found = run("SELECT to_regclass('trackside_schema') IS NOT NULL")[0][0]
        return bool(found) and self._version(run) == len(MIGRATIONS)


def _runner(execute: Callable[..., Any]) -> Run:
    def run(sql: str, parameters: Sequence[Any] = ()) -> list[Any]:
        answer = execute(_percent(sql), tuple(parameters) or None)
        returns = getattr(answer, "returns_rows", None)
        if returns is None:
            returns = answer.description is not None
        return list(answer.fetchall()) if returns else []

    return run


# A statement that fails would take the caller's transaction with it: hence savepoints.


def _guarded_by_sqlalchemy(given: Any) -> Bound:
    run = _runner(given.exec_driver_sql)

    def guarded(act: Callable[[Run], None]) -> None:
        with given.begin_nested():
            act(run)

    return guarded


def _guarded_by_psycopg(given: Any) -> Bound:
    psycopg: Any = import_module("psycopg")
    idle = psycopg.pq.TransactionStatus.IDLE
    together: Callable[[], AbstractContextManager[Any]] = (
        given.pipeline if psycopg.Pipeline.is_supported() else nullcontext
    )

    def execute(sql: str, parameters: Sequence[Any] | None = None) -> Any:
        # Not `given.execute`: its cursors may want other places for parameters, and
        # give other rows.
        cursor = psycopg.Cursor(given, row_factory=psycopg.rows.tuple_row)
        return cursor.execute(sql, parameters)

    run = _runner(execute)

    def guarded(act: Callable[[Run], None]) -> None:
        if given.autocommit and given.info.transaction_status == idle:
            act(run)  # the caller has no transaction
            return
        try:
            with together():  # one way to the server and back, not three
                given.execute("SAVEPOINT trackside")
                act(run)
                given.execute("RELEASE SAVEPOINT trackside")
        except BaseException:
            with suppress(Exception):
                given.execute("ROLLBACK TO SAVEPOINT trackside")
                given.execute("RELEASE SAVEPOINT trackside")
            raise

    return guarded


@lru_cache(maxsize=256)
def _percent(sql: str) -> str:
    """Write the places of parameters as psycopg wants them."""
    return sql.replace("?", "%s")
