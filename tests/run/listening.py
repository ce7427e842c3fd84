"""A sink whose reports are counted, and the events that the tests of sinks give it."""

from __future__ import annotations

import os
import threading
from collections import Counter
from typing import Any


def event(number: int, **members: Any) -> Any:
    """Make an event in its wire form."""
    return {
        "event_type": "order_paid",
        "time": 1_795_445_108_525,
        "insert_id": f"fact-{number}",
        "device_id": f"device-{number % 10}",
        "event_properties": {"order_id": f"ORD-{number}", "total": 156.96, "items": [{"sku": "é\u2028"}]},
        "ingestion_metadata": {"source_name": "shop/backend", "source_version": "1.0.0"},
        **members,
    }


class Listening:
    """A sink, and what it has reported, from whatever thread."""

    def __init__(self, sink: Any) -> None:
        self.sink = sink
        self.sent = 0
        self.queued = 0
        self.dropped: Counter[str] = Counter()
        self._renew()
        os.register_at_fork(after_in_child=self._renew)  # a thread of the parent may hold it
        sink.report_to(self._heard)

    def _renew(self) -> None:
        self._lock = threading.Lock()

    def _heard(self, outcome: Any) -> None:
        with self._lock:
            self.sent += outcome.sent
            for reason, number in outcome.dropped:
                self.dropped[reason] += number

    def accept(self, *events: Any) -> None:
        outcome = self.sink.accept(events)
        self.queued += outcome.queued
        self._heard(outcome)
