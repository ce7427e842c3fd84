"""Generated functions, called: what is sent, what is answered, and what becomes of a call that breaks the plan."""

from __future__ import annotations

import asyncio
import hashlib
import inspect
import json
import subprocess
import sys
import threading
import unicodedata
import uuid
from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

NAMESPACE = "https://shop.acme.example"
ORDER: dict[str, Any] = {
    "order_id": "ORD-98765",
    "currency": "EUR",
    "total_amount": 156.96,
    "item_count": 3,
    "payment_method": "card",
    "items": [{"sku": "SKU-1", "quantity": 3, "price": 52.32}],
    "tax": Decimal("26.16"),
}
BANK: dict[str, Any] = {
    "reference": "123E4567-E89B-12D3-A456-426614174000",
    "day": date(2026, 1, 31),
    "number": 7,
    "final": True,
    "paid_at": datetime(2026, 1, 31, 12, tzinfo=UTC),
}


def uuid5_of(*parts: object) -> str:
    """Compute a key by the published scheme, with nothing of ours."""
    seed = uuid.uuid5(uuid.NAMESPACE_URL, NAMESPACE)
    text = json.dumps(parts, ensure_ascii=False, separators=(",", ":"))
    return str(uuid.UUID(bytes=hashlib.sha1(seed.bytes + text.encode()).digest()[:16], version=5))


@pytest.fixture
def person(shop: Any) -> Any:
    """A person who is known, on a device, who agreed to everything."""
    return shop.Context.identified(
        "user-12345", device_id="device-12345", session_id=1_700_000_000_000, consent=["analytics", "marketing"]
    )


@pytest.fixture
def sink(shop: Any) -> Any:
    """What the package sends, as production would: nothing raises."""
    recording = shop.RecordingSink()
    shop.configure(sink=recording, strict=False, on_violation=lambda _: None)
    shop.set_context(app_version="2.0.1")
    return recording


@pytest.fixture
def active(person: Any) -> Iterator[Any]:
    """The person's context, active during the test."""
    with person.activate():
        yield person


def sent(sink: Any) -> dict[str, Any]:
    """Give the last event that was sent."""
    event: dict[str, Any] = sink.events[-1]
    return event


# --- what is sent ---


def test_a_purchase_is_sent_whole(shop: Any, sink: Any, active: Any) -> None:
    before = datetime.now(UTC)
    receipt = shop.track.purchase_completed(**ORDER, main_sku="SKU-1")
    event = sent(sink)
    assert abs(event.pop("time") - before.timestamp() * 1000) < 5000
    assert event == {
        "event_type": "purchase_completed",
        "insert_id": uuid5_of(1, "purchase_completed", "ORD-98765"),
        "device_id": "device-12345",
        "session_id": 1_700_000_000_000,
        "revenue": 156.96,
        "currency": "EUR",
        "productId": "SKU-1",
        "event_properties": {
            **ORDER,
            "tax": 26.16,
            "main_sku": "SKU-1",
            "app_version": "2.0.1",
            "customer_segment": "new",
        },
        "ingestion_metadata": {"source_name": "acme-shop/backend", "source_version": "1.2.0"},
    }
    assert receipt == shop.Receipt(True, event["insert_id"])
    json.dumps(event, allow_nan=False)


def test_what_the_caller_changes_later_is_not_sent(shop: Any, sink: Any, active: Any) -> None:
    items = [{"sku": "SKU-1", "quantity": 1, "price": 1}]
    shop.track.purchase_completed(**{**ORDER, "items": items})
    items[0]["sku"] = "changed"
    items.clear()
    assert sent(sink)["event_properties"]["items"] == [{"sku": "SKU-1", "quantity": 1, "price": 1.0}]


def test_optional_arguments_are_absent_when_none(shop: Any, sink: Any, active: Any) -> None:
    shop.track.purchase_completed(**ORDER, coupon=None, channel="shop")
    event = sent(sink)
    assert "coupon" not in event["event_properties"]
    assert event["revenueType"] == "shop"


