"""Faults: which are understood, which request meets them, and what the vendor would say."""

from __future__ import annotations

from typing import Any

import pytest

from trackside.collect.faults import Faults, WrongFaultError, read_fault

EVENTS: list[dict[str, Any]] = [
    {"event_type": "seen", "user_id": "person-1", "device_id": "device-1"},
    {"event_type": "seen", "device_id": "device-2"},
    {"event_type": "seen", "user_id": "person-1"},
]


@pytest.mark.parametrize(
    "stated",
    [
        7, None, {"statos": 500}, {"status": "500"}, {"status": 99}, {"status": True}, {"answer": "loud"},
        {"requests": 1.5}, {"delay": -1}, {"throttle": "person-1"}, {"throttle": [1]}, {"headers": {"a": 1}},
        {"take": 1}, {"endpoint": "/batch"}, {"delay": float("nan")}, {"delay": float("inf")}, {"trickle": 1e300},
        {"delay": 10**400}, {"requests": -1}, {"requests": 10**10}, {"headers": {"a\nb": "c"}}, {"headers": {"": "c"}},
        {"headers": {"a b": "c"}}, {"headers": {"a": "b\r\nc: d"}}, {"headers": {"a": " b"}}, {"headers": {"a": "é"}},
        {"headers": {"a": "\ud800"}}, {"headers": {"a": "b" * 8001}}, {"headers": {"Content-Length": "3"}},
        {"headers": {"transfer-encoding": "chunked"}},
    ],
)  # fmt: skip
def test_what_is_no_fault_is_refused(stated: object) -> None:
    faults = Faults()
    faults.set({"status": 500})
    with pytest.raises(WrongFaultError):
        faults.set(stated)
    assert faults.stated() == [{"status": 500, "delay": 0.0, "trickle": 0.0}]


def test_headers_are_texts() -> None:
    headers = {"Retry-After": "7", "x-empty": "", "content-type": 'text/plain; charset="utf-8"', "x~1": "b" * 8000}
    assert read_fault({"headers": headers}).headers == headers


def test_an_id_that_is_none_meets_no_fault() -> None:
    faults = Faults()
    faults.set({"throttle": ["person-1"]})
    assert faults.next("httpapi", [{"event_type": "seen", "user_id": {}, "device_id": ["person-1"]}]) is None


@pytest.mark.parametrize(
    ("stated", "takes"),
    [
        ({}, True),
        ({"status": 500}, False),
        ({"status": 500, "take": True}, True),
        ({"status": 202}, True),
        ({"answer": "half"}, True),
        ({"answer": "garbage"}, True),
        ({"answer": "reset"}, False),
        ({"answer": "close", "take": True}, True),
        ({"delay": 3}, True),
        ({"delay": 3, "take": False}, False),
    ],
)
def test_events_are_taken_where_the_answer_says_so(stated: dict[str, Any], takes: bool) -> None:
    assert read_fault(stated).takes is takes


def test_the_first_that_is_about_a_request_has_it() -> None:
    faults = Faults()
    faults.set([
        {"status": 500, "endpoint": "batch", "requests": 1},
        {"status": 501, "throttle": ["device-2"], "requests": 1},
        {"status": 502, "requests": 2},
        {"status": 503},
    ])  # fmt: skip
    met = [faults.next("httpapi", EVENTS[:1]), faults.next("httpapi", EVENTS), faults.next("batch", EVENTS)]
    met += [faults.next("httpapi", EVENTS) for _ in range(3)]
    assert [fault and fault.status for fault in met] == [502, 501, 500, 502, 503, 503]
    assert [fault["status"] for fault in faults.stated()] == [503]
    faults.clear()
    assert faults.next("httpapi", EVENTS) is None


def test_the_throttled_are_named() -> None:
    assert read_fault({"throttle": ["person-1"]}).body("httpapi", EVENTS) == {
        "code": 429,
        "error": "Too many requests for some devices and users",
        "eps_threshold": 30,
        "throttled_devices": {},
        "throttled_users": {"person-1": 31},
        "exceeded_daily_quota_devices": {},
        "exceeded_daily_quota_users": {},
        "throttled_events": [0, 2],
    }
    quota = read_fault({"quota": ["device-2"]}).body("batch", EVENTS) or {}
    assert (quota["eps_threshold"], quota["exceeded_daily_quota_devices"]) == (1000, {"device-2": 500_001})
    assert quota["throttled_events"] == [1]


def test_the_silenced_are_named() -> None:
    answer = read_fault({"silence": ["device-1", "device-2"]}).body("batch", EVENTS) or {}
    assert (answer["code"], answer["silenced_devices"]) == (400, ["device-1", "device-2"])
    assert answer["silenced_events"] == [0, 1]


def test_every_status_has_the_vendors_shape() -> None:
    for status in (400, 403, 413, 429, 500, 503):
        body = read_fault({"status": status}).body("httpapi", EVENTS) or {}
        assert body["code"] == status
        assert body["error"]
    assert read_fault({"status": 200}).body("httpapi", EVENTS) is None
