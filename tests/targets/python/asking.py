"""A person to ask about, and a package that asks: what the tests of look-ups share."""

from __future__ import annotations

import time
from collections.abc import Callable
from importlib import import_module
from typing import Any

USER = "user-12345"
DEVICE = "device-12345"


def someone(asked: Any, user_id: str) -> Any:
    """A person who has agreed, so that nobody is asked about it."""
    return asked.Context.identified(user_id, consent=["analytics"])


def configure(asked: Any, sink: Any = None, **providers: Any) -> Any:
    """Set the package up as production would, and give what records its events."""
    sink = asked.RecordingSink() if sink is None else sink
    asked.configure(sink=sink, strict=False, enrich=asked.Enrichers(**providers))
    return sink


def sent(sink: Any) -> dict[str, Any]:
    """Give the properties of the last event."""
    properties: dict[str, Any] = sink.events[-1]["event_properties"]
    return properties


def wait_for(condition: Callable[[], object], seconds: float = 10.0) -> None:
    ends = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < ends
        time.sleep(0.005)


def tracker(asked: Any) -> Any:
    return import_module(f"{asked.__name__}._client").TRACKER
