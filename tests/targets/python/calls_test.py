"""Generated functions, called: what is sent, under which key, with which context, and what is answered."""

from __future__ import annotations

import hashlib
import inspect
import json
import subprocess
import sys
import unicodedata
import uuid
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from .orders import BANK, ORDER, sent

NAMESPACE = "https://shop.acme.example"


def uuid5_of(*parts: object) -> str:
    """Compute a key by the published scheme, with nothing of ours."""
    seed = uuid.uuid5(uuid.NAMESPACE_URL, NAMESPACE)
    text = json.dumps(parts, ensure_ascii=False, separators=(",", ":"))
    return str(uuid.UUID(bytes=hashlib.sha1(seed.bytes + text.encode()).digest()[:16], version=5))


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