def test_null_and_absent_are_told_apart(shop: Any, sink: Any, active: Any, everything: dict[str, Any]) -> None:
    shop.track.everything(**everything)
    assert sent(sink)["event_properties"]["maybe"] is None
    assert "both" not in sent(sink)["event_properties"]
    shop.track.everything(**everything, both=None)
    assert sent(sink)["event_properties"]["both"] is None
    shop.track.everything(**everything, both=shop.UNSET)
    assert "both" not in sent(sink)["event_properties"]
    shop.track.everything(**everything, both=3)
    assert sent(sink)["event_properties"]["both"] == 3


def test_names_that_python_keeps_are_renamed_in_the_signature_alone(shop: Any, sink: Any, active: Any) -> None:
    shop.track.site_transfer_accepted(
        context_="a", time_="b", from_="c", list=["d"], n404_seen=True, time=datetime(2026, 1, 1, tzinfo=UTC)
    )
    event = sent(sink)
    assert event["event_type"] == "Site Transfer Accepted"
    assert event["event_properties"] == {"context": "a", "time": "b", "from": "c", "list": ["d"], "404 seen": True}
    assert event["time"] == 1_767_225_600_000
    shop.track.class_()
    assert sent(sink)["event_type"] == "class"


def test_names_of_types_and_builtins_are_names_like_others(shop: Any, sink: Any, active: Any) -> None:
    values: dict[str, Any] = {
        "str": "a", "int": 1, "float": 0.5, "bool": True, "date": "2026-01-31", "datetime": "2026-01-31T12:00:00.000Z",
        "object": [1], "Currency": "EUR",
    }  # fmt: skip
    again = {**values, "Literal": "a", "len": ["b"]}
    arguments = {name.lower(): value for name, value in values.items()}
    assert shop.track.shadows(**arguments, again=again, length=5, unset="x").accepted
    assert sent(sink)["event_properties"] == {**values, "again": again, "length": 5, "UNSET": "x"}
    receipt = shop.track.shadows(**arguments, again={**again, "more": 1}, length=5)
    assert str(receipt.violations[0]) == "again.more is not a property of the object"


def test_constants_are_sent_and_are_no_arguments(shop: Any, sink: Any, active: Any, everything: dict[str, Any]) -> None:
    shop.track.everything(**everything)
    assert sent(sink)["event_properties"]["fixed"] == 7
    assert "fixed" not in inspect.signature(shop.track.everything).parameters


# --- who ---


def test_exactly_the_named_ids_are_sent(shop: Any, sink: Any, active: Any) -> None:
    shop.track.refunded(refund_id="r1", part=1, price=5, count=2)
    assert (sent(sink)["user_id"], "device_id" in sent(sink)) == ("user-12345", False)
    shop.track.paid_by_bank(**BANK)
    assert (sent(sink)["user_id"], sent(sink)["device_id"]) == ("user-12345", "device-12345")
    shop.track.class_()
    assert (sent(sink)["user_id"], sent(sink)["device_id"]) == ("user-12345", "device-12345")


def test_a_batch_job_is_the_system_s(shop: Any, sink: Any) -> None:
    with shop.Context.identified("user-12345", session_id=5, consent=[]).activate():
        shop.track.imported(rows=5)
    event = sent(sink)
    assert (event["device_id"], "user_id" in event, "session_id" in event) == ("system:acme-shop:backend", False, False)
    shop.track.class_(context=shop.Context.system())
    assert sent(sink)["device_id"] == "system:acme-shop:backend"


def test_a_call_without_identity_is_refused(shop: Any, sink: Any) -> None:
    assert shop.Context.current() is None
    receipt = shop.track.class_()
    assert (receipt.accepted, receipt.dropped, sink.events) == (False, "violation", [])
    assert "identity" in str(receipt.violations[0])


NIL = "00000000-0000-0000-0000-000000000000"


