"""HttpSink against the local destination: what goes in, what counts there, what comes twice, what is lost."""

from __future__ import annotations

import gzip
import http.server
import json
import os
import shutil
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from generated.backend._runtime.amplitude_http import Destination as Sender
from generated.backend._runtime.connection import Connection, Trouble
from generated.backend._runtime.http_sink import HttpSink
from tests.run.destination import Destination
from tests.run.listening import Listening, event

ROOT = Path(__file__).resolve().parents[2]
CERTIFICATE = Path(__file__).with_name("localhost.pem")


@pytest.fixture
def listening(destination: Destination) -> Iterator[Callable[..., Listening]]:
    """Make sinks to the destination, which are closed in the end."""
    made: list[Listening] = []

    def make(url: str = destination.http_v2, key: str = "the-key", **options: Any) -> Listening:
        made.append(Listening(HttpSink(key, server_url=url, **{"interval": 0.02, "timeout": 1.0, **options})))
        return made[-1]

    yield make
    destination.faults()
    for one in made:
        one.sink.close(0.1)


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


# --- the connection ---


def test_a_trickling_head_is_cut_off() -> None:
    """Each byte comes in time; the whole would take minutes."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        ended = threading.Event()

        def serve() -> None:
            client, _ = server.accept()
            with client:
                client.sendall(b"HTTP/1.1 200 OK\r\nX-Slow: ")
                while not ended.wait(0.1):
                    try:
                        client.sendall(b"x")
                    except OSError:
                        return

        thread = threading.Thread(target=serve)
        thread.start()
        connection = Connection(f"http://127.0.0.1:{server.getsockname()[1]}/", timeout=1.0)
        began = time.monotonic()
        with pytest.raises(Trouble, match="timeout"):
            connection.post(b"{}", {})
        assert 0.9 < time.monotonic() - began < 2.5
        ended.set()
        thread.join()
        connection.close()


class Secure(http.server.ThreadingHTTPServer):
    """A destination behind TLS, with a certificate for localhost that nobody else trusts."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _SecureHandler)
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(CERTIFICATE)
        self.socket = context.wrap_socket(self.socket, server_side=True)
        self.events: list[Any] = []
        self.connections: set[Any] = set()
        self.trickle = False

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of clients that do not trust the certificate, or go."""


class _SecureHandler(http.server.BaseHTTPRequestHandler):
    server: Secure
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.headers["Content-Encoding"] == "gzip":
            body = gzip.decompress(body)
        self.server.connections.add(self.client_address)
        if self.server.trickle:
            for _ in range(100):
                self.wfile.write(b"H")
                time.sleep(0.1)
        self.server.events += json.loads(body)["events"]
        data = b'{"code": 200}'
        self.send_response(200)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def secure() -> Iterator[Secure]:
    server = Secure()
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


def test_tls_is_verified_kept_and_left_to_the_parent(
    secure: Secure, listening: Callable[..., Listening], monkeypatch: pytest.MonkeyPatch
) -> None:
    url = f"https://127.0.0.1:{secure.server_port}/2/httpapi"
    stranger = Sender("key", server_url=url).send([event(1)])
    assert (stranger.retry, stranger.trouble) == ((0,), "tls")
    monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATE))
    one = listening(url)
    for number in range(3):
        one.accept(event(number))
        assert one.sink.flush(5)
    assert len(secure.connections) == 1
    child = os.fork()
    if child == 0:
        one.sent = 0
        one.accept(event(3))
        os._exit(0 if one.sink.flush(5) and one.sent == 1 else 1)
    assert os.waitpid(child, 0)[1] == 0
    one.accept(event(4))
    assert one.sink.flush(5)
    assert len(secure.connections) == 2, "the child has its own, and has not ended its parent's"
    assert [found["insert_id"] for found in secure.events] == [f"fact-{number}" for number in range(5)]


def test_tls_is_cut_off_as_well(secure: Secure, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATE))
    secure.trickle = True
    sender = Sender("key", server_url=f"https://127.0.0.1:{secure.server_port}/2/httpapi", timeout=1.0)
    began = time.monotonic()
    verdict = sender.send([event(1)])
    assert (verdict.retry, verdict.trouble) == ((0,), "timeout")
    assert time.monotonic() - began < 2.5
    secure.trickle = False
    assert sender.send([event(1)]).sent == (0,)
    sender.close()


def test_the_environment_s_proxy_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, str | None]] = []

    class Proxy(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked.append((self.path, self.headers["Proxy-Authorization"]))
            data = json.dumps({"code": 200}).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, format: str, *args: object) -> None:
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Proxy) as proxy:
        threading.Thread(target=proxy.serve_forever, args=(0.01,), daemon=True).start()
        monkeypatch.setenv("http_proxy", f"http://me:p%40ss@127.0.0.1:{proxy.server_port}")
        monkeypatch.setenv("no_proxy", "elsewhere.example")
        sender = Sender("key", server_url="http://destination.example/2/httpapi")
        assert sender.send([event(1)]).sent == (0,)
        sender.close()
        proxy.shutdown()
    assert asked == [("http://destination.example/2/httpapi", "Basic bWU6cEBzcw==")]


def test_without_urllib3_the_sink_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("generated.backend._runtime.connection.find_spec", lambda _: None)
    with pytest.raises(ModuleNotFoundError, match="pip install 'urllib3>=2'"):
        HttpSink("key")


# --- the process ---


SCRIPT = """
import os, signal, sys, threading, time
from generated.backend._runtime.http_sink import HttpSink
def event(number):
    return {{"event_type": "seen", "time": 1, "insert_id": f"fact-{{number}}", "device_id": "device-1",
            "event_properties": {{}}, "ingestion_metadata": {{}}}}
