"""A call that comes in the middle of another: from a signal handler, from a finaliser, between any two lines."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
import threading
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[3]

PROGRAM = """
import faulthandler, gc, signal, time
import generated.backend as shop

faulthandler.dump_traceback_later(30, exit=True)
calls = 0


class Full:
    def accept(self, events):
        return shop.Outcome(dropped=(("buffer_full", len(events)),))

    def flush(self, timeout):
        return True

    close = flush


def call(**wrong):
    global calls
    calls += 1  # one step of the interpreter's
    given = dict(product_id="SKU-12345", state="sold_out", pieces=1, context=shop.Context.system())
    return shop.track.stock_level_changed(**given | wrong)


def interrupted(work):
    signal.signal(signal.SIGALRM, lambda number, frame: work())
    signal.setitimer(signal.ITIMER_REAL, 0.0005, 0.0005)
    ends = time.monotonic() + 3
    while time.monotonic() < ends:
        work()
        shop.stats()
    signal.setitimer(signal.ITIMER_REAL, 0)
"""


def run(code: str) -> None:
    """Run a program beside the generated packages, after the lines above."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("TRACKSIDE_", "PYTEST_"))}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM + textwrap.dedent(code)],
        cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr[-4000:]


# --- as it happens ---


def test_a_finaliser_may_track_while_the_counts_are_read() -> None:
    run("""
        class Job:
            def __init__(self):
                self.itself = self

            def __del__(self):
                call()

        shop.configure(sink=shop.RecordingSink(), strict=False)
        gc.set_threshold(20)
        for _ in range(10_000):
            Job()
            shop.stats()
        gc.collect()
        assert calls == 10_000 and shop.stats()[:2] == (calls, calls), (calls, shop.stats())
    """)


def test_a_signal_handler_may_track_while_events_are_dropped() -> None:
    run("""
        shop.configure(sink=Full(), strict=False)
        interrupted(call)
        assert shop.stats().dropped == {"buffer_full": calls} and calls > 1000, (calls, shop.stats())
    """)


def test_a_signal_handler_may_track_while_calls_break_the_plan() -> None:
    run("""
        shop.configure(sink=shop.RecordingSink(), strict=False)
        interrupted(lambda: call(state="nonsense"))
        stats = shop.stats()
        assert stats.violations == {"stock_level_changed.state": calls} and calls > 1000, (calls, stats)
        assert stats.accepted == stats.sent == calls
    """)


# --- between any two lines ---


def between_lines_of(module: Any, between: Callable[[], object], work: Callable[[], object]) -> None:
    """Do some work, and something else before each line that a module runs for it, as a signal handler may; fail when
    it never ends.
    """

    def trace(frame: Any, kind: str, _: object) -> Any:
        if frame.f_code.co_filename != module.__file__:
            return None
        if kind == "line":
            between()  # itself not traced
        return trace

    def traced() -> None:
        sys.settrace(trace)
        try:
            work()
        finally:
            sys.settrace(None)

    thread = threading.Thread(target=traced, daemon=True)
    thread.start()
    thread.join(20)
    assert not thread.is_alive(), "it waits for itself"


class Losing:
    """Takes nothing."""

    outcome: Any = None

    def accept(self, events: Any) -> Any:
        return self.outcome(dropped=(("buffer_full", len(events)),))

    def flush(self, timeout: float) -> bool:
        return True

    def close(self, timeout: float) -> bool:
        return True


@pytest.mark.parametrize("kind", ["recording", "losing", "ndjson"])
def test_no_call_waits_for_one_that_it_interrupts_and_each_is_counted(shop: Any, kind: str, tmp_path: Path) -> None:
    path = tmp_path / "events.ndjson"
    Losing.outcome = shop.Outcome
    sinks = {"recording": shop.RecordingSink, "losing": Losing, "ndjson": lambda: shop.NdjsonSink(path)}
    shop.configure(sink=sinks[kind](), strict=False)
    shop.set_context(app_version="1")
    runtime = f"{shop.__name__}._runtime"
    calls: list[object] = []

    def call() -> None:
        calls.append(None)
        shop.track.class_(context=shop.Context.anonymous("device-12345", consent=["analytics", "marketing"]))

    def work() -> None:
        for _ in range(3):
            call()
            shop.stats()

    for module in ("counts", "sinks"):
        between_lines_of(import_module(f"{runtime}.{module}"), call, work)
    stats = shop.stats()
    assert len(calls) > 40
    if kind == "losing":
        assert stats.dropped == {"buffer_full": len(calls)}
    else:
        assert (stats.accepted, stats.sent, stats.dropped) == (len(calls), len(calls), {})
    if kind == "ndjson":
        assert len([json.loads(line) for line in path.read_text().splitlines()]) == len(calls)


def test_a_call_in_the_middle_of_another_threads_does_not_wait_for_it(shop: Any) -> None:
    """A finaliser may wait for something that the other thread holds."""
    runtime = import_module(f"{shop.__name__}._runtime.counts")
    shop.configure(sink=shop.RecordingSink(), strict=False)
    shop.set_context(app_version="1")
    context = shop.Context.anonymous("device-12345", consent=["analytics", "marketing"])
    waited: list[bool] = []

    def between() -> None:
        other = threading.Thread(target=lambda: shop.track.class_(context=context), daemon=True)
        other.start()
        other.join(5)
        waited.append(other.is_alive())

    between_lines_of(runtime, between, lambda: shop.track.class_(context=context))
    assert waited and not any(waited)
    assert shop.stats().accepted == len(waited) + 1


@pytest.mark.parametrize("keeps", [True, False])
def test_promises_are_made_and_kept_in_the_middle_of_each_other(shop: Any, keeps: bool) -> None:
    runtime = import_module(f"{shop.__name__}._runtime.promises")
    counts = import_module(f"{shop.__name__}._runtime.counts").Counts()
    promises = runtime.Promises(counts)
    made: list[str] = []

    def between() -> None:
        made.append(f"key {len(made)}")
        promises.make("order_paid", made[-1], -1.0)
        if keeps:
            promises.keep(made[-1])

    between_lines_of(runtime, between, lambda: promises.make("order_paid", "first", -1.0))
    promises.review()
    overdue = counts.read().problems["promise_overdue:order_paid"]
    assert len(made) > 5
    assert overdue == len(made) + 1
