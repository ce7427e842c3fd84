"""The page of the local destination on the wire: its headers, who may look, and the stream that feeds it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPResponse
from typing import Any
from urllib.parse import urlsplit

import pytest
from tests.run.collect_test import event, post
from tests.run.destination import Destination

PAGE = ("/", "/page/main.js", "/page/page.css", "/page/icon.svg")
LOOKING = ("/good", "/bad", "/duplicates", "/stats", "/wait?count=0", "/faults", "/live", "/event/0")


@contextmanager
def asked(
    destination: Destination, path: str, *, method: str = "GET", host: str = "", body: str = "", **headers: str
) -> Iterator[HTTPResponse]:
    """Ask with headers of one's own; underscores in their names stand for hyphens."""
    place = urlsplit(destination.url)
    connection = HTTPConnection(place.hostname or "", place.port, timeout=10)
    try:
        connection.putrequest(method, path, skip_host=True)
        connection.putheader("host", host or place.netloc)
        for name, value in headers.items():
            connection.putheader(name.replace("_", "-"), value)
        connection.putheader("content-length", str(len(body)))
        connection.endheaders(body.encode())
        with connection.getresponse() as answer:
            yield answer
    finally:
        connection.close()


def status(destination: Destination, path: str, **asking: Any) -> int:
    """Tell the status of an answer."""
    with asked(destination, path, **asking) as answer:
        return answer.status


def messages(answer: HTTPResponse) -> Iterator[tuple[str, str, Any]]:
    """Read server-sent events: kind, id, data."""
    kind, place, data = "", "", ""
    while line := answer.readline():
        name, _, value = line.decode().rstrip("\n").partition(": ")
        if name == "event":
            kind = value
        elif name == "id":
            place = value
        elif name == "data":
            data = value
        elif not name and data:
            yield kind, place, json.loads(data)
            kind, place, data = "", "", ""


def next_of(stream: Iterator[tuple[str, str, Any]], kind: str) -> tuple[str, Any]:
    """Read on to the next message of a kind."""
    for found, place, data in stream:
        if found == kind:
            return place, data
    raise AssertionError(f"the stream ended before {kind}")


@pytest.mark.parametrize("path", PAGE)
def test_the_page_is_served_with_a_strict_policy(destination: Destination, path: str) -> None:
    with asked(destination, path) as answer:
        body = answer.read().decode()
        assert answer.status == 200
        policy = dict(part.strip().split(" ", 1) for part in answer.headers["content-security-policy"].split(";"))
        assert (
            policy["default-src"]
            == policy["base-uri"]
            == policy["frame-ancestors"]
            == policy["form-action"]
            == "'none'"
        )
        assert policy["script-src"] == policy["style-src"] == policy["connect-src"] == "'self'"
        assert policy["require-trusted-types-for"] == "'script'"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["cache-control"] == "no-store"
    # Nothing in line, and nothing from elsewhere.
    for hint in ("<style", " style=", " onclick=", "javascript:", "innerHTML", "https://"):
        assert hint not in body
    assert "<script>" not in body


@pytest.mark.parametrize("path", LOOKING)
def test_what_is_told_is_no_page(destination: Destination, path: str) -> None:
    with asked(destination, path) as answer:
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["cross-origin-resource-policy"] == "same-origin"
        assert "access-control-allow-origin" not in answer.headers
        assert answer.headers.get_content_type() in {"application/json", "text/event-stream"}


@pytest.mark.parametrize("path", ["/", "/page/main.js", *LOOKING])
def test_a_name_that_somebody_let_point_here_is_refused(destination: Destination, path: str) -> None:
    port = urlsplit(destination.url).port
    for host in (
        "evil.example",
        f"evil.example:{port}",
        "localhost.evil.example",
        "192.0.2.7",
        "x",
        "127.0.0.1.evil.example",
    ):
        assert status(destination, path, host=host) == 421
    for host in (f"localhost:{port}", f"shop.localhost:{port}", f"127.0.0.1:{port}", f"[::1]:{port}", "LOCALHOST."):
        assert status(destination, path, host=host) in {200, 404}


