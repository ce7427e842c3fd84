"""What a package tells of itself: counts, lines in the log, OpenTelemetry's metrics."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
import textwrap
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[3]
DEVICE = "device-12345"


class Clock:
    """A clock that goes when it is told to."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(shop: Any) -> Clock:
    """The clock of the package's log."""
    made = Clock()
    shop._client.TRACKER.counts.log._clock = made
    return made


@pytest.fixture
def active(shop: Any) -> Iterator[Any]:
    """A person who agreed to everything."""
    context = shop.Context.anonymous(DEVICE, consent=["analytics", "marketing"])
    with context.activate():
        yield context


class LosingSink:
    """Takes what it is given, or loses it for a reason of its choice."""

    def __init__(self) -> None:
        self.reason: str | None = None
        self.listener: Any = None
        self.outcome: Any = None

    def report_to(self, listener: Any) -> None:
        self.listener = listener

    def accept(self, events: Any) -> Any:
        if self.reason is None:
            return self.outcome(queued=len(events))
        return self.outcome(dropped=((self.reason, len(events)),))

    def flush(self, timeout: float) -> bool:
        return True

    def close(self, timeout: float) -> bool:
        return True


@pytest.fixture
def losing(shop: Any) -> LosingSink:
    """A sink that loses events, in production."""
    sink = LosingSink()
    sink.outcome = shop.Outcome
    shop.configure(sink=sink, strict=False)
    shop.set_context(app_version="1")
    return sink


def lines(caplog: pytest.LogCaptureFixture) -> list[str]:
    """Give what was logged since the last look."""
    found = [record.getMessage() for record in caplog.records if record.name == "trackside"]
    caplog.clear()
    return found


# --- the log ---


