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
    400 facts every sink must bring through. `gives_up` tells that the vendor's SDK may bring fewer: how many depends on
    when its tries end.
    """

    faults: list[dict[str, Any]]
    seconds: float = 0
    counted: int = FACTS
    gives_up: bool = False


def invalid(place: int) -> dict[str, Any]:
    """Make the vendor's answer that names one event of a request for one of its fields."""
    return {
        "code": 400,
        "error": "Invalid field values on some events",
        "events_with_invalid_fields": {"time": [place]},
        "events_with_missing_fields": {},
        "events_with_invalid_id_lengths": {},
        "silenced_events": [],
    }


TROUBLES = {
    "500 for 15 seconds": Trouble([{"status": 500}], 15, gives_up=True),
    "connections reset for 15 seconds": Trouble([{"answer": "reset"}], 15, gives_up=True),
    "three answers of 500, events taken nevertheless": Trouble([{"status": 500, "take": True, "requests": 3}]),
    "three answers that are no JSON": Trouble([{"answer": "garbage", "requests": 3}]),
    "three answers cut in half": Trouble([{"answer": "half", "requests": 3}]),
    "one request without an answer": Trouble([{"answer": "nothing", "requests": 1}]),
    "an answer that trickles for some 20 seconds": Trouble([{"trickle": 0.2, "requests": 1}]),
    # The first request holds one event, which no split makes smaller: it passes.
    "413 twice": Trouble([{"requests": 1}, {"status": 413, "requests": 2}]),
    "429 for one device of 40": Trouble([{"throttle": ["device-1"], "requests": 1}]),
    "429 twice that names nobody, `Retry-After: 2`": Trouble(
        [{"status": 429, "headers": {"Retry-After": "2"}, "requests": 2}]
    ),
    "400 that silences one device of 40": Trouble([{"silence": ["device-1"]}], 6, counted=FACTS * 39 // 40),
    "400 three times, `events_with_invalid_fields` names one event each": Trouble(
        [{"status": 400, "json": invalid(0), "requests": 3}], counted=FACTS - 3
    ),
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
    if not (service.sink == "amplitude" and trouble.gives_up):
        assert tally.counted == trouble.counted
    dropped: dict[str, int] = json.loads((service.folder / "dropped.json").read_text(encoding="utf-8"))
    if service.is_outbox:  # it is the worker that gives up, and keeps what it gives up
        assert (service.dead(), dropped) == (tally.lost, {})
    else:
        assert sum(dropped.values()) == tally.lost, dropped
