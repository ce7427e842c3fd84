"""Signal handlers that raise, or track, while the outbox in SQLite is inside a transaction of its own."""

from __future__ import annotations

import signal
import sqlite3
import threading
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.run.outbox.outbox import Outbox


class LimitError(Exception):
    """What a job queue raises in a job that takes too long."""


@contextmanager
def alarm(seconds: float, handle: Callable[[], object], raised: type[BaseException]) -> Iterator[None]:
    """Call a signal handler after a time."""

    def handler(number: int, frame: object) -> None:
        handle()
        raise raised

    former = signal.signal(signal.SIGALRM, handler)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, former)


@contextmanager
def held(outbox: Outbox, seconds: float) -> Iterator[None]:
    """Let somebody else write for a time: our own transaction waits to begin, and the signal comes meanwhile."""
    ready = threading.Event()

    def hold() -> None:
        connection = sqlite3.connect(outbox.place, isolation_level=None)
        connection.execute("BEGIN IMMEDIATE")
        ready.set()
        time.sleep(seconds)
        connection.execute("COMMIT")
        connection.close()

    thread = threading.Thread(target=hold)
    thread.start()
    assert ready.wait(5)
    try:
        yield
    finally:
        thread.join()


def stored(outbox: Outbox) -> int:
    """Count the rows that others see, and show that they may write."""
    connection = sqlite3.connect(outbox.place, isolation_level=None, timeout=0.3)
    try:
        connection.execute("BEGIN IMMEDIATE")
        count: int = connection.execute("SELECT count(*) FROM trackside_inbox").fetchone()[0]
        connection.execute("ROLLBACK")
        return count
    finally:
        connection.close()


def promise(outbox: Outbox) -> Any:
    return outbox.sink.promise("fact_recorded", "a fact", 60.0)


def accept_two(outbox: Outbox) -> Any:
    return outbox.sink.accept((outbox.event("one"), outbox.event("two")))


@pytest.mark.parametrize("act", [promise, accept_two])
def test_an_exception_that_comes_while_a_transaction_begins_leaves_none_open(
    sqlite: Outbox, act: Callable[[Outbox], Any]
) -> None:
    sqlite.emit(1)
    with held(sqlite, 0.6), alarm(0.2, lambda: None, LimitError), suppress(LimitError):
        act(sqlite)
    assert [receipt.accepted for receipt in sqlite.emit(2, 3)] == [True, True]
    assert stored(sqlite) == 3
    assert act(sqlite).dropped == ()


def test_what_a_handler_tracks_inside_of_a_transaction_survives_it(sqlite: Outbox) -> None:
    """It ends the process after it: what it interrupts is rolled back."""
    sqlite.emit(1)
    with pytest.raises(SystemExit), sqlite.store._writing() as run:
        run("DELETE FROM trackside_inbox")
        with alarm(0.05, lambda: sqlite.emit(2), SystemExit):
            time.sleep(1)
    assert stored(sqlite) == 2
    with sqlite.store._writing() as run:
        sqlite.emit(3)
        assert promise(sqlite).dropped == ()
    assert stored(sqlite) == 3
    sqlite.deliver()
    assert sorted(sqlite.arrived()) == [1, 2, 3]


def test_a_transaction_that_was_left_open_takes_nothing_with_it(sqlite: Outbox) -> None:
    sqlite.emit(1)
    for again in (lambda: sqlite.emit(2), lambda: promise(sqlite), lambda: sqlite.sink.knows("fact_recorded", "none")):
        sqlite.store._connection.execute("BEGIN IMMEDIATE")
        again()
        assert stored(sqlite) == 2
