"""What the tests that run things share: a destination on this machine, and a PostgreSQL server."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.run.destination import Destination
from tests.run.server import Server


@pytest.fixture(scope="session")
def one_destination() -> Iterator[Destination]:
    """Start the destination that the tests of this process share."""
    with Destination("--no-check") as started:
        yield started


@pytest.fixture
def destination(one_destination: Destination) -> Destination:
    """Give the local destination, empty and without faults. What it gets is not compared with a plan."""
    one_destination.reset()
    return one_destination


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """Start a PostgreSQL server."""
    started = Server()
    yield started
    started.stop()