sink = HttpSink("key", server_url={url!r}, interval={interval})
{before}
for number in range(50):
    sink.accept([event(number)])
{last}
"""


def run(url: str, last: str, *, before: str = "", interval: float = 30.0) -> subprocess.CompletedProcess[str]:
    script = SCRIPT.format(url=url, last=last, before=before, interval=interval)
    return subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, timeout=30, check=False
    )


@pytest.mark.parametrize(
    ("last", "code", "arrived"),
    [
        ("", 0, 50),
        ("sys.exit(3)", 3, 50),
        ("1 / 0", 1, 50),
        ("try: os.kill(os.getpid(), signal.SIGINT); time.sleep(5)\nexcept KeyboardInterrupt: sys.exit(130)", 130, 50),
        ("os.kill(os.getpid(), signal.SIGTERM); time.sleep(30)", -15, 50),
        ("os.kill(os.getpid(), signal.SIGTERM); threading.Event().wait(30)", -15, 50),
        ("sink.close(5); os._exit(0)", 0, 50),
        ("sink.flush(5); os.kill(os.getpid(), signal.SIGKILL)", -9, 50),
        ("threading.Thread(target=lambda: (time.sleep(0.5), sink.accept([event(50)]))).start()", 0, 51),
        ("if not os.fork(): sink.accept([event(50)]); sys.exit()\nos.wait()", 0, 51),
        ("if not os.fork(): sink.accept([event(50)]); sink.flush(5); os._exit(0)\nos.wait()", 0, 51),
        (
            "import multiprocessing\n"
            "child = multiprocessing.get_context('fork').Process(target=lambda: sink.accept([event(50)]))\n"
            "child.start(); child.join()",
            0,
            51,
        ),
    ],
)
def test_the_end_of_a_process_loses_nothing(destination: Destination, last: str, code: int, arrived: int) -> None:
    began = time.monotonic()
    done = run(destination.http_v2, last)
    assert done.returncode == code, done.stderr
    assert ("Traceback" in done.stderr) == (code == 1), done.stderr
    assert time.monotonic() - began < 8
    stats = destination.stats()
    assert (stats["good"], stats["duplicates"]) == (arrived, 0)


def test_what_ends_without_a_word_loses_what_was_in_memory(destination: Destination) -> None:
    """This is what the pages say of sinks in memory; nothing in a process hears os._exit or SIGKILL."""
    done = run(destination.http_v2, "time.sleep(0.5); sink.accept([event(50)]); os._exit(0)")
    assert (done.returncode, destination.stats()["good"] < 51) == (0, True)


def test_the_end_is_in_time_when_nobody_answers(destination: Destination) -> None:
    destination.faults(answer="nothing")
    began = time.monotonic()
    assert run(destination.http_v2, "").returncode == 0
    assert time.monotonic() - began < 8


@pytest.mark.parametrize("first", ["before", "last"])
def test_a_handler_of_the_program_is_called(destination: Destination, first: str) -> None:
    """Set before the sink is made, it is called by the sink's; set after, it takes its place. Both leave well."""
    handler = "signal.signal(signal.SIGTERM, lambda *_: sys.exit(7))"
    made = f'sink = HttpSink("key", server_url={destination.http_v2!r}, interval=30)'
    before = f"{handler}\n{made}" if first == "before" else handler
    done = run(destination.http_v2, "os.kill(os.getpid(), signal.SIGTERM); time.sleep(20)", before=before)
    assert done.returncode == 7, done.stderr
    assert destination.stats()["good"] == 50


