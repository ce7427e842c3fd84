"""No network, wrong clocks, lost cookies, changing persons and blockers, through the whole chain."""

from __future__ import annotations

from collections.abc import Callable


def test_nothing_is_lost_doubled_or_changes_hands(run_chain: Callable[..., None]) -> None:
    run_chain("away.test.mjs")
