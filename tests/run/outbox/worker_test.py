"""What a worker makes of the rows of an outbox, the same in SQLite and in PostgreSQL."""

from __future__ import annotations

import json
import time
from importlib import import_module
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.run.outbox.outbox import Outbox

DAY = 86_400_000


def test_a_call_stores_and_a_worker_sends(outbox: Outbox) -> None:
    receipts = outbox.emit(1, 2, 3)
    assert all(receipt.accepted for receipt in receipts)
    assert outbox.sink.durable and outbox.store.status().waiting == 3
    assert outbox.arrived() == []
    assert outbox.deliver().sent == 3
    assert sorted(outbox.arrived()) == [1, 2, 3]
    sent = outbox.destination.good()[0]
    assert sent["insert_id"] == receipts[0].insert_id and sent["device_id"] == "device-4711"
    assert outbox.store.status() == (0, 0, 3, 0, 0)


def test_what_is_sent_leaves_nothing_but_that_it_is(outbox: Outbox) -> None:
    outbox.emit(1)
    outbox.deliver()
    assert outbox.rows("SELECT body, needs FROM trackside_outbox") == [("", None)]
    assert outbox.rows("SELECT count(*) FROM trackside_inbox") == [(0,)]


def test_a_fact_has_one_row(outbox: Outbox) -> None:
    assert all(receipt.accepted for receipt in outbox.emit(7, 7, 8, 7))
    outbox.store.absorb()
    outbox.emit(7)
    outbox.store.absorb()
    assert outbox.rows("SELECT count(*) FROM trackside_outbox") == [(2,)]
    assert outbox.deliver().sent == 2
    outbox.emit(7)
    assert outbox.deliver().sent == 0
    assert sorted(outbox.arrived()) == [7, 8]
    assert outbox.destination.duplicates() == []


@pytest.mark.parametrize("apart", [False, True])
def test_the_authority_replaces_a_clients_copy_until_one_is_sent(outbox: Outbox, apart: bool) -> None:
    def note(insert_id: str, text: str, copy: bool) -> None:
        event = outbox.event(insert_id, event_properties={"number": 1, "note": text})
        outcome = outbox.sink.accept_copy(event) if copy else outbox.sink.accept((event,))
        assert outcome.queued == 1
        if apart:
            outbox.store.absorb()

    note("first", "client", copy=True)
    note("first", "server", copy=False)
    note("second", "server", copy=False)
    note("second", "client", copy=True)
    note("third", "client", copy=True)
    note("third", "client again", copy=True)
    note("fourth", "server", copy=False)
    note("fourth", "server again", copy=False)
    outbox.deliver()
    note("third", "server", copy=False)
    outbox.deliver()
    came = {event["insert_id"]: event["event_properties"]["note"] for event in outbox.destination.good()}
    assert came == {"first": "server", "second": "server", "third": "client", "fourth": "server"}
    assert outbox.destination.duplicates() == []


def test_facts_of_two_devices_and_of_two_events_are_apart(outbox: Outbox) -> None:
    outbox.sink.accept((outbox.event("same"),))
    outbox.sink.accept((outbox.event("same", device_id="device-0815"),))
    outbox.sink.accept((outbox.event("same", event_type="another"),))
    outbox.store.absorb()
    assert outbox.rows("SELECT count(*) FROM trackside_outbox") == [(3,)]


def test_it_knows_what_is_stored_sent_or_dead(outbox: Outbox) -> None:
    knows = outbox.sink.knows
    assert not knows("fact_recorded", "one")
    outbox.sink.accept((outbox.event("one"), outbox.event("two", device_id="x")))
    for _ in range(2):
        assert knows("fact_recorded", "one") and knows("fact_recorded", "one", "device-4711")
        assert not knows("fact_recorded", "one", "device-0815") and not knows("another", "one")
        assert knows("fact_recorded", "two")
        outbox.deliver()
    status = outbox.store.status()
    assert (status.sent, status.dead) == (1, 1), "a device_id of one character is refused"


