"""The local destination in its own process: what goes over the wire, whole and spoiled."""

from __future__ import annotations

import gzip
import json
import os
import socket
import statistics
import struct
import subprocess
import sys
import time
import urllib.error
import urllib.request
from http.client import HTTPConnection, IncompleteRead, RemoteDisconnected
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import pytest
from tests.run.destination import ROOT, Destination

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


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/clock", '{"ahead": 1e999}'),
        ("/clock", '{"ahead": NaN}'),
        ("/clock", "[[]]"),
        ("/faults", '{"delay": NaN}'),
        ("/faults", '{"trickle": 1e999}'),
        ("/faults", '{"json": {"code": 1e999}}'),
        ("/faults", '{"headers": {"a\\nb": "c"}}'),
        ("/faults", '{"headers": {"a": "b\\r\\nc: d"}}'),
        ("/wait?timeout=nan", None),
    ],
)
def test_what_cannot_be_done_is_refused_and_changes_nothing(
    destination: Destination, path: str, body: str | None
) -> None:
    asked = urllib.request.Request(destination.url + path, None if body is None else body.encode())
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(asked, timeout=10)
    with refused.value as answer:
        assert (answer.status, bool(json.load(answer)["error"])) == (422, True)
    assert destination.ask("/faults") == []
    assert post(destination.http_v2, event(1))[0] == 200
    assert (destination.stats()["good"], destination.stats()["duplicates"]) == (1, 0)


def test_halves_of_characters_do_not_end_an_answer(destination: Destination) -> None:
    half = "\ud800"
    destination.faults(throttle=[half], json={half: half})
    assert destination.ask("/faults")[0]["throttle"] == [half]
    assert post(destination.http_v2, event(1, event_type=half, event_properties={half: half}))[0] == 200
    assert destination.stats()["by_event"] == {half: {"good": 1}}
    assert destination.good()[0]["event_properties"] == {half: half}


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


def test_connections_are_kept_and_counted(destination: Destination) -> None:
    place = urlsplit(destination.url)
    connection = HTTPConnection(place.hostname or "", place.port, timeout=10)
    data = json.dumps({"api_key": "key", "events": [event(1)]})
    took = []
    for _ in range(21):
        started = time.monotonic()
        connection.request("POST", "/2/httpapi", data)
        with connection.getresponse() as answer:
            assert json.load(answer)["code"] == 200
        took.append(time.monotonic() - started)
    connection.close()
    # An answer whose end waits for the acknowledgement of its head takes 40 ms.
    assert statistics.median(took) < 0.035
    assert destination.stats()["connections"] == 2  # and the one that asks


def test_identify_answers_a_word(destination: Destination) -> None:
    form = b"api_key=key&identification=" + quote(json.dumps({"user_id": "person-1"})).encode()
    with urllib.request.urlopen(destination.identify, form, timeout=10) as answer:
        assert answer.read() == b"success"
    assert destination.good("$identify") == [{"event_type": "$identify", "user_id": "person-1"}]
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(destination.identify, b"api_key=key", timeout=10)
    with refused.value as answer:
        assert (answer.status, answer.read()) == (400, b"missing_event")


def test_a_page_of_another_origin_may_send(destination: Destination) -> None:
    headers = {
        "origin": "http://localhost:3000",
        "access-control-request-method": "POST",
        "access-control-request-headers": "content-type",
    }
    asked = urllib.request.Request(destination.http_v2, headers=headers, method="OPTIONS")
    with urllib.request.urlopen(asked, timeout=10) as answer:
        assert answer.headers["access-control-allow-origin"] == "*"
    data = json.dumps({"api_key": "key", "events": [event(1)]}).encode()
    sent = urllib.request.Request(destination.http_v2, data, {"origin": "http://localhost:3000"})
    with urllib.request.urlopen(sent, timeout=10) as answer:
        assert answer.headers["access-control-allow-origin"] == "*"


def test_too_much_is_refused_and_the_connection_lives_on(destination: Destination) -> None:
    place = urlsplit(destination.url)
    connection = HTTPConnection(place.hostname or "", place.port, timeout=10)
    for size, status in ((30_000_000, 413), (10, 400)):
        connection.request("POST", "/2/httpapi", b"x" * size)
        with connection.getresponse() as answer:
            assert (answer.status, json.load(answer)["code"]) == (status, status)
    connection.close()


