"""The generated functions over the vendor's browser SDK, in a window of jsdom, against a server on loopback."""

from __future__ import annotations

from pathlib import Path

from tests import node

HERE = Path(__file__).parent


def test_what_the_vendors_sdk_uploads(web: Path) -> None:
    node.tools()
    node.run("--test", "--test-force-exit", HERE / "sdk.test.mjs", GENERATED=web)
