"""The page of `trackside collect` in a real browser: Debian's Chromium, driven by Playwright."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from tests import node
from tests.run.destination import Destination

HERE = Path(__file__).parent


def test_the_page() -> None:
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.fail("no `chromium`: `make test` installs it, or `apt-get install chromium`", pytrace=False)
    node.tools()
    with Destination(str(HERE / "collector_page.yaml")) as checking, Destination("--no-check") as unchecking:
        node.run(
            "--test",
            HERE / "collector_page.test.mjs",
            CHROMIUM=chromium,
            CHECKING=checking.url,
            UNCHECKING=unchecking.url,
        )
