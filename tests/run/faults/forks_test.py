"""Forks before and after the first use, with the two ways in which a child ends."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.run.results import Tally

if TYPE_CHECKING:
    from tests.run.faults.service import Service


WHEN = {
    "before": "fork before the first use",
    "after": "fork while events are queued",
    "after_idle": "fork after the queue was sent",
}
HOW = {"exit": "children end by `sys.exit`", "leave": "children end as multiprocessing ends them"}


@pytest.mark.parametrize("how", HOW)
@pytest.mark.parametrize("when", WHEN)
def test_parent_and_children_each_send_their_own_facts_once(service: Service, when: str, how: str) -> None:
    code, _ = service.run("forks.py", when, how)
    assert code == 0, service.said()
    assert service.tally(f"{WHEN[when]}; {HOW[how]}") == Tally(taken=400, counted=400, lost=0, twice=0, sent_again=0)
