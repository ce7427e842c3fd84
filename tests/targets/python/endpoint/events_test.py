"""Which events of an upload go on, and as what; the vectors of `tests/wire/upload.json` have the common cases."""

from __future__ import annotations

import time
from typing import Any

import pytest

from .conftest import DEVICE, PERSON, Stall

MARKETING = {"consent": ["marketing"]}


def sent(stall: Stall) -> dict[str, Any]:
    """Give the one event that was forwarded."""
    assert len(stall.sink.events) == 1
    event: dict[str, Any] = stall.sink.events[0]
    return event


def test_the_server_adds_what_it_knows_of_the_request(stall: Stall) -> None:
    stall.serve(user=lambda environ: PERSON, trusted_proxies=1)
    event = stall.event("viewed", {"path": "/", "app_version": "3"}, ip="1.1.1.1", user_agent="forged", country="DE")
    event["trackside"]["who"] = stall.who(PERSON)
    status, _, _ = stall.ask(stall.upload(event), x_forwarded_for="1.2.3.4, 198.51.100.7", user_agent="Mozilla/5.0")
    assert status == 200
    assert sent(stall) == {
        "event_type": "viewed",
        "time": event["time"],
        "insert_id": event["insert_id"],
        "device_id": DEVICE,
        "user_id": PERSON,
        "event_properties": {"path": "/", "app_version": "3"},
        "ingestion_metadata": {"source_name": "stall/web", "source_version": "2.0.0"},
        "ip": "198.51.100.7",
        "user_agent": "Mozilla/5.0",
    }


def test_a_middleware_around_it_tells_who_is_logged_in(stall: Stall) -> None:
    import importlib

    middleware = importlib.import_module(f"{stall.package.__name__}.middleware")
    stall.endpoint = middleware.WsgiMiddleware(stall.endpoint, user=lambda environ: PERSON)
    stall.post(stall.event("viewed", {"path": "/"}, trackside={"who": stall.who(PERSON)}))
    assert sent(stall)["user_id"] == PERSON


def test_an_event_for_the_person_alone_without_them_is_told_by_its_device(stall: Stall) -> None:
    stall.post(stall.event("viewed", {"path": "/"}, trackside={"who": stall.who(PERSON)}))
    assert "user_id" not in sent(stall)


@pytest.mark.parametrize(
    ("source", "properties", "kept"),
    [
        ("stall/web", {"path": "/", "battery": 3}, {"path": "/"}),
        ("stall/app", {"path": "/", "battery": 3}, {"path": "/", "battery": 3}),
        ("other/app", {"path": "/", "battery": 3}, {"path": "/"}),
    ],
)
def test_each_source_has_its_own_view(stall: Stall, source: str, properties: Any, kept: Any) -> None:
    stall.post(stall.event("viewed", properties, ingestion_metadata={"source_name": source, "source_version": "\n"}))
    assert sent(stall)["event_properties"] == kept
    named = {"source_name": source} if source.startswith("stall/") else {}
    assert sent(stall)["ingestion_metadata"] == named


def test_what_is_the_server_s_inside_an_object_is_refused_with_it(stall: Stall) -> None:
    basket = {"items": 2, "warehouse": "HAM-2"}
    stall.post(stall.event("subscribed", {"list": "a", "basket": basket}, insert_id=stall.insert_id("subscribed", "a")))
    assert sent(stall)["event_properties"] == {"list": "a"}
    assert stall.package.stats().violations == {"subscribed.basket": 1}


def test_the_time_may_be_a_property(stall: Stall) -> None:
    stall.post(stall.event("measured", {"measured_at": "2026-01-31T12:00:00+01:00"}, time=1), sent_at=1795445108525)
    assert sent(stall)["time"] == 1769857200000


