"""What becomes of a page's copy of a fact: by the store, by the application's word, by the plan, or in quarantine."""

from __future__ import annotations

import json
from typing import Any

import pytest

from .conftest import DEVICE, Stall


def bodies(outbox: Any) -> list[dict[str, Any]]:
    """Move what was stored to the outbox, and give what would be sent."""
    while outbox.store.absorb():
        pass
    return [json.loads(row.body) for row in outbox.store.claim("test", 100, 60_000)]


def subscribed(stall: Stall, name: str) -> dict[str, Any]:
    """Make a page's copy of a subscription of which no answer was heard."""
    key = stall.insert_id("subscribed", name)
    return stall.event("subscribed", {"list": name}, insert_id=key, trackside={"copy": "unknown"})


def here(stall: Stall) -> Any:
    return stall.package.Context.anonymous(DEVICE)


def test_what_the_store_knows_is_known(stall: Stall, outbox: Any) -> None:
    receipt = stall.package.track.paid(order="O-1", total=12.0, tax=2.0, context=here(stall))
    copy = stall.paid("O-1", "unknown")
    assert copy["insert_id"] == receipt.insert_id
    answer = stall.post(copy, stall.event("viewed", {"path": "/"}))
    assert answer["trackside"] == {"known": [receipt.insert_id], "later": []}
    assert answer["events_ingested"] == 2
    sent = bodies(outbox)
    assert sorted(event["event_type"] for event in sent) == ["paid", "viewed"]
    assert [event["revenue"] for event in sent if event["event_type"] == "paid"] == [12.0]
    assert stall.dropped == {"endpoint:copy_known": 1}


def test_a_fact_of_another_device_is_known_too(stall: Stall, outbox: Any) -> None:
    """Cookies were lost between the call and the answer: it is one purchase all the same."""
    stall.package.track.paid(
        order="O-1", total=12.0, tax=2.0, context=stall.package.Context.anonymous("another-device")
    )
    copy = stall.paid("O-1", "unknown")
    assert stall.post(copy)["trackside"]["known"] == [copy["insert_id"]]
    assert len(bodies(outbox)) == 1


def test_a_copy_is_stored_once_and_the_server_s_replaces_it(stall: Stall, outbox: Any) -> None:
    copy = stall.event(
        "joined", {"way": "mail"}, insert_id=stall.insert_id("joined", "a"), trackside={"copy": "unknown"}
    )
    stall.post(copy)  # on_unknown: drop
    assert stall.dropped == {"endpoint:copy_unknown": 1}
    copy["trackside"]["copy"] = "unconfirmed"
    stall.post(copy)
    assert stall.post(copy)["trackside"]["known"] == [copy["insert_id"]]
    attempt = stall.package.Context.anonymous(DEVICE, attempt="123e4567-e89b-12d3-a456-426614174000")
    stall.package.track.joined(way="phone", context=attempt)
    assert [event["event_properties"]["way"] for event in bodies(outbox)] == ["mail", "phone"]

    stall.post(subscribed(stall, "news"))  # on_unknown: send
    stall.package.track.subscribed(list="news", context=here(stall))
    found = [event for event in bodies(outbox) if event["event_type"] == "subscribed"]
    assert [event["ingestion_metadata"]["source_name"] for event in found] == ["stall/backend"]


def test_a_plain_event_of_an_upload_that_comes_again_is_stored_once(stall: Stall, outbox: Any) -> None:
    """It has no key: its random insert_id comes again with it, before it was sent and after."""
    event = stall.event("viewed", {"path": "/"})
    for _ in range(2):
        assert stall.post(event)["events_ingested"] == 1
    assert [sent["insert_id"] for sent in bodies(outbox)] == [event["insert_id"]]
    stall.post(event)  # while a worker sends it
    assert bodies(outbox) == []
    outbox.store.settle("test", sent=[1])
    stall.post(event)
    assert bodies(outbox) == []
    stall.post({**event, "insert_id": stall.event("viewed")["insert_id"]})
    assert len(bodies(outbox)) == 1