@pytest.mark.parametrize("handler", ["", "signal.signal(signal.SIGTERM, lambda *_: calls.append(1))"])
@pytest.mark.parametrize("pauses", [(0.1, 0.6, 0.3), (0.6, 0.1, 0.3), (0.1, 0.3, 0.6)], ids=str)
def test_packages_that_share_a_process_wait_for_each_other_at_sigterm(
    tmp_path: Path, pauses: tuple[float, ...], handler: str
) -> None:
    """Each generated package has a runtime of its own, and so a handler; the program's own is called once."""
    for number in range(len(pauses)):
        shutil.copytree(ROOT / "generated/backend/_runtime", tmp_path / f"package_{number}" / "_runtime")
    script = f"""
import os, signal, sys, time
from importlib import import_module
calls = []
{handler}
for number, pause in enumerate({pauses}):
    def flush(number=number, pause=pause):
        time.sleep(pause)
        os.write(1, str(number).encode())
    assert import_module(f"package_{{number}}._runtime.process").at_sigterm(flush)
os.kill(os.getpid(), signal.SIGTERM)
time.sleep(1.5)
sys.exit(10 + len(calls))
"""
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, timeout=30, check=False
    )
    assert sorted(done.stdout) == ["0", "1", "2"], done.stderr
    assert done.returncode == (11 if handler else -15)


def test_an_ignored_signal_stays_ignored(destination: Destination) -> None:
    before = "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
    before += f'sink = HttpSink("key", server_url={destination.http_v2!r})'
    # The first sink of the script has set its handler up; SIG_IGN has taken its place.
    done = run(destination.http_v2, "os.kill(os.getpid(), signal.SIGTERM); print('goes on')", before=before)
    assert (done.returncode, done.stdout) == (0, "goes on\n")
    assert destination.stats()["good"] == 50


def test_a_signal_in_the_middle_of_calls_blocks_nothing(destination: Destination) -> None:
    """The handler interrupts the thread that is inside a call, over and over; a handler that sends is one as well."""
    before = """
numbers = iter(range(1000, 10**9))
def tick(*_):
    sink.accept([event(next(numbers))])
signal.signal(signal.SIGALRM, tick)
signal.setitimer(signal.ITIMER_REAL, 0.001, 0.001)
"""
    last = """
ends = time.monotonic() + 1
while time.monotonic() < ends:
    sink.accept([event(next(numbers))])
    time.sleep(0.0001)
signal.setitimer(signal.ITIMER_REAL, 0)
print(next(numbers) - 1000)
sys.stdout.flush()
os.kill(os.getpid(), signal.SIGTERM)
while True:
    pass
"""
    done = run(destination.http_v2, last, before=before, interval=0.01)
    assert done.returncode == -15, done.stderr
    stats = destination.stats()
    assert (stats["good"], stats["duplicates"]) == (50 + int(done.stdout), 0)


def test_a_child_leaves_its_parent_s_events_and_connection_alone(
    destination: Destination, listening: Callable[..., Listening]
) -> None:
    one = listening(interval=0.3)
    one.accept(event(0))
    assert one.sink.flush(5)  # a kept connection, a running thread
    one.accept(event(1))
    child = os.fork()
    if child == 0:
        one.sent = 0
        one.accept(event(2))
        os._exit(0 if one.sink.flush(5) and one.sent == 1 else 1)
    assert os.waitpid(child, 0)[1] == 0
    one.accept(event(3))
    assert one.sink.flush(5)
    assert one.sent == 3
    stats = destination.stats()
    assert (stats["good"], stats["duplicates"]) == (4, 0)


def test_a_fork_in_the_middle_of_everything_is_survived(
    destination: Destination, listening: Callable[..., Listening]
) -> None:
    """Other threads hold every lock there is at some fork or other."""
    one = listening(interval=0.0)
    ended = threading.Event()

    def produce(start: int) -> None:
        number = start
        while not ended.wait(0.0002):
            number += 1
            one.accept(event(number))

    threads = [threading.Thread(target=produce, args=(10**6 * (place + 1),)) for place in range(3)]
    for thread in threads:
        thread.start()
    for number in range(30):
        child = os.fork()
        if child == 0:
            one.accept(event(number))
            os._exit(0 if one.sink.flush(10) else 1)
        assert os.waitpid(child, 0)[1] == 0
    ended.set()
    for thread in threads:
        thread.join()
    assert one.sink.flush(10)
    stats = destination.stats()
    assert stats["duplicates"] == 0
    arrived = {int(found["insert_id"][5:]) for found in destination.good(fields=["insert_id"])}
    assert set(range(30)) <= arrived
    assert one.sent == stats["good"] - 30