@pytest.mark.parametrize("bad", ["", "abcd", "anonymous", "NULL", "undefined", NIL, "x" * 1025, 12345, "\ud800" * 9])
def test_ids_that_the_destination_would_refuse_are_refused_here(shop: Any, sink: Any, bad: Any) -> None:
    receipt = shop.track.purchase_completed(**ORDER, context=shop.Context.anonymous(bad, consent=["analytics"]))
    assert not receipt.accepted
    assert receipt.violations[0].property == "device_id"
    assert receipt.violations[0].effect == "refused"
    assert sink.events == []


def test_a_missing_id_is_refused_and_not_replaced_by_the_other(shop: Any, sink: Any) -> None:
    only_user = shop.Context.identified("user-12345", consent=["analytics"])
    receipt = shop.track.purchase_completed(**ORDER, context=only_user)
    assert (receipt.accepted, receipt.violations[0].property) == (False, "device_id")


def test_a_passed_context_wins_over_the_active_one(shop: Any, sink: Any, active: Any) -> None:
    other = shop.Context.anonymous("device-99999", consent=["analytics"])
    shop.track.class_(context=other)
    assert (sent(sink)["device_id"], "user_id" in sent(sink)) == ("device-99999", False)


def test_a_context_survives_being_stored(shop: Any, sink: Any) -> None:
    context = shop.Context.identified(
        "user-12345", device_id="device-12345", session_id=1_700_000_000_000, attribution={"utm_source": "mail"},
        consent=["analytics"], attempt="5c1b0f8e-1111-4222-8333-444455556666", ip="192.0.2.1", user_agent="Browser/1",
    )  # fmt: skip
    with context.activate():
        shop.set_context(app_version="9.9")
        text = shop.Context.current().dump()
    loaded = shop.Context.load(text)
    for name in ("user_id", "device_id", "session_id", "attribution", "consent", "attempt", "ip", "user_agent"):
        assert getattr(loaded, name) == getattr(context, name)
    shop.track.purchase_completed(**ORDER, context=loaded)
    event = sent(sink)
    assert (event["ip"], event["user_agent"]) == ("192.0.2.1", "Browser/1")
    assert event["event_properties"]["utm_source"] == "mail"
    assert event["event_properties"]["app_version"] == "9.9"


class Hostile:
    """A value of which nothing works."""

    def _fail(self, *_: object) -> Any:
        raise RuntimeError("hostile")

    __eq__ = __hash__ = __iter__ = __len__ = __bool__ = __str__ = __repr__ = _fail
    __class__ = property(_fail)


RECURSIVE: list[Any] = []
RECURSIVE.append(RECURSIVE)


HOSTILE = {
    "hostile": Hostile(),
    "recursive": RECURSIVE,
    "uuid": uuid.uuid4(),
    "integer": 4711,
    "huge": 10**400,
    "bytes": b"abcdef",
    "list": [Hostile()],
}


@pytest.mark.parametrize("name", HOSTILE)
def test_no_value_of_a_context_raises(shop: Any, name: str) -> None:
    """What is no id refuses the events, here and where the context is loaded; the rest is left out."""
    value = HOSTILE[name]
    shop.configure(sink=shop.RecordingSink(), strict=False)
    for about in (shop.Context.identified(value), shop.Context.anonymous(value)):
        for context in (about, about.with_attempt(value), shop.Context.load(about.dump())):
            receipt = shop.track.class_(context=context)
            (found,) = receipt.violations
            assert str(found).endswith("_id is not text")
    for member in ("session_id", "attribution", "attempt", "ip", "user_agent"):
        context = shop.Context.anonymous("device-12345", consent=["analytics"], **{member: value})
        assert shop.track.class_(context=shop.Context.load(context.dump())).accepted
    for unreadable in (value, "analytics"):
        context = shop.Context.anonymous("device-12345", consent=unreadable)
        assert shop.Context.load(context.dump()).consent == context.consent == frozenset(), "nothing is granted"
    assert shop.Context.load(value).device_id is None