def test_without_an_outbox_a_plain_event_goes_on_as_often_as_it_comes(stall: Stall) -> None:
    """The destination counts it once: same device, same insert_id."""
    body = stall.upload(stall.event("viewed", {"path": "/"}))
    for _ in range(2):
        assert stall.ask(body)[0] == 200
    first, second = stall.sink.events
    assert (first["device_id"], first["insert_id"]) == (second["device_id"], second["insert_id"])


def test_what_is_promised_comes_later_and_what_was_not_kept_is_the_copy(stall: Stall, outbox: Any) -> None:
    stall.package.track.promise_subscribed(list="news", context=here(stall), within=60.0)
    stall.package.track.promise_subscribed(list="late", context=here(stall), within=-1.0)
    news, late = (subscribed(stall, name) for name in ("news", "late"))
    assert stall.post(news, late)["trackside"] == {"known": [], "later": [news["insert_id"]]}
    assert [event["event_properties"] for event in bodies(outbox)] == [{"list": "late"}]
    stall.package.track.subscribed(list="news", context=here(stall))
    assert stall.post(news)["trackside"] == {"known": [news["insert_id"]], "later": []}


def test_a_promise_of_this_process_comes_later_without_an_outbox(stall: Stall) -> None:
    stall.package.track.promise_subscribed(list="news", context=here(stall))
    copy = subscribed(stall, "news")
    assert stall.post(copy)["trackside"]["later"] == [copy["insert_id"]]
    stall.package.track.subscribed(list="news", context=here(stall))
    assert stall.names == ["subscribed"]


@pytest.mark.parametrize(
    ("answer", "state", "fate"),
    [
        (True, "unknown", "forwarded"),
        (True, "unconfirmed", "forwarded"),
        (False, "unconfirmed", "endpoint:copy_not_a_fact"),
        (None, "unconfirmed", "endpoint:quarantined_unclaimed_revenue"),
        (None, "unknown", "endpoint:copy_unknown"),
    ],
)
def test_the_application_s_word_goes_before_the_plan_s(
    stall: Stall, answer: bool | None, state: str, fate: str
) -> None:
    asked: list[Any] = []

    def exists(event: str, key: Any) -> bool | None:
        asked.append((event, dict(key)))
        return answer

    stall.serve(exists=exists)
    assert stall.post(stall.paid("O-7", state))["trackside"] == {"known": [], "later": []}
    assert asked == [("paid", {"order": "O-7"})]
    assert stall.names == (["paid"] if fate == "forwarded" else [])
    assert stall.dropped == ({} if fate == "forwarded" else {fate: 1})


def test_a_hook_or_a_store_that_fails_leaves_the_copy_with_the_page(stall: Stall, outbox: Any) -> None:
    def exists(event: str, key: Any) -> bool:
        raise ConnectionError

    stall.serve(exists=exists)
    copy = stall.paid()
    assert stall.post(copy)["trackside"]["later"] == [copy["insert_id"]]
    assert stall.package.stats().problems == {"exists_failed": 1}
    outbox.store.close()
    outbox.store.path = "/nowhere/outbox.db"
    assert stall.post(copy)["trackside"]["later"] == [copy["insert_id"]]


def test_revenue_that_nobody_claims_waits_until_somebody_looks(stall: Stall, outbox: Any) -> None:
    stall.post(*(stall.paid(f"O-{number}") for number in range(3)), stall.paid("O-1"))
    assert bodies(outbox) == []
    assert stall.dropped == {"endpoint:quarantined_unclaimed_revenue": 4}
    held = stall.endpoint.quarantine.quarantined()
    assert [(row.event, row.reason, json.loads(row.body)["event_properties"]["order"]) for row in held] == [
        ("paid", "unclaimed_revenue", f"O-{number}") for number in range(3)
    ]
    assert stall.endpoint.quarantine.discard_quarantined([held[0].id]) == 1
    assert stall.endpoint.quarantine.release_quarantined([held[1].id, 99]) == 1
    assert [row.id for row in stall.endpoint.quarantine.quarantined()] == [held[2].id]
    # Released, it is a copy still: what the server says replaces it.
    stall.package.track.paid(order="O-1", total=12.0, tax=2.0, context=here(stall))
    assert [event["revenue"] for event in bodies(outbox)] == [12.0]


