"""Consent on both sides: what a page keeps and sends, what the server tells, what its jobs may."""

from __future__ import annotations

from collections.abc import Callable

import pytest


@pytest.mark.parametrize("without_browser", ["deny", "allow"])
def test_nothing_leaves_either_side_without_consent(run_chain: Callable[..., None], without_browser: str) -> None:
    consent = f"default: denied, carried_in: [header, cookie, stored], without_browser: {without_browser}"
    run_chain("consent.test.mjs", ("default: granted", consent), WITHOUT_BROWSER=without_browser)
