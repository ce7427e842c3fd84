"""What happens to a call that breaks the plan or meets a fault, and what tests record instead of sending."""

from __future__ import annotations

import asyncio
import json
import threading
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import Any

import pytest

from .orders import ORDER, sent

# --- the failure contract ---


def test_a_bad_optional_value_is_left_out(shop: Any, sink: Any, active: Any) -> None:
    receipt = shop.track.purchase_completed(**ORDER, coupon=5)
    assert receipt.accepted and not receipt.flagged
    assert receipt.violations == (shop.Violation("coupon", "coupon", "is not text", "left_out"),)
    assert "coupon" not in sent(sink)["event_properties"]


def test_a_bad_required_value_is_left_out_and_flagged(shop: Any, sink: Any, active: Any) -> None:
    receipt = shop.track.purchase_completed(**{**ORDER, "item_count": 0, "payment_method": "cash"})
    assert receipt.accepted and receipt.flagged
    assert [(str(one), one.effect) for one in receipt.violations] == [
        ("item_count is less than 1", "flagged"),
        ("payment_method is not one of the allowed values", "flagged"),
    ]
    assert not {"item_count", "payment_method"} & set(sent(sink)["event_properties"])
    assert shop.stats().violations == {"purchase_completed.item_count": 1, "purchase_completed.payment_method": 1}


def test_an_event_that_is_refused_is_not_flagged(shop: Any, sink: Any) -> None:
    receipt = shop.track.purchase_completed(**{**ORDER, "item_count": 0})
    assert not receipt.accepted and not receipt.flagged
    assert {one.effect for one in receipt.violations} == {"flagged", "refused"}


def test_a_flaw_inside_says_where(shop: Any, sink: Any, active: Any) -> None:
    items = [{"sku": "SKU-1", "quantity": 1, "price": 1}, {"sku": "SKU-2", "quantity": 1, "price": -1}]
    receipt = shop.track.purchase_completed(**{**ORDER, "items": items})
    assert str(receipt.violations[0]) == "items[1].price is less than 0"
    assert "items" not in sent(sink)["event_properties"]


def test_a_missing_member_is_missing_in_any_kind_of_mapping(shop: Any, sink: Any, active: Any) -> None:
    item: dict[str, Any] = defaultdict(lambda: 1, sku="SKU-1")
    receipt = shop.track.purchase_completed(**{**ORDER, "items": [item]})
    assert str(receipt.violations[0]) == "items[0].quantity is missing"
    assert dict(item) == {"sku": "SKU-1"}


def test_a_member_too_many_is_a_flaw(shop: Any, sink: Any, active: Any, everything: dict[str, Any]) -> None:
    item = {"sku": "SKU-1", "quantity": 1, "price": 1, "colour": "red"}
    receipt = shop.track.purchase_completed(**{**ORDER, "items": [item]})
    assert str(receipt.violations[0]) == "items[0].colour is not a property of the object"
    place = {"zip code": "1", "geo": {"lat": 1}, "colour": "red"}
    receipt = shop.track.everything(**{**everything, "place": place})
    assert str(receipt.violations[0]) == "place.colour is not a property of the object"


def test_a_wrong_constant_inside_refuses_the_event(
    shop: Any, sink: Any, active: Any, everything: dict[str, Any]
) -> None:
    place = {"kind": "person", "zip code": "x", "geo": {"lat": 1}}
    receipt = shop.track.everything(**{**everything, "place": place})
    assert (receipt.accepted, sink.events) == (False, [])
    assert receipt.violations == (shop.Violation("place", "place.kind", "is not the constant", "refused"),)


def test_on_violation_is_given_the_whole_event(shop: Any, active: Any) -> None:
    reports: list[Any] = []
    shop.configure(sink=shop.RecordingSink(), strict=False, on_violation=reports.append)
    shop.set_context(app_version="1")
    shop.track.purchase_completed(**{**ORDER, "order_id": ""})
    (report,) = reports
    assert (report.event, report.accepted, report.insert_id) == ("purchase_completed", False, None)
    assert report.properties["total_amount"] == 156.96
    assert report.violations[0].effect == "refused"