def test_without_a_store_the_process_keeps_the_quarantine(stall: Stall) -> None:
    stall.post(stall.paid("O-1"), stall.paid("O-2"), stall.paid("O-2"))
    held = stall.endpoint.quarantine.quarantined()
    assert [json.loads(row.body)["event_properties"]["order"] for row in held] == ["O-1", "O-2"]
    assert stall.endpoint.quarantine.release_quarantined([held[1].id]) == 1
    assert [event["event_properties"]["order"] for event in stall.sink.events] == ["O-2"]
    assert stall.endpoint.quarantine.discard_quarantined([held[0].id]) == 1
    assert stall.endpoint.quarantine.quarantined() == []


def test_what_the_sink_does_not_take_stays_in_quarantine(stall: Stall) -> None:
    class Full:
        def accept(self, events: Any) -> Any:
            return stall.package.Outcome(dropped=(("buffer_full", len(events)),))

        def flush(self, timeout: float) -> bool:
            return True

        close = flush

    stall.post(stall.paid())
    (held,) = stall.endpoint.quarantine.quarantined()
    stall.package.configure(sink=Full(), strict=False)
    assert stall.endpoint.quarantine.release_quarantined([held.id]) == 0
    assert stall.package.stats().problems["endpoint_sink:buffer_full"] == 1
    stall.package.configure(sink=stall.sink, strict=False)
    assert stall.endpoint.quarantine.release_quarantined([held.id]) == 1
    assert stall.endpoint.quarantine.quarantined() == []
    assert stall.names == ["paid"]


def test_a_full_quarantine_drops_and_counts(stall: Stall, outbox: Any) -> None:
    store = outbox.store
    event = {"event_type": "paid", "device_id": DEVICE}
    taken = [store.quarantine({**event, "insert_id": f"id-{number}"}, "test", 3) for number in range(5)]
    assert taken == [True, True, True, False, False]
    store.discard_quarantined([2])
    assert store.quarantine({**event, "insert_id": "id-9"}, "test", 3)
    assert len(store.quarantined()) == 3


def test_an_event_that_breaks_the_plan_is_quarantined_and_told(stall: Stall) -> None:
    reports: list[Any] = []
    stall.package.configure(sink=stall.sink, strict=True, on_violation=reports.append)
    stall.post(stall.event("viewed", {"path": "/" * 50, "depth": 3}), stall.event("viewed", {"path": "/"}))
    assert [event["event_properties"] for event in stall.sink.events] == [{"path": "/"}]
    assert [row.reason for row in stall.endpoint.quarantine.quarantined()] == ["violation"]
    assert [(one.event, one.accepted, one.violations[0].reason) for one in reports] == [
        ("viewed", False, "is longer than 40")
    ]


def test_a_sink_that_takes_nothing_leaves_the_upload_with_the_page(stall: Stall, outbox: Any) -> None:
    reports: list[Any] = []
    stall.package.configure(sink=outbox, strict=False, on_violation=reports.append)
    upload = stall.upload(stall.event("viewed", {"path": "/", "unknown": 1}))
    assert stall.ask(upload)[0] == 200
    outbox.close(1)
    status, headers, _ = stall.ask(upload)
    assert (status, headers["retry-after"]) == (503, "5")
    assert stall.package.stats().problems == {"endpoint_sink:sink_closed": 1, "endpoint_503": 1}
    assert [(one.accepted, len(one.violations)) for one in reports] == [(True, 1), (False, 1)]
