"""Requests in the real frameworks: whom their events are about, and what their answers tell the page."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import quote, unquote

import pytest

from .conftest import KINDS, Site
from .sites import ANOTHER, PERSON

DEVICE = "3f0c6a1e-5b7d-4c2a-9e8f-0123456789ab"
UUID = "123e4567-e89b-12d3-a456-426614174000"


def context_text(**members: Any) -> str:
    """Write a context as the page does."""
    data = json.dumps({"d": DEVICE, **members}).encode()
    return "1." + base64.urlsafe_b64encode(data).decode().rstrip("=")


def vendor_text(**members: Any) -> str:
    """Write a cookie as the vendor's SDK does."""
    return base64.b64encode(quote(json.dumps(members)).encode()).decode()


HEADER = {"Trackside-Context": context_text()}


def now() -> int:
    return time.time_ns() // 1_000_000


def test_a_request_says_whom_its_events_are_about(site: Site) -> None:
    start, seen = now() - 60_000, now() - 1_000
    carried = context_text(s=start, t=seen, u="user-of-the-client", c=["analytics"], a={"utm_source": "letter"})
    headers = {"Trackside-Context": carried, "User-Agent": "Shop/1.0", "X-Forwarded-For": "203.0.113.9"}
    assert site.ask("/see/it", {**headers, "user_id": "user-of-the-client"}).status == 200
    (event,) = site.events
    assert event["device_id"] == DEVICE
    assert event["session_id"] == start
    assert event["user_agent"] == "Shop/1.0"
    assert event["ip"] == "198.51.100.7"
    assert "user_id" not in event
    assert "user-of-the-client" not in json.dumps(event)
    dumped = json.loads(site.ask("/dump", headers).body)
    assert (dumped["a"], dumped["c"]) == ({"utm_source": "letter"}, ["analytics"])


def test_our_cookie_comes_before_the_vendor_s(site: Site) -> None:
    vendor = vendor_text(deviceId="vendor-12345", sessionId=now() - 5_000, lastEventTime=now())
    campaign = vendor_text(utm_source="search")
    cookies = f"AMP_0123456789={vendor}; AMP_MKTG_0123456789={campaign}"
    site.ask("/see/ours", {"Cookie": f"{cookies}; trackside={context_text()}"})
    site.ask("/see/vendor", {"Cookie": cookies})
    site.ask("/see/broken", {"Cookie": f"trackside=1.x; {cookies}", "Trackside-Context": "2.y"})
    assert site.steps("device_id") == {"ours": DEVICE, "vendor": "vendor-12345", "broken": "vendor-12345"}
    assert {step for step, session in site.steps("session_id").items() if session} == {"vendor", "broken"}
    assert json.loads(site.ask("/dump", {"Cookie": cookies}).body)["a"] == {"utm_source": "search"}


def test_an_idle_session_is_not_attached(site: Site) -> None:
    idle = context_text(s=now() - 7_200_000, t=now() - 1_900_000)
    ahead = context_text(s=now(), t=now() + 86_400_000)
    site.ask("/see/idle", {"Cookie": f"trackside={idle}"})
    site.ask("/see/ahead", {"Cookie": f"trackside={ahead}"})
    assert site.steps("session_id") == {"idle": None, "ahead": None}
    assert site.steps("device_id") == {"idle": DEVICE, "ahead": DEVICE}


def test_a_page_whose_clock_is_wrong_keeps_its_session(site: Site) -> None:
    """It writes the header as it asks, so the session lives, whatever the clock says."""
    slow, fast = now() - 10_800_000, now() + 172_800_000
    site.ask("/see/slow", {"Trackside-Context": context_text(s=slow - 60_000, t=slow)})
    site.ask("/see/fast", {"Trackside-Context": context_text(s=fast - 60_000, t=fast)})
    assert site.steps("session_id") == {"slow": slow - 60_000, "fast": fast - 60_000}


