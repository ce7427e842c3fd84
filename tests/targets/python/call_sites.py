"""Call sites of the tests' plan. A line that ends with `# wrong` must not pass a type checker; others must."""

# Each call stands on one line, so that a mark belongs to it.
# fmt: off
# ruff: noqa: E501

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, assert_type
from uuid import UUID

from generated import backend
from generated.backend import (
    UNSET,
    AmplitudeSink,
    Context,
    Enrichers,
    HttpSink,
    NdjsonSink,
    OutboxSink,
    Outcome,
    PostgreSQL,
    Receipt,
    RecordingSink,
    Report,
    Request,
    Sink,
    SQLite,
    Stats,
    Tee,
    TrackingError,
    Violation,
    WireEvent,
    capture,
    close,
    configure,
    flush,
    identify,
    set_context,
    stats,
    track,
)
from generated.backend.testing import AssertTracked
from generated.backend.types import Currency, CustomerEnrichment_, EverythingPlace, LineItem, Money

item: LineItem = {"sku": "SKU-1", "quantity": 1, "price": 9.5}
full: LineItem = {"sku": "SKU-1", "quantity": 1, "price": Decimal("9.5"), "note": "a"}
place: EverythingPlace = {"zip code": "10115", "geo": {"lat": 52.5}}
currency: Currency = "EUR"
money: Money = Decimal("1.5")
free_text = input()
context = Context.identified("user-12345", device_id="device-12345")

no_price: LineItem = {"sku": "SKU-1", "quantity": 1}  # wrong
misspelled: LineItem = {"sku": "SKU-1", "quantity": 1, "price": 9.5, "prize": 1}  # wrong
other_currency: Currency = "CHF"  # wrong


def look_up(user_id: str) -> CustomerEnrichment_ | None:
    return {"customer_segment": "vip"} if user_id else None


def wrong_answer(user_id: str) -> CustomerEnrichment_:
    return {"customer_segment": "king"}  # wrong


def wrong_question(user_id: int) -> CustomerEnrichment_ | None:
    return None


async def ask(user_id: str) -> CustomerEnrichment_ | None:
    return {"customer_ltv": 5} if user_id else None


async def wrong_kind(user_id: str) -> int:
    return 5


def listen(report: Report) -> None:
    for violation in report.violations:
        assert_type(violation, Violation)


class OwnSink:
    def accept(self, events: Any) -> Outcome:
        return Outcome(sent=len(events))

    def flush(self, timeout: float) -> bool:
        return True

    def close(self, timeout: float) -> bool:
        return True


own: Sink = OwnSink()

configure(api_key="key", enrich=Enrichers(customer=look_up), strict=True, on_violation=listen)
configure(sink=Tee(RecordingSink(), NdjsonSink("events.ndjson"), AmplitudeSink("key", zone="EU"), own))
configure(consent=lambda user_id: ["analytics"])
configure(enrich=Enrichers(customer=wrong_question))  # wrong
configure(enrich=Enrichers(nobody=look_up))  # wrong
configure(enrich=Enrichers(customer=ask, budget=None, keep=60))
configure(enrich=Enrichers(customer=wrong_kind))  # wrong
configure(enrich=Enrichers(customer=look_up, budget="long"))  # wrong
configure(sink=HttpSink("key"))
configure(sink=Tee(OutboxSink(SQLite("outbox.db")), OutboxSink(PostgreSQL("dbname=shop"))))
backend.Nothing  # noqa: B018  # wrong
assert_type(Request.current(), Request | None)
configure(key="key")  # wrong
configure(sink="events.ndjson")  # wrong

receipt = track.purchase_completed(
    order_id="ORD-1",
    currency="EUR",
    total_amount=1,
    item_count=1,
    payment_method="card",
    items=[item, full],
    tax=Decimal("0.2"),
)
assert_type(receipt, Receipt)
assert_type(receipt.accepted, bool)
assert_type(receipt.insert_id, str | None)

