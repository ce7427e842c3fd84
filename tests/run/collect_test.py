"""The local destination in its own process: what goes over the wire, whole and spoiled."""

from __future__ import annotations

import gzip
import json
import socket
import struct
import time
import urllib.error
import urllib.request
from http.client import IncompleteRead, RemoteDisconnected
from typing import Any
from urllib.parse import urlsplit

import pytest
from tests.run.destination import Destination

DEVICE = "7e7c9a02-5d0e-4f5b-9c1f-3a2b1c0d9e8f"


def event(number: int = 0, **members: Any) -> dict[str, Any]:
    """Make an event."""
    return {"event_type": "seen", "device_id": DEVICE, "insert_id": f"id-{number}", "time": 1, **members}


def post(url: str, *events: dict[str, Any], pack: bool = False, timeout: float = 10.0) -> tuple[int, Any]:
    """Send events; return the status and the answer."""
    data = json.dumps({"api_key": "key", "events": events}).encode()
    headers = {"content-type": "application/json"}
    if pack:
        data, headers = gzip.compress(data), {**headers, "content-encoding": "gzip"}
    try:
        with urllib.request.urlopen(urllib.request.Request(url, data, headers), timeout=timeout) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        with error:
            return error.status, json.load(error)


@pytest.mark.parametrize("pack", [False, True])
def test_events_arrive_once(destination: Destination, pack: bool) -> None:
    status, answer = post(destination.http_v2, event(1), event(2), event(1), pack=pack)
    assert (status, answer["code"], answer["events_ingested"]) == (200, 200, 3)
    assert post(destination.batch, event(2), event(3), pack=pack)[0] == 200
    assert [one["insert_id"] for one in destination.good()] == ["id-1", "id-2", "id-3"]
    assert destination.good(fields=["insert_id"])[0] == {"insert_id": "id-1"}
    assert [one["insert_id"] for one in destination.duplicates()] == ["id-1", "id-2"]
    stats = destination.stats()
    assert (stats["good"], stats["duplicates"], stats["bad"], stats["requests"]) == (3, 2, 0, {"200": 2})


def test_waiting_ends_when_events_come(destination: Destination) -> None:
    post(destination.http_v2, event(1))
    assert destination.wait(1, 5.0)["good"] == 1
    with pytest.raises(AssertionError, match="waited"):
        destination.wait(2, 0.1)


def test_faults_hold_for_so_many_requests(destination: Destination) -> None:
    destination.faults({"status": 503, "requests": 2}, {"status": 429, "requests": 1})
    assert [post(destination.http_v2, event(1))[0] for _ in range(4)] == [503, 503, 429, 200]
    assert destination.stats()["good"] == 1


def test_an_error_may_hide_that_events_were_taken(destination: Destination) -> None:
    destination.faults(status=500, take=True, requests=1)
    assert post(destination.http_v2, event(1))[0] == 500
    assert post(destination.http_v2, event(1))[0] == 200
    assert (destination.stats()["good"], destination.stats()["duplicates"]) == (1, 1)


def test_throttled_ids_are_named_and_others_pass(destination: Destination) -> None:
    destination.faults(throttle=["person-1"])
    both = [event(1, user_id="person-1"), event(2)]
    status, answer = post(destination.http_v2, *both)
    assert (status, answer["throttled_users"], answer["throttled_events"]) == (429, {"person-1": 31}, [0])
    assert post(destination.http_v2, both[1])[0] == 200
    assert [one["insert_id"] for one in destination.good()] == ["id-2"]


@pytest.mark.parametrize(
    ("answer", "error", "taken"),
    [
        ("reset", ConnectionResetError, 0),
        ("close", RemoteDisconnected, 0),
        ("half", IncompleteRead, 1),
        ("garbage", UnicodeDecodeError, 1),
        ("empty", json.JSONDecodeError, 1),
        ("nothing", TimeoutError, 0),
    ],
)
def test_answers_are_spoiled(destination: Destination, answer: str, error: type[Exception], taken: int) -> None:
    destination.faults(answer=answer, requests=1)
    with pytest.raises((error, urllib.error.URLError)) as raised:
        post(destination.http_v2, event(1), timeout=1.0)
    assert isinstance(raised.value, error) or isinstance(getattr(raised.value, "reason", None), error)
    assert destination.stats()["good"] == taken
    assert post(destination.http_v2, event(1))[0] == 200
    assert destination.stats()["good"] == 1


def test_answers_come_late_or_byte_by_byte(destination: Destination) -> None:
    destination.faults({"delay": 0.3, "requests": 1}, {"trickle": 0.005, "requests": 1})
    for _ in range(2):
        started = time.monotonic()
        assert post(destination.http_v2, event(1))[0] == 200
        assert time.monotonic() - started >= 0.3


def test_a_wrong_fault_is_refused(destination: Destination) -> None:
    with pytest.raises(urllib.error.HTTPError) as refused:
        destination.faults(statos=500)
    with refused.value as answer:
        assert "statos" in json.load(answer)["error"]


def test_the_window_ends_after_seven_days(destination: Destination) -> None:
    post(destination.http_v2, event(1))
    destination.clock(7 * 24 * 3600 - 60)
    post(destination.http_v2, event(1))
    assert destination.stats()["good"] == 1
    destination.clock(7 * 24 * 3600 + 60)
    post(destination.http_v2, event(1))
    assert destination.stats()["good"] == 2


def test_a_connection_that_ends_within_a_request_brings_nothing(destination: Destination) -> None:
    place = urlsplit(destination.url)
    with socket.create_connection((place.hostname, place.port or 0)) as connection:
        connection.sendall(b"POST /2/httpapi HTTP/1.1\r\nhost: x\r\ncontent-length: 1000\r\n\r\n{")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    assert post(destination.http_v2, event(1))[0] == 200
    assert destination.stats()["good"] == 1
