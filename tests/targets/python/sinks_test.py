"""Sinks, run for real: files, several at once, and the vendor's SDK against a server on this machine."""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest


class Vendor(ThreadingHTTPServer):
    """A server that answers as the vendor's HTTP V2 API does, and keeps what it was sent."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.bodies: list[dict[str, Any]] = []
        self.answers: list[tuple[int, dict[str, Any]]] = []
        self.delay = 0.0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/2/httpapi"

    @property
    def events(self) -> list[dict[str, Any]]:
        return [event for body in self.bodies for event in body["events"]]


class _Handler(BaseHTTPRequestHandler):
    server: Vendor

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])), parse_constant=pytest.fail)
        time.sleep(self.server.delay)
        status, answer = self.server.answers.pop(0) if self.server.answers else (200, {"code": 200})
        self.server.bodies.append(body)
        data = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def vendor() -> Iterator[Vendor]:
    server = Vendor()
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def context(shop: Any) -> Any:
    return shop.Context.identified(
        "user-12345", device_id="device-12345", session_id=1_700_000_000_000, consent=["analytics"], ip="192.0.2.1"
    )


def plain(number: int = 1) -> dict[str, Any]:
    """Make an event in its wire form."""
    return {
        "event_type": "tested",
        "time": 1_700_000_000_000,
        "insert_id": f"id-{number}",
        "device_id": "device-12345",
        "event_properties": {"number": number},
        "ingestion_metadata": {"source_name": "a/b", "source_version": "1"},
    }


def test_a_file_has_one_event_a_line(shop: Any, context: Any, tmp_path: Path) -> None:
    path = tmp_path / "events.ndjson"
    path.write_text("before\n")
    shop.configure(sink=shop.NdjsonSink(path), strict=True)
    with context.activate():
        for rows in range(3):
            shop.track.site_transfer_accepted(context_="\n\u2028é", list=[str(rows)], n404_seen=True)
    first, *lines = path.read_text(encoding="utf-8").split("\n")[:-1]
    assert first == "before"
    events = [json.loads(line) for line in lines]
    assert [event["event_properties"]["list"] for event in events] == [["0"], ["1"], ["2"]]
    assert shop.stats().sent == 3
    assert shop.close()
    with context.activate(), pytest.raises(shop.TrackingError, match="sink_closed"):
        shop.track.class_()
    assert shop.stats().dropped == {"sink_closed": 1}


def test_a_file_that_cannot_be_written_costs_no_call(shop: Any, context: Any, tmp_path: Path) -> None:
    shop.configure(sink=shop.NdjsonSink(tmp_path), strict=False)
    assert shop.track.class_(context=context).dropped == "error:IsADirectoryError"


def test_a_line_that_was_cut_short_takes_no_other_with_it(shop: Any, context: Any, tmp_path: Path) -> None:
    """The file may not grow in the middle of a line, as on a full disk; later it may."""
    path = tmp_path / "events.ndjson"
    shop.configure(sink=shop.NdjsonSink(path), strict=False)
    before, most = resource.getrlimit(resource.RLIMIT_FSIZE), 1000
    with context.activate():
        accepted = [shop.track.class_().accepted]
        try:
            resource.setrlimit(resource.RLIMIT_FSIZE, (most, before[1]))
            accepted += [shop.track.class_().accepted for _ in range(10)]
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)
        assert path.stat().st_size == most
        accepted += [shop.track.class_().accepted for _ in range(3)]
    lines = path.read_text().splitlines()
    cut = lines.pop(accepted.index(False))
    assert [json.loads(line)["event_type"] for line in lines] == ["class"] * sum(accepted)
    with pytest.raises(ValueError):
        json.loads(cut)
    assert shop.stats().dropped == {"error:OSError": len(accepted) - sum(accepted)}
    assert shop.close()


def test_a_file_is_shared_by_processes(shop: Any, tmp_path: Path) -> None:
    path = tmp_path / "events.ndjson"
    sink = shop.NdjsonSink(path)
    sink.accept([plain(0)])
    children = []
    for number in range(4):
        child = os.fork()
        if child == 0:
            for _ in range(50):
                sink.accept([{**plain(number), "padding": "x" * 3000}])
            os._exit(0)
        children.append(child)
    for child in children:
        assert os.waitpid(child, 0)[1] == 0
    assert len([json.loads(line) for line in path.read_text().splitlines()]) == 201


def test_a_file_is_written_by_a_child_of_a_busy_process(shop: Any, tmp_path: Path) -> None:
    """A thread of the parent that is writing at the fork holds a lock that nobody in the child would give back."""
    path = tmp_path / "events.ndjson"
    sink = shop.NdjsonSink(path)
    ended = threading.Event()

    def write() -> None:
        while not ended.is_set():
            sink.accept([plain(number) for number in range(50)])

    thread = threading.Thread(target=write)
    thread.start()
    try:
        for _ in range(20):
            child = os.fork()
            if child == 0:
                signal.alarm(10)  # instead of a test that hangs
                sink.accept([plain(1000)])
                os._exit(0)
            assert os.waitpid(child, 0)[1] == 0
    finally:
        ended.set()
        thread.join()
    numbers = [json.loads(line)["event_properties"]["number"] for line in path.read_text().splitlines()]
    assert numbers.count(1000) == 20


class Changing:
    """A sink that changes what it is given."""

    def accept(self, events: Any) -> Any:
        for event in events:
            event["event_properties"].clear()
        return type(events)

    def flush(self, timeout: float) -> bool:
        return False

    def close(self, timeout: float) -> bool:
        return True


def test_several_sinks_do_not_disturb_each_other(shop: Any) -> None:
    first, second = shop.RecordingSink(), shop.RecordingSink()

    class Failing(Changing):
        def accept(self, events: Any) -> Any:
            super().accept(events)
            raise OSError("full")

    tee = shop.Tee(first, Failing(), second)
    outcome = tee.accept([plain(7)])
    assert first.events == second.events == [plain(7)]
    assert outcome == shop.Outcome(sent=1, dropped=(("sink_failed:OSError", 1),))
    assert (tee.flush(0.1), tee.close(0.1)) == (False, True)
    assert shop.Tee().accept([plain()]).dropped == (("no_sink", 1),)


class Ending:
    """A sink that notes what it is asked at the end."""

    def __init__(self, answer: bool | Exception) -> None:
        self.answer = answer
        self.asked: list[str] = []

    def accept(self, events: Any) -> Any:
        raise OSError("the disk is gone")

    def flush(self, timeout: float) -> bool:
        return self._end("flush")

    def close(self, timeout: float) -> bool:
        return self._end("close")

    def _end(self, how: str) -> bool:
        self.asked.append(how)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


@pytest.mark.parametrize("answer", [False, OSError("full")], ids=repr)
def test_each_of_several_sinks_is_flushed_and_closed(shop: Any, answer: bool | Exception) -> None:
    first, second = Ending(answer), Ending(True)
    shop.configure(sink=shop.Tee(first, second), strict=False)
    assert (shop.flush(), shop.close()) == (False, False)
    assert first.asked == second.asked == ["flush", "close"]
    assert shop.stats().problems == ({} if answer is False else {"error:OSError": 2})


def test_an_error_of_a_sink_surfaces_in_strict_mode_only(shop: Any, context: Any) -> None:
    sink = Ending(OSError("full"))
    shop.configure(sink=sink, strict=False)
    assert (shop.flush(), shop.close()) == (False, False)
    assert shop.track.class_(context=context).dropped == "error:OSError"
    shop.configure(sink=sink, strict=True)
    for call in (shop.flush, shop.close, lambda: shop.track.class_(context=context)):
        with pytest.raises(OSError):
            call()
    with pytest.raises(OSError):
        shop.configure(sink=shop.RecordingSink(), strict=True)  # closes the former
    assert shop.track.class_(context=context).accepted


def test_what_a_sink_does_not_take_raises_in_strict_mode(shop: Any, context: Any) -> None:
    sink = shop.HttpSink("key", server_url="http://127.0.0.1:9/", queue_size=0)
    shop.configure(sink=sink, strict=False)
    assert shop.track.class_(context=context).dropped == "buffer_full"
    shop.configure(sink=sink, strict=True)
    with pytest.raises(shop.TrackingError, match="not taken by the sink: buffer_full"):
        shop.track.class_(context=context)
    sink.close(0)
    shop.configure(sink=shop.Tee(shop.RecordingSink(), sink), strict=True)
    with pytest.raises(shop.TrackingError, match="not taken by the sink: sink_closed"):
        shop.track.class_(context=context)
    assert shop.stats().dropped == {"buffer_full": 2, "sink_closed": 1}


def test_the_sdk_sends_our_wire_form_to_the_letter(
    shop: Any, vendor: Vendor, context: Any, everything: dict[str, Any]
) -> None:
    sink = shop.AmplitudeSink("the-key", server_url=vendor.url, interval=50)
    recording = shop.RecordingSink()
    shop.configure(sink=shop.Tee(sink, recording), strict=True)
    shop.set_context(app_version="1.0")
    with context.activate():
        shop.track.everything(**everything)
        shop.track.refunded(refund_id="r1", part=1, price=5, count=2)
        shop.identify(plan="pro", nickname=None)
    assert shop.flush(5)
    assert vendor.bodies[0]["api_key"] == "the-key"
    sent = sorted(vendor.events, key=lambda event: event["insert_id"])
    for event in sent:
        assert event.pop("library").startswith("amplitude-python/")
    assert sent == sorted(recording.events, key=lambda event: event["insert_id"])
    by_type = {event["event_type"]: event for event in sent}
    # Each of these the SDK itself would have dropped without a word.
    assert by_type["everything"]["event_properties"]["grid"] == [[1, 2.5], []]
    assert by_type["everything"]["event_properties"]["maybe"] is None
    assert by_type["$identify"]["user_properties"] == {"$set": {"plan": "pro", "nickname": None}}
    assert by_type["refunded"]["revenue"] == -10.0
    assert by_type["refunded"]["ingestion_metadata"]["source_name"] == "acme-shop/backend"
    assert shop.stats().sent == 3
    assert shop.close()


def test_two_calls_are_two_events(shop: Any, vendor: Vendor, context: Any) -> None:
    shop.configure(sink=shop.AmplitudeSink("key", server_url=vendor.url, interval=50))
    with context.activate():
        for _ in range(5):
            shop.track.class_()
    assert shop.close(5)
    assert len({event["insert_id"] for event in vendor.events}) == 5


def test_what_the_vendor_refuses_is_counted(shop: Any, vendor: Vendor, context: Any) -> None:
    vendor.answers = [(400, {"code": 400, "error": "Invalid", "events_with_invalid_fields": {"time": [0]}})]
    shop.configure(sink=shop.AmplitudeSink("key", server_url=vendor.url, interval=50), strict=False)
    with context.activate():
        shop.track.class_()
        shop.track.class_()
    assert shop.flush(5)
    stats = shop.stats()
    assert (stats.accepted, stats.sent, stats.dropped) == (2, 1, {"amplitude_400": 1})
    assert shop.close(5)


def test_an_outage_is_survived_for_a_while(shop: Any, vendor: Vendor, context: Any) -> None:
    vendor.answers = [(503, {"code": 503}), (500, {"code": 500})]
    shop.configure(sink=shop.AmplitudeSink("key", server_url=vendor.url, interval=50))
    shop.track.class_(context=context)
    assert shop.flush(5)
    assert len(vendor.bodies) == 3
    assert shop.stats().sent == 1
    assert shop.close(5)


def test_what_is_left_at_the_end_is_counted_as_lost(shop: Any, vendor: Vendor, context: Any) -> None:
    vendor.answers = [(503, {"code": 503})] * 50
    shop.configure(sink=shop.AmplitudeSink("key", server_url=vendor.url, interval=50), strict=False)
    shop.track.class_(context=context)
    began = time.monotonic()
    assert not shop.close(0.3)
    assert time.monotonic() - began < 3
    (reason,) = shop.stats().dropped
    assert reason in {"lost_at_close", "amplitude_503"}
    assert shop.stats().dropped[reason] == 1
    assert shop.track.class_(context=context).dropped == "sink_closed"


def test_configuring_anew_sends_what_the_former_sink_held(shop: Any, vendor: Vendor, context: Any) -> None:
    shop.configure(sink=shop.AmplitudeSink("key", server_url=vendor.url, interval=5000))
    shop.track.class_(context=context)
    shop.configure(sink=shop.RecordingSink())
    assert len(vendor.events) == 1


def test_a_call_does_not_wait_for_the_vendor(shop: Any, vendor: Vendor, context: Any) -> None:
    vendor.delay = 3.0
    shop.configure(sink=shop.AmplitudeSink("key", server_url=vendor.url, interval=10))
    with context.activate():
        shop.track.class_()
        time.sleep(0.2)
        began = time.monotonic()
        for _ in range(20):
            shop.track.class_()
        assert time.monotonic() - began < 2.5
    assert shop.close(15)
    assert len(vendor.events) == 21


def test_a_child_process_sends_its_own_and_not_its_parent_s(shop: Any, vendor: Vendor, context: Any) -> None:
    shop.configure(sink=shop.AmplitudeSink("key", server_url=vendor.url, interval=60_000))
    with context.activate():
        shop.track.class_()
        child = os.fork()
        if child == 0:
            shop.track.logged_out()
            os._exit(0 if shop.flush(5) and shop.stats().sent == 1 else 1)
        assert os.waitpid(child, 0)[1] == 0
        assert [event["event_type"] for event in vendor.events] == ["logged_out"]
    assert shop.close(5)
    assert sorted(event["event_type"] for event in vendor.events) == ["class", "logged_out"]


SCRIPT = """
import sys, time
sys.path.insert(0, {folder!r})
import {package} as shop
shop.configure(sink=shop.AmplitudeSink("key", server_url={url!r}, interval=60000))
shop.track.class_(context=shop.Context.anonymous("device-12345", consent=["analytics"]))
{last}
print(time.monotonic())
"""


@pytest.mark.parametrize("last", ["", "shop.close(5)", "shop.flush(5)", "1 / 0"])
def test_a_process_ends_at_once_and_loses_nothing(shop: Any, vendor: Vendor, last: str) -> None:
    """The SDK alone would sleep its whole interval out, a minute here, before the process could end."""
    folder = Path(shop.__file__).parent
    script = SCRIPT.format(folder=str(folder.parent), package=folder.name, url=vendor.url, last=last)
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == (1 if "1 / 0" in last else 0), done.stderr
    assert ("Traceback" in done.stderr) == ("1 / 0" in last), done.stderr
    assert [event["event_type"] for event in vendor.events] == ["class"]


def test_without_the_sdk_the_sink_says_what_to_install(shop: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    module = sys.modules[shop.AmplitudeSink.__module__]
    monkeypatch.setattr(module, "find_spec", lambda _: None)
    with pytest.raises(ModuleNotFoundError, match="pip install amplitude-analytics"):
        shop.AmplitudeSink("key")


def test_several_destinations_get_every_event(
    load: Callable[[str], Any], plan_text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    second = "second: {kind: amplitude, project: other, region: us, api_key: OTHER_KEY}"
    shop = load(plan_text.replace("destinations:\n", f"destinations:\n  {second}\n"))
    monkeypatch.setenv("OTHER_KEY", "from the environment")
    with pytest.raises(ValueError, match="SHOP_KEY"):
        shop.configure()
    shop.configure(api_keys={"amplitude": "given"})
    assert shop.close(1)
