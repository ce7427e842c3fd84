"""HttpSink against the local destination: what goes in, what counts there, what comes twice, what is lost."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from tests.run.destination import Destination
from tests.run.listening import Listening, event

# --- what a destination may do ---


@pytest.mark.parametrize(
    ("fault", "twice"),
    [
        ({"status": 500}, 0),
        ({"status": 500, "take": True}, 1),
        ({"status": 503}, 0),
        ({"status": 502, "answer": "garbage"}, 0),
        ({"status": 408}, 0),
        ({"status": 403}, 0),
        ({"status": 404}, 0),
        ({"status": 429, "headers": {"Retry-After": "1"}}, 0),
        ({"status": 413}, 0),
        ({"status": 413, "answer": "garbage"}, 0),
        ({"status": 400, "answer": "garbage"}, 0),
        ({"answer": "garbage"}, 1),
        ({"answer": "empty"}, 1),
        ({"answer": "half"}, 1),
        ({"answer": "nothing"}, 0),
        ({"answer": "close"}, 0),
        ({"answer": "reset"}, 0),
        ({"answer": "reset", "take": True}, 1),
        ({"trickle": 0.2}, 1),
        ({"delay": 3.0, "take": True}, 1),
        ({"json": {"ok": True}}, 1),
        ({"json": [1]}, 1),
        ({"json": {"code": 500}}, 1),
    ],
    ids=str,
)
def test_no_fault_loses_or_doubles_a_fact(
    destination: Destination, listening: Callable[..., Listening], fault: dict[str, Any], twice: int
) -> None:
    """One request meets the fault. What it held is sent again; where it had been taken, it is recognised."""
    one = listening()
    destination.faults(**fault, requests=1)
    one.accept(*[event(number) for number in range(300)])
    assert one.sink.flush(15)
    stats = destination.stats()
    assert (one.queued, one.sent, dict(one.dropped)) == (300, 300, {})
    assert (stats["good"], stats["duplicates"], stats["bad"]) == (300, 300 * twice, 0)


def test_an_outage_is_outlasted(destination: Destination, listening: Callable[..., Listening]) -> None:
    one = listening()
    destination.faults(status=503)
    began = time.monotonic()
    for number in range(200):
        one.accept(event(number))
        time.sleep(0.01)
    refused = destination.stats()["requests"].get("503", 0)
    assert time.monotonic() - began > 2
    assert 2 <= refused <= 25, "a destination that is down is asked ever more seldom"
    destination.faults()
    assert one.sink.flush(10)
    assert (one.sent, dict(one.dropped)) == (200, {})
    assert destination.stats()["good"] == 200


def test_a_destination_that_is_not_there_is_waited_for(listening: Callable[..., Listening]) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{free.getsockname()[1]}/2/httpapi"
    one = listening(address)
    one.accept(event(1))
    assert not one.sink.flush(0.5)
    assert (one.sent, dict(one.dropped)) == (0, {})
    assert not one.sink.close(0.3)
    assert dict(one.dropped) == {"lost_at_close": 1}


def test_a_400_drops_what_it_names_and_nothing_else(
    destination: Destination, listening: Callable[..., Listening]
) -> None:
    one = listening()
    events = [event(number) for number in range(500)]
    for number in (7, 300, 499):
        events[number]["time"] = "yesterday"
    events[400]["event_type"] = ""
    one.accept(*events)
    assert one.sink.flush(10)
    assert (one.sent, dict(one.dropped)) == (496, {"invalid:time": 3, "missing:event_type": 1})
    stats = destination.stats()
    assert (stats["good"], stats["duplicates"]) == (496, 0)


def test_many_bad_events_cost_many_requests_but_no_good_event(
    destination: Destination, listening: Callable[..., Listening]
) -> None:
    """HTTP V2 names the first bad event of a request alone."""
    one = listening()
    one.accept(*[event(number, **({"time": "?"} if number % 3 == 0 else {})) for number in range(240)])
    assert one.sink.flush(20)
    assert (one.sent, dict(one.dropped)) == (160, {"invalid:time": 80})
    assert destination.stats()["good"] == 160


def test_a_400_that_names_nothing_finds_the_culprit_by_halves(
    destination: Destination, listening: Callable[..., Listening]
) -> None:
    """The vendor may refuse a whole request for one event, and not say which."""
    one = listening()
    destination.faults(*[{"status": 400, "json": {"code": 400, "error": "Invalid event JSON"}, "requests": 3}])
    one.accept(*[event(number) for number in range(4)])
    assert one.sink.flush(10)
    assert (one.sent, dict(one.dropped)) == (3, {"http_400": 1})
    assert destination.stats()["good"] == 3


def test_throttled_devices_wait_and_others_go_on(destination: Destination, listening: Callable[..., Listening]) -> None:
    one = listening()
    destination.faults(throttle=["device-3"], headers={"Retry-After": "3"})
    began = time.monotonic()
    one.accept(*[event(number) for number in range(100)])
    destination.wait(90, 5)
    assert time.monotonic() - began < 2.7
    assert destination.stats()["good"] == 90
    one.accept(event(101))
    destination.wait(91, 0.9)
    destination.faults()
    assert one.sink.flush(5)
    assert time.monotonic() - began > 0.9, "no sooner than the destination said"
    assert (one.sent, dict(one.dropped)) == (101, {})


def test_a_used_up_quota_and_a_silenced_device_are_counted(
    destination: Destination, listening: Callable[..., Listening]
) -> None:
    one = listening()
    destination.faults({"quota": ["device-3"]}, {"silence": ["device-4"]})
    one.accept(*[event(number) for number in range(100)])
    assert one.sink.flush(5)
    assert (one.sent, dict(one.dropped)) == (80, {"daily_quota": 10, "silenced": 10})
    assert destination.stats()["good"] == 80


def test_requests_keep_below_the_limits(destination: Destination, listening: Callable[..., Listening]) -> None:
    """1 MB for HTTP V2, and an event that is larger by itself is nobody's to take."""
    one = listening()
    padding = "x" * 20_000
    one.accept(*[event(number, event_properties={"padding": padding}) for number in range(200)])
    one.accept(event(1000, event_properties={"padding": "x" * 1_100_000}), event(1001))
    assert one.sink.flush(20)
    assert (one.sent, dict(one.dropped)) == (201, {"too_large": 1})
    stats = destination.stats()
    assert stats["requests"].get("413", 0) == 1
    assert stats["good"] == 201


