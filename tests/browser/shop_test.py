"""The example shop in a real browser: what its own buttons do to what is counted."""

from __future__ import annotations

from pathlib import Path

from examples.shop.running import running
from tests import node

HERE = Path(__file__).parent


def test_do_not_count_me(chromium: str, tmp_path: Path) -> None:
    node.tools()
    with running(tmp_path) as shop:
        node.run("--test", HERE / "shop.test.mjs", CHROMIUM=chromium, SHOP=shop.shop, DESTINATION=shop.destination)
        shop.settle()
        names = [event["event_type"] for event in shop.ask("/good")]
    assert set(names) == {"page_viewed"}, "nothing of what came after the button"
