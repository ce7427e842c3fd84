"""A destination that misbehaves while a service sends, and recovers."""

from __future__ import annotations

import json
from threading import Timer
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

if TYPE_CHECKING:
    from tests.run.faults.service import Service

FACTS = 400


class Trouble(NamedTuple):
    """What the destination does, for how many seconds (else for as many requests as the faults say), and how many of
    400 facts each of the sinks that keep everything must bring through.
    """

    faults: list[dict[str, Any]]
    seconds: float = 0
    counted: int = FACTS


TROUBLES = {
    "500 for 15 seconds": Trouble([{"status": 500}], 15),
    "connections reset for 15 seconds": Trouble([{"answer": "reset"}], 15),
    "three answers of 500, events taken nevertheless": Trouble([{"status": 500, "take": True, "requests": 3}]),
    "three answers that are no JSON": Trouble([{"answer": "garbage", "requests": 3}]),
    "three answers cut in half": Trouble([{"answer": "half", "requests": 3}]),
    "one request without an answer": Trouble([{"answer": "nothing", "requests": 1}]),
    "an answer that trickles for some 20 seconds": Trouble([{"trickle": 0.2, "requests": 1}]),
    # The first request holds one event, which no split makes smaller: it passes.
    "413 twice": Trouble([{"requests": 1}, {"status": 413, "requests": 2}]),
    "429 for one device of 40": Trouble([{"throttle": ["device-1"], "requests": 1}]),
    "400 that names the events of one device of 40": Trouble([{"silence": ["device-1"]}], 6, counted=FACTS * 39 // 40),
}


@pytest.mark.parametrize("name", TROUBLES)
def test_a_destination_that_recovers_has_everything_once(service: Service, name: str) -> None:
    trouble = TROUBLES[name]
    service.destination.faults(*trouble.faults)
    ends = Timer(trouble.seconds, service.destination.faults) if trouble.seconds else None
    if ends is not None:
        ends.start()
    try:
        code, _ = service.run("outage.py", str(FACTS), "75", timeout=120)
        assert code == 0, service.said()
        tally = service.tally(name)
    finally:
        if ends is not None:
            ends.cancel()
    assert (tally.taken, tally.twice) == (FACTS, 0)
    if service.sink != "amplitude":  # how many the vendor's SDK brings through is in the table
        assert tally.counted == trouble.counted
    if service.sink != "outbox":  # what the worker gives up is among its dead letters
        dropped: dict[str, int] = json.loads((service.folder / "dropped.json").read_text(encoding="utf-8"))
        assert sum(dropped.values()) == tally.lost, dropped