optional = {"coupon": "a"}
track.purchase_completed(order_id="1", currency=currency, total_amount=money, item_count=1, payment_method="card", items=(item,), tax=1, coupon=None)
track.purchase_completed(currency="EUR", total_amount=1, item_count=1, payment_method="card", items=[item], tax=1)  # wrong
track.purchase_completed(order_id="1", currency=free_text, total_amount=1, item_count=1, payment_method="card", items=[], tax=1)  # wrong
track.purchase_completed(order_id="1", currency="EUR", total_amount=1, item_count=1, payment_method="cash", items=[], tax=1)  # wrong
track.purchase_completed(order_id="1", currency="EUR", total_amount=1, item_count=1.5, payment_method="card", items=[], tax=1)  # wrong
track.purchase_completed(order_id="1", currency="EUR", total_amount="1", item_count=1, payment_method="card", items=[], tax=1)  # wrong
track.purchase_completed(order_id=1, currency="EUR", total_amount=1, item_count=1, payment_method="card", items=[], tax=1)  # wrong
track.purchase_completed(order_id=None, currency="EUR", total_amount=1, item_count=1, payment_method="card", items=[], tax=1)  # wrong
track.purchase_completed(order_id="1", currency="EUR", total_amount=1, item_count=1, payment_method="card", items=[{"sku": "a"}], tax=1)  # wrong
track.purchase_completed(order_id="1", currency="EUR", total_amount=1, item_count=1, payment_method="card", items=item, tax=1)  # wrong
track.purchase_completed(order_id="1", currency="EUR", total_amount=1, item_count=1, payment_method="card", items=[], tax=1, checkout_ms=5)  # wrong

track.imported(rows=5, time=datetime(2026, 1, 1, tzinfo=UTC), context=Context.system())
track.imported(5)  # wrong
track.imported(rows="5")  # wrong
track.imported(rows=5, time="2026-01-01")  # wrong
track.imported(rows=5, context={"user_id": "user-12345"})  # wrong

assert_type(track.promise_signed_up(within=60, context=context), Receipt)
track.promise_signed_up(method="google")  # wrong
track.promise_signed_up(within="1h")  # wrong
track.promise_purchase_completed(order_id="1")  # wrong


async def awaited() -> None:
    answer = await track.aio.purchase_completed(order_id="1", currency="EUR", total_amount=1, item_count=1, payment_method="card", items=[item], tax=1)
    assert_type(answer, Receipt)
    await track.aio.purchase_completed(order_id="1", currency="CHF", total_amount=1, item_count=1, payment_method="card", items=[item], tax=1)  # wrong
    await track.aio.purchase_completed(order_id="1")  # wrong
    await track.aio.imported(rows=5)  # wrong


track.clicked(button="buy")  # wrong
track.purchase_started()  # wrong
track.class_()
track.site_transfer_accepted(context_="a", time_="b", list=["c"], n404_seen=True)
track.site_transfer_accepted(context="a", list=["c"], n404_seen=True)  # wrong

reference = UUID("123e4567-e89b-12d3-a456-426614174000")
paid_at = datetime(2026, 1, 1, tzinfo=UTC)
track.paid_by_bank(reference=reference, day=date(2026, 1, 1), number=1, final=True, paid_at=paid_at)
track.paid_by_bank(reference=str(reference), day="2026-01-01", number=1, final=True, paid_at="2026-01-01T00:00:00Z")
track.paid_by_bank(reference=reference, day=date(2026, 1, 1), number=1, final=True, paid_at=paid_at, time=paid_at)  # wrong
track.paid_by_bank(reference=reference, day=5, number=1, final=True, paid_at=paid_at)  # wrong

