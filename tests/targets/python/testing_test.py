"""The generated assertions: what they find, what they say, and the pytest fixture in runs of its own."""

from __future__ import annotations

import importlib
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from .conftest import plan_of, write_package

ORDER: dict[str, Any] = {
    "order_id": "ORD-1",
    "currency": "EUR",
    "total_amount": Decimal("156.96"),
    "item_count": 3,
    "payment_method": "card",
    "items": [{"sku": "SKU-1", "quantity": 3, "price": 52.32}],
    "tax": Decimal("26.16"),
}


@pytest.fixture
def tracked(shop: Any) -> Iterator[Any]:
    """The assertions over what the test tracks, about a person who agreed to all."""
    testing = importlib.import_module(f"{shop.__name__}.testing")
    shop.configure(sink=shop.RecordingSink(), strict=False, on_violation=lambda _: None)
    shop.set_context(app_version="1")
    person = shop.Context.identified("user-12345", device_id="device-12345", consent=["analytics", "marketing"])
    with person.activate(), shop.capture() as events:
        yield testing.AssertTracked(events, shop.stats)


def said(assertion: Callable[..., object], **expected: Any) -> str:
    """Give what an assertion says that does not hold."""
    with pytest.raises(AssertionError) as caught:
        assertion(**expected)
    return str(caught.value)


# --- what is found ---


def test_an_event_is_found_by_what_is_asked_for(shop: Any, tracked: Any) -> None:
    for order_id in ("ORD-1", "ORD-2"):
        shop.track.purchase_completed(**{**ORDER, "order_id": order_id})
    event = tracked.purchase_completed(order_id="ORD-2")
    assert event["event_properties"]["order_id"] == "ORD-2"
    assert event["device_id"] == "device-12345"
    assert event is tracked.events[1]
    tracked.purchase_completed(**{**ORDER, "coupon": None})
    tracked.only()


def test_values_are_compared_as_they_are_sent(shop: Any, tracked: Any) -> None:
    reference = "123e4567-e89b-12d3-a456-426614174000"
    shop.track.paid_by_bank(
        reference=reference.upper(), day=date(2026, 1, 31), number=7, final=True, paid_at="2026-01-31T12:00:00+01:00"
    )
    tracked.paid_by_bank(
        reference=UUID(reference), day="2026-01-31", number=7.0, paid_at=datetime(2026, 1, 31, 11, tzinfo=UTC)
    )
    shop.track.paid_by_bank(
        reference=reference, day=date(2026, 1, 31), number=7, final=True, paid_at=datetime(2026, 1, 31, tzinfo=UTC)
    )
    tracked.paid_by_bank(paid_at=datetime(2026, 1, 31, 2, tzinfo=timezone(timedelta(hours=2))))
    shop.track.purchase_completed(**ORDER)
    line: dict[str, Any] = {"sku": "SKU-1", "quantity": 3.0, "price": Decimal("52.32")}
    tracked.purchase_completed(total_amount=156.96, items=(line,))
    tracked.only()


def test_every_type_is_found_by_what_the_call_was_given(shop: Any, tracked: Any, everything: dict[str, Any]) -> None:
    shop.track.everything(**everything, both=1)
    for name, value in everything.items():
        shop.track.everything(**everything, both=2)
        tracked.everything(**{name: value}, both=2)
    tracked.everything(**everything, both=1)
    tracked.only()


def test_none_expects_what_the_call_makes_of_it(shop: Any, tracked: Any, everything: dict[str, Any]) -> None:
    shop.track.everything(**everything, both=None)
    assert "\n  ! both: None, expected absent\n" in said(tracked.everything, both=shop.UNSET)
    assert "\n  ! maybe: None, expected 'a'\n" in said(tracked.everything, maybe="a")
    tracked.everything(both=None, maybe=None)
    shop.track.everything(**everything)
    assert "\n  ! both: absent, expected None\n" in said(tracked.everything, both=None)
    tracked.everything(both=shop.UNSET)
    shop.track.purchase_completed(**ORDER, coupon="A")
    assert "\n  ! coupon: 'A', expected absent\n" in said(tracked.purchase_completed, coupon=None)
    tracked.purchase_completed(coupon="A")