def test_a_wrong_key_keeps_events_and_tells(listening: Callable[..., Listening], caplog: Any) -> None:
    with Destination("--no-check", "--key", "the-right-one") as strict:
        one = listening(strict.http_v2)
        one.accept(event(1), event(2))
        assert not one.sink.flush(0.5)
        assert "invalid_api_key" in caplog.text
        began = time.monotonic()
        assert not one.sink.close(5)
        assert time.monotonic() - began < 2, "there is nothing to wait for"
        assert dict(one.dropped) == {"lost_at_close": 2}


def test_an_event_that_is_no_json_hurts_itself_alone(
    destination: Destination, listening: Callable[..., Listening]
) -> None:
    one = listening()
    loop: dict[str, Any] = {}
    loop["again"] = loop
    bad = [{"a": float("nan")}, {"a": {1, 2}}, {"a": "\ud800"}, loop]
    one.accept(event(1), *[event(2 + place, event_properties=value) for place, value in enumerate(bad)], event(9))
    assert one.sink.flush(5)
    assert (one.sent, dict(one.dropped)) == (2, {"unencodable": 4})
    assert destination.stats()["good"] == 2


@pytest.mark.parametrize("batch", [False, True])
def test_what_arrives_is_what_was_given(
    destination: Destination, listening: Callable[..., Listening], batch: bool
) -> None:
    url = destination.batch if batch else destination.http_v2
    one = listening(url, batch_api=batch)
    one.accept(*[event(number) for number in range(30)])
    assert one.sink.flush(5)
    assert sorted(destination.good(), key=lambda found: int(found["insert_id"][5:])) == [
        event(number) for number in range(30)
    ]


# --- bounds ---


def test_a_full_queue_drops_and_counts(destination: Destination, listening: Callable[..., Listening]) -> None:
    one = listening(queue_size=100)
    destination.faults(status=503)
    for number in range(150):
        one.accept(event(number))
        if number == 20:
            time.sleep(0.3)  # the first are with the thread, and count as well
    assert (one.queued, dict(one.dropped)) == (100, {"buffer_full": 50})
    one.accept(event(150), event(151))
    assert one.dropped["buffer_full"] == 52
    destination.faults()
    assert one.sink.flush(10)
    one.accept(*[event(number) for number in range(200, 350)])
    assert one.dropped["buffer_full"] == 102
    assert one.sink.flush(10)
    assert one.sent == 200 == destination.stats()["good"]


def test_a_call_waits_for_nothing(destination: Destination, listening: Callable[..., Listening]) -> None:
    one = listening()
    destination.faults(delay=3)
    began = time.monotonic()
    for number in range(1000):
        one.accept(event(number))
    assert time.monotonic() - began < 2.5
    destination.faults()
    assert one.sink.flush(10)


def test_closing_is_over_in_time(destination: Destination, listening: Callable[..., Listening]) -> None:
    one = listening(timeout=10.0)
    destination.faults(answer="nothing")
    one.accept(*[event(number) for number in range(10)])
    time.sleep(0.2)
    began = time.monotonic()
    assert not one.sink.close(0.5)
    assert time.monotonic() - began < 5
    assert dict(one.dropped) == {"lost_at_close": 10}
    assert one.sink.accept([event(11)]).dropped == (("sink_closed", 1),)
    assert one.sink.close(1)


def test_a_flush_ends_while_events_keep_coming(destination: Destination, listening: Callable[..., Listening]) -> None:
    one = listening()
    ended = threading.Event()

    def produce() -> None:
        number = 0
        while not ended.wait(0.0005):
            number += 1
            one.accept(event(number))

    thread = threading.Thread(target=produce)
    thread.start()
    time.sleep(0.2)
    try:
        assert one.sink.flush(5)
    finally:
        ended.set()
        thread.join()
    assert one.sink.close(5)
    assert one.sent == one.queued == destination.stats()["good"]


def test_sixteen_threads_lose_nothing(destination: Destination, listening: Callable[..., Listening]) -> None:
    one = listening(timeout=60.0)  # a busy machine may take its time to answer
    refused: list[Any] = []

    def produce(start: int) -> None:
        outcomes = [one.sink.accept([event(number)]) for number in range(start, start + 1000)]
        refused.extend(outcome for outcome in outcomes if outcome.queued != 1)

    threads = [threading.Thread(target=produce, args=(1000 * place,)) for place in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not refused
    assert one.sink.flush(20)
    assert (one.sent, dict(one.dropped)) == (16_000, {})
    stats = destination.stats()
    assert (stats["good"], stats["duplicates"]) == (16_000, 0)


def test_a_few_requests_are_enough(destination: Destination, listening: Callable[..., Listening]) -> None:
    """Events that come together go together, over connections that are kept."""
    one = listening(interval=0.2)
    for number in range(3000):
        one.accept(event(number))
    assert one.sink.flush(10)
    stats = destination.stats()
    assert stats["requests"]["200"] <= 8
    assert stats["good"] == 3000
