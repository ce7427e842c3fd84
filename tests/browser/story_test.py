"""One visit from end to end, through a real browser, server, outbox, worker, job and destination."""

from __future__ import annotations

from collections.abc import Callable


def test_the_whole_story(run_chain: Callable[..., None]) -> None:
    run_chain("story.test.mjs")