def test_events_are_taken_under_any_name_and_from_any_origin(destination: Destination) -> None:
    body = json.dumps({"api_key": "key", "events": [event(1)]})
    sent = {"method": "POST", "body": body, "host": "collect", "origin": "https://shop.example"}
    assert status(destination, "/2/httpapi", **sent, sec_fetch_site="cross-site") == 200


@pytest.mark.parametrize(("path", "body"), [("/reset", ""), ("/faults", "[]"), ("/clock", '{"ahead": 0}')])
def test_only_the_page_itself_and_programs_change_anything(destination: Destination, path: str, body: str) -> None:
    post(destination.http_v2, event(1))
    port = urlsplit(destination.url).port
    for origin in (
        "https://evil.example",
        "null",
        f"http://localhost:{port}",
        "http://127.0.0.1:1",
        f"https://127.0.0.1:{port}",
    ):
        assert status(destination, path, method="POST", body=body, origin=origin) == 403
    assert status(destination, path, method="POST", body=body, sec_fetch_site="cross-site") == 403
    assert destination.stats()["good"] == 1
    assert status(destination, path, method="POST", body=body) == 200
    assert (
        status(destination, path, method="POST", body=body, origin=destination.url, sec_fetch_site="same-origin") == 200
    )


@pytest.mark.parametrize("path", LOOKING)
def test_another_site_cannot_look(destination: Destination, path: str) -> None:
    assert status(destination, path, origin="https://evil.example") == 403
    assert status(destination, path, sec_fetch_site="cross-site") == 403
    assert status(destination, path, sec_fetch_site="same-site") == 403  # another port of this machine
    assert status(destination, "/", sec_fetch_site="cross-site") == 200  # a link leads to the page


def test_names_without_a_dot_are_right_where_it_listens_on_all_addresses() -> None:
    with Destination("--no-check", "--host", "0.0.0.0") as started:
        started.url = started.url.replace("0.0.0.0", "127.0.0.1")
        for host in ("collect:8011", "192.0.2.7:8011", "localhost"):
            assert status(started, "/stats", host=host) == 200
        assert status(started, "/stats", host="evil.example") == 421
        warning, *_ = started.stop().splitlines()
    assert warning == "trackside: 0.0.0.0 is open to the network: who reaches it may read all that comes, and clear it"


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "LOCALHOST"])
def test_of_a_loopback_address_nothing_is_said(host: str) -> None:
    with Destination("--no-check", "--host", host) as started:
        assert started.stop() == "0 good events, 0 bad, 0 duplicates\n"


def test_the_stream_tells_events_as_they_come(destination: Destination) -> None:
    post(destination.http_v2, event(1))
    with asked(destination, "/live") as answer:
        stream = messages(answer)
        _, hello = next_of(stream, "hello")
        assert hello == {"plan": None, "sources": [], "context": [], "resumed": False}
        _, told = next_of(stream, "events")
        assert [(row["event"]["insert_id"], row["verdict"]) for row in told["events"]] == [("id-1", "good")]
        assert next_of(stream, "counts")[1]["good"] == 1
        post(destination.http_v2, event(1), event(2))
        _, told = next_of(stream, "events")
        assert [(row["event"]["insert_id"], row["verdict"]) for row in told["events"]] == [
            ("id-1", "duplicates"), ("id-2", "good"),
        ]  # fmt: skip
        assert next_of(stream, "counts")[1]["duplicates"] == 1
        destination.faults(status=503, requests=1)
        assert next_of(stream, "counts")[1]["faults"] == 1
        post(destination.http_v2, event(3))
        counts = next_of(stream, "counts")[1]
        assert (counts["trouble"]["status"], counts["trouble"]["is_taken"], counts["good"]) == (503, False, 2)
        destination.reset()
        next_of(stream, "reset")
        assert next_of(stream, "counts")[1]["good"] == 0


