"""The outbox in a SQLite file: transactions of the caller's, many processes, forks, a disk that is full, speed."""

from __future__ import annotations

import asyncio
import ctypes
import os
import resource
import signal
import sqlite3
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import sqlalchemy
from sqlalchemy.orm import Session
from tests.run.results import Tally, write_down

if TYPE_CHECKING:
    from tests.run.outbox.outbox import Outbox


def waiting(outbox: Outbox) -> int:
    """Count what waits to be sent."""
    count: int = outbox.store.status().waiting
    return count


# --- the caller's transaction ---


@pytest.mark.parametrize("fresh", [True, False])
def test_an_event_is_part_of_the_callers_transaction(sqlite: Outbox, fresh: bool) -> None:
    if not fresh:
        sqlite.emit(0)
        sqlite.deliver()
    connection = sqlite3.connect(sqlite.place)
    connection.execute("CREATE TABLE orders (id integer)")
    connection.execute("INSERT INTO orders VALUES (1)")
    with sqlite.sink.using(connection):
        assert sqlite.emit(1)[0].accepted
    connection.rollback()
    assert waiting(sqlite) == 0
    connection.execute("INSERT INTO orders VALUES (2)")
    with sqlite.sink.using(connection):
        assert sqlite.emit(2)[0].accepted
    assert waiting(sqlite) == 0, "it is not there before the commit"
    connection.commit()
    connection.close()
    assert waiting(sqlite) == 1
    sqlite.deliver()
    assert set(sqlite.arrived()) - {0} == {2}


def test_it_takes_connections_and_sessions_of_sqlalchemy(sqlite: Outbox) -> None:
    engine = sqlalchemy.create_engine(f"sqlite:///{sqlite.place}")
    with engine.connect() as connection:
        with sqlite.sink.using(connection):
            assert sqlite.emit(1)[0].accepted
        connection.rollback()
    with engine.begin() as connection, sqlite.sink.using(connection):
        assert sqlite.emit(2)[0].accepted
        assert sqlite.kept.track.promise_order_paid(order_id="O", context=sqlite.context, within=-1.0).accepted
    with Session(engine) as session:
        with sqlite.sink.using(session):
            assert sqlite.emit(3)[0].accepted
        session.rollback()
        with sqlite.sink.using(session):
            assert sqlite.emit(4)[0].accepted
        session.commit()
    engine.dispose()
    sqlite.deliver()
    assert sorted(sqlite.arrived()) == [2, 4]
    assert len(sqlite.sink.overdue()) == 1


def test_a_connection_that_cannot_be_it_is_refused_at_once(sqlite: Outbox, tmp_path: Path) -> None:
    other = sqlite3.connect(tmp_path / "other.db")
    memory = sqlite3.connect(":memory:")
    for connection, error, reason in (
        (other, ValueError, "other.db"),
        (memory, ValueError, "memory"),
        (object(), TypeError, "not object"),
        (None, TypeError, "not NoneType"),
    ):
        with pytest.raises(error, match=reason), sqlite.sink.using(connection):
            pass
    other.close()
    memory.close()
    assert sqlite.emit(1)[0].accepted


def test_the_block_holds_for_its_own_thread_and_time(sqlite: Outbox) -> None:
    connection = sqlite3.connect(sqlite.place)
    sqlite.emit(0)

    async def request() -> None:
        async def later() -> None:
            await asyncio.sleep(0.05)
            sqlite.emit(2)

        with sqlite.sink.using(connection):
            sqlite.emit(1)
            task = asyncio.create_task(later())
        connection.rollback()
        await task

    asyncio.run(request())
    connection.close()
    with_nothing = waiting(sqlite)
    assert with_nothing == 2, "a task that outlives the block does not write into a transaction that is over"
    sqlite.deliver()
    assert sorted(sqlite.arrived()) == [0, 2]


# --- processes ---


def test_many_processes_and_threads_share_the_file(sqlite: Outbox) -> None:
    processes = [sqlite.start("-m", "emitter", str(start), str(start + 500)) for start in range(0, 2000, 500)]
    dropped = sqlite.kept.stats().dropped

    def emit(start: int) -> None:
        sqlite.emit(*range(start, start + 100))

    threads = [threading.Thread(target=emit, args=(start,)) for start in range(2000, 3600, 100)]
    worker = sqlite.worker(store=sqlite.open())
    with sqlite.delivering(worker):
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert [process.wait(60) for process in processes] == [0] * 4, sqlite.processes_said()
        sqlite.destination.wait(3600, timeout=60)
    assert sorted(sqlite.arrived()) == list(range(3600))
    assert sqlite.kept.stats().dropped == dropped


