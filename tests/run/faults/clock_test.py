"""The wall clock goes back two hours while events are queued."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.run.results import Tally

if TYPE_CHECKING:
    from tests.run.faults.service import Service


def test_a_clock_that_goes_back_loses_nothing(service: Service) -> None:
    code, seconds = service.run("clock.py", "200")
    assert code == 0, service.said()
    tally = service.tally("the wall clock goes back two hours")
    assert tally == Tally(taken=400, counted=400, lost=0, twice=0, sent_again=0)
    times = [event["time"] for event in service.destination.good(fields=["time"])]
    assert max(times) - min(times) > 7_000_000  # the clock did go back
    assert seconds < 10