@pytest.mark.parametrize("text", ["", "{}", "[]", "null", "not json", '{"v":99}', '{"v":1,"d":5,"a":[],"p":3}'])
def test_what_cannot_be_loaded_gives_a_context_without_ids(shop: Any, sink: Any, text: str) -> None:
    receipt = shop.track.class_(context=shop.Context.load(text))
    assert (receipt.accepted, receipt.dropped) == (False, "violation")


def test_a_session_that_was_idle_too_long_is_not_attached(shop: Any, sink: Any, active: Any) -> None:
    now = datetime.now(UTC)
    soon = shop.Context.load(active.dump())
    shop.track.class_(context=soon, time=now + timedelta(minutes=19))
    assert sent(sink)["session_id"] == 1_700_000_000_000
    shop.track.class_(context=soon, time=now + timedelta(minutes=21))
    assert "session_id" not in sent(sink)


def test_somebody_who_logs_in_is_known_from_there_on(shop: Any, sink: Any) -> None:
    device = shop.Context.anonymous("device-12345", consent=["analytics"])
    shop.track.logged_out(context=device.with_user("user-12345"))
    assert (sent(sink)["user_id"], sent(sink)["device_id"]) == ("user-12345", "device-12345")
    assert device.user_id is None


# --- keys ---


def test_keys_of_several_parts_take_the_wire_form(shop: Any, sink: Any, active: Any) -> None:
    receipt = shop.track.paid_by_bank(**BANK)
    key = (1, "bank_payment", "123e4567-e89b-12d3-a456-426614174000", "2026-01-31", 7, True)
    assert receipt.insert_id == uuid5_of(*key)


def test_text_parts_are_normalised_and_escaped(shop: Any, sink: Any, active: Any) -> None:
    for order in ('say "é"\\ \u2028 \x01 \U0001f600', "A\u030angstro\u0308m", "\ufb01\u2126"):
        receipt = shop.track.purchase_completed(**{**ORDER, "order_id": order})
        assert receipt.insert_id == uuid5_of(1, "purchase_completed", unicodedata.normalize("NFC", order))
        assert sent(sink)["event_properties"]["order_id"] == order


def test_a_template_prints_the_key_in_the_clear(shop: Any, sink: Any, active: Any) -> None:
    assert shop.track.refunded(refund_id="r1", part=2, price=5, count=2).insert_id == "refund_r1/2"


def test_an_attempt_is_the_request_s_or_none(shop: Any, sink: Any, active: Any) -> None:
    attempt = "5c1b0f8e-1111-4222-8333-444455556666"
    context = shop.Context.anonymous("device-12345", attempt=attempt, consent=["analytics"])
    assert shop.track.signed_up(method="google", context=context).insert_id == uuid5_of(1, "signed_up", attempt)
    loud = shop.Context.anonymous("device-12345", attempt=attempt.upper(), consent=["analytics"])
    assert shop.track.signed_up(method="google", context=loud).insert_id == uuid5_of(1, "signed_up", attempt)
    forged = shop.Context.anonymous("device-12345", attempt="user-12345", consent=["analytics"])
    assert uuid.UUID(shop.track.signed_up(method="google", context=forged).insert_id).version == 4
    first = shop.track.signed_up(method="google").insert_id
    assert uuid.UUID(first).version == 4
    assert shop.track.signed_up(method="google").insert_id != first


def test_an_event_without_a_key_has_a_random_id(shop: Any, sink: Any, active: Any) -> None:
    ids = {shop.track.class_().insert_id for _ in range(50)}
    assert len(ids) == 50
    assert {uuid.UUID(one).version for one in ids} == {4}
    assert {str(uuid.UUID(one)) for one in ids} == ids