def test_a_fork_has_a_file_of_its_own_and_the_parent_keeps_its(sqlite: Outbox) -> None:
    sqlite.emit(1)
    for generation in range(3):
        child = os.fork()
        if not child:
            code = 1
            try:
                code = 0 if sqlite.emit(10 + generation, 20 + generation)[1].accepted else 2
            finally:
                os._exit(code)
        sqlite.emit(30 + generation)
        assert os.waitpid(child, 0)[1] == 0
    # The parent closes the file last: SQLite then carries its log over and removes it.
    sqlite.store.close()
    assert not Path(f"{sqlite.place}-wal").exists()
    sqlite.deliver()
    assert sorted(sqlite.arrived()) == [1, 10, 11, 12, 20, 21, 22, 30, 31, 32]


def test_a_fork_while_other_threads_emit_blocks_nobody(sqlite: Outbox) -> None:
    over = threading.Event()
    counts = [0, 0, 0]

    def emit(index: int) -> None:
        while not over.is_set():
            sqlite.emit(index * 1_000_000 + counts[index])
            counts[index] += 1

    threads = [threading.Thread(target=emit, args=(index,)) for index in range(3)]
    for thread in threads:
        thread.start()
    children = 12
    try:
        for number in range(children):
            child = os.fork()
            if not child:
                code = 1
                try:
                    code = 0 if sqlite.emit(9_000_000 + number)[0].accepted else 2
                finally:
                    os._exit(code)
            assert os.waitpid(child, 0)[1] == 0
    finally:
        over.set()
        for thread in threads:
            thread.join()
    assert all(counts)
    assert waiting(sqlite) == sum(counts) + children


def fork_in_c(*, and_tell: bool) -> int:
    """Fork as a server written in C does: Python hears of it afterwards, or not at all."""
    python = ctypes.PyDLL(None)
    child: int = python.fork()
    if not child and and_tell:
        python.PyOS_AfterFork_Child()
    return child


@pytest.mark.parametrize("used", [False, True])
@pytest.mark.parametrize("and_tell", [True, False])
def test_a_fork_in_c_leaves_the_parent_its_connection(sqlite: Outbox, and_tell: bool, used: bool) -> None:
    sqlite.emit(1)
    connection = sqlite.store._connection
    ready, forked = threading.Event(), threading.Event()

    def use() -> None:
        with sqlite.store._reading():
            ready.set()
            forked.wait(30)

    thread = threading.Thread(target=use)
    if used:
        thread.start()
        ready.wait(30)
    child = fork_in_c(and_tell=and_tell)
    if not child:
        signal.alarm(20)  # a lock that nobody gives back would hold it for ever
        code = 1
        try:
            code = 0 if sqlite.emit(2)[0].accepted and sqlite.store._connection is not connection else 2
        finally:
            os._exit(code)
    forked.set()
    if used:
        thread.join()
    assert os.waitpid(child, 0)[1] == 0
    assert sqlite.store._connection is connection
    sqlite.emit(3)
    sqlite.deliver()
    assert sorted(sqlite.arrived()) == [1, 2, 3]


def test_a_parent_that_closes_the_file_takes_nothing_from_a_child_that_was_forked_in_c(sqlite: Outbox) -> None:
    sqlite.emit(1)
    to_parent, to_child = os.pipe(), os.pipe()
    child = fork_in_c(and_tell=True)
    if not child:
        code = 1
        try:
            sqlite.emit(2)
            os.write(to_parent[1], b"x")
            os.read(to_child[0], 1)
            code = 0 if sqlite.emit(3)[0].accepted else 2
        finally:
            os._exit(code)
    os.read(to_parent[0], 1)
    sqlite.store.close()
    os.write(to_child[1], b"x")
    assert os.waitpid(child, 0)[1] == 0
    sqlite.deliver()
    assert sorted(sqlite.arrived()) == [1, 2, 3]


def test_an_event_of_a_process_that_is_killed_is_there(sqlite: Outbox) -> None:
    process = sqlite.start("-m", "emitter", "0", "50", EMITTER_END="kill")
    assert process.wait(30) == -9, sqlite.processes_said()
    assert waiting(sqlite) == 50


# --- trouble ---


def test_a_full_file_drops_counts_and_recovers(sqlite: Outbox) -> None:
    small = sqlite.kept.SQLite(sqlite.place, max_bytes=200_000)
    sqlite._stores.append(small)
    sqlite.sink.store = small
    accepted = [number for number in range(1500) if sqlite.emit(number)[0].accepted]
    assert 0 < len(accepted) < 1500
    dropped = sqlite.kept.stats().dropped["outbox_full"]
    assert dropped >= 1500 - len(accepted)
    sqlite.deliver()
    assert sorted(sqlite.arrived()) == accepted
    assert sqlite.emit(5000)[0].accepted, "what is sent makes room"


