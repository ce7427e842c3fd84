"""A caller's own transaction when the outbox cannot store: it goes on whole, or fails whole, and never hears why."""

from __future__ import annotations

import resource
import sqlite3
from contextlib import contextmanager, nullcontext, suppress
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
import sqlalchemy
from psycopg.rows import dict_row

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.run.outbox.outbox import Outbox


def connected(outbox: Outbox) -> Any:
    """Connect as the application does."""
    if outbox.kind == "postgresql":
        return psycopg.connect(outbox.place)
    return sqlite3.connect(outbox.place)


@pytest.fixture
def shop(sqlite: Outbox) -> Iterator[sqlite3.Connection]:
    """Give a connection to the application's own table, in the file of the outbox."""
    sqlite.emit(0)
    connection = sqlite3.connect(sqlite.place)
    connection.execute("CREATE TABLE orders (id integer)")
    connection.commit()
    yield connection
    connection.close()


def orders(outbox: Outbox) -> list[int]:
    return [row[0] for row in outbox.rows("SELECT id FROM orders ORDER BY id")]


def bound_to_what_is_there(connection: Any) -> None:
    """Let the file grow by no more than a page, as a full disk does."""
    run = getattr(connection, "exec_driver_sql", None) or connection.execute
    (pages,) = run("PRAGMA page_count").fetchone()
    run(f"PRAGMA max_page_count = {pages + 1}")


@contextmanager
def full_disk(size: int) -> Iterator[None]:
    """Let no file of this process grow beyond a size: SQLite then finds that it cannot write what it holds."""
    former = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, former[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, former)


# --- a disk that is full ---


@pytest.mark.parametrize("over", ["sqlite3", "sqlalchemy"])
def test_an_event_that_finds_no_room_takes_nothing_of_the_caller_s_with_it(
    sqlite: Outbox, shop: sqlite3.Connection, over: str
) -> None:
    engine = sqlalchemy.create_engine(f"sqlite:///{sqlite.place}")
    with engine.connect() if over == "sqlalchemy" else nullcontext() as found:
        connection: Any = found or shop
        execute = getattr(connection, "exec_driver_sql", None) or connection.execute
        bound_to_what_is_there(connection)
        execute("INSERT INTO orders VALUES (1)")
        with sqlite.sink.using(connection):
            receipts = sqlite.emit(*range(1, 100))
            promises = [
                sqlite.kept.track.promise_order_paid(order_id=f"ORD-{number}", context=sqlite.context)
                for number in range(100)
            ]
        assert receipts[-1].dropped == promises[-1].dropped == "outbox_full"
        execute("INSERT INTO orders VALUES (2)")
        connection.commit()
    engine.dispose()
    assert orders(sqlite) == [1, 2]
    accepted = [number for number, receipt in enumerate(receipts, 1) if receipt.accepted]
    sqlite.deliver()
    assert sorted(sqlite.arrived()) == [0, *accepted], "what was accepted is there"


def test_a_transaction_that_the_database_has_rolled_back_is_not_committed_in_halves(
    sqlite: Outbox, shop: sqlite3.Connection
) -> None:
    shop.execute("PRAGMA cache_size = 10")  # what does not fit in there is written before the commit
    shop.execute("INSERT INTO orders VALUES (1)")
    with (
        pytest.raises(sqlite.kept.TrackingError, match="rolled your transaction back"),
        full_disk(300_000),
        shop,
        sqlite.sink.using(shop),
    ):
        for number in range(1, 5000):
            sqlite.emit(number)
    assert orders(sqlite) == []
    assert sqlite.emit(7)[0].accepted
    sqlite.deliver()
    assert sorted(sqlite.arrived()) == [0, 7]


@pytest.mark.parametrize("through", ["a caller", "a Tee"])
def test_who_catches_that_hears_of_it_again(sqlite: Outbox, shop: sqlite3.Connection, through: str) -> None:
    kept, sink = sqlite.kept, sqlite.sink
    if through == "a Tee":
        sink = kept.OutboxSink(sqlite.open())
        kept.configure(sink=kept.Tee(sink), strict=False)
    shop.execute("PRAGMA cache_size = 10")
    shop.execute("INSERT INTO orders VALUES (1)")
    tried = 0
    with (
        pytest.raises(kept.TrackingError, match="rolled your transaction back"),
        shop,
        sink.using(shop),
    ):
        with full_disk(300_000):
            for number in range(1, 5000):
                with suppress(kept.TrackingError):
                    sqlite.emit(number)
                if not shop.in_transaction:
                    break
        for number in range(5000, 5010):  # there is room again, and what they were to be part of is gone
            with suppress(kept.TrackingError):
                assert not sqlite.emit(number)[0].accepted
            tried += 1
    assert tried == 10 and orders(sqlite) == []
    sqlite.deliver()
    assert sqlite.arrived() == [0]