def test_consent_and_the_wish_not_to_be_counted_are_honoured(site: Site) -> None:
    def sent(headers: dict[str, str]) -> set[str]:
        site.events.clear()
        site.ask("/consents", headers)
        return {event["event_type"] for event in site.events}

    opted_out = vendor_text(deviceId="vendor-12345", optOut=True)
    assert sent(HEADER) == {"seen", "offered", "invoiced"}
    assert sent({"Trackside-Context": context_text(c=["analytics"])}) == {"seen", "invoiced"}
    assert sent({"Trackside-Context": context_text(c=[])}) == {"invoiced"}
    assert sent({**HEADER, "Cookie": f"AMP_0123456789={opted_out}"}) == {"invoiced"}
    assert sent({"Cookie": f"AMP_0123456789={opted_out}"}) == {"invoiced"}
    dropped = site.shop.stats().dropped
    assert (dropped["consent"], dropped["opted_out"]) == (3, 4)


def test_a_request_that_nobody_is_known_from_refuses_and_counts(site: Site) -> None:
    assert site.ask("/see/it").status == 200
    assert site.events == []
    assert site.shop.stats().dropped == {"violation": 1}


def test_the_person_is_who_is_logged_in_now(site: Site) -> None:
    site.ask("/see/nobody", HEADER)
    assert site.ask(f"/log-in/{PERSON}", HEADER).status == 200
    site.ask("/see/somebody", HEADER)
    assert site.ask("/log-out", HEADER).status == 200
    site.ask("/see/nobody-again", HEADER)
    users = [event.get("user_id") for event in site.events]
    assert users == [None, None, PERSON, PERSON, PERSON, None, None]
    assert site.shop.stats().problems == {}


def test_another_person_is_another_person(site: Site) -> None:
    site.ask(f"/log-in/{PERSON}", HEADER)
    site.ask(f"/log-in/{ANOTHER}", HEADER)
    assert [event.get("user_id") for event in site.events] == [None, PERSON, PERSON, ANOTHER]


def test_context_properties_belong_to_their_request(site: Site) -> None:
    site.ask("/version/2.0", HEADER)
    site.ask("/see/plain", HEADER)
    versions = [event["event_properties"].get("app_version") for event in site.events]
    assert versions == ["2.0", None]


def test_an_attempt_comes_in_a_header_or_in_a_form(site: Site) -> None:
    keys = []
    for path, headers in [
        ("/sign-up", {"Trackside-Attempt": f"1 {UUID}"}),
        (f"/sign-up/{UUID.upper()}", {}),
        (f"/sign-up/1 {UUID}", {}),
        ("/sign-up", {"Trackside-Attempt": UUID}),
        ("/sign-up/no-uuid", {}),
    ]:
        answer = site.ask(path, {**HEADER, **headers}, method="POST")
        assert answer.header("Trackside-Confirmed") == f"1 {site.events[-1]['insert_id']}"
        keys.append(site.events[-1]["insert_id"])
    assert keys[0] == keys[1] == keys[2]
    assert len(set(keys)) == 3


# --- what the answer says ---


def listed(answer: Any) -> list[str]:
    return [] if answer.header("Trackside-Confirmed") is None else answer.header("Trackside-Confirmed").split(" ")


def test_an_answer_confirms_the_facts_that_were_accepted(site: Site) -> None:
    answer = site.ask("/buy/ORD-1", HEADER)
    assert listed(answer) == ["1", site.events[0]["insert_id"]]
    assert answer.header("Trackside-Outcome") is None
    assert answer.cookie("trackside_ok") is None
    assert answer.header("Access-Control-Expose-Headers") is None
    assert listed(site.ask("/see/it", HEADER)) == []


def test_a_fact_that_no_sink_took_is_not_confirmed(site: Site) -> None:
    answer = site.ask("/buy/ORD-1")
    assert answer.status == 200
    assert listed(answer) == []
    assert site.shop.stats().dropped == {"violation": 1}


@pytest.mark.parametrize("status", [200, 201, 202, 302, 303])
def test_success_and_redirects_confirm(site: Site, status: int) -> None:
    answer = site.ask(f"/buy-with/{status}/ORD-1", HEADER)
    assert (answer.status, len(listed(answer))) == (status, 2)


