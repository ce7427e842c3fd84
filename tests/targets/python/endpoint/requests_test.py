"""What may be asked, from where, how large and how often."""

from __future__ import annotations

import gzip
import importlib
import io
import json

import pytest

from .conftest import Stall

LISTED = "https://www.stall.example"


@pytest.mark.parametrize(
    ("status", "headers"),
    [
        (200, {}),
        (200, {"origin": "http://TESTSERVER:80"}),
        (200, {"origin": "https://testserver"}),  # a proxy has ended TLS
        (200, {"origin": "https://shop.example", "sec_fetch_site": "same-origin"}),  # a proxy has changed Host
        (200, {"origin": LISTED}),
        (200, {"origin": LISTED, "sec_fetch_site": "same-site"}),
        (403, {"origin": "http://testserver:8080"}),
        (403, {"origin": "https://evil.example"}),
        (403, {"origin": "https://evil.example", "sec_fetch_site": "cross-site"}),
        (403, {"origin": "http://testserver", "sec_fetch_site": "cross-site"}),
        (403, {"origin": "http://testserver", "sec_fetch_site": "same-site"}),
        (403, {"origin": "null"}),
        (403, {"origin": "null", "host": ""}),
        (403, {"origin": "http://[", "host": "["}),
        (403, {"origin": f"{LISTED}.evil.example"}),
    ],
)
def test_origins(stall: Stall, status: int, headers: dict[str, str]) -> None:
    found, answered, answer = stall.ask(stall.upload(stall.event("viewed", {"path": "/"})), **headers)
    assert (found, answer["code"]) == (status, status)
    assert stall.names == (["viewed"] if status == 200 else [])
    allowed = answered.get("access-control-allow-origin")
    assert allowed == (LISTED if headers.get("origin") == LISTED else None)
    if status == 403:
        assert stall.package.stats().problems == {"endpoint_403": 1}


def test_a_client_that_is_no_browser_has_no_origin(stall: Stall) -> None:
    body = stall.upload(stall.event("viewed", {"path": "/"}))
    environ = {"REQUEST_METHOD": "POST", "CONTENT_LENGTH": str(len(body)), "wsgi.input": io.BytesIO(body)}
    found: list[str] = []
    list(stall.endpoint(environ, lambda status, headers: found.append(status)))
    assert found == ["200 OK"]
    assert stall.ask(body, origin="")[0] == 403  # an empty one is no page of ours


def test_the_preflight_of_a_listed_origin(stall: Stall) -> None:
    status, headers, _ = stall.ask(b"", "OPTIONS", origin=LISTED, sec_fetch_site="cross-site")
    assert status == 204
    assert headers["access-control-allow-credentials"] == "true"
    assert headers["access-control-allow-methods"] == "POST"
    assert headers["vary"] == "Origin"
    assert stall.ask(b"", "OPTIONS", origin="https://evil.example")[0] == 403


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "HEAD"])
def test_other_methods(stall: Stall, method: str) -> None:
    status, headers, _ = stall.ask(b"", method)
    assert (status, headers["allow"]) == (405, "POST, OPTIONS")


@pytest.mark.parametrize(
    "body",
    [
        b"", b"x", b"[]", b"7", b"{}", b'{"trackside": 1}', b'{"trackside": 1, "events": {}}', b'{"events": NaN}',
        b'{"trackside": 1, "events": [1e5, Infinity]}', b"\xff\xfe{}", "{}".encode("utf-16"), b"[" * 200_000,
        b'{"events": [' + b"9" * 5000 + b"]}", b'{"events": [{}}', b'\xef\xbb\xbf{"events": []}',
    ],
    ids=lambda body: body[:12],
)  # fmt: skip
def test_a_body_that_cannot_be_read_is_the_only_400(stall: Stall, body: bytes) -> None:
    status, _, answer = stall.ask(body)
    assert (status, answer["code"]) == (400, 400)
    assert stall.package.stats().problems == {"endpoint_400": 1}


def test_a_later_version_is_kept_by_the_page(stall: Stall) -> None:
    status, headers, _ = stall.ask(json.dumps({"trackside": 2, "events": []}).encode())
    assert (status, headers["retry-after"]) == (429, "300")


