"""What the intake refuses, and how it says so."""

from __future__ import annotations

import gzip
import json
from typing import Any
from urllib.parse import urlencode

import pytest

from trackside.collect.upload import LARGEST, MOST_EVENTS, RefusedError, read_identification, read_upload, stored_form

ANY_KEY: frozenset[str] = frozenset()
DEVICE = "device-1"


def event(**members: Any) -> dict[str, Any]:
    """Make an event that is taken; None takes a member away."""
    whole = {"event_type": "seen", "device_id": DEVICE, "insert_id": "id-1", **members}
    return {name: value for name, value in whole.items() if value is not None}


def body(*events: Any, **members: Any) -> bytes:
    """Make the body of a request."""
    return json.dumps({"api_key": "key", "events": events, **members}).encode()


def refusal(text: bytes, *, endpoint: Any = "httpapi", encoding: str = "", keys: frozenset[str] = ANY_KEY) -> Any:
    """Send a body that is refused; return the exception."""
    with pytest.raises(RefusedError) as refused:
        read_upload(endpoint, text, encoding, keys)
    return refused.value


def test_a_request_is_read() -> None:
    text = body(event(), event(insert_id="id-2"))
    for endpoint in ("httpapi", "batch"):
        upload = read_upload(endpoint, text, "", frozenset({"key"}))
        assert [one["insert_id"] for one in upload.events] == ["id-1", "id-2"]
        assert upload.size == len(text)
    packed = read_upload("httpapi", gzip.compress(text), "gzip", ANY_KEY)
    assert (packed.events, packed.size) == (upload.events, len(text))


@pytest.mark.parametrize(
    ("text", "error"),
    [
        (b"", "Missing request body"),
        (b"{", "Invalid JSON request body"),
        (b"\xff", "Invalid JSON request body"),
        (b"[]", "Invalid JSON request body"),
        (b'{"api_key": "key", "events": [{"event_type": "seen", "device_id": "device-1", "price": NaN}]}', None),
        (b"[" * 100_000, "Invalid JSON request body"),
        (body(), "Request missing required field"),
        (b'{"api_key": "key"}', "Request missing required field"),
        (b'{"events": [{}]}', "Request missing required field"),
        (body(api_key=""), "Request missing required field"),
        (body(event(), 7), "Invalid event JSON"),
        (b'{"api_key": "key", "events": {"event_type": "seen"}}', "Invalid event JSON"),
    ],
)
def test_a_request_that_is_none_is_refused(text: bytes, error: str | None) -> None:
    answer = refusal(text).answer
    assert answer["code"] == 400
    assert answer["error"] == (error or "Invalid JSON request body")


def test_the_missing_field_of_a_request_is_named() -> None:
    assert refusal(b'{"events": [{}]}').answer["missing_field"] == "api_key"
    assert refusal(b'{"api_key": "key"}').answer["missing_field"] == "events"


def test_another_key_is_refused() -> None:
    assert refusal(body(event()), keys=frozenset({"other"})).answer["error"].startswith("Invalid API key")
    assert read_upload("httpapi", body(event()), "", frozenset({"other", "key"})).events


@pytest.mark.parametrize(
    ("members", "member", "field"),
    [
        ({"event_type": None}, "events_with_missing_fields", "event_type"),
        ({"event_type": ""}, "events_with_missing_fields", "event_type"),
        ({"event_type": 7}, "events_with_invalid_fields", "event_type"),
        ({"device_id": None}, "events_with_missing_fields", "device_id"),
        ({"device_id": 12345}, "events_with_invalid_fields", "device_id"),
        ({"device_id": "unknown"}, "events_with_invalid_fields", "device_id"),
        ({"device_id": "00000000-0000-0000-0000-000000000000"}, "events_with_invalid_fields", "device_id"),
        ({"user_id": "Anonymous"}, "events_with_invalid_fields", "user_id"),
        ({"device_id": ""}, "events_with_invalid_fields", "device_id"),
        ({"device_id": "four"}, "events_with_invalid_id_lengths", "device_id"),
        ({"time": "2026-01-31T12:00:00Z"}, "events_with_invalid_fields", "time"),
        ({"time": True}, "events_with_invalid_fields", "time"),
        ({"price": "9.99"}, "events_with_invalid_fields", "price"),
        ({"event_properties": []}, "events_with_invalid_fields", "event_properties"),
        ({"insert_id": 5}, "events_with_invalid_fields", "insert_id"),
    ],
)
def test_an_event_that_is_none_is_named(members: dict[str, Any], member: str, field: str) -> None:
    wrong = event(**members)
    refused = refusal(body(event(), wrong, event(), wrong), endpoint="batch")
    assert refused.status == 400
    assert refused.answer[member][field] == [1, 3]
    assert sorted(refused.faulty) == [1, 3]
    # HTTP V2 names the first alone, so that a sender has to come back for the next.
    first = refusal(body(event(), wrong, event(), wrong))
    assert first.answer[member][field] == [1]
    assert sorted(first.faulty) == [1]


@pytest.mark.parametrize(
    "members",
    [
        {"time": 1.5},
        {"time": None},
        {"user_id": "me"},
        {"device_id": None, "user_id": "person-1"},
        {"price": 5, "quantity": 2, "revenue": -1.5},
        {"what the vendor does not know": [1]},
        {"event_properties": {"deep": [[{"a": None}]]}},
    ],
)
def test_what_is_allowed_is_taken(members: dict[str, Any]) -> None:
    assert read_upload("httpapi", body(event(**members)), "", ANY_KEY).events == [event(**members)]