def test_what_is_sent_is_forgotten_after_a_time(outbox: Outbox) -> None:
    outbox.emit(*range(3))
    outbox.deliver()
    outbox.change(f"UPDATE trackside_outbox SET sent_at = sent_at - {9 * DAY} WHERE id <> 2")
    outbox.emit(10)
    outbox.deliver()
    assert outbox.store.status().sent == 2
    outbox.deliver(keep=0.0)
    assert outbox.store.status().sent == 0


# --- trouble at the destination ---


def test_an_outage_loses_nothing(outbox: Outbox, caplog: pytest.LogCaptureFixture) -> None:
    outbox.emit(*range(40))
    outbox.destination.faults(status=503)
    totals = outbox.deliver(batch=10)
    assert totals.sent == 0 and outbox.store.status().waiting == 40
    assert "deliver_destination:http_503" in caplog.text
    outbox.destination.faults()
    worker = outbox.worker(batch=10)
    with outbox.delivering(worker):
        outbox.destination.wait(40)
    assert sorted(outbox.arrived()) == list(range(40)) and worker.totals.sent == 40


def test_an_answer_that_got_lost_makes_no_double(outbox: Outbox, monkeypatch: pytest.MonkeyPatch) -> None:
    # The next try is not to come before the first is looked at.
    monkeypatch.setattr(import_module("kept._runtime.deliver").random, "uniform", lambda *_: 60.0)
    outbox.emit(*range(20))
    outbox.destination.faults(answer="reset", take=True, requests=1)
    outbox.deliver()
    assert outbox.store.status().waiting == 20
    outbox.change("UPDATE trackside_outbox SET due_at = 1 WHERE sent_at IS NULL")
    outbox.deliver()
    assert sorted(outbox.arrived()) == list(range(20))
    assert len(outbox.destination.duplicates()) == 20 and outbox.store.status().waiting == 0


def test_an_event_that_brings_the_server_down_does_not_keep_the_others(outbox: Outbox) -> None:
    outbox.destination.faults(throttle=["device-0666"], answer="close")
    outbox.emit(*range(30))
    poison = outbox.kept.Context.anonymous("device-0666")
    outbox.kept.track.fact_recorded(number=666, context=poison)
    outbox.emit(*range(30, 60))
    worker = outbox.worker(batch=64)
    with outbox.delivering(worker):
        outbox.destination.wait(60, timeout=30)
    assert sorted(outbox.arrived()) == list(range(60))
    assert outbox.store.status().waiting == 1


# --- dead letters ---


def test_a_poison_event_goes_to_the_dead_letters_and_can_be_replayed(outbox: Outbox) -> None:
    outbox.emit(1)
    outbox.sink.accept((outbox.event("poison", device_id="me"),))
    outbox.emit(2)
    totals = outbox.deliver()
    assert (totals.sent, totals.dead) == (2, {"invalid_id_length:device_id": 1})
    assert sorted(outbox.arrived()) == [1, 2]
    (letter,) = outbox.store.dead()
    assert (letter.event, letter.insert_id, letter.device_id) == ("fact_recorded", "poison", "me")
    assert letter.reason == "invalid_id_length:device_id" and json.loads(letter.body)["time"] == 1_700_000_000_000

    listed = outbox.command("--store", outbox.place, "--dead")
    assert listed.returncode == 0 and "invalid_id_length:device_id\tfact_recorded\tpoison" in listed.stdout
    mended = json.dumps({**json.loads(letter.body), "device_id": "me, at last"})
    outbox.change(f"UPDATE trackside_dead SET body = '{mended}'")
    assert outbox.command("--store", outbox.place, "--replay", str(letter.id + 1)).stdout == "put back 0 dead letters\n"
    assert outbox.command("--store", outbox.place, "--replay").stdout == "put back 1 dead letters\n"
    assert outbox.deliver().sent == 1
    assert outbox.store.status().dead == 0 and "me, at last" in str(outbox.destination.good())