@pytest.mark.parametrize(
    ("sealed", "cookie", "names"),
    [
        (["analytics"], None, ["viewed", "needed"]),
        (["marketing"], None, ["advertised", "needed"]),
        ([], None, ["needed"]),
        (None, None, ["viewed", "advertised", "needed"]),
        (None, ["analytics"], ["viewed", "needed"]),
        (["analytics", "marketing"], ["marketing"], ["advertised", "needed"]),
    ],
)
def test_consent_at_the_call_and_now(
    stall: Stall, sealed: list[str] | None, cookie: list[str] | None, names: list[str]
) -> None:
    import importlib

    carriers = importlib.import_module(f"{stall.package.__name__}._runtime.carriers")
    events = [
        stall.event(name, {"path": "/"} if name == "viewed" else {}, trackside={"consent": sealed})
        for name in ("viewed", "advertised", "needed")
    ]
    headers = {}
    if cookie is not None:
        headers["cookie"] = f"trackside={carriers.write_context(carriers.Carried(DEVICE, consent=tuple(cookie)))}"
    status, _, _ = stall.ask(stall.upload(*events), **headers)
    assert status == 200
    assert stall.names == names
    assert sum(stall.dropped.values()) == 3 - len(names)


def test_who_opted_out_is_not_counted(stall: Stall, monkeypatch: pytest.MonkeyPatch) -> None:
    import base64

    cookie = base64.b64encode(b'{"deviceId":"3f0c6a1e-5b7d","optOut":true}').decode()
    body = stall.upload(stall.event("viewed", {"path": "/"}), stall.event("needed"))
    stall.serve(api_key="0123456789abcdef")
    assert stall.ask(body, cookie=f"AMP_0123456789={cookie}")[0] == 200
    assert stall.names == ["needed"]
    assert stall.dropped == {"endpoint:opted_out": 1}


def test_one_bad_event_spoils_none_of_the_others(stall: Stall) -> None:
    good = [stall.event("viewed", {"path": f"/{number}"}) for number in range(3)]
    bad: list[Any] = [
        None, 7, "x", [], {}, {"event_type": None}, {"event_type": ["viewed"]},
        stall.event("shipped", {"parcel": "P"}), stall.event("vieved"), stall.event("viewed", device_id=None),
        stall.event("viewed", {"path": "/"}, device_id=7), stall.event("viewed", {"path": "/"}, insert_id="O-1"),
        stall.event("viewed", {"path": "/"}, insert_id=None), stall.paid(insert_id=stall.insert_id("paid", "O-2")),
        stall.event("paid", {"total": 1}), stall.event("viewed", [], trackside=7),
        stall.event("$groupidentify"), stall.event("session_start"), stall.event("revenue_amount", {"$price": 4}),
        stall.event("viewed", {"path": "\ud800"}), stall.event("viewed", {"path": "/"}, trackside={"consent": [[]]}),
    ]  # fmt: skip
    stall.post(good[0], *bad[:10], good[1], *bad[10:], good[2])
    assert [event["event_properties"]["path"] for event in stall.sink.events] == ["/0", "/1", "/2"]
    assert sum(stall.dropped.values()) == len(bad)
    assert stall.dropped["endpoint:server_event"] == 1
    assert "endpoint:error" not in stall.dropped


@pytest.mark.parametrize("value", [1e300, -1, "12", None, True, 12, 1.5, 10**40, [], {}])
def test_times_and_sessions_that_are_none(stall: Stall, value: Any) -> None:
    before = int(time.time() * 1000)
    stall.post(stall.event("viewed", {"path": "/"}, time=value, session_id=value), sent_at=value)
    assert before <= sent(stall)["time"] <= time.time() * 1000
    assert "session_id" not in sent(stall)


def test_persons(stall: Stall) -> None:
    changes = {"$set": {"colour": "red", "rank": "a"}, "$setOnce": {"colour": "blue"}, "$clearAll": "-", "$add": [1]}
    stall.post(stall.event("$identify", user_properties=changes), stall.event("$identify", user_properties={"$set": 1}))
    assert sent(stall)["user_properties"] == {"$set": {"colour": "red"}}
    assert sent(stall)["event_properties"] == {}
    assert stall.dropped == {"endpoint:nothing_to_identify": 1}
