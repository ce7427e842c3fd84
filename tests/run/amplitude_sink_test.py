"""AmplitudeSink against the local destination, where the vendor's SDK by itself would lose events in silence."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from generated.backend._runtime.amplitude_sink import AmplitudeSink
from tests.run.destination import Destination
from tests.run.listening import Listening, event

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def listening(destination: Destination) -> Iterator[Callable[..., Listening]]:
    """Make sinks to the destination, which are closed in the end."""
    made: list[Listening] = []

    def make(url: str = destination.http_v2, key: str = "the-key", **options: Any) -> Listening:
        made.append(Listening(AmplitudeSink(key, server_url=url, **{"interval": 20, **options})))
        return made[-1]

    yield make
    destination.faults()
    for one in made:
        one.sink.close(1.0)


@pytest.mark.parametrize(
    ("fault", "twice"),
    [
        ({"status": 500}, 0),
        ({"status": 503}, 0),
        ({"answer": "garbage"}, 1),
        ({"answer": "empty"}, 1),
        ({"json": {"ok": True}}, 1),
        ({"answer": "reset"}, 0),
        ({"status": 413}, 0),
        ({"status": 429}, 0),
    ],
    ids=str,
)
def test_no_fault_leaves_an_event_without_an_answer(
    destination: Destination, listening: Callable[..., Listening], fault: dict[str, Any], twice: int
) -> None:
    """The SDK alone forgets a batch whose answer it cannot read: no callback, no line in the log."""
    one = listening(interval=250)  # so that one request has all of them
    destination.faults(**fault, requests=1)
    one.accept(*[event(number) for number in range(100)])
    assert one.sink.flush(10)
    stats = destination.stats()
    assert (one.queued, one.sent, dict(one.dropped)) == (100, 100, {})
    assert (stats["good"], stats["duplicates"]) == (100, 100 * twice)


def test_a_wrong_key_is_counted(listening: Callable[..., Listening]) -> None:
    with Destination("--no-check", "--key", "the-right-one") as strict:
        one = listening(strict.http_v2)
        one.accept(event(1), event(2))
        assert one.sink.flush(5)
    assert (one.sent, dict(one.dropped)) == (0, {"amplitude_invalid_api_key": 2})


def test_an_event_that_is_no_json_hurts_itself_alone(
    destination: Destination, listening: Callable[..., Listening]
) -> None:
    """The SDK encodes a batch as one text, and loses it as a whole, in silence."""
    one = listening()
    one.accept(event(1), event(2, event_properties={"a": {1, 2}}), event(3))
    assert one.sink.flush(10)
    assert (one.sent, dict(one.dropped)) == (2, {"unencodable": 1})
    assert destination.stats()["good"] == 2


def test_a_full_queue_drops_and_counts(destination: Destination, listening: Callable[..., Listening]) -> None:
    one = listening(queue_size=50)
    destination.faults(delay=0.5)
    for number in range(80):
        one.accept(event(number))
    assert (one.queued, dict(one.dropped)) == (50, {"buffer_full": 30})
    destination.faults()
    assert one.sink.flush(10)
    one.accept(*[event(number) for number in range(100, 160)])
    assert one.sink.flush(10)
    assert (one.sent, one.dropped["buffer_full"]) == (100, 40)
    assert destination.stats()["good"] == 100


SCRIPT = """
import os, signal, sys, threading, time
from generated.backend._runtime.amplitude_sink import AmplitudeSink
def event(number):
    return {{"event_type": "seen", "time": 1, "insert_id": f"fact-{{number}}", "device_id": "device-1",
            "event_properties": {{}}, "ingestion_metadata": {{}}}}
sink = AmplitudeSink("key", server_url={url!r}, interval=60000)
for number in range(20):
    sink.accept([event(number)])
{last}
"""


@pytest.mark.parametrize(
    ("last", "code", "arrived"),
    [
        ("", 0, 20),
        ("sys.exit(3)", 3, 20),
        ("os.kill(os.getpid(), signal.SIGTERM); time.sleep(30)", -15, 20),
        ("signal.signal(signal.SIGTERM, lambda *_: sys.exit(7)); signal.raise_signal(signal.SIGTERM)", 7, 20),
        # A child has what the parent has not sent yet in its memory, and the SDK's hook at its end.
        ("if not os.fork(): sink.accept([event(20)]); sys.exit()\nos.wait()", 0, 21),
        ("if not os.fork(): sys.exit()\nos.wait()", 0, 20),
        # The parent has sent before: the SDK's threads are gone, and it believes that they wait for work.
        ("sink.flush(5)\nif not os.fork(): sink.accept([event(20)]); sys.exit()\nos.wait()", 0, 21),
    ],
)
def test_the_end_of_a_process_loses_and_doubles_nothing(
    destination: Destination, last: str, code: int, arrived: int
) -> None:
    began = time.monotonic()
    script = SCRIPT.format(url=destination.http_v2, last=last)
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == code, done.stderr
    assert not done.stderr
    assert time.monotonic() - began < 10
    stats = destination.stats()
    assert (stats["good"], stats["duplicates"]) == (arrived, 0)


def test_forks_in_the_middle_of_calls_are_survived(
    destination: Destination, listening: Callable[..., Listening]
) -> None:
    one = listening()
    ended = threading.Event()

    def produce(start: int) -> None:
        number = start
        while not ended.wait(0.001):
            number += 1
            one.accept(event(number))

    threads = [threading.Thread(target=produce, args=(10**6 * (place + 1),)) for place in range(2)]
    for thread in threads:
        thread.start()
    for number in range(15):
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
    assert (stats["good"], stats["duplicates"]) == (one.sent + 15, 0)