def test_a_row_that_cannot_be_read_is_a_dead_letter(outbox: Outbox) -> None:
    """Somebody has edited them."""
    edited = ("half of {", "{}", "[1]", "null", '{"event_type": 7}', "[" * 100_000)
    outbox.emit(*range(len(edited) + 1))
    outbox.store.absorb()
    for number, body in enumerate(edited, 1):
        outbox.change(f"UPDATE trackside_outbox SET body = '{body}' WHERE id = {number}")
    assert outbox.deliver().dead == {"unreadable": len(edited)}
    assert outbox.arrived() == [len(edited)]


def test_what_is_older_than_the_window_is_not_sent_unless_told(outbox: Outbox) -> None:
    outbox.emit(1, 2)
    outbox.store.absorb()
    outbox.change(f"UPDATE trackside_outbox SET stored_at = stored_at - {7 * DAY} WHERE id = 1")
    assert outbox.deliver().dead == {"too_old": 1}
    assert outbox.arrived() == [2]
    outbox.store.replay()
    assert outbox.deliver().dead == {"too_old": 1}, "it is as old as before"
    outbox.store.replay()
    assert outbox.deliver(send_late=True).sent == 1
    assert sorted(outbox.arrived()) == [1, 2]


# --- several workers, and clocks ---


def test_workers_share(outbox: Outbox) -> None:
    outbox.emit(*range(600))
    workers = [outbox.worker(store=outbox.open(), batch=20) for _ in range(3)]
    with outbox.delivering(*workers):
        outbox.destination.wait(600)
    assert sorted(outbox.arrived()) == list(range(600)) and outbox.destination.duplicates() == []
    assert sum(worker.totals.sent for worker in workers) == 600


def test_a_lease_that_ran_out_is_another_workers(outbox: Outbox) -> None:
    outbox.emit(1)
    outbox.store.absorb()
    assert len(outbox.store.claim("gone", 10, 300)) == 1
    assert outbox.store.claim("other", 10, 300) == []
    time.sleep(0.35)
    (row,) = outbox.store.claim("other", 10, 60_000)
    outbox.store.settle("gone", dead=[(row.id, "late")])
    outbox.store.settle("gone", again=[row.id])
    assert outbox.store.status()[:4] == (1, 0, 0, 0), "who lost a lease has no say"
    outbox.store.settle("gone", sent=[row.id])
    assert outbox.store.status()[:4] == (0, 0, 1, 0), "but what is sent is sent"


def test_a_worker_that_ends_gives_back_what_it_has(outbox: Outbox) -> None:
    outbox.emit(1)
    outbox.store.absorb()
    assert outbox.store.claim("me", 10, 60_000)
    outbox.store.release("me")
    assert len(outbox.store.claim("other", 10, 60_000)) == 1


def test_a_clock_that_went_back_holds_nothing(outbox: Outbox) -> None:
    outbox.emit(1)
    outbox.store.absorb()
    outbox.store.claim("worker", 10, 60_000)
    outbox.change(f"UPDATE trackside_outbox SET due_at = due_at + {DAY}")
    outbox.emit(2)
    assert outbox.deliver().sent == 2


def test_events_that_failed_get_their_turn_beside_new_ones(outbox: Outbox) -> None:
    outbox.emit(*range(10))
    outbox.store.absorb()
    outbox.change("UPDATE trackside_outbox SET due_at = 1 WHERE id = 1")
    (row,) = outbox.store.claim("worker", 1, 60_000, again_first=True)
    assert row.id == 1
    (row,) = outbox.store.claim("worker", 1, 60_000, again_first=True)
    assert row.id == 2


# --- look-ups at delivery ---


