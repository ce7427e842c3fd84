"""What a worker counts and logs, how often it asks a store that is away, and how soon it ends."""

from __future__ import annotations

import json
import threading
import time
from importlib import import_module
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from tests.run.outbox.outbox import Outbox


class Refusing:
    """A destination that takes its time, and refuses one event of each request."""

    def __init__(self, kept: Any, seconds: float) -> None:
        http = import_module(f"{kept.__name__}._runtime.amplitude_http")
        self._answer = import_module(f"{kept.__name__}._runtime.connection").Answer
        self._seconds = seconds
        self.requests = 0
        self.destination: Any = http.Destination("key", server_url="http://127.0.0.1:9/")
        self.destination._post = self._post

    def _post(self, group: list[int], bodies: list[bytes]) -> Any:
        self.requests += 1
        time.sleep(self._seconds)
        body = {"code": 400, "error": "Invalid field values", "events_with_invalid_fields": {"time": [0]}}
        return self._answer(400, body, 0.0)


# --- counts ---


def test_a_worker_counts_what_it_sends_and_gives_up(outbox: Outbox) -> None:
    before = outbox.kept.stats()
    outbox.emit(1, 2)
    for number in range(3):
        outbox.sink.accept((outbox.event(f"poison {number}", device_id="me"),))
    outbox.deliver(counts=outbox.tracker.counts)
    after = outbox.kept.stats()
    assert after.sent - before.sent == 2
    reason = "invalid_id_length:device_id"
    assert after.dropped[reason] - before.dropped.get(reason, 0) == 3


def test_a_worker_counts_what_goes_wrong_and_logs_it_once(outbox: Outbox, caplog: pytest.LogCaptureFixture) -> None:
    counts = import_module("kept._runtime.counts").Counts()
    outbox.emit(*range(20))
    outbox.destination.faults(status=503)
    with outbox.delivering(outbox.worker(counts=counts, batch=1)):
        ends = time.monotonic() + 20
        while counts.read().problems.get("deliver_destination:http_503", 0) < 4:
            assert time.monotonic() < ends
            time.sleep(0.05)
    lines = [record.getMessage() for record in caplog.records if "http_503" in record.getMessage()]
    assert lines[0] == "deliver_destination:http_503"
    assert len(lines) == 2 and "since the last line" in lines[1], "the second is written at the end"


def test_overdue_promises_are_counted_and_no_more_than_some_are_printed(outbox: Outbox) -> None:
    counts = import_module("kept._runtime.counts").Counts()
    for number in range(25):
        outbox.kept.track.promise_order_paid(order_id=f"ORD-{number}", context=outbox.context, within=-1.0)
    outbox.deliver(counts=counts)
    assert counts.read().problems == {"promise_overdue:order_paid": 25}
    told = [line for line in outbox.said if "promised and not there in time" in line]
    assert len(told) == 10 and "and 15 more" in outbox.said


def test_the_command_counts_in_the_package_of_the_application(sqlite: Outbox) -> None:
    sqlite.emit(*range(3))
    sqlite.sink.accept((sqlite.event("poison", device_id="me"),))
    arguments = ("--once", "--api-key", "key", "--server-url", sqlite.destination.http_v2)
    done = sqlite.command("--setup", "application:set_up_and_tell", *arguments)
    assert done.returncode == 0, done
    told = json.loads(done.stdout.splitlines()[-1])
    assert (told["sent"], told["dropped"]) == (3, {"invalid_id_length:device_id": 1})
    assert "events are dropped: invalid_id_length:device_id" in done.stdout


# --- a store that is away ---


def test_a_store_that_is_away_is_asked_ever_more_rarely_and_logged_once(
    sqlite: Outbox, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    counts = import_module("kept._runtime.counts").Counts()
    folder = tmp_path / "away"
    store = sqlite.kept.SQLite(folder / "outbox.db")
    with sqlite.delivering(sqlite.worker(store=store, counts=counts)):
        time.sleep(4)
        (problem,) = counts.read().problems.items()
        lines = [record for record in caplog.records if record.name == "trackside"]
        assert problem[0].startswith("deliver_store:outbox_") and problem[1] < 25, "three tries a round"
        assert len(lines) == 1 and sqlite.said == []
        folder.mkdir()
        other = sqlite.kept.SQLite(folder / "outbox.db")
        sqlite.sink.store = other
        sqlite.emit(1)
        sqlite.destination.wait(1)
    store.close()
    other.close()


# --- the end, and the lease ---


def test_a_worker_ends_after_the_request_under_way(sqlite: Outbox) -> None:
    sqlite.emit(*range(40))
    refusing = Refusing(sqlite.kept, 0.3)
    worker = sqlite.worker()
    worker._destination = refusing.destination
    thread = threading.Thread(target=worker.run, daemon=True)
    thread.start()
    while not refusing.requests:
        time.sleep(0.01)
    worker.stop()
    thread.join(2)
    assert not thread.is_alive() and refusing.requests <= 2
    status = sqlite.store.status()
    assert status.waiting + status.dead == 40 and status.dead == refusing.requests
    time.sleep(0.3)  # what was cut off may wait a moment
    assert len(sqlite.store.claim("another", 40, 1000)) == status.waiting, "nobody has a lease"


def test_no_request_is_begun_when_the_lease_is_about_to_run_out(sqlite: Outbox) -> None:
    sqlite.emit(*range(30))
    refusing = Refusing(sqlite.kept, 0.2)
    worker = sqlite.worker(lease=1.5)
    worker._destination = refusing.destination
    sent: list[float] = []
    send = refusing.destination.send

    def timed(*arguments: Any) -> Any:
        began = time.monotonic()
        verdict = send(*arguments)
        sent.append(time.monotonic() - began)
        worker.stop()
        return verdict

    refusing.destination.send = timed
    worker.run()
    assert 0.8 < sent[0] < 1.5 and refusing.requests < 10
