"""Every way in which a purchase can go, through a real browser, server, outbox, worker and destination."""

from __future__ import annotations

from collections.abc import Callable

import pytest


@pytest.mark.parametrize("sink", ["outbox", "memory"])
def test_purchases_are_counted_once_or_not_at_all(run_chain: Callable[..., None], sink: str) -> None:
    run_chain("purchases.test.mjs", SINK=sink)
