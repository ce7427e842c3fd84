"""The quarantine of an outbox, over SQLite and PostgreSQL, and the commands that look into it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.run.outbox.outbox import Outbox


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
    assert outbox.store.release_quarantined([held.id]) == 1
    assert outbox.deliver().sent == 0
    assert len(outbox.destination.good()) == 1


def test_a_quarantine_has_an_end(outbox: Outbox) -> None:
    taken = [outbox.store.quarantine(outbox.event(f"copy-{number}"), "violation", 3) for number in range(5)]
    assert taken == [True, True, True, False, False]
    outbox.store.discard_quarantined([outbox.store.quarantined()[1].id])
    assert outbox.store.quarantine(outbox.event("one-more"), "violation", 3)
    outbox.change("UPDATE trackside_quarantine SET put_at = 1")  # what is very old makes room
    assert outbox.store.quarantine(outbox.event("the-last"), "violation", 3)
    assert [row.insert_id for row in outbox.store.quarantined()] == ["the-last"]