def test_null_is_as_good_as_absent() -> None:
    sent = {"event_type": "seen", "device_id": DEVICE, "user_id": None, "time": None}
    assert read_upload("httpapi", body(sent), "", ANY_KEY).events == [sent]
    assert stored_form(sent) == {"event_type": "seen", "device_id": DEVICE}


def test_a_sender_may_have_shorter_ids() -> None:
    text = body(event(device_id="four"), options={"min_id_length": 4})
    upload = read_upload("httpapi", text, "", ANY_KEY)
    assert stored_form(upload.events[0], upload.min_id_length)["device_id"] == "four"
    assert refusal(body(event(device_id="three"), options={"min_id_length": 6})).status == 400


@pytest.mark.parametrize("endpoint", ["httpapi", "batch"])
def test_a_request_has_a_size(endpoint: Any) -> None:
    fits = body(event(), padding="")
    padding = LARGEST[endpoint] - len(fits)
    fits = body(event(), padding="x" * padding)
    assert len(fits) == LARGEST[endpoint]
    assert read_upload(endpoint, fits, "", ANY_KEY).size == LARGEST[endpoint]
    larger = body(event(), padding="x" * (padding + 1))
    assert refusal(larger, endpoint=endpoint).answer == {"code": 413, "error": "Payload too large"}
    # The size is that of the text, however little of it went over the wire.
    assert refusal(gzip.compress(larger), endpoint=endpoint, encoding="gzip").status == 413
    assert read_upload(endpoint, gzip.compress(fits), "gzip", ANY_KEY).events


def test_a_request_has_a_number_of_events() -> None:
    assert len(read_upload("batch", body(*[event()] * MOST_EVENTS), "", ANY_KEY).events) == MOST_EVENTS
    assert refusal(body(*[event()] * (MOST_EVENTS + 1)), endpoint="batch").status == 413


def test_a_body_that_cannot_be_unpacked_is_refused() -> None:
    packed = gzip.compress(body(event()))
    for wrong in (packed[:-4], packed[: len(packed) // 2], packed + b"more", b"\x1f\x8b nothing"):
        assert refusal(wrong, encoding="gzip").answer["error"] == "Invalid JSON request body"
    assert refusal(body(event()), encoding="br").status == 400


def test_what_is_stored_is_cut() -> None:
    stored = stored_form(event(event_properties={"a": "x" * 2000, "b": [{"c": "y" * 1024}]}, user_id="me"))
    assert stored["event_properties"] == {"a": "x" * 1024, "b": [{"c": "y" * 1024}]}
    assert "user_id" not in stored


def nested(layers: int) -> Any:
    """Make so many objects and lists within each other."""
    value: Any = "the end"
    for layer in range(layers):
        value = [value] if layer % 2 else {"in": value}
    return value


@pytest.mark.parametrize("field", ["event_properties", "user_properties", "what the vendor does not know"])
def test_what_is_nested_too_deep_is_refused(field: str) -> None:
    fits, deep = event(**{field: {"a": nested(39)}}), event(**{field: {"a": nested(40)}})
    assert read_upload("httpapi", body(fits), "", ANY_KEY).events == [fits]
    refused = refusal(body(fits, deep))
    assert refused.answer == {
        "code": 400, "error": "Invalid field values on some events", "events_with_invalid_fields": {field: [1]},
    }  # fmt: skip
    assert refused.faulty == {1: [f"{field} is nested deeper than 40 layers"]}


@pytest.mark.parametrize("number", ["1e999", "-1e999", "1" * 400 + ".0"])
def test_a_number_that_no_double_holds_is_no_json(number: str) -> None:
    for whole in (event(price=0), event(event_properties={"a": [{"b": 0}]}), event(deep=[nested(50), 0])):
        text = body(whole).replace(b": 0", f": {number}".encode()).replace(b", 0]", f", {number}]".encode())
        assert number.encode() in text
        assert refusal(text).answer == {"code": 400, "error": "Invalid JSON request body"}


def test_groups_beyond_what_is_tracked_are_left_out() -> None:
    def stored(groups: dict[str, Any]) -> Any:
        return stored_form(event(groups=groups))["groups"]

    types = {f"type-{number}": "a" for number in range(7)}
    assert list(stored(types)) == ["type-0", "type-1", "type-2", "type-3", "type-4"]
    assert stored({"team": list(range(12)), "org": "a"}) == {"team": list(range(10))}
    assert stored({"team": [1, 2], "org": list(range(9))}) == {"team": [1, 2], "org": list(range(8))}
    assert stored({"team": [1, 2], "org": "a"}) == {"team": [1, 2], "org": "a"}


def test_an_identification_is_an_event() -> None:
    one = {"user_id": "person-1", "user_properties": {"$set": {"plan": "pro"}}}
    for stated in (one, [one]):
        form = urlencode({"api_key": "key", "identification": json.dumps(stated)}).encode()
        assert read_identification(form, "", ANY_KEY).events == [{**one, "event_type": "$identify"}]


@pytest.mark.parametrize(
    "members",
    [{}, {"identification": "{"}, {"identification": "[]"}, {"identification": "[7]"}, {"identification": ""}],
)
def test_an_identification_that_is_none_is_refused(members: dict[str, str]) -> None:
    with pytest.raises(RefusedError, match="missing_event"):
        read_identification(urlencode({"api_key": "key", **members}).encode(), "", ANY_KEY)
