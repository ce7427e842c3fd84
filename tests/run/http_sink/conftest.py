"""Sinks to the local destination that end with their test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from generated.backend._runtime.http_sink import HttpSink
from tests.run.destination import Destination
from tests.run.listening import Listening


@pytest.fixture
def listening(destination: Destination) -> Iterator[Callable[..., Listening]]:
    """Make sinks to the destination, which are closed in the end."""
    made: list[Listening] = []

    def make(url: str = destination.http_v2, key: str = "the-key", **options: Any) -> Listening:
        made.append(Listening(HttpSink(key, server_url=url, **{"interval": 0.02, "timeout": 1.0, **options})))
        return made[-1]

    yield make
    destination.faults()
    for one in made:
        one.sink.close(0.1)