def test_tables_that_find_no_room_in_the_caller_s_transaction_are_not_there_in_part(sqlite: Outbox) -> None:
    connection = sqlite3.connect(sqlite.place)
    connection.execute("CREATE TABLE orders (id integer)")
    connection.execute("PRAGMA max_page_count = 8")
    connection.execute("INSERT INTO orders VALUES (1)")
    with sqlite.sink.using(connection):
        assert sqlite.emit(1)[0].dropped == "outbox_full"
    connection.commit()
    connection.close()
    assert orders(sqlite) == [1]
    assert sqlite.rows("SELECT name FROM sqlite_master WHERE name LIKE 'trackside%'") == []
    assert sqlite.emit(2)[0].accepted


# --- other trouble ---


@pytest.mark.parametrize("begun", [False, True])
def test_tables_of_a_newer_version_are_left_alone_there_too(outbox: Outbox, begun: bool) -> None:
    outbox.emit(1)
    outbox.change("INSERT INTO trackside_schema (version) VALUES (99)")
    outbox.store.close()
    connection = connected(outbox)
    connection.execute("CREATE TABLE orders (id integer)")
    if begun:
        connection.execute("INSERT INTO orders VALUES (1)")
    else:
        connection.commit()
    with outbox.sink.using(connection):
        assert outbox.emit(2)[0].dropped == "outbox_newer"
        promised = outbox.kept.track.promise_order_paid(order_id="ORD-1", context=outbox.context)
        assert promised.dropped == "outbox_newer"
    connection.execute("INSERT INTO orders VALUES (2)")
    connection.commit()
    connection.close()
    assert orders(outbox) == ([1, 2] if begun else [2])
    assert outbox.rows("SELECT count(*) FROM trackside_inbox") == [(1,)]
    assert outbox.rows("SELECT count(*) FROM trackside_promise") == [(0,)]


@pytest.mark.parametrize("begun", [False, True])
def test_it_reads_rows_whatever_the_connection_makes_of_them(sqlite: Outbox, begun: bool) -> None:
    connection = sqlite3.connect(sqlite.place)
    connection.execute("CREATE TABLE orders (id integer)")
    connection.commit()
    connection.row_factory = lambda cursor, row: {column[0]: value for column, value in zip(cursor.description, row)}  # noqa: B905
    connection.text_factory = bytes
    if begun:
        connection.execute("INSERT INTO orders VALUES (1)")
    with sqlite.sink.using(connection):
        assert sqlite.emit(1)[0].accepted
        assert sqlite.kept.track.promise_order_paid(order_id="ORD-1", context=sqlite.context).accepted
    assert connection.execute("SELECT 1 AS one").fetchone() == {"one": 1}, "it is as it was"
    connection.commit()
    connection.close()
    sqlite.deliver()
    assert sqlite.arrived() == [1]


def test_it_writes_whatever_cursors_the_connection_has(postgresql: Outbox) -> None:
    with psycopg.connect(postgresql.place, row_factory=dict_row, cursor_factory=psycopg.RawCursor) as connection:
        connection.execute("SELECT $1::int AS one", (1,))
        with postgresql.sink.using(connection):
            assert postgresql.emit(1)[0].accepted
            assert postgresql.kept.track.promise_order_paid(order_id="ORD-1", context=postgresql.context).accepted
    postgresql.deliver()
    assert postgresql.arrived() == [1]


def test_a_connection_that_is_closed_drops_and_counts(outbox: Outbox) -> None:
    """What it was to be part of has failed already; the error that the caller meets is to be its own."""
    outbox.emit(0)
    connection = connected(outbox)
    connection.close()
    with outbox.sink.using(connection):
        (receipt,) = outbox.emit(1)
    assert str(receipt.dropped).startswith("outbox_failed:")