def test_an_event_is_held_until_its_provider_answers(outbox: Outbox) -> None:
    known: dict[str, dict[str, str]] = {}
    kept = outbox.kept
    kept.configure(sink=outbox.sink, strict=False, enrich=kept.Enrichers(device=known.get, keep=0.0))
    assert kept.track.fact_enriched(number=1, context=outbox.context).accepted
    outbox.emit(2)
    outbox.deliver(complete=outbox.tracker.complete)
    assert outbox.arrived() == [2] and outbox.store.status().held == 1
    known["device-4711"] = {"device_model": "Model T"}
    outbox.change("UPDATE trackside_outbox SET due_at = 1 WHERE sent_at IS NULL")
    outbox.deliver(complete=outbox.tracker.complete)
    (enriched,) = outbox.destination.good("fact_enriched")
    assert enriched["event_properties"] == {"number": 1, "device_model": "Model T"}
    assert outbox.store.status().held == 0


def test_a_worker_without_set_up_leaves_held_events_alone(outbox: Outbox) -> None:
    kept = outbox.kept
    kept.configure(sink=outbox.sink, strict=False, enrich=kept.Enrichers(device=lambda _: {"device_model": "T"}))
    kept.track.fact_enriched(number=1, context=outbox.context)
    outbox.emit(2)
    arguments = ("--once", "--api-key", "key", "--server-url", outbox.destination.http_v2)
    left = outbox.command("--store", outbox.place, *arguments)
    assert left.returncode == 1 and "1 events wait for a look-up: start with --setup" in left.stdout, left
    assert outbox.arrived() == [2]
    done = outbox.command("--setup", "application:set_up", *arguments)
    assert done.returncode == 0, done
    (enriched,) = outbox.destination.good("fact_enriched")
    assert enriched["event_properties"]["device_model"] == "known to the application"


def test_a_provider_that_breaks_keeps_its_event_alone(outbox: Outbox, caplog: pytest.LogCaptureFixture) -> None:
    def break_down(event: Any, needs: Any) -> Any:
        raise RuntimeError("no database")

    kept = outbox.kept
    kept.configure(sink=outbox.sink, strict=False, enrich=kept.Enrichers(device=lambda _: None))
    kept.track.fact_enriched(number=1, context=outbox.context)
    outbox.emit(2)
    outbox.deliver(complete=break_down)
    assert outbox.arrived() == [2] and outbox.store.status().held == 1
    assert "fact_enriched: deliver_completion_failed: RuntimeError('no database')" in caplog.text


# --- promises ---


def test_a_promise_is_kept_when_its_event_comes(outbox: Outbox) -> None:
    track = outbox.kept.track
    late = track.promise_order_paid(order_id="ORD-1", context=outbox.context, within=-1.0)
    kept = track.promise_order_paid(order_id="ORD-2", context=outbox.context, within=-1.0)
    open_ = track.promise_order_paid(order_id="ORD-3", context=outbox.context)
    assert all(receipt.accepted for receipt in (late, kept, open_))
    assert outbox.sink.promised("order_paid", kept.insert_id) and not outbox.sink.promised("order_paid", "never")
    assert not outbox.sink.knows("order_paid", kept.insert_id), "a promise is no fact"
    paid = track.order_paid(order_id="ORD-2", context=outbox.context)
    assert paid.insert_id == kept.insert_id

    (overdue,) = outbox.sink.overdue()
    assert (overdue.event, overdue.insert_id) == ("order_paid", late.insert_id)
    outbox.deliver()
    outbox.deliver()
    told = [line for line in outbox.said if "promised and not there in time" in line]
    assert told == [f"promised and not there in time: order_paid {late.insert_id}"], "it is told once"
    assert "1 promises overdue" in outbox.said[-1] and outbox.store.status().overdue == 1

    outbox.change("UPDATE trackside_outbox SET sent_at = 1")
    outbox.deliver()
    assert outbox.store.status().sent == 0
    assert [one.insert_id for one in outbox.sink.overdue()] == [late.insert_id], "that it was kept is remembered"
    track.order_paid(order_id="ORD-1", context=outbox.context)
    assert outbox.sink.overdue() == []