def test_a_kind_has_one_line_a_minute_with_the_number_since(
    shop: Any, active: Any, losing: LosingSink, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    losing.reason = "queue_full"
    for _ in range(50):
        shop.track.class_()
    assert lines(caplog) == ["events are dropped: queue_full"]
    clock.now += 59.9
    shop.track.class_()
    assert lines(caplog) == []
    clock.now += 0.2
    shop.track.class_()
    assert lines(caplog) == ["events are dropped: queue_full (51 since the last line, 52 in all)"]
    assert shop.stats().dropped == {"queue_full": 52}


def test_kinds_do_not_wait_for_each_other(
    shop: Any, active: Any, losing: LosingSink, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    for reason in ("queue_full", "sink_closed", "queue_full"):
        losing.reason = reason
        shop.track.class_()
    losing.listener(shop.Outcome(dropped=(("too_old", 7),)))
    assert lines(caplog) == [
        "events are dropped: queue_full",
        "events are dropped: sink_closed",
        "events are dropped: too_old (7 in all)",
    ]


def test_what_was_not_logged_is_logged_at_the_end(
    shop: Any, active: Any, losing: LosingSink, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    losing.reason = "queue_full"
    for _ in range(3):
        shop.track.class_()
    lines(caplog)
    shop.close()
    assert lines(caplog) == ["dropped:queue_full (2 since the last line, 3 in all)"]
    shop.close()
    assert lines(caplog) == []


def test_what_the_plan_wants_is_no_warning(shop: Any, losing: LosingSink, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    with shop.Context.anonymous(DEVICE, consent=[]).activate():
        assert shop.track.class_().dropped == "consent"
    assert [(record.levelname, record.getMessage()) for record in caplog.records] == [
        ("INFO", "events are dropped: consent")
    ]


def test_a_refused_event_is_logged_once_with_its_breach(
    shop: Any, losing: LosingSink, caplog: pytest.LogCaptureFixture
) -> None:
    assert shop.track.class_().dropped == "violation"
    assert lines(caplog) == ["class: has no identity: no context is active and none was passed"]


def test_an_error_is_logged_with_its_event(
    shop: Any, active: Any, losing: LosingSink, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(_: object) -> Any:
        raise OSError("the disk is full")

    losing.accept = fail  # type: ignore[method-assign]
    assert shop.track.class_().dropped == "error:OSError"
    assert lines(caplog) == ["class: error:OSError: OSError('the disk is full')"]


def test_a_handler_that_fails_keeps_no_event_back(shop: Any, active: Any, losing: LosingSink) -> None:
    import logging

    class Failing(logging.Filter):
        def filter(self, record: logging.LogRecord) -> bool:
            raise RuntimeError("no")

    failing = Failing()
    logging.getLogger("trackside").addFilter(failing)
    try:
        losing.reason = "queue_full"
        assert shop.track.class_().dropped == "queue_full"
    finally:
        logging.getLogger("trackside").removeFilter(failing)


def test_a_handler_that_tracks_does_not_go_round_for_ever(shop: Any, active: Any, losing: LosingSink) -> None:
    import logging

    class Tracking(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            shop.track.class_()

    handler = Tracking()
    logging.getLogger("trackside").addHandler(handler)
    try:
        losing.reason = "queue_full"
        shop.track.class_()
    finally:
        logging.getLogger("trackside").removeHandler(handler)
    assert shop.stats().dropped == {"queue_full": 2}


# --- counts ---


def test_every_call_is_counted_once_from_many_threads(shop: Any, losing: LosingSink) -> None:
    agreed = shop.Context.anonymous(DEVICE, consent=["analytics", "marketing"])
    contexts = [agreed, shop.Context.anonymous(DEVICE, consent=[]), None]

    def work() -> None:
        for number in range(300):
            shop.track.class_(context=contexts[number % 3])

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    stats = shop.stats()
    assert stats.accepted == 800
    assert stats.dropped == {"consent": 800, "violation": 800}
    assert stats.violations == {"class": 800}


def test_a_sink_with_endless_reasons_does_not_fill_the_memory(shop: Any, losing: LosingSink) -> None:
    for number in range(1500):
        losing.listener(shop.Outcome(dropped=((f"reason {number}", 2),)))
    dropped = shop.stats().dropped
    assert len(dropped) == 1001
    assert dropped["other"] == 1000


def test_an_on_violation_that_breaks_the_plan_itself_is_not_told_of_it(shop: Any, active: Any) -> None:
    reports: list[Any] = []

    def tell(report: Any) -> None:
        reports.append(report)
        shop.track.class_(context=shop.Context.anonymous("null"))

    shop.configure(sink=shop.RecordingSink(), strict=False, on_violation=tell)
    shop.set_context(app_version="1")
    shop.track.class_(context=shop.Context.anonymous("null"))
    assert len(reports) == 1
    assert shop.stats().dropped == {"violation": 2}
    shop.track.class_(context=shop.Context.anonymous("null"))
    assert len(reports) == 2


# --- metrics ---

METRICS = """
from opentelemetry import metrics
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader

import {package} as shop
from {package} import Context, Outcome, track

reader = InMemoryMetricReader()
if {early}:
    metrics.set_meter_provider(MeterProvider([reader]))
sink = shop.RecordingSink()
shop.configure(sink=sink, strict=False)
if not {early}:
    metrics.set_meter_provider(MeterProvider([reader]))


def read():
    found = {{}}
    for resource in reader.get_metrics_data().resource_metrics:
        for scope in resource.scope_metrics:
            for metric in scope.metrics:
                assert metric.data.is_monotonic
                for point in metric.data.data_points:
                    attributes = dict(point.attributes)
                    assert attributes.pop("trackside.source") == "acme-shop/backend", attributes
                    found[metric.name, *attributes.items()] = (point.value, metric.unit)
    return found


anna = Context.anonymous("device-12345")
track.support_request_received(ticket_id="T-1", topic="order", email="a@example.org", attachments=0, context=anna)
track.support_request_received(ticket_id="T-1", topic="payment", email="a@example.org", attachments=0, context=anna)
track.support_request_received(ticket_id="T-1", topic="payment", email="a@example.org", attachments=0)
assert read() == {{
    ("trackside.events.accepted",): (2, "{{event}}"),
    ("trackside.events.sent",): (2, "{{event}}"),
    ("trackside.events.dropped", ("trackside.reason", "violation")): (1, "{{event}}"),
    ("trackside.violations", ("trackside.place", "support_request_received.topic")): (1, "{{violation}}"),
    ("trackside.violations", ("trackside.place", "support_request_received")): (1, "{{violation}}"),
}}, read()
track.support_request_received(ticket_id="T-1", topic="payment", email="a@example.org", attachments=0, context=anna)
shop.configure(sink=sink, strict=False)
assert read()["trackside.events.accepted",] == (3, "{{event}}"), read()
"""


@pytest.mark.parametrize("early", [True, False], ids=["provider before configure", "provider after configure"])
def test_the_counts_are_metrics(early: bool) -> None:
    """In a process of its own, since a process has one meter provider."""
    run(METRICS.format(package="generated.backend", early=early))


def test_two_sources_in_one_process_are_both_read() -> None:
    run(
        textwrap.dedent("""
            from opentelemetry import metrics
            from opentelemetry.sdk.metrics import MeterProvider
            from opentelemetry.sdk.metrics.export import InMemoryMetricReader
            from generated.backend._runtime.counts import Counts
            from generated.backend._runtime.otel import observe

            reader = InMemoryMetricReader()
            metrics.set_meter_provider(MeterProvider([reader]))
            kept = [Counts(), Counts(), Counts()]
            for counts, source in zip(kept, ["shop/one", "shop/two", "shop/gone"]):
                counts.dropped("queue_full", len(source))
                assert observe(counts, source=source, version="1.0.0")
            del kept[2], counts
            found = {
                point.attributes["trackside.source"]: point.value
                for resource in reader.get_metrics_data().resource_metrics
                for scope in resource.scope_metrics
                for metric in scope.metrics
                if metric.name == "trackside.events.dropped"
                for point in metric.data.data_points
            }
            assert found == {"shop/one": 8, "shop/two": 8}, found
        """)
    )


def test_without_the_api_nothing_is_missing() -> None:
    """The API is not imported by the package, and where it is not installed, `configure` goes on."""
    run(
        textwrap.dedent("""
            import sys
            from importlib.machinery import PathFinder

            import generated.backend as shop
            assert not any(name.startswith("opentelemetry") for name in sys.modules)
            real = PathFinder.find_spec
            PathFinder.find_spec = classmethod(
                lambda cls, name, *rest: None if name.startswith("opentelemetry") else real(name, *rest)
            )
            shop.configure(sink=shop.RecordingSink())
            assert shop.stats().problems == {}, shop.stats()
        """)
    )


def run(code: str) -> None:
    """Run a program beside the generated packages."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("TRACKSIDE_", "PYTEST_"))}
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr


# --- a child process ---


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_child_counts_its_own_and_never_waits_for_a_lock_of_its_parent_s() -> None:
    run(
        textwrap.dedent("""
            import os, threading
            import generated.backend as shop

            anna = shop.Context.anonymous("device-12345")
            shop.configure(sink=shop.RecordingSink(), strict=False)
            stop = False

            def work():
                while not stop:
                    shop.track.support_request_received(
                        ticket_id="T-1", topic="order", email="a@example.org", attachments=0, context=anna
                    )

            threads = [threading.Thread(target=work) for _ in range(3)]
            for thread in threads:
                thread.start()
            for _ in range(30):
                child = os.fork()
                if child == 0:
                    fresh = shop.stats() == (0, 0, {}, {}, {})
                    for _ in range(3):
                        shop.track.support_request_received(
                            ticket_id="T-1", topic="other", email="a@example.org", attachments=0, context=anna
                        )
                    os._exit(0 if fresh and shop.stats().accepted == 3 else 1)
                assert os.waitpid(child, 0)[1] == 0
            stop = True
            for thread in threads:
                thread.join()
            assert shop.stats().accepted > 0
        """)
    )


# --- the docs ---


def text_of(node: ast.expr) -> str | None:
    """Give a literal; of an f-string what stands before its first value."""
    if isinstance(node, ast.JoinedStr) and node.values:
        node = node.values[0] if isinstance(node.values[0], ast.Constant) else node
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def counted(path: Path) -> Iterator[str]:
    """Yield the reasons and kinds that a file of the runtime counts by."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.Call):
            continue
        name = getattr(node.func, "attr", getattr(node.func, "id", ""))
        if name in {"problem", "dropped", "Refusal"}:
            found = [node.args[0]] if node.args else []
        elif name == "Outcome":
            parts = [*node.args, *[keyword.value for keyword in node.keywords]]
            pairs = [one for part in parts for one in ast.walk(part) if isinstance(one, ast.Tuple)]
            found = [pair.elts[0] for pair in pairs if len(pair.elts) == 2]
        else:
            continue
        yield from [text for text in map(text_of, found) if text]


def test_every_reason_is_in_the_docs() -> None:
    page = (ROOT / "docs" / "observing.md").read_text(encoding="utf-8")
    found = {
        reason.partition("{")[0]: path.name
        for path in sorted((ROOT / "templates" / "python" / "runtime").glob("*.py"))
        for reason in counted(path)
    }
    assert len(found) > 20
    assert [(name, file) for name, file in found.items() if f"`{name}" not in page] == []
