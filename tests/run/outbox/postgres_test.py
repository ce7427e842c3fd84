"""The outbox in PostgreSQL: the caller's own transaction, a server that goes away, forks."""

from __future__ import annotations

import asyncio
import os
import threading
import time
from contextlib import contextmanager
from importlib import import_module
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
import sqlalchemy
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine
from sqlalchemy.orm import Session

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.run.outbox.outbox import Outbox
    from tests.run.server import Server


def engine_of(outbox: Outbox) -> sqlalchemy.Engine:
    """Make an engine of SQLAlchemy over psycopg."""
    return sqlalchemy.create_engine(outbox.place.replace("postgresql:", "postgresql+psycopg:"))


def test_an_event_is_part_of_the_callers_transaction(postgresql: Outbox) -> None:
    with psycopg.connect(postgresql.place) as connection:
        with postgresql.sink.using(connection):
            assert postgresql.emit(1)[0].accepted
        connection.rollback()
        with postgresql.sink.using(connection):
            assert postgresql.emit(2)[0].accepted
        assert postgresql.store.status().waiting == 0, "it is not there before the commit"
        connection.commit()
    assert postgresql.store.status().waiting == 1
    postgresql.deliver()
    assert postgresql.arrived() == [2]


def test_a_connection_that_commits_by_itself_and_its_transactions(postgresql: Outbox) -> None:
    with psycopg.connect(postgresql.place, autocommit=True) as connection:
        with postgresql.sink.using(connection):
            postgresql.emit(1)
        assert postgresql.store.status().waiting == 1
        with connection.transaction(force_rollback=True), postgresql.sink.using(connection):
            postgresql.emit(2)
        with connection.transaction(), postgresql.sink.using(connection):
            postgresql.emit(3)
    postgresql.deliver()
    assert sorted(postgresql.arrived()) == [1, 3]


def test_it_takes_connections_and_sessions_of_sqlalchemy(postgresql: Outbox) -> None:
    engine = engine_of(postgresql)
    with engine.connect() as connection:
        with postgresql.sink.using(connection):
            postgresql.emit(1)
        connection.rollback()
    with engine.begin() as connection, postgresql.sink.using(connection):
        postgresql.emit(2)
        assert postgresql.kept.track.promise_order_paid(order_id="O", context=postgresql.context, within=-1.0).accepted
    with Session(engine) as session:
        with postgresql.sink.using(session):
            postgresql.emit(3)
        session.rollback()
        with postgresql.sink.using(session):
            postgresql.emit(4)
        session.commit()
    engine.dispose()
    postgresql.deliver()
    assert sorted(postgresql.arrived()) == [2, 4]
    assert len(postgresql.sink.overdue()) == 1


def test_an_asynchronous_session_runs_the_block_in_its_own(postgresql: Outbox) -> None:
    def record(session: Session, number: int) -> None:
        with postgresql.sink.using(session):
            assert postgresql.emit(number)[0].accepted

    async def request() -> None:
        engine = create_async_engine(postgresql.place.replace("postgresql:", "postgresql+psycopg:"))
        async with AsyncSession(engine) as session:
            await session.run_sync(record, 1)
            await session.rollback()
            await session.run_sync(record, 2)
            await session.commit()
        await engine.dispose()

    asyncio.run(request())
    postgresql.deliver()
    assert postgresql.arrived() == [2]


def test_a_failure_of_ours_leaves_the_callers_transaction_whole(postgresql: Outbox) -> None:
    postgresql.emit(0)
    engine = engine_of(postgresql)
    with psycopg.connect(postgresql.place) as connection, engine.connect() as other:
        connection.execute("CREATE TABLE orders (id integer)")
        connection.commit()
        with postgresql.sink.using(connection), psycopg.connect(postgresql.place, autocommit=True) as breaking:
            connection.execute("INSERT INTO orders VALUES (1)")
            breaking.execute("ALTER TABLE trackside_inbox RENAME TO elsewhere")
            (receipt,) = postgresql.emit(1)
            assert receipt.dropped == "outbox_failed:UndefinedTable"
        connection.execute("INSERT INTO orders VALUES (2)")
        connection.commit()
        other.execute(sqlalchemy.text("INSERT INTO orders VALUES (3)"))
        with postgresql.sink.using(other):
            (receipt,) = postgresql.emit(1)
            assert receipt.dropped == "outbox_failed:UndefinedTable"
        other.commit()
        assert connection.execute("SELECT count(*) FROM orders").fetchone() == (3,)
    engine.dispose()
    assert postgresql.kept.stats().dropped["outbox_failed:UndefinedTable"] >= 2


def test_two_transactions_with_one_fact_do_not_wait_for_each_other(postgresql: Outbox) -> None:
    with psycopg.connect(postgresql.place) as first, psycopg.connect(postgresql.place) as second:
        second.execute("SET lock_timeout = 500")
        second.commit()
        with postgresql.sink.using(first):
            assert postgresql.emit(1)[0].accepted
        with postgresql.sink.using(second):
            assert postgresql.emit(1)[0].accepted
        assert postgresql.deliver().sent == 0
        second.commit()
        assert postgresql.deliver().sent == 1
        first.commit()
    assert postgresql.deliver().sent == 0
    assert postgresql.arrived() == [1] and postgresql.destination.duplicates() == []