def test_a_closed_outbox_takes_no_promise(outbox: Outbox) -> None:
    outbox.emit(1)
    outbox.sink.close(1.0)
    receipt = outbox.kept.track.promise_order_paid(order_id="ORD-1", context=outbox.context)
    assert (receipt.accepted, receipt.dropped) == (False, "sink_closed")
    assert outbox.store._connection is None, "it stays closed"


def test_a_promise_that_was_kept_before_it_was_due_stays_kept(outbox: Outbox) -> None:
    for order in ("ORD-1", "ORD-2"):
        outbox.kept.track.promise_order_paid(order_id=order, context=outbox.context)
    kept = outbox.kept.track.order_paid(order_id="ORD-1", context=outbox.context).insert_id
    outbox.deliver()
    outbox.change("UPDATE trackside_outbox SET sent_at = 1")
    outbox.deliver()
    assert not outbox.sink.knows("order_paid", kept), "the fact is sent and forgotten"
    outbox.change(f"UPDATE trackside_promise SET due_at = {time.time_ns() // 1_000_000}")
    outbox.deliver()
    (open_,) = outbox.sink.overdue()
    assert open_.insert_id != kept
    assert len([line for line in outbox.said if "promised and not there" in line]) == 1


def test_a_worker_counts_no_further_than_it_has_to(outbox: Outbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """It reports once a minute, and an outbox may keep millions."""
    for name in ("outbox_store", "deliver"):
        monkeypatch.setattr(import_module(f"kept._runtime.{name}"), "MOST_COUNTED", 3)
    outbox.emit(*range(5))
    outbox.deliver()
    outbox.emit(*range(10, 15))
    outbox.store.absorb()
    outbox.emit(20)
    assert outbox.store.status() == (3, 0, 3, 0, 0)
    outbox.destination.faults(status=503)
    outbox.deliver()
    assert "; 3 or more wait; 0 dead letters" in outbox.said[-1]


def test_a_clients_copy_keeps_no_promise(outbox: Outbox) -> None:
    outbox.sink.promise("fact_recorded", "one", -1.0)
    outbox.sink.accept_copy(outbox.event("one"))
    assert len(outbox.sink.overdue()) == 1
    outbox.deliver()
    assert len(outbox.sink.overdue()) == 1
    outbox.sink.accept((outbox.event("one"),))
    assert outbox.sink.overdue() == []


# --- versions ---


def test_tables_of_an_older_version_are_brought_up_to_date(outbox: Outbox) -> None:
    outbox.emit(1)
    versions = outbox.rows("SELECT version FROM trackside_schema ORDER BY version")
    assert versions == [(1,), (2,), (3,), (4,)]
    for index in ("trackside_promise_due", "trackside_promise_open", "trackside_inbox_fact"):
        outbox.drop_index(index)
    outbox.change("DELETE FROM trackside_schema WHERE version > 2")
    outbox.store.close()
    outbox.emit(2)
    assert outbox.rows("SELECT version FROM trackside_schema ORDER BY version") == versions
    outbox.deliver()
    assert sorted(outbox.arrived()) == [1, 2]


def test_tables_of_a_newer_version_are_left_alone(outbox: Outbox, make_outbox: Callable[[str], Outbox]) -> None:
    outbox.emit(1)
    outbox.change("INSERT INTO trackside_schema (version) VALUES (99)")
    outbox.sink.store = outbox.open()
    (receipt,) = outbox.emit(2)
    assert (receipt.accepted, receipt.dropped) == (False, "outbox_newer")
    refused = outbox.command("--store", outbox.place, "--dead")
    assert refused.returncode == 2 and "build the package anew" in refused.stderr