def test_a_disk_that_is_full_loses_only_what_it_refused(sqlite: Outbox) -> None:
    process = sqlite.start("-m", "emitter", "0", "3000", EMITTER_FILE_SIZE="400000")
    assert process.wait(60) == 0, sqlite.processes_said()
    lines = (sqlite.folder / "noted.txt").read_text().split()
    accepted = [int(number) for number in lines]
    assert 0 < len(accepted) < 3000
    said = sqlite.processes_said()
    assert f"dropped {3000 - len(accepted)}" in said and "outbox_" in said, said
    sqlite.deliver()
    arrived = sqlite.arrived()
    again = sqlite.destination.stats()["duplicates"]
    lost = set(accepted) - set(arrived)
    tally = Tally(len(accepted), len(accepted) - len(lost), len(lost), len(arrived) - len(set(arrived)), again)
    write_down("the disk is full", "outbox", tally, f"{3000 - len(accepted):,} refused, and counted as dropped")
    assert sorted(arrived) == accepted


def test_another_transaction_is_waited_for_no_longer_than_told(sqlite: Outbox) -> None:
    patient = sqlite.kept.SQLite(sqlite.place, busy_timeout=0.2)
    sqlite._stores.append(patient)
    sqlite.sink.store = patient
    sqlite.emit(1)
    connection = sqlite3.connect(sqlite.place, isolation_level=None)
    connection.execute("BEGIN IMMEDIATE")
    started = time.monotonic()
    (receipt,) = sqlite.emit(2)
    assert 0.1 < time.monotonic() - started < 2
    assert receipt.dropped == "outbox_busy"
    connection.execute("ROLLBACK")
    connection.close()
    assert sqlite.emit(3)[0].accepted


def test_a_place_that_cannot_be_written_is_counted(sqlite: Outbox, tmp_path: Path) -> None:
    sqlite.sink.store = sqlite.kept.SQLite(tmp_path / "no" / "such" / "folder.db")
    assert sqlite.emit(1)[0].dropped == "outbox_failed:OperationalError"
    sqlite.kept.configure(sink=sqlite.sink, strict=True)
    with pytest.raises(sqlite.kept.TrackingError, match="outbox_failed:OperationalError"):
        sqlite.emit(1)
    sqlite.kept.configure(sink=sqlite.sink, strict=False)
    sqlite.sink.close(1.0)
    assert sqlite.emit(1)[0].dropped == "sink_closed"
    with pytest.raises(ValueError, match="memory"):
        sqlite.kept.SQLite(":memory:")


def test_a_worker_waits_for_a_file_that_is_busy(sqlite: Outbox, caplog: pytest.LogCaptureFixture) -> None:
    sqlite.emit(*range(10))
    store = sqlite.kept.SQLite(sqlite.place, busy_timeout=0.05)
    sqlite._stores.append(store)
    worker = sqlite.worker(store=store)
    store.prepare()
    connection = sqlite3.connect(sqlite.place, isolation_level=None)
    connection.execute("BEGIN IMMEDIATE")
    with sqlite.delivering(worker):
        time.sleep(0.6)
        assert sqlite.arrived() == [] and "deliver_store:outbox_busy" in caplog.text
        connection.execute("ROLLBACK")
        connection.close()
        sqlite.destination.wait(10)
    assert sorted(sqlite.arrived()) == list(range(10))


# --- what it costs ---


def test_a_call_takes_tens_of_microseconds(sqlite: Outbox) -> None:
    sqlite.emit(*range(500))
    best = float("inf")
    for turn in range(5):
        started = time.process_time()
        sqlite.emit(*range(1000 + turn * 1000, 2000 + turn * 1000))
        best = min(best, (time.process_time() - started) / 1000)
    assert best < 150e-6, f"{best * 1e6:.0f} µs of processor time a call: the bench says what it is on a quiet machine"


def test_what_it_knows_does_not_take_longer_with_what_waits(sqlite: Outbox) -> None:
    """A page's copy asks in a request, and other calls wait for the same lock."""

    def best() -> float:
        figures = []
        for number in range(20):
            started = time.perf_counter()
            assert not sqlite.sink.knows("fact_recorded", f"nowhere-{number}")
            assert not sqlite.sink.overdue()
            figures.append(time.perf_counter() - started)
        return min(figures)

    sqlite.sink.promise("fact_recorded", "0", -1.0)
    sqlite.sink.accept([sqlite.event("0")])
    few = best()
    sqlite.sink.accept([sqlite.event(str(number)) for number in range(50_000)])
    many = best()
    assert many < 10 * few + 0.001, f"{few * 1e6:.0f} µs, and with 50,000 events {many * 1e6:.0f} µs"


def test_memory_does_not_grow_with_what_waits(sqlite: Outbox) -> None:
    sqlite.emit(*range(2_000))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    sqlite.emit(*range(2_000, 22_000))
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown < 20_000, f"{grown} kB for 20,000 events that wait on the disk"
