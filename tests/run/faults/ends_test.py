"""How a process may end, and what that costs with each sink."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

import pytest
from tests.run.results import Tally

if TYPE_CHECKING:
    from tests.run.faults.service import Service

FACTS = 500
GENTLE = {
    "return": ("the program comes to its end", 0),
    "sys_exit": ("`sys.exit`", 3),
    "exception": ("an exception that nobody catches", 1),
    "sigterm": ("SIGTERM", -signal.SIGTERM),
    "sigterm_chained": ("SIGTERM, with a handler of the service's own", 7),
}
HARD = {
    "os_exit": ("`os._exit` right after the calls", 4),
    "sigkill": ("`kill -9` right after the calls", -signal.SIGKILL),
}


@pytest.mark.parametrize("how", GENTLE)
def test_an_end_that_runs_hooks_loses_nothing_and_is_prompt(service: Service, how: str) -> None:
    fault, expected = GENTLE[how]
    code, seconds = service.run("ends.py", how, str(FACTS))
    assert code == expected, service.said()
    assert service.tally(fault) == Tally(taken=FACTS, counted=FACTS, lost=0, twice=0, sent_again=0)
    assert seconds < 6  # the official SDK alone takes ten seconds to end


@pytest.mark.parametrize("how", HARD)
def test_an_end_without_hooks_loses_only_what_was_in_memory(service: Service, how: str) -> None:
    fault, expected = HARD[how]
    code, _ = service.run("ends.py", how, str(FACTS))
    assert code == expected
    tally = service.tally(fault)
    assert tally.taken == FACTS
    assert tally.twice == 0
    if service.is_outbox:
        assert tally.lost == 0
    else:
        assert tally.lost > 0  # as the table says: nothing can save what only memory has