def test_a_fault_has_headers_and_a_body(destination: Destination) -> None:
    body = {"code": 429, "error": "slow down"}
    destination.faults(status=429, headers={"Retry-After": "7"}, json=body, requests=1)
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(destination.http_v2, b"{}", timeout=10)
    with refused.value as answer:
        assert (answer.headers["retry-after"], json.load(answer)) == ("7", body)


def test_a_reset_may_come_after_the_events_were_taken(destination: Destination) -> None:
    destination.faults(answer="reset", take=True, requests=1)
    with pytest.raises((ConnectionResetError, urllib.error.URLError)):
        post(destination.http_v2, event(1))
    post(destination.http_v2, event(1))
    assert (destination.stats()["good"], destination.stats()["duplicates"]) == (1, 1)


def test_events_are_compared_with_the_plan() -> None:
    with Destination("tracking_plan.yaml") as checking:
        sender = {"source_name": "acme-shop/backend", "source_version": "1.0.0"}
        properties = {"sku": "SKU-1", "warehouse": "HAM-2", "quantity": "many"}
        wrong = event(1, event_type="stock_level_changed", event_properties=properties, ingestion_metadata=sender)
        unknown = event(2, event_type="purchase_lost")
        assert post(checking.http_v2, wrong, unknown)[0] == 200  # the vendor knows no plan
        found = checking.bad()
        assert [one["event"]["insert_id"] for one in found] == ["id-1", "id-2"]
        assert any("quantity" in reason for reason in found[0]["reasons"])
        assert found[1]["reasons"] == ["event_type: 'purchase_lost' is not an event of the plan"]
        assert checking.wait(2, sort="bad")["good"] == 0
        assert checking.stop() == "0 good events, 2 bad, 0 duplicates\n"
        assert checking.process.returncode == 0


def test_a_key_may_be_asked_for() -> None:
    with Destination("--no-check", "--key", "key") as started:
        assert post(started.http_v2, event(1))[0] == 200
        data = json.dumps({"api_key": "other", "events": [event(2)]}).encode()
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(started.http_v2, data, timeout=10)
        with refused.value as answer:
            assert json.load(answer)["error"] == "Invalid API key: other"


def test_it_ends_although_somebody_waits() -> None:
    with Destination("--no-check") as started:
        started.faults(answer="nothing")
        with pytest.raises((TimeoutError, urllib.error.URLError)):
            post(started.http_v2, event(1), timeout=0.2)
        place = urlsplit(started.url)
        with socket.create_connection((place.hostname, place.port or 0)) as waiting:
            waiting.sendall(b"GET /wait?count=1&timeout=60 HTTP/1.1\r\nhost: localhost\r\n\r\n")
            begun = time.monotonic()
            started.stop()
            assert time.monotonic() - begun < 10
        assert started.process.returncode == 0


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nowhere.yaml"], "there is no nowhere.yaml"),
        (["--port", "70000"], "--port lies between 0 and 65535"),
        (["--no-check", "--host", "192.0.2.1"], "cannot listen on 192.0.2.1"),
    ],
)
def test_a_wrong_call_says_what_is_wrong(arguments: list[str], said: str) -> None:
    command = [sys.executable, "-m", "trackside", "collect", "--port", "0", *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"trackside: {said}")


def test_a_plan_with_errors_is_shown(tmp_path: Path) -> None:
    (tmp_path / "tracking_plan.yaml").write_text("trackside: 1\n", encoding="utf-8")
    command = [sys.executable, "-m", "trackside", "collect", "--port", "0", str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2
    assert "error[TS" in done.stdout
    assert "has errors: correct them, or say --no-check" in done.stderr


def test_without_its_extra_it_says_what_to_install(tmp_path: Path) -> None:
    (tmp_path / "starlette.py").write_text("raise ModuleNotFoundError('none', name='starlette')\n", encoding="utf-8")
    command = [sys.executable, "-m", "trackside", "collect", "--no-check"]
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2
    assert done.stderr == "trackside: collect needs starlette: pip install 'trackside[collect]'\n"
