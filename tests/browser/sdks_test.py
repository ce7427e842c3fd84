"""The vendor's own SDKs, unchanged, at the local destination and at the endpoint."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from amplitude import Amplitude, BaseEvent, Config
from tests.run.destination import Destination


def test_the_browser_and_node_sdks(run_chain: Callable[..., None]) -> None:
    run_chain("sdks.test.mjs")


@pytest.fixture
def destination() -> Iterator[Destination]:
    with Destination("--no-check") as started:
        yield started


class Sent:
    """What the official Python SDK says of each event, once it has said so of all."""

    def __init__(self, url: str, *types: str, device_of_two: str = "device-of-python") -> None:
        self.codes: dict[str, int] = {}
        self._all = threading.Event()
        self._number = len(types)
        config = Config(server_url=url, flush_interval_millis=50, flush_max_retries=6, callback=self._note)
        client = Amplitude("0123456789abcdef", config)
        for name in types:
            device_id = device_of_two if name == "two" else "device-of-python"
            client.track(BaseEvent(name, device_id=device_id, insert_id=f"id-{name}"))
        assert self._all.wait(30), self.codes
        client.shutdown()

    def _note(self, event: Any, code: int, message: str | None = None) -> None:
        self.codes[event.event_type] = code
        if len(self.codes) == self._number:
            self._all.set()


@pytest.mark.parametrize(
    ("fault", "again"),
    [
        (None, 0),
        ({"status": 500}, 0),
        ({"status": 503, "take": True}, 3),
        # A connection that ends without an answer makes this SDK forget its batch, wherever it sends to.
        ({"status": 429}, 0),
        ({"status": 413}, 0),
    ],
)
def test_the_python_sdk(destination: Destination, fault: dict[str, Any] | None, again: int) -> None:
    if fault is not None:
        destination.faults({**fault, "requests": 1})
    sent = Sent(destination.http_v2, "one", "two", "three")
    assert sent.codes == {"one": 200, "two": 200, "three": 200}
    assert sorted(event["event_type"] for event in destination.good()) == ["one", "three", "two"]
    assert len(destination.duplicates()) == again
    assert sum(destination.stats()["requests"].values()) >= (1 if fault is None else 2)


def test_the_python_sdk_keeps_what_was_not_refused(destination: Destination) -> None:
    """The SDK checks ids less than the destination does, so one event of the batch is refused there."""
    sent = Sent(destination.http_v2, "one", "two", "three", device_of_two="anonymous")
    assert sent.codes == {"one": 200, "two": 400, "three": 200}
    assert sorted(event["event_type"] for event in destination.good()) == ["one", "three"]
