"""Hybrid events: what the answer to a request confirms, and what it promises."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any
from wsgiref.util import setup_testing_defaults

import pytest

from .conftest import HERE

ATTEMPT = "5c1b0f8e-1111-4222-8333-444455556666"
ORDER: dict[str, Any] = {"order_id": "ORD-1", "within": 3, "total": 9.5}
PART: dict[str, Any] = {"order_id": "ORD-1", "within_": 3}


@pytest.fixture
def later(load: Callable[[str], Any]) -> Any:
    """A fresh package with facts that are sent later."""
    return load((HERE / "look_ups.yaml").read_text(encoding="utf-8"))


@pytest.fixture
def sink(later: Any) -> Any:
    recording = later.RecordingSink()
    later.configure(sink=recording, strict=False, on_violation=lambda _: None, enrich=later.Enrichers())
    return recording


@pytest.fixture
def device(later: Any) -> Any:
    return later.Context.anonymous("device-12345", attempt=ATTEMPT)


def confirmed_by(package: Any, handle: Callable[[], object]) -> list[str]:
    """Answer a request, and list what its answer confirms."""
    middleware = import_module(f"{package.__name__}.middleware").WsgiMiddleware
    headers: dict[str, str] = {}

    def application(_: object, start: Callable[..., object]) -> list[bytes]:
        handle()
        start("200 OK", [("Content-Type", "text/plain")])
        return [b"done"]

    def start_response(_: str, given: list[tuple[str, str]], *rest: object) -> None:
        headers.update(given)

    environ: dict[str, Any] = {}
    setup_testing_defaults(environ)
    answer = middleware(application)(environ, start_response)
    assert b"".join(answer) == b"done"
    return headers.get("Trackside-Confirmed", "1").split(" ")[1:]


def events(sink: Any) -> list[str]:
    return [event["event_type"] for event in sink.events]


# --- what an event confirms ---


def test_a_fact_that_a_client_waits_for_is_confirmed_when_a_sink_has_it(later: Any, sink: Any, device: Any) -> None:
    def handle() -> None:
        later.track.order_paid(**ORDER, context=device)
        later.track.plain(context=device)
        later.track.seen_twice(order_id="ORD-2", context=device)  # its copy was sent at once

    confirmed = confirmed_by(later, handle)
    assert events(sink) == ["order_paid", "plain", "seen_twice"]
    assert confirmed == [sink.events[0]["insert_id"]]


def test_a_fact_that_no_sink_has_is_not_confirmed(later: Any, sink: Any, device: Any) -> None:
    def handle() -> None:
        assert not later.track.order_paid(**{**ORDER, "order_id": ""}, context=device).accepted
        denied = later.Context.anonymous("device-12345", consent=[])
        assert not later.track.order_paid(**ORDER, context=denied).accepted
        later.configure(sink=later.NdjsonSink(os.devnull), strict=False)
        later.close()
        assert later.track.order_paid(**ORDER, context=device).dropped == "sink_closed"

    assert confirmed_by(later, handle) == []


def test_outside_of_a_request_nothing_is_confirmed(later: Any, sink: Any, device: Any) -> None:
    assert later.track.order_paid(**ORDER, context=device).accepted


# --- promises ---


def test_a_promise_confirms_the_key_that_the_job_will_send(later: Any, sink: Any, device: Any) -> None:
    stored: list[str] = []

    def handle() -> None:
        with device.activate():
            assert later.track.promise_order_paid(**PART).accepted
            stored.append(later.Context.current().dump())

    (confirmed,) = confirmed_by(later, handle)
    assert sink.events == []
    assert later.stats()[:2] == (0, 0)
    with later.Context.load(stored[0]).activate():
        assert later.track.order_paid(**ORDER).insert_id == confirmed


def test_the_key_of_an_attempt_is_promised_where_a_client_has_one(later: Any, sink: Any, device: Any) -> None:
    answers: list[Any] = []

    def handle() -> None:
        answers.append(later.track.promise_signed_up(context=device))
        answers.append(later.track.promise_signed_up(context=later.Context.anonymous("device-12345")))

    confirmed = confirmed_by(later, handle)
    promised, alone = answers
    assert confirmed == [promised.insert_id]
    assert later.track.signed_up(method="mail", context=device).insert_id == promised.insert_id
    assert alone == later.Receipt(False, None, (), "no_attempt")
    assert later.stats().problems == {"promise_refused:no_attempt": 1}


def test_what_is_not_kept_in_time_is_counted_once(later: Any, sink: Any, device: Any) -> None:
    with device.activate():
        for number in range(3):
            later.track.promise_order_paid(order_id=f"ORD-{number}", within_=3, within=0.2)
        later.track.promise_order_paid(order_id="ORD-9", within_=3)  # has an hour
        later.track.order_paid(**ORDER)
        assert "promise_overdue:order_paid" not in later.stats().problems
        time.sleep(0.25)
        for _ in range(2):
            assert later.stats().problems["promise_overdue:order_paid"] == 2
        later.track.order_paid(**{**ORDER, "order_id": "ORD-2"})  # late, but sent
    assert events(sink) == ["order_paid", "order_paid"]


def test_a_promise_that_is_made_again_is_one(later: Any, sink: Any, device: Any) -> None:
    for _ in range(2):
        later.track.promise_order_paid(**PART, context=device, within=0.05)
    time.sleep(0.1)
    assert later.stats().problems == {"promise_overdue:order_paid": 1}


def test_a_fact_that_is_faster_than_its_promise_keeps_it(later: Any, sink: Any, device: Any) -> None:
    """A webhook may come before the request that caused it has gone on."""
    with device.activate():
        later.track.order_paid(**ORDER)
        assert later.track.promise_order_paid(**PART, within=0.05).accepted
        later.track.promise_order_paid(order_id="ORD-2", within_=3, within=0.05)
    time.sleep(0.1)
    assert later.stats().problems["promise_overdue:order_paid"] == 1


def test_of_facts_that_came_a_bounded_number_is_remembered(later: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    runtime = import_module(f"{later.__name__}._runtime.promises")
    monkeypatch.setattr(runtime, "MOST", 100)
    counts = import_module(f"{later.__name__}._runtime.counts").Counts()
    promises = runtime.Promises(counts)
    for number in range(1000):
        promises.keep(str(number))
    assert len(promises._came) + len(promises._came_before) <= 200
    for number in range(900, 1000):
        promises.make("order_paid", str(number), -1.0)
    assert counts.read().problems == {}


def test_an_event_that_was_refused_keeps_no_promise(later: Any, sink: Any, device: Any) -> None:
    later.track.promise_order_paid(**PART, context=device, within=0.05)
    later.close()
    later.configure(sink=later.NdjsonSink(os.devnull), strict=False, enrich=later.Enrichers())
    later.close()
    later.track.order_paid(**ORDER, context=device)
    time.sleep(0.1)
    assert later.stats().problems["promise_overdue:order_paid"] == 1


def test_only_so_many_promises_are_remembered(later: Any, sink: Any, device: Any) -> None:
    most: int = import_module(f"{later.__name__}._runtime.promises").MOST
    with device.activate():
        for number in range(most + 2):
            assert later.track.promise_order_paid(order_id=f"{number}", within_=3).accepted
    assert later.stats().problems == {"promise_forgotten": 2}


@pytest.mark.parametrize(
    ("part", "context", "dropped"),
    [
        ({"order_id": "", "within_": 3}, {"device_id": "device-12345"}, "violation"),
        ({"order_id": "ORD-123456", "within_": 3}, {"device_id": "device-12345"}, "violation"),
        ({"order_id": "ORD-1", "within_": None}, {"device_id": "device-12345"}, "violation"),
        (PART, {"user_id": "user-12345"}, "violation"),
        (PART, {"device_id": "device-12345", "consent": []}, "consent"),
    ],
)
def test_what_could_not_be_sent_is_not_promised(
    later: Any, sink: Any, part: dict[str, Any], context: dict[str, Any], dropped: str
) -> None:
    answers: list[Any] = []
    about = later.Context(**context)
    assert confirmed_by(later, lambda: answers.append(later.track.promise_order_paid(**part, context=about))) == []
    (receipt,) = answers
    assert (receipt.accepted, receipt.dropped) == (False, dropped)
    assert bool(receipt.violations) == (dropped == "violation")
    assert later.stats().problems == {f"promise_refused:{dropped}": 1}
    assert later.stats().dropped == {}


def test_a_promise_without_a_sink_is_none(later: Any, device: Any) -> None:
    answers: list[Any] = []
    assert confirmed_by(later, lambda: answers.append(later.track.promise_order_paid(**PART, context=device))) == []
    assert answers[0].dropped == "not_configured"


def test_a_wrong_promise_raises_in_strict_mode(later: Any, device: Any) -> None:
    later.configure(sink=later.RecordingSink())
    with pytest.raises(later.TrackingError, match="order_id"):
        later.track.promise_order_paid(order_id="", within_=3, context=device)
    with pytest.raises(TypeError):
        later.track.promise_order_paid(context=device)


def test_a_captured_promise_is_not_remembered(later: Any, sink: Any, device: Any) -> None:
    with later.capture() as captured:
        made = confirmed_by(later, lambda: later.track.promise_order_paid(**PART, context=device, within=0.01))
    time.sleep(0.05)
    assert captured == []
    assert len(made) == 1
    assert later.stats().problems == {}


def test_an_outbox_remembers_promises_for_all_processes(later: Any, device: Any, tmp_path: Path) -> None:
    outbox = later.OutboxSink(later.SQLite(tmp_path / "outbox.db"))
    later.configure(sink=later.Tee(outbox, later.RecordingSink()), strict=False, enrich=later.Enrichers())

    def handle() -> None:
        for number in (1, 2):
            later.track.promise_order_paid(order_id=f"ORD-{number}", within_=3, within=0.05, context=device)

    first, second = confirmed_by(later, handle)
    assert outbox.promised("order_paid", first) and outbox.promised("order_paid", second)
    child = os.fork()
    if child == 0:
        code = 1
        try:
            code = 0 if later.track.order_paid(**ORDER, context=device).insert_id == first else 2
        finally:
            os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert outbox.knows("order_paid", first) and not outbox.knows("order_paid", second)
    time.sleep(0.1)
    assert [one.insert_id for one in outbox.overdue()] == [second]
    assert later.close()


def test_a_store_that_fails_promises_nothing(later: Any, device: Any, tmp_path: Path) -> None:
    later.configure(sink=later.OutboxSink(later.SQLite(tmp_path / "missing" / "outbox.db")), strict=False)
    answers: list[Any] = []
    assert confirmed_by(later, lambda: answers.append(later.track.promise_order_paid(**PART, context=device))) == []
    assert not answers[0].accepted
    assert list(later.stats().problems) == [f"promise_refused:{answers[0].dropped}"]
