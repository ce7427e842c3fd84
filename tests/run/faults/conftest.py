"""The compiled plan of the fault tests, and a fresh service for each test."""

from __future__ import annotations

import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from tests.run.faults.service import HERE, SINKS, Service

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.run.destination import Destination
    from tests.run.server import Server


@pytest.fixture(scope="session")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Compile the plan once."""
    folder = tmp_path_factory.mktemp("plan")
    shutil.copy(HERE / "tracking_plan.yaml", folder)
    subprocess.run([sys.executable, "-m", "trackside", "build"], cwd=folder, check=True)
    return folder


@pytest.fixture
def make_service(
    request: pytest.FixtureRequest, tmp_path: Path, compiled: Path, destination: Destination
) -> Callable[[str], Service]:
    """Make a service over one kind of sink."""

    def make(sink: str) -> Service:
        folder = tmp_path / sink
        folder.mkdir()
        shutil.copytree(compiled / "tracked", folder / "tracked")
        database = ""
        if sink == "postgresql":
            server: Server = request.getfixturevalue("server")
            database = server.database()
        return Service(folder, sink, destination, database)

    return make


@pytest.fixture(params=SINKS)
def service(request: pytest.FixtureRequest, make_service: Callable[[str], Service]) -> Service:
    """Give a service for each kind of sink."""
    return make_service(request.param)