@pytest.mark.parametrize("status", [400, 402, 404, 500, 503])
def test_other_answers_confirm_nothing(site: Site, status: int) -> None:
    headers = {**HEADER, "Sec-Fetch-Mode": "navigate"}
    answer = site.ask(f"/buy-with/{status}/ORD-1", headers)
    assert (answer.status, listed(answer), answer.cookie("trackside_ok")) == (status, [], None)


def test_an_exception_confirms_nothing_and_leaves_nothing_behind(site: Site) -> None:
    answer = site.ask("/buy-and-fail/ORD-1", HEADER)
    assert (answer.status, listed(answer)) == (500, [])
    assert len(site.events) == 1
    assert site.shop.Context.current() is None
    assert site.shop.Request.current() is None
    assert listed(site.ask("/buy/ORD-2", HEADER)) == ["1", site.events[1]["insert_id"]]


def test_no_more_than_twenty_facts_are_confirmed(site: Site) -> None:
    answer = site.ask("/buy-many/23", HEADER)
    assert listed(answer) == ["1", *(event["insert_id"] for event in site.events[:20])]
    assert len(site.events) == 23
    assert site.shop.stats().problems == {"confirmed_too_many": 3}


def test_an_answer_may_say_that_there_is_no_fact(site: Site) -> None:
    answer = site.ask("/declined", HEADER)
    assert (answer.status, answer.header("Trackside-Outcome"), listed(answer)) == (200, "none", [])


def test_a_navigation_is_told_by_a_cookie(site: Site) -> None:
    answer = site.ask("/buy/ORD-1", {**HEADER, "Sec-Fetch-Mode": "navigate"})
    first = site.events[0]["insert_id"]
    cookie = answer.cookie("trackside_ok")
    assert cookie is not None
    value, *attributes = cookie.split("; ")
    assert unquote(value.removeprefix("trackside_ok=")) == f"1 {first}"
    assert {part.lower() for part in attributes if not part.lower().startswith("expires")} == {
        "max-age=60",
        "path=/",
        "samesite=lax",
    }
    assert listed(answer) == ["1", first]
    # A redirect that nobody read is not lost with the next one.
    answer = site.ask("/buy-with/303/ORD-2", {"Cookie": f"trackside={context_text()}; {value}"})
    kept = answer.cookie("trackside_ok")
    assert kept is not None
    second = site.events[1]["insert_id"]
    assert unquote(kept.split("; ")[0].removeprefix("trackside_ok=")) == f"1 {second} {first}"


@pytest.mark.parametrize(
    ("headers", "told"),
    [
        ({"Sec-Fetch-Mode": "cors", "Accept": "text/html"}, False),
        ({"Accept": "text/html,*/*"}, True),
        ({"Accept": "text/html,*/*", "X-Requested-With": "XMLHttpRequest"}, False),
        ({"Accept": "text/html,*/*", "Trackside-Context": context_text()}, False),
        ({"Accept": "application/json"}, False),
    ],
)
def test_what_is_a_navigation(build: Callable[..., Site], headers: dict[str, str], told: bool) -> None:
    answer = build("flask").ask("/buy/ORD-1", {"Cookie": f"trackside={context_text()}", **headers})
    assert len(listed(answer)) == 2
    assert (answer.cookie("trackside_ok") is not None) == told


@pytest.mark.parametrize("kind", KINDS)
def test_listed_origins_may_read_confirmations(build: Callable[..., Site], kind: str) -> None:
    site = build(kind, origins=["https://shop.example"])
    ours, theirs = {**HEADER, "Origin": "https://shop.example"}, {**HEADER, "Origin": "https://evil.example"}
    exposed = "Access-Control-Expose-Headers"
    assert site.ask("/buy/ORD-1", ours).header(exposed) == "Trackside-Confirmed, Trackside-Outcome"
    assert site.ask("/buy-exposed/ORD-2", ours).header(exposed) == "X-Own, Trackside-Confirmed, Trackside-Outcome"
    assert site.ask("/buy/ORD-3", theirs).header(exposed) is None
    assert site.ask("/see/it", ours).header(exposed) is None