def test_true_is_not_one(shop: Any, tracked: Any, everything: dict[str, Any]) -> None:
    shop.track.everything(**{**everything, "any": [1, True]})
    assert "  ! any[0]: 1, expected True" in said(tracked.everything, any=[True, True])
    assert "  ! any[1]: True, expected 1" in said(tracked.everything, any=[1, 1])
    tracked.everything(any=[1.0, True])


def test_an_assertion_takes_one_event(shop: Any, tracked: Any) -> None:
    shop.track.class_()
    tracked.class_()
    assert said(tracked.class_) == (
        "class was tracked like this once, and asserted as often before: each assertion takes one event\ntracked: class"
    )
    shop.track.class_()
    assert tracked.class_() is tracked.events[1]
    for rows in (5, 6, 7):
        shop.track.imported(rows=rows)
    tracked.imported(rows=5)
    assert "takes one event; the nearest of the others:\n  ! rows: 6, expected 5\n" in said(tracked.imported, rows=5)
    tracked.imported(rows=6)
    assert "takes one event; the other:\n  ! rows: 7, expected 5\n" in said(tracked.imported, rows=5)


def test_nothing_and_only(shop: Any, tracked: Any) -> None:
    tracked.nothing()
    tracked.only()
    shop.track.class_()
    shop.track.purchase_completed(**ORDER)
    assert said(tracked.nothing).startswith("nothing should be tracked, but 2 events were:\n  class(")
    tracked.class_()
    message = said(tracked.only)
    assert message.startswith(
        "nothing else should be tracked, but one event was:\n  purchase_completed(order_id='ORD-1', "
    )
    assert len(message) < 300
    tracked.purchase_completed()
    tracked.only()


# --- what is said ---


def test_the_nearest_call_is_shown_property_by_property(shop: Any, tracked: Any) -> None:
    shop.track.class_()
    shop.track.purchase_completed(**{**ORDER, "order_id": "ORD-7", "currency": "USD"})
    shop.track.purchase_completed(**{**ORDER, "order_id": "ORD-2"})
    items = [{"sku": "SKU-1", "quantity": 2, "price": 52.32}, {"sku": "SKU-2", "quantity": 1, "price": 1}]
    message = said(tracked.purchase_completed, order_id="ORD-1", currency="EUR", items=items)
    assert message == (
        "purchase_completed was not tracked like this; the nearest of 2:\n"
        "  ! order_id: 'ORD-2', expected 'ORD-1'\n"
        "  = currency: 'EUR'\n"
        "  ! items[0].quantity: 3, expected 2\n"
        "  ! items[1]: absent, expected {'sku': 'SKU-2', 'quantity': 1, 'price': 1.0}\n"
        "    total_amount: 156.96\n"
        "    item_count: 3\n"
        "    payment_method: 'card'\n"
        "    tax: 26.16\n"
        "    app_version: '1'\n"
        "    customer_segment: 'new'\n"
        "tracked: class, purchase_completed (2)\n"
        "problems since the test began: enrichment_missing:customer (2)"
    )


def test_the_nearest_is_one_that_nothing_has_taken(shop: Any, tracked: Any) -> None:
    shop.track.purchase_completed(**ORDER)
    shop.track.purchase_completed(**{**ORDER, "order_id": "ORD-2", "currency": "USD"})
    tracked.purchase_completed(order_id="ORD-1")
    message = said(tracked.purchase_completed, order_id="ORD-3", currency="EUR")
    assert "  ! order_id: 'ORD-2', expected 'ORD-3'\n  ! currency: 'USD', expected 'EUR'\n" in message


def test_why_there_is_no_event_is_told(shop: Any, tracked: Any) -> None:
    shop.track.class_(context=shop.Context.anonymous("device-12345", consent=[]))
    shop.track.purchase_completed(**{**ORDER, "order_id": ""})
    assert said(tracked.purchase_completed, order_id="ORD-1") == (
        "purchase_completed was not tracked\n"
        "tracked: nothing\n"
        "dropped since the test began: consent, violation\n"
        "violations since the test began: purchase_completed.order_id"
    )


def test_what_the_plan_refuses_cannot_be_expected(shop: Any, tracked: Any) -> None:
    shop.track.purchase_completed(**ORDER)
    assert said(tracked.purchase_completed, currency="CHF") == (
        "purchase_completed cannot be tracked like this: currency is not one of the allowed values, "
        "so the plan refuses 'CHF'"
    )
    assert "items[0].quantity is" in said(
        tracked.purchase_completed, items=[{"sku": "SKU-1", "quantity": 0, "price": 1}]
    )


