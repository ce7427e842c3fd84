"""Fixtures of the command line's tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.cli.calling import COLORS, Caller

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def trackside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Caller:
    """Call `trackside` in a folder that holds the starter plan."""
    for name in COLORS:
        monkeypatch.delenv(name, raising=False)
    folder = tmp_path / "shop"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return Caller(folder, capsys)
