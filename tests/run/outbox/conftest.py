"""The compiled package of these tests, and an empty outbox for each of them: in SQLite, and in PostgreSQL."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests.run.outbox.outbox import HERE, Outbox

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.run.destination import Destination
    from tests.run.server import Server


@pytest.fixture(scope="session")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Compile the plan once."""
    folder = tmp_path_factory.mktemp("outbox-plan")
    shutil.copy(HERE / "tracking_plan.yaml", folder)
    subprocess.run([sys.executable, "-m", "trackside", "build"], cwd=folder, check=True, capture_output=True)
    return folder


@pytest.fixture(scope="session")
def kept(compiled: Path) -> Iterator[Any]:
    """Import the compiled package."""
    sys.path.insert(0, str(compiled))
    yield import_module("kept")
    sys.path.remove(str(compiled))


@pytest.fixture
def make_outbox(
    request: pytest.FixtureRequest, tmp_path: Path, compiled: Path, kept: Any, destination: Destination
) -> Iterator[Callable[[str], Outbox]]:
    """Make an empty outbox of one kind."""
    made: list[Outbox] = []

    def make(kind: str) -> Outbox:
        place = str(tmp_path / "outbox.db")
        if kind == "postgresql":
            server: Server = request.getfixturevalue("server")
            place = server.database()
        made.append(Outbox(kept, kind, place, compiled, destination, tmp_path))
        return made[-1]

    yield make
    for outbox in made:
        outbox.end()
    assert "TRACKSIDE_STRICT" not in os.environ


@pytest.fixture(params=["sqlite", "postgresql"])
def outbox(request: pytest.FixtureRequest, make_outbox: Callable[[str], Outbox]) -> Outbox:
    """Give an outbox of each kind."""
    return make_outbox(request.param)


@pytest.fixture
def sqlite(make_outbox: Callable[[str], Outbox]) -> Outbox:
    """Give an outbox in SQLite."""
    return make_outbox("sqlite")


@pytest.fixture
def postgresql(make_outbox: Callable[[str], Outbox]) -> Outbox:
    """Give an outbox in PostgreSQL."""
    return make_outbox("postgresql")