def test_what_is_not_an_argument_is_a_type_error(tracked: Any) -> None:
    with pytest.raises(TypeError):
        tracked.purchase_completed("ORD-1")
    with pytest.raises(TypeError):
        tracked.purchase_completed(checkout_ms=5)


def test_long_values_are_cut(shop: Any, tracked: Any, everything: dict[str, Any]) -> None:
    shop.track.everything(**{**everything, "any": "x" * 5000})
    message = said(tracked.everything, any="y")
    assert len(message) < 1500
    assert "x…, expected 'y'" in message


AWKWARD = """\
trackside: 1
plan: {name: names, version: 1.0.0, namespace: "https://names.example"}
destinations:
  amplitude: {project: names, region: us, api_key: KEY}
sources:
  backend: {side: server, target: python, out: generated/backend}
naming: {events: any, properties: any}
events:
  events: {kind: state_change}
  nothing: {kind: state_change, properties: {self: string, any: any, rows: string, name: string}}
  only: {kind: state_change, properties: {only: optional string}}
  assert_tracked: {kind: state_change}
"""


def test_names_in_the_way_get_an_underscore(load: Callable[[str], Any]) -> None:
    package = load(AWKWARD)
    testing = importlib.import_module(f"{package.__name__}.testing")
    with package.capture() as events, package.Context.anonymous("device-12345").activate():
        package.track.events()
        package.track.nothing(self="a", any=1, rows="b", name="c")
        package.track.only()
        package.track.assert_tracked()
    tracked = testing.AssertTracked(events)
    tracked.events_()
    tracked.nothing_(self="a", rows="b", name="c")
    tracked.only_(only=None)
    assert len(tracked.events) == 4
    with pytest.raises(AssertionError):
        tracked.nothing()
    with pytest.raises(AssertionError):
        tracked.only()
    tracked.assert_tracked()
    tracked.only()


# --- under pytest ---


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory, plan_text: str) -> Path:
    """A project with a generated package and the fixture, as its users set it up."""
    folder = tmp_path_factory.mktemp("project")
    write_package(plan_of(plan_text), folder)
    (folder / "pytest.ini").write_text("[pytest]\nasyncio_default_fixture_loop_scope = function\n")
    (folder / "conftest.py").write_text(
        "from generated.backend import Context\n"
        "from generated.backend.testing import AssertTracked  # imported before the plugin is\n"
        "import pytest\n\n"
        'pytest_plugins = ["generated.backend.testing"]\n\n'
        "@pytest.fixture(autouse=True)\n"
        "def person():\n"
        '    with Context.anonymous("device-12345", consent=["analytics", "marketing"]).activate():\n'
        "        yield\n"
    )
    return folder


HEAD = """
import asyncio, contextvars, threading, time
from concurrent.futures import ThreadPoolExecutor
import pytest
from generated.backend import Context, RecordingSink, capture, configure, stats, track
from generated.backend.testing import AssertTracked

"""


def run(project: Path, code: str, *arguments: str) -> tuple[int, str]:
    """Run tests in a process of their own; warnings of pytest's are errors."""
    path = project / "given_test.py"
    path.write_text(HEAD + code, encoding="utf-8")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("TRACKSIDE_", "PYTEST_"))}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-W", "error", "-p", "no:cacheprovider", *arguments, str(path)],
        cwd=project, env=environment, capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    return done.returncode, done.stdout + done.stderr


def test_the_fixture_captures_and_each_test_begins_anew(project: Path) -> None:
    code = """
@pytest.mark.parametrize("number", range(4))
def test_one(assert_tracked: AssertTracked, number: int) -> None:
    assert_tracked.nothing()
    track.class_()
    assert_tracked.class_()
    assert_tracked.only()

def test_after_the_fixture_nothing_is_captured() -> None:
    assert track.class_().dropped == "not_configured"
"""
    status, output = run(project, code)
    assert status == 0, output
    assert "5 passed" in output