def test_a_stream_goes_on_where_it_was(destination: Destination) -> None:
    post(destination.http_v2, event(1), event(2))
    with asked(destination, "/live") as answer:
        place, _ = next_of(messages(answer), "events")
    post(destination.http_v2, event(3))
    with asked(destination, "/live", last_event_id=place) as answer:
        stream = messages(answer)
        assert next_of(stream, "hello")[1]["resumed"] is True
        _, told = next_of(stream, "events")
        assert [row["event"]["insert_id"] for row in told["events"]] == ["id-3"]
    destination.reset()
    post(destination.http_v2, event(4))
    for old in (place, "0a1b.0.0", "nonsense"):
        with asked(destination, "/live", last_event_id=old) as answer:
            stream = messages(answer)
            assert next_of(stream, "hello")[1]["resumed"] is False
            _, told = next_of(stream, "events")
            assert [row["event"]["insert_id"] for row in told["events"]] == ["id-4"]
            assert told["missed"] == 0


def test_a_stream_is_bounded(destination: Destination) -> None:
    for start in range(0, 6000, 1000):
        post(destination.batch, *(event(number) for number in range(start, start + 1000)))
    with asked(destination, "/live") as answer:
        stream = messages(answer)
        told = [next_of(stream, "events")[1] for _ in range(8)]
    assert told[0]["missed"] == 4000
    assert [len(one["events"]) for one in told] == [250] * 8
    assert told[-1]["events"][-1]["number"] - told[0]["events"][0]["number"] == 1999


def test_so_many_pages_may_be_open(destination: Destination) -> None:
    opened = [asked(destination, "/live") for _ in range(16)]
    try:
        for one in opened:
            assert one.__enter__().status == 200
        assert status(destination, "/live") == 503
    finally:
        for one in opened:
            one.__exit__(None, None, None)
    destination.wait(0)
    for _ in range(50):
        if status(destination, "/live") == 200:
            return
    raise AssertionError("pages that were closed still count")


def test_one_event_can_be_read_in_full(destination: Destination) -> None:
    post(destination.http_v2, event(1, event_properties={f"name{number}": "x" * 1000 for number in range(50)}))
    with asked(destination, "/live") as answer:
        (told,) = next_of(messages(answer), "events")[1]["events"]
    assert told["is_head"] is True
    whole = destination.ask(f"/event/{told['number']}")
    assert (len(whole["event"]["event_properties"]), whole["verdict"]) == (50, "good")
    assert status(destination, f"/event/{told['number'] + 1}") == 404
    for none in ("-1", "none", "9" * 5000):
        assert status(destination, f"/event/{none}") == 404


def test_an_event_with_half_a_character_is_answered_as_well(destination: Destination) -> None:
    post(destination.http_v2, event(1, event_properties={"a": "\ud800"}))
    with asked(destination, "/live") as answer:
        (told,) = next_of(messages(answer), "events")[1]["events"]
    assert destination.ask(f"/event/{told['number']}")["event"]["event_properties"] == {"a": "\ud800"}


def test_the_page_knows_the_sources_of_the_plan() -> None:
    with Destination("tracking_plan.yaml") as checking:
        with asked(checking, "/live") as answer:
            _, hello = next_of(messages(answer), "hello")
        assert hello["plan"] == "acme-shop"
        assert hello["sources"][:2] == [
            {"stated": "acme-shop/web", "name": "web", "side": "client"},
            {"stated": "acme-shop/backend", "name": "backend", "side": "server"},
        ]
        # What comes by itself is told, so that the page can show an event's own properties first.
        assert {"app_version", "locale", "utm_source", "customer_ltv"} < set(hello["context"])
        assert "page_path" not in hello["context"]
        with asked(checking, "/live") as answer:
            next_of(messages(answer), "hello")
            checking.stop()  # ends although a page is open
        assert checking.process.returncode == 0
