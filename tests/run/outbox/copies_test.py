"""One fact, the server's own event and clients' copies of it: which is sent, over SQLite and PostgreSQL."""

from __future__ import annotations

import json
import threading
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.run.outbox.outbox import Outbox

OTHER = "device-0815"


def put(outbox: Outbox, who: str, *, device: str = "device-4711", insert_id: str = "fact") -> None:
    """Store an event of the server's, or a client's copy."""
    event = outbox.event(insert_id, device_id=device, event_properties={"number": 1, "note": who})
    outcome = outbox.sink.accept((event,)) if who == "server" else outbox.sink.accept_copy(event)
    assert outcome.queued == 1


def sent(outbox: Outbox) -> list[tuple[str, str]]:
    """Say whose events count at the destination, and of which device."""
    outbox.deliver()
    good = outbox.destination.good()
    return sorted((event["event_properties"]["note"], event["device_id"]) for event in good)


@pytest.mark.parametrize("apart", [False, True])
def test_the_authority_replaces_copies_of_other_devices(outbox: Outbox, apart: bool) -> None:
    """Cookies were lost between the call and the answer."""
    put(outbox, "client", device=OTHER)
    if apart:
        outbox.store.absorb()
    put(outbox, "server")
    outbox.store.absorb()
    assert outbox.rows("SELECT device_id, copy FROM trackside_outbox") == [("device-4711", 0)]
    assert sent(outbox) == [("server", "device-4711")]


@pytest.mark.parametrize("apart", ["not at all", "stored", "sent"])
def test_a_copy_that_comes_after_the_authority_is_not_stored(outbox: Outbox, apart: str) -> None:
    put(outbox, "server")
    if apart == "stored":
        outbox.store.absorb()
    elif apart == "sent":
        outbox.deliver()
    put(outbox, "client", device=OTHER)
    put(outbox, "client")
    assert sent(outbox) == [("server", "device-4711")]
    assert outbox.destination.duplicates() == []


def test_what_one_device_sent_as_a_copy_keeps_nobody_else_s_fact(outbox: Outbox) -> None:
    """Whoever guesses an order's number could keep its purchase from being counted."""
    put(outbox, "client", device=OTHER)
    outbox.deliver()
    put(outbox, "server")
    assert sent(outbox) == [("client", OTHER), ("server", "device-4711")]


@pytest.mark.parametrize("answer", ["dead", "sent", "again"])
def test_what_becomes_of_a_copy_that_is_being_sent_is_not_what_becomes_of_the_authority(
    outbox: Outbox, answer: str
) -> None:
    put(outbox, "client")
    outbox.store.absorb()
    (copy,) = outbox.store.claim("worker", 10, 60_000)
    put(outbox, "server")
    outbox.store.absorb()
    settled: dict[str, Any] = {"dead": [(copy.id, "refused")], "sent": [copy.id], "again": [copy.id]}
    outbox.store.settle("worker", wait=60_000, **{answer: settled[answer]})
    assert outbox.store.status()[:4] == (1, 0, 0, 0), outbox.store.dead()
    (row,) = outbox.store.claim("another", 10, 60_000)
    assert json.loads(row.body)["event_properties"]["note"] == "server"
    assert row.stored_at == copy.stored_at, "the destination may have known the insert_id since then"


def test_a_copy_that_was_not_tried_leaves_the_authority_its_own_age(outbox: Outbox) -> None:
    put(outbox, "client")
    outbox.store.absorb()
    outbox.change("UPDATE trackside_outbox SET stored_at = 1")
    put(outbox, "server")
    assert outbox.deliver().dead == {}
    assert sent(outbox) == [("server", "device-4711")]


def test_a_fact_that_comes_after_its_copy_was_sent_keeps_its_promise_and_other_copies_out(outbox: Outbox) -> None:
    outbox.sink.promise("fact_recorded", "fact", -1.0)
    put(outbox, "client")
    outbox.deliver()
    assert len(outbox.sink.overdue()) == 1
    put(outbox, "server")
    outbox.deliver()
    assert outbox.sink.overdue() == []
    put(outbox, "client", device=OTHER)
    assert sent(outbox) == [("client", "device-4711")]


def test_two_workers_that_bring_a_copy_and_its_authority_keep_one(postgresql: Outbox) -> None:
    def row(note: str, device: str, copy: int) -> tuple[Any, ...]:
        return ("fact_recorded", "fact", device, json.dumps({"note": note}), None, 1, copy)

    other = postgresql.open()
    other.prepare()
    merged = threading.Event()

    def merge() -> None:
        with other._writing() as run:
            other._merge(run, [row("server", "device-4711", 0)])
        merged.set()

    with postgresql.store._writing() as run:
        postgresql.store._merge(run, [row("client", OTHER, 1)])
        thread = threading.Thread(target=merge)
        thread.start()
        assert not merged.wait(0.3)
    thread.join(10)
    assert postgresql.rows("SELECT device_id FROM trackside_outbox") == [("device-4711",)]