def test_a_failure_points_at_the_test_and_shows_the_nearest(project: Path) -> None:
    code = """
def test_two(assert_tracked: AssertTracked) -> None:
    track.imported(rows=5)
    assert_tracked.imported(rows=6)
"""
    status, output = run(project, code)
    assert status == 1
    assert ">       assert_tracked.imported(rows=6)" in output
    assert "E         ! rows: 5, expected 6" in output
    assert "assertions.py" not in output, "our own frames are of no use to the reader"
    assert "testing.py" not in output


def test_tasks_threads_and_asynchronous_tests(project: Path) -> None:
    """With pytest-asyncio and anyio's plugin, whatever loop a test runs in."""
    code = """
async def sent() -> None:
    await asyncio.sleep(0)
    track.class_()

@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"

@pytest.mark.anyio
async def test_anyio(assert_tracked: AssertTracked) -> None:
    await asyncio.gather(*[sent() for _ in range(50)])
    for _ in range(50):
        assert_tracked.class_()
    assert_tracked.only()

@pytest.mark.asyncio
async def test_asyncio(assert_tracked: AssertTracked) -> None:
    await asyncio.create_task(sent())
    await asyncio.to_thread(track.class_)
    assert_tracked.class_()
    assert_tracked.class_()
    assert_tracked.only()

@pytest.mark.asyncio(loop_scope="session")
@pytest.mark.parametrize("number", range(3))
async def test_one_loop_for_several_tests(assert_tracked: AssertTracked, number: int) -> None:
    assert_tracked.nothing()
    await sent()
    assert_tracked.class_()
    assert_tracked.only()

def test_asyncio_run(assert_tracked: AssertTracked) -> None:
    asyncio.run(sent())
    assert_tracked.class_()

def test_a_pool_that_is_given_the_context(assert_tracked: AssertTracked) -> None:
    with ThreadPoolExecutor() as pool:
        pool.submit(contextvars.copy_context().run, track.class_).result()
    assert_tracked.class_()

def test_a_thread_without_one_is_told_of(assert_tracked: AssertTracked) -> None:
    configure(sink=RecordingSink())
    thread = threading.Thread(
        target=track.class_,
        kwargs={"context": Context.anonymous("device-12345", consent=["analytics"])},
    )
    thread.start()
    thread.join()
    with pytest.raises(AssertionError, match="sent from where no capture holds: 1 "):
        assert_tracked.class_()
"""
    status, output = run(project, code)
    assert status == 0, output
    assert "8 passed" in output, output


def test_tests_that_run_at_the_same_time_do_not_see_each_other(project: Path) -> None:
    """In threads of one process, each with a capture of its own, and over xdist's processes."""
    code = """
from generated.backend._client import TRACKER
from generated.backend._runtime.assertions import Assertions

def test_threads() -> None:
    wrong = []
    def body(number: int) -> None:
        with capture() as events, Context.anonymous("device-12345", consent=["analytics"]).activate():
            assert_tracked = AssertTracked(events)
            for row in range(200):
                track.imported(rows=number * 1000 + row)
            try:
                for row in range(200):
                    assert_tracked.imported(rows=number * 1000 + row)
                assert_tracked.only()
            except AssertionError as error:
                wrong.append(error)
    threads = [threading.Thread(target=body, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []

@pytest.mark.parametrize("number", range(8))
def test_processes(assert_tracked: AssertTracked, number: int) -> None:
    track.imported(rows=number)
    assert_tracked.imported(rows=number)
    assert_tracked.only()
"""
    status, output = run(project, code, "-n", "2")
    assert status == 0, output
    assert "9 passed" in output


def test_without_pytest_the_assertions_are_there(project: Path) -> None:
    code = """
import sys, unittest
from importlib.machinery import PathFinder
real = PathFinder.find_spec
PathFinder.find_spec = classmethod(lambda cls, name, *rest: None if name == "pytest" else real(name, *rest))
from generated.backend import Context, capture, track
from generated.backend.testing import AssertTracked

class Checkout(unittest.TestCase):
    def test_it(self) -> None:
        with capture() as events, Context.anonymous("device-12345", consent=["analytics"]).activate():
            track.imported(rows=5)
        AssertTracked(events).imported(rows=5)
        with self.assertRaisesRegex(AssertionError, "expected 6"):
            AssertTracked(events).imported(rows=6)

unittest.main(argv=["x"], exit=False)
assert "pytest" not in sys.modules
"""
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=project, capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0 and re.search(r"Ran 1 test[\s\S]*OK", done.stderr), done.stderr
