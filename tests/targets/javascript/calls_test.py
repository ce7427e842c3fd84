"""Generated functions, called in Node."""

from __future__ import annotations

from pathlib import Path

from tests import node

HERE = Path(__file__).parent


def test_calls(web: Path) -> None:
    node.run("--test", HERE / "calls.test.mjs", GENERATED=web)
