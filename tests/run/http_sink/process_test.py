"""HttpSink at the end of a process, at signals and at forks."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.run.destination import Destination
from tests.run.listening import Listening, event

ROOT = Path(__file__).resolve().parents[3]


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
