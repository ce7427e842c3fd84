"""Who a call is about: the ids that an event names, and the contexts that hold them."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from .orders import BANK, ORDER, sent


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
