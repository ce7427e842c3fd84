"""Measure what a typed call costs until the sink has the event, beside the official SDK's own `track()`, and how many
events a second one process delivers.

The destination is a real `trackside collect` in a process of its own. The official SDK's figure comes from the same
run: one event made and tracked with the ten properties that the typed call has, as its documentation shows.
"""

from __future__ import annotations

import argparse
import gc
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.request import Request, urlopen

from calls import compiled, properties
from plans import write_plan

if TYPE_CHECKING:
    from collections.abc import Callable

BURST = 5_000
SUSTAINED = 200_000


class Destination:
    """A `trackside collect` on this machine."""

    def __init__(self) -> None:
        command = [sys.executable, "-m", "trackside", "collect", "--port", "0", "--no-check"]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        assert self._process.stdout is not None
        self.url = self._process.stdout.readline().split()[-1]
        self.http_v2 = f"{self.url}/2/httpapi"

    def __enter__(self) -> Destination:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait()

    def good(self) -> int:
        """Count the events that arrived."""
        import json

        with urlopen(f"{self.url}/stats") as answer:
            number: int = json.load(answer)["good"]
            return number

    def reset(self) -> None:
        """Forget everything."""
        urlopen(Request(f"{self.url}/reset", data=b"{}")).close()


def single(call: Callable[[int], object], count: int = BURST) -> list[float]:
    """Time each of many calls, in seconds."""
    gc.collect()
    figures = []
    for number in range(count):
        started = time.perf_counter()
        call(number)
        figures.append(time.perf_counter() - started)
    return figures


def shown(name: str, figures: list[float], official: float | None) -> None:
    """Print the percentiles of one way to send, its mean, that of its best burst, which is the cost with the work that
    comes only now and then, on a machine that nobody else slows down, and its ratio to the official SDK.
    """
    cuts = statistics.quantiles(figures, n=100)
    bursts = [statistics.fmean(figures[start : start + BURST]) for start in range(0, len(figures), BURST)]
    ratio = "" if official is None else f"{cuts[49] / official:8.2f}"
    print(
        f"  {name:34}{cuts[49] * 1e6:9.1f} µs{cuts[94] * 1e6:9.1f} µs{cuts[98] * 1e6:10.1f} µs"
        f"{statistics.fmean(figures) * 1e6:9.1f} µs{min(bursts) * 1e6:9.1f} µs{ratio}",
        flush=True,
    )


def calls(backend: Any, times: int) -> None:
    """Measure one call after another, with each sink, and the official SDK last: its threads stay to the end."""
    from amplitude import Amplitude, BaseEvent, Config

    context = backend.Context.identified("customer-4711")

    def typed(number: int) -> object:
        return backend.track.order_paid(**properties(number), context=context)

    figures: dict[str, list[float]] = {}
    with Destination() as destination, tempfile.TemporaryDirectory() as folder:
        sinks: dict[str, Callable[[], Any]] = {
            "recording": backend.RecordingSink,
            "OutboxSink, SQLite": lambda: backend.OutboxSink(backend.SQLite(Path(folder) / "outbox.db")),
            "HttpSink": lambda: backend.HttpSink("benchmark", server_url=destination.http_v2),
            "AmplitudeSink": lambda: backend.AmplitudeSink("benchmark", server_url=destination.http_v2),
        }
        for name, sink in sinks.items():
            backend.configure(sink=sink(), strict=False)
            receipt: Any = typed(10_000_000)
            assert receipt.accepted and not receipt.violations, receipt
            single(typed, 500)
            figures[f"typed call, {name}"] = single(typed, BURST * times)
            backend.flush(30.0)
        backend.close(30.0)

        client = Amplitude("benchmark", Config(server_url=destination.http_v2, flush_interval_millis=1000))

        def official(number: int) -> object:
            given = {**properties(number), "paid_on": "2026-05-04"}  # it would drop them all for one date
            event = BaseEvent("order_paid", user_id="customer-4711", event_properties=given, insert_id=str(number))
            return client.track(event)

        single(official, 500)
        measured = single(official, BURST * times)
        client.flush()
        client.shutdown()

    print("\nOne call until the sink has the event, ten properties, validation and key\n")
    print(f"  {'':34}{'p50':>12}{'p95':>12}{'p99':>13}{'mean':>12}{'best':>12}{'ratio':>8}")
    shown("official SDK, its own track()", measured, None)
    for name, each in figures.items():
        shown(name, each, statistics.median(measured))


def sustained(backend: Any) -> None:
    """Send as fast as the destination takes it, and show that memory does not grow."""
    context = backend.Context.identified("customer-4711")
    with Destination() as destination:
        sink = backend.HttpSink("benchmark", server_url=destination.http_v2)
        backend.configure(sink=sink, strict=False)
        before = backend.stats()
        started, peak = time.perf_counter(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        refused = 0
        for number in range(SUSTAINED):
            while not backend.track.order_paid(**properties(number), context=context).accepted:
                refused += 1
                time.sleep(0.005)  # the queue is full: the producer waits
        assert backend.flush(60.0)
        seconds = time.perf_counter() - started
        arrived = destination.good()
        after = backend.stats()
        backend.close(10.0)
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - peak
    print(f"\nOne process through HttpSink, {SUSTAINED:,} events\n")
    print(f"  {'events a second':34}{SUSTAINED / seconds:12,.0f}")
    print(f"  {'arrived':34}{arrived:12,}")
    print(f"  {'sent, as the sink counts':34}{after.sent - before.sent:12,}")
    print(f"  {'calls that met a full queue':34}{refused:12,}")
    print(f"  {'memory grown by':34}{grown / 1024:9.0f} MiB", flush=True)


def imports(times: int) -> None:
    """Measure the import of a package with 1,000 events, bytecode cached."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_plan(folder, 1_000)
        subprocess.run([sys.executable, "-m", "trackside", "build"], cwd=folder, check=True, stderr=subprocess.DEVNULL)
        cached = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
        figures: dict[str, list[float]] = {"pass": [], "import generated.backend": []}
        for turn in range(times + 1):
            for program, measured in figures.items():
                started = time.perf_counter()
                subprocess.run([sys.executable, "-c", program], cwd=folder, env=cached, check=True)
                if turn:
                    measured.append(time.perf_counter() - started)
    bare, whole = (statistics.median(measured) for measured in figures.values())
    print("\nImport of a package of 1,000 events, bytecode cached\n")
    print(f"  {'a bare interpreter':34}{bare * 1e3:9.0f} ms")
    print(f"  {'the import':34}{(whole - bare) * 1e3:9.0f} ms", flush=True)


def main() -> None:
    """Measure all of it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--times", type=int, default=5)
    times: int = parser.parse_args().times
    with compiled() as name:
        backend: Any = import_module(name)
        calls(backend, times)
        sustained(backend)
    imports(times)


if __name__ == "__main__":
    main()
