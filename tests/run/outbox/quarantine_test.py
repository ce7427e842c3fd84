"""The quarantine of an outbox, over SQLite and PostgreSQL, and the commands that look into it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.run.outbox.outbox import Outbox

DAY = 86_400_000


def test_quarantined_events_are_listed_released_and_discarded(outbox: Outbox) -> None:
    for number in (1, 2, 3, 4, 2):
        event = outbox.event(f"copy-{number}")
        assert outbox.store.quarantine(event, "unclaimed_revenue")
    assert outbox.deliver().sent == 0
    listed = outbox.command("--store", outbox.place, "--quarantined")
    assert listed.returncode == 0 and listed.stderr == "4 events in quarantine\n"
    assert [line.split("\t")[2:5] for line in listed.stdout.splitlines()] == [
        ["unclaimed_revenue", "fact_recorded", f"copy-{number}"] for number in (1, 2, 3, 4)
    ]
    ids = [str(row.id) for row in outbox.store.quarantined()]
    assert outbox.command("--store", outbox.place, "--release").returncode == 2  # nobody releases all by mistake
    assert outbox.command("--store", outbox.place, "--release", *ids[:2], "9999").stdout == "released 2 events\n"
    assert outbox.command("--store", outbox.place, "--discard", ids[2]).stdout == "discarded 1 events\n"
    assert outbox.command("--store", outbox.place, "--discard").stdout == "discarded 1 events\n"
    assert outbox.store.quarantined() == []
    assert outbox.deliver().sent == 2
    assert outbox.store.knows("fact_recorded", "copy-1", None)


def test_a_released_copy_of_a_fact_that_is_there_is_not_sent_again(outbox: Outbox) -> None:
    event = outbox.event("fact")
    outbox.sink.accept((dict(event),))
    assert outbox.deliver().sent == 1
    assert outbox.store.quarantine(event, "unclaimed_revenue")
    (held,) = outbox.store.quarantined()
    assert outbox.store.release_quarantined([held.id]) == 0
    assert outbox.store.quarantined() == []
    assert outbox.deliver().sent == 0
    assert len(outbox.destination.good()) == 1


@pytest.mark.parametrize("where", ["inbox", "outbox", "dead"])
def test_a_released_copy_of_another_device_s_fact_is_not_sent(outbox: Outbox, where: str) -> None:
    outbox.sink.accept((outbox.event("fact", device_id="x" if where == "dead" else "device-0815"),))
    if where != "inbox":
        outbox.deliver()
    for device in ("device-4711", "device-4712"):
        outbox.store.quarantine(outbox.event("fact", device_id=device), "unclaimed_revenue")
        outbox.store.quarantine(outbox.event("another fact", device_id=device), "unclaimed_revenue")
    assert outbox.store.release_quarantined([row.id for row in outbox.store.quarantined()]) == 1
    outbox.deliver()
    counted = {event["insert_id"] for event in outbox.destination.good()}
    assert counted == ({"another fact"} if where == "dead" else {"fact", "another fact"})
    assert len(outbox.destination.good()) == len(counted)


def test_what_was_released_late_is_too_old_unless_told(outbox: Outbox) -> None:
    """Its fact may have been sent and forgotten meanwhile, by the destination as well."""
    event = outbox.event("fact")
    assert outbox.store.quarantine(event, "unclaimed_revenue")
    outbox.change(f"UPDATE trackside_quarantine SET put_at = put_at - {10 * DAY}")
    assert outbox.store.release_quarantined([outbox.store.quarantined()[0].id]) == 1
    assert outbox.deliver().dead == {"too_old": 1}
    outbox.store.replay()
    assert outbox.deliver(send_late=True).sent == 1


def test_a_fact_that_comes_takes_its_copies_out_of_quarantine(outbox: Outbox) -> None:
    for insert_id, device in (("fact", "device-4711"), ("fact", "device-0815"), ("another", "device-4711")):
        outbox.store.quarantine(outbox.event(insert_id, device_id=device), "unclaimed_revenue")
    outbox.sink.accept_copy(outbox.event("another", device_id="device-0815"))
    outbox.sink.accept((outbox.event("fact"),))
    outbox.deliver()
    assert [row.insert_id for row in outbox.store.quarantined()] == ["another"]


def test_a_quarantine_has_an_end(outbox: Outbox) -> None:
    taken = [outbox.store.quarantine(outbox.event(f"copy-{number}"), "violation", 3) for number in range(5)]
    assert taken == [True, True, True, False, False]
    outbox.store.discard_quarantined([outbox.store.quarantined()[1].id])
    assert outbox.store.quarantine(outbox.event("one-more"), "violation", 3)
    outbox.change("UPDATE trackside_quarantine SET put_at = 1")  # what is very old makes room
    assert outbox.store.quarantine(outbox.event("the-last"), "violation", 3)
    assert [row.insert_id for row in outbox.store.quarantined()] == ["the-last"]