def test_an_on_violation_that_fails_is_counted(shop: Any, active: Any) -> None:
    def fail(_: object) -> None:
        raise RuntimeError("no")

    shop.configure(sink=shop.RecordingSink(), strict=False, on_violation=fail)
    shop.set_context(app_version="1")
    assert shop.track.purchase_completed(**ORDER, coupon=5).accepted
    assert shop.stats().problems == {"on_violation_failed": 1, "enrichment_missing:customer": 1}


def test_what_nobody_listens_to_is_logged(shop: Any, active: Any, caplog: pytest.LogCaptureFixture) -> None:
    shop.configure(sink=shop.RecordingSink(), strict=False)
    shop.set_context(app_version="1")
    for _ in range(12):
        shop.track.purchase_completed(**ORDER, coupon=5)
    assert [record.getMessage() for record in caplog.records] == [
        "enrichment_missing:customer",
        "purchase_completed: coupon is not text",
    ]


class Hostile:
    """A value whose every method raises."""

    def __getattribute__(self, name: str) -> Any:
        if name in {"__class__", "__init__"}:
            raise RuntimeError(name)
        return super().__getattribute__(name)

    def __eq__(self, other: object) -> bool:
        raise RuntimeError("eq")

    def __hash__(self) -> int:
        raise RuntimeError("hash")

    def __str__(self) -> str:
        raise RuntimeError("str")

    __repr__ = __str__


def test_no_value_raises_in_production(shop: Any, sink: Any, active: Any, everything: dict[str, Any]) -> None:
    endless: list[Any] = []
    endless.append(endless)
    worst = [Hostile(), object(), endless, {1: 2}, {"a": endless}, b"x", float("nan"), 10**400, type, ..., set()]
    for value in worst:
        for name in everything:
            assert isinstance(shop.track.everything(**{**everything, name: value}), shop.Receipt)
        assert isinstance(shop.track.class_(context=value), shop.Receipt)
        assert isinstance(shop.track.class_(time=value), shop.Receipt)
    assert shop.stats().accepted == len(sink.events)
    for event in sink.events:
        json.dumps(event, allow_nan=False).encode()


def test_a_call_that_is_no_call_is_a_type_error(shop: Any, sink: Any, active: Any) -> None:
    with pytest.raises(TypeError, match="order_id"):
        shop.track.purchase_completed(currency="EUR")
    with pytest.raises(TypeError, match="colour"):
        shop.track.class_(colour="red")
    with pytest.raises(TypeError, match="positional"):
        shop.track.imported(5)


class FailingSink:
    """A sink that cannot."""

    def accept(self, events: object) -> Any:
        raise OSError("full")

    def flush(self, timeout: float) -> bool:
        return False

    def close(self, timeout: float) -> bool:
        return False


def test_an_error_of_a_sink_never_surfaces(shop: Any, active: Any, caplog: pytest.LogCaptureFixture) -> None:
    shop.configure(sink=FailingSink(), strict=False)
    receipt = shop.track.class_()
    assert (receipt.accepted, receipt.dropped) == (False, "error:OSError")
    assert shop.stats().dropped == {"error:OSError": 1}
    assert "full" in caplog.text
    shop.configure(sink=FailingSink(), strict=True)
    with pytest.raises(OSError, match="full"):
        shop.track.class_()


class FullSink(FailingSink):
    """Has no room."""

    outcome: Any = None

    def accept(self, events: Any) -> Any:
        return self.outcome(dropped=(("buffer_full", len(events)),))


@pytest.mark.parametrize(("sink", "dropped"), [(FailingSink, "error:OSError"), (FullSink, "buffer_full")])
def test_a_report_tells_what_became_of_the_event(shop: Any, active: Any, sink: Any, dropped: str) -> None:
    reports: list[Any] = []
    FullSink.outcome = shop.Outcome
    shop.configure(sink=sink(), strict=False, on_violation=reports.append)
    shop.set_context(app_version="1")
    receipt = shop.track.purchase_completed(**ORDER, coupon=5)
    assert (receipt.accepted, receipt.dropped) == (False, dropped)
    (report,) = reports
    assert (report.event, report.accepted, report.insert_id) == ("purchase_completed", False, receipt.insert_id)
    assert shop.stats().violations == {"purchase_completed.coupon": 1}
    assert shop.identify(plan="gold", logins=2).accepted is reports[-1].accepted is False


