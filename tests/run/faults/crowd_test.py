"""Sixteen threads and a thousand tasks at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.run.results import Tally

if TYPE_CHECKING:
    from tests.run.faults.service import Service


def test_threads_and_tasks_share_one_sink(service: Service) -> None:
    code, _ = service.run("crowd.py")
    assert code == 0, service.said()
    tally = service.tally("16 threads and 1,000 tasks at once")
    assert tally == Tally(taken=4_200, counted=4_200, lost=0, twice=0, sent_again=0)
