"""Generated functions, called in Node: as in a page, and as on a server."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests import node

HERE = Path(__file__).parent


@pytest.mark.parametrize("script", ["calls.test.mjs", "people.test.mjs", "server.test.mjs"])
def test_calls(script: str, web: Path) -> None:
    node.run("--test", HERE / script, GENERATED=web)