@pytest.mark.parametrize("bad", ["", None, 5, b"x", "\ud800"])
def test_a_bad_part_of_a_key_refuses_the_event(shop: Any, sink: Any, active: Any, bad: Any) -> None:
    receipt = shop.track.purchase_completed(**{**ORDER, "order_id": bad})
    assert (receipt.accepted, receipt.insert_id, sink.events) == (False, None, [])
    assert [one.effect for one in receipt.violations][-1] == "refused"
    assert shop.stats().dropped["violation"] == 1


# --- time and revenue ---


def test_time_is_the_call_s_unless_it_says_otherwise(shop: Any, sink: Any, active: Any) -> None:
    zone = timezone(timedelta(hours=-5))
    shop.track.class_(time=datetime(2026, 1, 1, 12, 0, 0, 123_999, tzinfo=zone))
    assert sent(sink)["time"] == 1_767_286_800_123
    shop.track.class_(time=datetime(1969, 12, 31, 23, 59, 59, 999_500, tzinfo=UTC))
    assert sent(sink)["time"] == -1


def test_a_time_without_an_offset_is_left_out(shop: Any, sink: Any, active: Any) -> None:
    receipt = shop.track.class_(time=datetime(2026, 1, 1))
    assert receipt.accepted
    assert receipt.violations[0].effect == "left_out"
    assert sent(sink)["time"] > 1_700_000_000_000


def test_the_plan_s_time_property_is_the_event_s_time(shop: Any, sink: Any, active: Any) -> None:
    shop.track.paid_by_bank(**{**BANK, "paid_at": "2026-01-31T13:00:00.5+01:00"})
    assert sent(sink)["time"] == 1_769_860_800_500
    assert sent(sink)["event_properties"]["paid_at"] == "2026-01-31T12:00:00.500Z"
    assert "time" not in inspect.signature(shop.track.paid_by_bank).parameters


def test_revenue_is_always_a_float(shop: Any, sink: Any, active: Any) -> None:
    shop.track.purchase_completed(**{**ORDER, "total_amount": 5})
    assert type(sent(sink)["revenue"]) is float
    assert not {"price", "quantity"} & set(sent(sink))


def test_a_refund_is_negative_and_its_properties_are_not(shop: Any, sink: Any, active: Any) -> None:
    shop.track.refunded(refund_id="r1", part=1, price=Decimal("0.1"), count=3)
    assert sent(sink)["revenue"] == -(0.1 * 3)
    assert sent(sink)["event_properties"]["price"] == 0.1
    shop.track.refunded(refund_id="r1", part=1, price=0, count=3)
    assert str(sent(sink)["revenue"]) == "0.0"


def test_an_amount_that_is_wrong_makes_no_revenue(shop: Any, sink: Any, active: Any) -> None:
    receipt = shop.track.purchase_completed(**{**ORDER, "total_amount": -1})
    assert receipt.accepted
    assert "revenue" not in sent(sink)
    assert [str(one) for one in receipt.violations] == ["total_amount is less than 0"]
    shop.track.refunded(refund_id="r1", part=1, price=1e308, count=100)
    assert "revenue" not in sent(sink)


# --- context, look-ups, attribution, consent ---


def test_context_properties_are_set_once_and_overridden_by_the_request(shop: Any, sink: Any, active: Any) -> None:
    shop.set_context(locale="fr")
    shop.track.purchase_completed(**ORDER)
    assert sent(sink)["event_properties"]["locale"] == "fr"
    with shop.Context.anonymous("device-99999", consent=["analytics"]).activate():
        shop.track.purchase_completed(**ORDER)
        assert sent(sink)["event_properties"]["app_version"] == "2.0.1"
        assert "locale" not in sent(sink)["event_properties"]
    shop.track.class_()
    assert "locale" not in sent(sink)["event_properties"]


def test_a_required_context_property_that_is_missing_is_flagged(shop: Any, active: Any) -> None:
    with shop.capture() as events, pytest.raises(shop.TrackingError, match="app_version"):
        shop.track.purchase_completed(**ORDER)
    shop.configure(sink=shop.RecordingSink(), strict=False, on_violation=lambda _: None)
    receipt = shop.track.purchase_completed(**ORDER)
    assert receipt.accepted
    assert [(one.property, one.effect) for one in receipt.violations] == [("app_version", "flagged")]
    assert events == []