words: Mapping[str, str] = {"a": "b"}
track.everything(text="abc", pattern="a", whole=1, real=0.5, flag=True, day="2026-01-01", moment=paid_at, id=reference, link="https://a.example", any={"a": [1]}, level=2, ratio=0.5, country="AT", numbers=[1], grid=((1, 2.5),), words=words, place=place, maybe=None, both=UNSET)
track.everything(text="abc", pattern="a", whole=1, real=0.5, flag=True, day="2026-01-01", moment=paid_at, id=reference, link="https://a.example", any=None, level=2, ratio=0.5, country="AT", numbers=[1], grid=[], words=words, place=place, maybe="a", both=None)
track.everything(text="abc", pattern="a", whole=1, real=0.5, flag=True, day="2026-01-01", moment=paid_at, id=reference, link="https://a.example", any=1, level=4, ratio=0.5, country="AT", numbers=[1], grid=[], words=words, place=place, maybe=None)  # wrong
track.everything(text="abc", pattern="a", whole=1, real=0.5, flag=1, day="2026-01-01", moment=paid_at, id=reference, link="https://a.example", any=1, level=1, ratio=0.5, country="AT", numbers=[1], grid=[], words=words, place=place, maybe=None)  # wrong
track.everything(text="abc", pattern="a", whole=1, real=0.5, flag=True, day="2026-01-01", moment=paid_at, id=reference, link="https://a.example", any=1, level=1, ratio=0.5, country="CH", numbers=[1], grid=[], words=words, place=place, maybe=None)  # wrong
track.everything(text="abc", pattern="a", whole=1, real=0.5, flag=True, day="2026-01-01", moment=paid_at, id=reference, link="https://a.example", any=1, level=1, ratio=0.5, country="AT", numbers=["1"], grid=[], words=words, place=place, maybe=None)  # wrong
track.everything(text="abc", pattern="a", whole=1, real=0.5, flag=True, day="2026-01-01", moment=paid_at, id=reference, link="https://a.example", any=1, level=1, ratio=0.5, country="AT", numbers=[1], grid=[1], words=words, place=place, maybe=None)  # wrong
track.everything(text="abc", pattern="a", whole=1, real=0.5, flag=True, day="2026-01-01", moment=paid_at, id=reference, link="https://a.example", any=1, level=1, ratio=0.5, country="AT", numbers=[1], grid=[], words={"a": 1}, place=place, maybe=None)  # wrong
track.everything(text="abc", pattern="a", whole=1, real=0.5, flag=True, day="2026-01-01", moment=paid_at, id=reference, link="https://a.example", any=1, level=1, ratio=0.5, country="AT", numbers=[1], grid=[], words=words, place={"zip code": "1", "geo": {}}, maybe=None)  # wrong
track.everything(text="abc", pattern="a", whole=1, real=0.5, flag=True, day="2026-01-01", moment=paid_at, id=reference, link="https://a.example", any=1, level=1, ratio=0.5, country="AT", numbers=[1], grid=[], words=words, place=place)  # wrong
track.everything(text="abc", pattern="a", whole=1, real=0.5, flag=True, day="2026-01-01", moment=paid_at, id=reference, link="https://a.example", any=1, level=1, ratio=0.5, country="AT", numbers=[1], grid=[], words=words, place=place, maybe=None, fixed=7)  # wrong

identify(plan="pro", logins=1, first_seen=date(2026, 1, 1), nickname=None, context=Context.identified("user-12345"))
identify(plan="gold")  # wrong
identify(plan=UNSET)  # wrong
set_context(app_version="1.0", locale=None)
set_context(app_version=1)  # wrong

Context.identified()  # wrong
Context.anonymous(device_id=5)  # wrong
loaded = Context.load(Context.system().dump())
with loaded.activate() as active, capture() as recorded, track.capture() as events:
    assert_type(active, Context)
    assert_type(events, list[WireEvent])
    assert_type(recorded[0]["insert_id"], str)
    assert_type(events[0]["event_properties"].keys(), Any)  # wrong

assert_type(stats(), Stats)
assert_type(stats().dropped, dict[str, int])
assert_type(flush(1.0) and close(), bool)
try:
    track.class_()
except TrackingError as error:
    assert_type(error.violations, tuple[Violation, ...])


def test_tracking(assert_tracked: AssertTracked) -> None:
    assert_type(assert_tracked.purchase_completed(), WireEvent)
    assert_type(assert_tracked.events, Sequence[WireEvent])
    assert_tracked.purchase_completed(order_id="1", currency=currency, items=[item, full], tax=Decimal("0.2"), coupon=None)
    assert_tracked.purchase_completed(order_id=1)  # wrong
    assert_tracked.purchase_completed(order_id=None)  # wrong
    assert_tracked.purchase_completed(currency=free_text)  # wrong
    assert_tracked.purchase_completed(payment_method="cash")  # wrong
    assert_tracked.purchase_completed(checkout_ms=5)  # wrong
    assert_tracked.purchase_completed("1")  # wrong
    assert_tracked.everything(both=UNSET, maybe=None, moment=paid_at, id=reference, place=place)
    assert_tracked.everything(level=4)  # wrong
    assert_tracked.clicked(button="buy")  # wrong
    assert_tracked.only()
    assert_tracked.nothing()
