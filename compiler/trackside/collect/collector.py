"""What all that the destination answers shares: its project, its faults, and who waits for what comes."""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from trackside.collect.faults import Faults
from trackside.collect.project import Project


class Trouble(NamedTuple):
    """A request that was not answered with success, or whose events were not taken.

    `is_fault` tells that somebody asked for it by POST /faults.
    """

    at: float
    endpoint: str
    status: int
    error: str
    events: int
    is_fault: bool
    is_taken: bool


@dataclass(slots=True)
class Collector:
    """A project, the faults that are set for it, who waits for its events, and what it did not take of late.

    `host` is the address that it listens on.
    """

    project: Project
    faults: Faults = field(default_factory=Faults)
    host: str = "127.0.0.1"
    connections: int = 0
    troubles: deque[Trouble] = field(default_factory=lambda: deque(maxlen=20))
    _changed: asyncio.Event = field(default_factory=asyncio.Event)

    def changed(self) -> None:
        """Wake whoever waits for events."""
        self._changed.set()
        self._changed = asyncio.Event()

    async def change(self) -> None:
        """Wait for the next request that brings events."""
        await self._changed.wait()

    def stats(self) -> dict[str, Any]:
        """Count what came."""
        return {**self.project.stats(), "connections": self.connections}