def test_a_bad_context_property_is_not_kept(shop: Any, sink: Any, active: Any) -> None:
    shop.set_context(app_version="x" * 21, locale="de")
    shop.track.purchase_completed(**ORDER)
    properties = sent(sink)["event_properties"]
    assert (properties["app_version"], properties["locale"]) == ("2.0.1", "de")
    assert shop.stats().violations == {"set_context.app_version": 1}


def test_look_ups_are_asked_at_the_call(shop: Any, active: Any) -> None:
    asked: list[str] = []

    def look_up(user_id: str) -> dict[str, Any]:
        asked.append(user_id)
        return {"customer_segment": "vip", "customer_ltv": Decimal("9.5"), "else": 1}

    sink = shop.RecordingSink()
    shop.configure(sink=sink, strict=False, enrich=shop.Enrichers(customer=look_up))
    shop.set_context(app_version="1")
    shop.track.purchase_completed(**ORDER)
    properties = sent(sink)["event_properties"]
    assert (properties["customer_segment"], properties["customer_ltv"], asked) == ("vip", 9.5, ["user-12345"])
    assert "else" not in properties


def test_a_look_up_that_fails_costs_only_what_it_knew(shop: Any, active: Any) -> None:
    answers: list[Any] = [RuntimeError("down"), None, {"customer_segment": "king", "customer_ltv": 5}]

    def look_up(_: str) -> Any:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    sink = shop.RecordingSink()
    shop.configure(sink=sink, strict=False, enrich=shop.Enrichers(customer=look_up), on_violation=lambda _: None)
    shop.set_context(app_version="1")
    for expected in ({"customer_segment": "new"}, {"customer_segment": "new"}):
        assert shop.track.purchase_completed(**ORDER).accepted
        assert expected.items() <= sent(sink)["event_properties"].items()
    receipt = shop.track.purchase_completed(**ORDER)
    assert receipt.accepted
    assert [(one.property, one.effect) for one in receipt.violations] == [("customer_segment", "left_out")]
    assert sent(sink)["event_properties"]["customer_ltv"] == 5.0
    assert shop.stats().problems == {"enrichment_failed:customer": 1}


def test_a_look_up_without_its_id_is_skipped_and_counted(shop: Any) -> None:
    sink = shop.RecordingSink()
    shop.configure(sink=sink, strict=False, enrich=shop.Enrichers(customer=lambda _: pytest.fail("asked")))
    shop.set_context(app_version="1")
    shop.track.purchase_completed(**ORDER, context=shop.Context.anonymous("device-12345", consent=["analytics"]))
    assert shop.stats().problems == {"enrichment_skipped:customer": 1}
    shop.configure(sink=sink, strict=False)
    shop.track.purchase_completed(**ORDER, context=shop.Context.anonymous("device-12345", consent=["analytics"]))
    assert shop.stats().problems["enrichment_missing:customer"] == 1


def test_attribution_comes_from_the_context_and_only_what_the_plan_names(shop: Any, sink: Any) -> None:
    context = shop.Context.anonymous(
        "device-12345", consent=["analytics"],
        attribution={"utm_source": "mail", "initial_utm_source": "ads", "gclid": "x", "utm_medium": "\ud800", 5: "y"},
    )  # fmt: skip
    shop.track.purchase_completed(**ORDER, context=context)
    found = {name for name in sent(sink)["event_properties"] if "utm" in name or name == "gclid"}
    assert found == {"utm_source", "initial_utm_source"}
    shop.track.class_(context=context)
    assert sent(sink)["event_properties"] == {}


