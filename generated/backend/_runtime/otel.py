"""The counts as OpenTelemetry metrics, where `opentelemetry-api` is installed.

Five observable counters, read when the application's own reader collects: nothing is
sent by this module, and without an SDK nothing is read either.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from importlib import import_module
from importlib.util import find_spec
from typing import Any, Final
from weakref import ref

from .counts import Counts, Stats

_TOTALS: Final[tuple[tuple[str, str, Callable[[Stats], int]], ...]] = (
    (
        "trackside.events.accepted",
        "Events that a sink has taken.",
        lambda stats: stats.accepted,
    ),
    (
        "trackside.events.sent",
        "Events that are known to have arrived.",
        lambda stats: stats.sent,
    ),
)
_BY_KIND: Final[
    tuple[tuple[str, str, str, str, Callable[[Stats], dict[str, int]]], ...]
] = (
    (
        "trackside.events.dropped",
        "{event}",
        "Events that were not sent.",
        "trackside.reason",
        lambda stats: stats.dropped,
    ),
    (
        "trackside.violations",
        "{violation}",
        "Breaches of the tracking plan.",
        "trackside.place",
        lambda stats: stats.violations,
    ),
    (
        "trackside.problems",
        "{problem}",
        "What went wrong beside the events.",
        "trackside.kind",
        lambda stats: stats.problems,
    ),
)


def observe(counts: Counts, *, source: str, version: str) -> bool:
    """Register the counters at the global meter provider; tell whether the API is here.

    `source` is an attribute of every measurement, `version` the version of the plan. A
    provider that the application sets later takes the counters over (OpenTelemetry,
    metrics API: the default provider is a proxy).
    """
    if find_spec("opentelemetry") is None or (
        find_spec("opentelemetry.metrics") is None
    ):
        return False
    metrics: Any = import_module("opentelemetry.metrics")
    # A meter for each source: of two instruments with one name at one meter, the SDK
    # reads the first alone.
    meter = metrics.get_meter(f"trackside/{source}", version)
    make: Any = metrics.Observation
    # The meter lives as long as the process; it must not keep a tracker alive.
    kept = ref(counts)
    own = {"trackside.source": source}

    def total(value: Callable[[Stats], int]) -> Callable[[object], Iterable[Any]]:
        def read(_: object) -> Iterator[Any]:
            found = kept()
            if found is not None:
                yield make(value(found.read()), own)

        return read

    def by_kind(
        attribute: str, values: Callable[[Stats], dict[str, int]]
    ) -> Callable[[object], Iterable[Any]]:
        def read(_: object) -> Iterator[Any]:
            found = kept()
            if found is not None:
                for kind, number in values(found.read()).items():
                    yield make(number, {**own, attribute: kind})

        return read

    for name, description, value in _TOTALS:
        meter.create_observable_counter(name, [total(value)], "{event}", description)
    for name, unit, description, attribute, values in _BY_KIND:
        meter.create_observable_counter(
            name, [by_kind(attribute, values)], unit, description
        )
    return True
