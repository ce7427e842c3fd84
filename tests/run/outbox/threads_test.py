"""Threads of one process that share an outbox in a SQLite file, some of them inside a transaction of their own."""

from __future__ import annotations

import sqlite3
import threading
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.run.outbox.outbox import Outbox


def test_a_transaction_does_not_wait_for_a_thread_that_waits_for_its_end(sqlite: Outbox) -> None:
    sqlite.emit(0)
    connection = sqlite3.connect(sqlite.place, isolation_level=None)
    connection.execute("BEGIN IMMEDIATE")
    receipts: list[Any] = []
    other = threading.Thread(target=lambda: receipts.extend(sqlite.emit(1)))
    other.start()
    time.sleep(0.2)  # it waits for the file by now, and no other thread of the outbox may have its turn
    assert other.is_alive()
    began = time.monotonic()
    with sqlite.sink.using(connection):
        receipts.extend(sqlite.emit(2))
    connection.execute("COMMIT")
    took = time.monotonic() - began
    other.join(10)
    connection.close()
    assert [receipt.accepted for receipt in receipts] == [True, True]
    assert took < 1, f"{took:.1f} s"
    sqlite.deliver()
    assert sorted(sqlite.arrived()) == [0, 1, 2]