def test_consent_decides_by_category(shop: Any, sink: Any) -> None:
    context = shop.Context.identified("user-12345", device_id="device-12345", consent=["analytics"])
    assert shop.track.class_(context=context).accepted
    receipt = shop.track.newsletter_sent(context=context)
    assert receipt == shop.Receipt(False, None, (), "consent")
    nothing = shop.Context.identified("user-12345", device_id="device-12345", consent=[])
    assert shop.track.paid_by_bank(**BANK, context=nothing).accepted
    assert not shop.track.class_(context=nothing).accepted
    unknown = shop.Context.identified("user-12345", device_id="device-12345")
    assert shop.track.class_(context=unknown).dropped == "consent"
    assert shop.stats().dropped == {"consent": 3}


def test_who_refuses_has_no_ids_and_that_is_no_mistake(shop: Any) -> None:
    sink = shop.RecordingSink()
    shop.configure(sink=sink, strict=True)
    refusing = shop.Context(consent=[])
    for receipt in (
        shop.track.purchase_completed(**ORDER, context=refusing),
        shop.identify(plan="pro", context=refusing),
    ):
        assert (receipt.accepted, receipt.dropped, receipt.violations) == (False, "consent", ())
    assert shop.stats().dropped == {"consent": 2}


def test_without_a_browser_consent_is_looked_up(shop: Any) -> None:
    granted: dict[str, Any] = {"user-12345": ["analytics"], "user-66666": []}
    sink = shop.RecordingSink()
    shop.configure(sink=sink, strict=False, consent=granted.__getitem__)
    assert shop.track.class_(context=shop.Context.identified("user-12345")).accepted
    assert shop.track.class_(context=shop.Context.identified("user-66666")).dropped == "consent"
    assert shop.track.class_(context=shop.Context.identified("user-77777")).dropped == "consent"
    assert shop.stats().problems == {"consent_provider_failed": 1}


# --- identify ---


def test_identify_says_what_the_plan_says(shop: Any, sink: Any, active: Any) -> None:
    receipt = shop.identify(
        plan="pro", logins=1, first_seen=date(2026, 1, 1), badges="early", nickname=None, legacy_id="x"
    )
    event = sent(sink)
    assert receipt.accepted
    assert event["event_type"] == "$identify"
    assert (event["user_id"], event["device_id"]) == ("user-12345", "device-12345")
    assert event["user_properties"] == {
        "$set": {"plan": "pro", "nickname": None},
        "$add": {"logins": 1},
        "$setOnce": {"first_seen": "2026-01-01"},
        "$append": {"badges": "early"},
        "$unset": {"legacy_id": "-"},
    }


def test_identify_leaves_out_what_is_wrong(shop: Any, sink: Any, active: Any) -> None:
    receipt = shop.identify(plan="gold", logins=2)
    assert receipt.accepted
    assert sent(sink)["user_properties"] == {"$add": {"logins": 2}}
    assert shop.identify(plan="gold").dropped == "violation"
    assert shop.identify().dropped == "nothing_to_identify"


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
    assert [report.accepted for report in reports] == [True] * 4


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


# --- what a person sees ---


def test_help_is_useful(shop: Any) -> None:
    text = inspect.getdoc(shop.track.purchase_completed)
    assert text is not None
    for wanted in (
        "The order was paid.",
        "Fires: The charge was captured.",
        "the server owns the fact",
        "Dedupe key: order_id.",
        "Owner: payments.",
        "order_id: Order number. For example ORD-98765.",
        "total_amount: At least 0, at most 1,000,000.",
    ):
        assert wanted in text
    assert "clicked" not in dir(shop.track)


def test_importing_a_package_imports_no_sdk(shop: Any) -> None:
    folder = Path(shop.__file__).parent
    code = f"import sys; import {folder.name}; print(sorted(n for n in sys.modules if n.split('.')[0] == 'amplitude'))"
    done = subprocess.run(
        [sys.executable, "-I", "-c", f"import sys; sys.path.insert(0, {str(folder.parent)!r}); {code}"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout.strip() == "[]"