@pytest.mark.parametrize("kind", ["plain", "packed", "bomb", "many"])
def test_what_is_too_large_is_divided(stall: Stall, kind: str) -> None:
    event = stall.event("viewed", {"path": "/"})
    body, headers = stall.upload(event, padding="x" * 1_000_000), {}
    if kind == "packed":
        body, headers = gzip.compress(body), {"content_encoding": "gzip"}
    if kind == "bomb":
        body, headers = gzip.compress(b"0" * 200_000_000, 9), {"content_encoding": "gzip"}
    if kind == "many":
        body = stall.upload(*([None] * 2001))
    status, _, answer = stall.ask(body, **headers)
    assert (status, answer) == (413, {"code": 413, "error": "Payload too large"})
    assert stall.names == []


def test_packed_bodies(stall: Stall) -> None:
    body = gzip.compress(stall.upload(stall.event("viewed", {"path": "/"})))
    assert stall.ask(body, content_encoding="gzip")[0] == 200
    assert stall.names == ["viewed"]
    for broken in (body[:-20], b"x" + body, b""):
        assert stall.ask(broken, content_encoding="gzip")[0] == 400
    assert stall.ask(body, content_encoding="br")[0] == 400


def test_a_device_that_sends_too_much_waits(stall: Stall) -> None:
    stall.serve(device_rate=stall.module.Rate(3, 1))
    two = [stall.event("viewed", {"path": "/"}) for _ in range(2)]
    stall.post(*two)
    status, headers, answer = stall.ask(stall.upload(*two))
    assert (status, headers["retry-after"], answer["throttled_events"]) == (429, "1", [])
    stall.post(*[{**event, "device_id": "another-device"} for event in two])
    assert len(stall.names) == 4  # nothing of the refused upload was taken


def test_a_refused_upload_takes_from_no_bucket(stall: Stall) -> None:
    stall.serve(device_rate=stall.module.Rate(3, 0.01), address_rate=stall.module.Rate(8, 0.01))
    loud = [stall.event("viewed", {"path": "/"}, device_id="loud-device") for _ in range(2)]
    quiet = [stall.event("viewed", {"path": "/"}, device_id="quiet-device") for _ in range(2)]
    stall.post(*loud)  # 1 for the request, and 2: the address has 5 left
    for _ in range(2):
        assert stall.ask(stall.upload(*quiet, *loud))[0] == 429  # 1 each
    stall.post(*quiet)
    assert len(stall.names) == 4


def test_an_upload_larger_than_a_bucket_takes_a_full_one(stall: Stall) -> None:
    stall.serve(device_rate=stall.module.Rate(3, 1))
    stall.post(*[stall.event("viewed", {"path": "/"}) for _ in range(9)])
    assert len(stall.names) == 9


def test_an_address_that_sends_too_much_waits(stall: Stall) -> None:
    stall.serve(address_rate=stall.module.Rate(4, 0.1), trusted_proxies=1)
    body = stall.upload(*[stall.event("viewed", {"path": "/"}, device_id=f"device-{n}") for n in range(3)])
    answers = [stall.ask(body, x_forwarded_for=ip)[0] for ip in ("1.1.1.1", "1.1.1.1", "2.2.2.2", "2001:db8::1")]
    assert answers == [200, 429, 200, 200]
    assert stall.ask(body, x_forwarded_for="2001:db8::2")[0] == 429  # one person's network


def test_buckets_forget_the_oldest_and_fill_with_time(stall: Stall) -> None:
    limits = importlib.import_module(f"{stall.package.__name__}._runtime.endpoint_limits")
    now = 0.0
    buckets = limits.Buckets(limits.Rate(2, 1), most=3, clock=lambda: now)
    assert [buckets.take("a", 1) for _ in range(3)] == [0, 0, 1]
    now = 0.5
    assert buckets.take("a", 1) == 0.5
    now = 1.0
    assert buckets.take("a", 1) == 0
    for key in "bcd":
        buckets.take(key, 2)
    assert len(buckets) == 3
    assert buckets.take("a", 2) == 0