def test_strict_mode_is_the_default_under_pytest(shop: Any, active: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    reports: list[Any] = []
    shop.configure(sink=shop.RecordingSink(), on_violation=reports.append)
    shop.set_context(app_version="1")
    with pytest.raises(shop.TrackingError, match="coupon is not text"):
        shop.track.purchase_completed(**ORDER, coupon=5)
    monkeypatch.setenv("TRACKSIDE_STRICT", "0")
    assert shop.track.purchase_completed(**ORDER, coupon=5).accepted
    monkeypatch.delenv("PYTEST_CURRENT_TEST")
    monkeypatch.delenv("TRACKSIDE_STRICT")
    assert shop.track.purchase_completed(**ORDER, coupon=5).accepted
    monkeypatch.setenv("TRACKSIDE_STRICT", "1")
    with pytest.raises(shop.TrackingError):
        shop.track.purchase_completed(**ORDER, coupon=5)
    assert [report.accepted for report in reports] == [False, True, True, False]  # what raises is not sent


def test_before_configure_nothing_is_sent_and_that_is_counted(shop: Any, active: Any) -> None:
    assert shop.track.class_().dropped == "not_configured"
    assert shop.stats().dropped == {"not_configured": 1}


def test_configure_says_what_it_wants(shop: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SHOP_KEY", raising=False)
    with pytest.raises(ValueError, match="SHOP_KEY"):
        shop.configure()
    monkeypatch.setenv("SHOP_KEY", "key")
    shop.configure()


def test_stats_count_what_was_sent(shop: Any, sink: Any, active: Any) -> None:
    shop.track.class_()
    shop.track.newsletter_sent()
    shop.track.purchase_completed(**{**ORDER, "order_id": ""})
    stats = shop.stats()
    assert (stats.accepted, stats.sent, stats.dropped) == (2, 2, {"violation": 1})


# --- capture ---


def test_capture_records_and_sends_nothing(shop: Any, sink: Any, active: Any) -> None:
    with shop.track.capture() as events:
        assert shop.track.class_().accepted
        with shop.capture() as inner:
            shop.track.newsletter_sent()
    shop.track.logged_out()
    assert [event["event_type"] for event in events] == ["class"]
    assert [event["event_type"] for event in inner] == ["newsletter_sent"]
    assert [event["event_type"] for event in sink.events] == ["logged_out"]


def test_captures_run_side_by_side(shop: Any, active: Any) -> None:
    ready = threading.Barrier(8)

    def run(number: int) -> list[int]:
        with active.activate(), shop.track.capture() as events:
            ready.wait(5)
            for step in range(50):
                shop.track.imported(rows=number * 1000 + step)
        return [event["event_properties"]["rows"] for event in events]

    shop.configure(sink=shop.RecordingSink(), consent=lambda _: ["analytics"])
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(run, range(8)))
    assert found == [[number * 1000 + step for step in range(50)] for number in range(8)]


def test_a_capture_reaches_what_the_block_starts(shop: Any, active: Any) -> None:
    async def work(number: int) -> None:
        await asyncio.sleep(0.001 * number)
        with shop.Context.anonymous(f"device-{number}xxxx", consent=["analytics"]).activate():
            await asyncio.sleep(0.001)
            shop.track.class_()
            await asyncio.to_thread(shop.track.class_)

    async def main() -> None:
        await asyncio.gather(*[work(number) for number in range(5)])

    with shop.capture() as events:
        asyncio.run(main())
        thread = threading.Thread(target=copy_context().run, args=(shop.track.class_,))
        thread.start()
        thread.join()
    devices = [event["device_id"] for event in events]
    assert sorted(devices) == sorted([f"device-{number}xxxx" for number in range(5)] * 2 + ["device-12345"])