def test_a_connection_that_cannot_be_it_is_refused_at_once(postgresql: Outbox) -> None:
    asynchronous = create_async_engine(postgresql.place.replace("postgresql:", "postgresql+psycopg:"))
    sqlite = sqlalchemy.create_engine("sqlite://")
    with sqlite.connect() as connection:
        for given, reason in (
            (connection, "connection is to sqlite"),
            (asynchronous.connect(), "run_sync"),
            (AsyncSession(asynchronous), "run_sync"),
            (object(), "not object"),
        ):
            with pytest.raises(TypeError, match=reason), postgresql.sink.using(given):
                pass
    sqlite.dispose()


def test_a_server_that_comes_back_loses_nothing(postgresql: Outbox, server: Server) -> None:
    postgresql.emit(1)
    server.restart()
    assert postgresql.emit(2)[0].accepted, "the connection is made anew, and the statement is run again"
    worker = postgresql.worker(store=postgresql.open())
    with postgresql.delivering(worker):
        postgresql.destination.wait(2)
        server.restart()
        postgresql.emit(3)
        postgresql.destination.wait(3)
    assert sorted(postgresql.arrived()) == [1, 2, 3]


def test_a_call_tries_again_though_another_thread_has_connected_meanwhile(
    postgresql: Outbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    postgresql.emit(1)
    store = type(postgresql.store)
    OutboxError: Any = import_module("kept._runtime.outbox_rows").OutboxError
    transaction, connected = store._transaction, threading.Event()

    def connect() -> None:
        postgresql.store.prepare()
        connected.set()

    other = threading.Thread(target=connect)

    @contextmanager
    def slow(self: Any) -> Iterator[Any]:
        try:
            with transaction(self) as run:
                yield run
        except OutboxError:
            if threading.current_thread() is not other:
                other.start()
                connected.wait(0.5)
            raise

    with psycopg.connect(postgresql.place, autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'trackside'"
        )
    monkeypatch.setattr(store, "_transaction", slow)
    assert postgresql.emit(2)[0].accepted
    other.join(10)
    postgresql.deliver()
    assert sorted(postgresql.arrived()) == [1, 2]


def test_a_server_that_is_not_there_is_counted(postgresql: Outbox) -> None:
    postgresql.sink.store = postgresql.kept.PostgreSQL("host=/nowhere", timeout=2.0)
    started = time.monotonic()
    (receipt,) = postgresql.emit(1)
    assert receipt.dropped == "outbox_failed:OperationalError" and time.monotonic() - started < 5


def test_a_connection_string_that_cannot_be_read_is_counted_and_not_logged(
    postgresql: Outbox, caplog: pytest.LogCaptureFixture
) -> None:
    postgresql.sink.store = postgresql.kept.PostgreSQL("postgres//shop:secret@db/shop")
    assert postgresql.emit(1)[0].dropped == "outbox_failed:ProgrammingError"
    assert "cannot read the connection string" in caplog.text
    assert "secret" not in caplog.text


def test_a_statement_that_is_held_up_ends(postgresql: Outbox) -> None:
    postgresql.emit(0)
    hasty = postgresql.kept.PostgreSQL(postgresql.place, timeout=1.0)
    postgresql._stores.append(hasty)
    postgresql.sink.store = hasty
    postgresql.emit(1)
    with psycopg.connect(postgresql.place) as connection:
        connection.execute("LOCK TABLE trackside_inbox IN ACCESS EXCLUSIVE MODE")
        started = time.monotonic()
        (receipt,) = postgresql.emit(2)
        assert receipt.dropped == "outbox_busy" and time.monotonic() - started < 4
        connection.rollback()
    assert postgresql.emit(3)[0].accepted


def test_a_fork_has_a_connection_of_its_own(postgresql: Outbox) -> None:
    postgresql.emit(1)
    for number in range(2, 5):
        child = os.fork()
        if not child:
            code = 1
            try:
                code = 0 if postgresql.emit(number)[0].accepted else 2
            finally:
                os._exit(code)
        assert os.waitpid(child, 0)[1] == 0
        postgresql.emit(10 + number)
    postgresql.deliver()
    assert sorted(postgresql.arrived()) == [1, 2, 3, 4, 12, 13, 14]


def test_threads_and_processes_make_the_tables_at_once(postgresql: Outbox) -> None:
    processes = [postgresql.start("-m", "emitter", str(start), str(start + 20)) for start in range(0, 80, 20)]
    stores = [postgresql.open() for _ in range(4)]
    threads = [threading.Thread(target=store.prepare) for store in stores]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [process.wait(30) for process in processes] == [0] * 4, postgresql.processes_said()
    assert "dropped 0" in postgresql.processes_said()
    assert postgresql.deliver().sent == 80