# Django itself warns of a stream of the other kind than its server.
@pytest.mark.parametrize("kind", ["flask", "starlette", "fastapi", "django wsgi, views", "django asgi, async views"])
def test_streams_keep_their_context_and_confirm_too_late(build: Callable[..., Site], kind: str) -> None:
    site = build(kind)
    answer = site.ask("/stream", HEADER)
    assert (answer.status, answer.body, listed(answer)) == (200, b"12", [])
    assert site.steps("device_id") == {"first part": DEVICE, "last part": DEVICE}
    assert len(site.events) == 3
    assert site.shop.stats().problems == {"confirmed_too_late": 1}
    assert site.shop.Context.current() is None


# --- threads, tasks, proxies ---


def test_a_thread_has_the_context_that_it_is_given(site: Site) -> None:
    site.ask("/thread", HEADER)
    assert site.steps("device_id") == {"copied": DEVICE, "passed": DEVICE}
    assert site.shop.stats().dropped == {"violation": 1}


@pytest.mark.parametrize("kind", ["starlette", "django asgi, async views"])
def test_tasks_and_pools_of_the_event_loop_have_it(build: Callable[..., Site], kind: str) -> None:
    site = build(kind)
    site.ask(f"/log-in/{PERSON}", HEADER)
    site.events.clear()
    assert site.ask("/tasks", HEADER).status == 200
    assert site.steps("device_id") == {"task": DEVICE, "pool": DEVICE}
    assert site.steps("user_id") == {"task": PERSON, "pool": PERSON}


@pytest.mark.parametrize("kind", KINDS)
def test_proxies_of_ours_say_where_a_request_comes_from(build: Callable[..., Site], kind: str) -> None:
    site = build(kind, trusted_proxies=1)
    forwarded = {"X-Forwarded-For": "6.6.6.6, 203.0.113.9", "X-Forwarded-Proto": "https"}
    answer = site.ask("/buy/ORD-1", {**HEADER, **forwarded, "Sec-Fetch-Mode": "navigate"})
    assert site.events[0]["ip"] == "203.0.113.9"
    assert "secure" in (answer.cookie("trackside_ok") or "").lower().split("; ")
    site.ask("/see/direct", HEADER)
    assert site.steps("ip") == {"direct": None}


@pytest.mark.parametrize(
    ("peer", "forwarded", "proxies", "found"),
    [
        ("198.51.100.7", "6.6.6.6", 0, "198.51.100.7"),
        ("198.51.100.7", None, 0, "198.51.100.7"),
        (None, None, 0, None),
        ("", None, 0, None),
        ("/run/app.sock", None, 0, None),
        ("testclient", None, 0, None),
        ("::1", None, 0, "::1"),
        ("fe80::1%eth0", None, 0, "fe80::1"),
        ("10.0.0.1", "203.0.113.9", 1, "203.0.113.9"),
        ("10.0.0.1", "6.6.6.6,203.0.113.9", 1, "203.0.113.9"),
        ("10.0.0.1", "6.6.6.6, 203.0.113.9, 10.0.0.2", 2, "203.0.113.9"),
        ("10.0.0.1", "203.0.113.9", 2, None),
        ("10.0.0.1", None, 1, None),
        ("10.0.0.1", "", 1, None),
        ("10.0.0.1", "203.0.113.9:52100", 1, "203.0.113.9"),
        ("10.0.0.1", "[2001:db8::9]:443", 1, "2001:db8::9"),
        ("10.0.0.1", "2001:DB8::9", 1, "2001:db8::9"),
        ("10.0.0.1", "unknown", 1, None),
        ("10.0.0.1", "203.0.113.9, <script>", 1, None),
    ],
)
def test_the_last_proxies_alone_are_believed(
    shop: Any, peer: str | None, forwarded: str | None, proxies: int, found: str | None
) -> None:
    assert shop._runtime.exchange.client_ip(peer, forwarded, proxies) == found
