"""Noise by the ten thousand, to both kinds of endpoint: no answer but those that are meant, and nothing goes on that
the plan does not allow.

What goes on is judged by the collector's own reading of the plan, which shares no code with the endpoint.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Iterable
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from trackside.collect.plan_check import PlanCheck

from ..conftest import plan_of
from .conftest import DEVICE, PERSON, Stall

EXAMPLES, REQUESTS = 125, 40
"""Examples of each of the four tests, and requests of each example."""
ANSWERS = {200, 204, 400, 403, 405, 413, 429}

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)
NAMES = [
    "viewed", "advertised", "needed", "measured", "paid", "joined", "subscribed", "shipped", "$identify",
    "$groupidentify", "session_start", "[Amplitude] Revenue", "revenue_amount", "vieved", "",
]  # fmt: skip
PROPERTIES = [
    "path", "depth", "battery", "measured_at", "order", "total", "tax", "way", "list", "basket", "app_version",
    "parcel", "revenue", "[Amplitude] Page URL", "utm_source", "__proto__", "items", "warehouse",
]  # fmt: skip
VALUES: list[Any] = [
    "/", "mail", "O-1", "2026-01-31T12:00:00Z", 9.5, 3, -1, {"items": 2}, {"items": 2, "warehouse": "A"}, "\ud800",
    10**400, 1e300,
]  # fmt: skip
GOOD: dict[str, Any] = {
    "viewed": {"path": "/"},
    "measured": {"measured_at": "2026-01-31T12:00:00Z"},
    "paid": {"order": "O-1", "total": 9.5},
    "joined": {"way": "mail"},
    "subscribed": {"list": "a"},
}
MEMBERS: dict[str, list[Any]] = {
    "time": [0, -1, 1795445108525],
    "device_id": ["system:stall:backend", "null", "", DEVICE.upper()],
    "user_id": [PERSON, "another-person"],
    "session_id": [1795445108525, -1],
    "revenue": [1.5],
    "price": [3],
    "ip": ["1.1.1.1", "$remote"],
    "ingestion_metadata": [{"source_name": "stall/app"}, {"source_name": "stall/backend"}],
    "event_properties": [{}],
    "groups": [{"a": "b"}],
}
HEADERS = {
    "origin": ["https://www.stall.example", "https://evil.example", "null", "http://["],
    "sec_fetch_site": ["same-origin", "cross-site", "x"],
    "content_encoding": ["gzip", "br", ""],
    "cookie": ["trackside=1.e30", "trackside=1.eyJjIjpbXX0", "AMP_0123456789=x", "=;="],
    "user_agent": ["Mozilla/5.0", "\xff\x00"],
}


class Noise:
    """Makes requests that are nearly right, or all wrong, out of what Hypothesis draws."""

    def __init__(self, stall: Stall, random: Random, junk: list[Any]) -> None:
        self.stall = stall
        self.random = random
        self.junk = junk

    def one_of(self, likely: list[Any]) -> Any:
        return self.random.choice(likely if self.random.random() < 0.7 else self.junk)

    def some(self, names: Iterable[str], most: int) -> list[str]:
        listed = list(names)
        return self.random.sample(listed, self.random.randint(0, min(most, len(listed))))

    def event(self) -> Any:
        random, stall = self.random, self.stall
        if random.random() < 0.1:
            return random.choice(self.junk)
        name = random.choice(NAMES)
        properties = {key: self.one_of(VALUES) for key in self.some(PROPERTIES, 5)}
        if random.random() < 0.6:
            properties |= GOOD.get(name, {})
        event = stall.event(name, properties)
        keyed = {"paid": ("paid", "O-1"), "subscribed": ("subscribed", "a"), "joined": ("joined", str(random.random()))}
        hashed = stall.insert_id(*keyed.get(name, ("paid", "O-1")))
        event["insert_id"] = self.one_of([hashed if name in keyed else event["insert_id"]] * 9 + [hashed])
        event["trackside"] = self.one_of(
            [
                {
                    "who": self.one_of([stall.who(PERSON), 0, -1]),
                    "copy": self.one_of(["unknown", "unconfirmed"]),
                    "consent": self.one_of([["analytics", "marketing"], ["analytics"], []]),
                }
            ]
        )
        if name == "$identify" or random.random() < 0.05:
            event["user_properties"] = {
                operation: self.one_of([{key: self.one_of(VALUES) for key in ("colour", "rank", "utm_source")}])
                for operation in self.some(["$set", "$unset", "$add", "$clearAll", "colour"], 3)
            }
        if random.random() < 0.4:
            event.update({key: self.one_of(MEMBERS[key]) for key in self.some(MEMBERS, 3)})
        return event

    def request(self) -> tuple[bytes, str, dict[str, str]]:
        """Make a body, a method and headers."""
        random = self.random
        kind = random.randint(0, 9)
        upload: Any = random.choice(self.junk)
        if kind:
            upload = {"events": [self.event() for _ in range(random.randint(0, 4))]}
        if kind > 2:
            upload |= {"trackside": random.choice([1] * 9 + [2, True, "1"]), "sent_at": self.one_of([1795445108525])}
        elif kind:
            upload |= {"api_key": "k", "options": {}, "client_upload_time": self.one_of(["2026-01-31T12:00:00.000Z"])}
        body = json.dumps(upload).encode()
        if random.random() < 0.05:
            body = random.randbytes(20) if random.random() < 0.5 else body[: random.randint(0, len(body))]
        headers = {key: random.choice(HEADERS[key]) for key in self.some(HEADERS, 2)} if random.random() < 0.3 else {}
        if headers.get("content_encoding") == "gzip" and random.random() < 0.8:
            body = gzip.compress(body)
        return body, random.choice(["POST"] * 20 + ["GET", "OPTIONS", "BREW"]), headers


@pytest.mark.parametrize("asgi", [False, True], ids=["WSGI", "ASGI"])
@pytest.mark.parametrize("with_outbox", [False, True], ids=["memory", "outbox"])
def test_noise(load: Callable[[str], Any], plan_text: str, tmp_path: Path, with_outbox: bool, asgi: bool) -> None:
    stall = Stall(load(plan_text))
    package = stall.package
    sink = package.OutboxSink(package.SQLite(tmp_path / "outbox.db")) if with_outbox else stall.sink
    package.configure(sink=sink, strict=False)
    no_limit = stall.module.Rate(1e12, 1e12)
    stall.serve(asgi=asgi, user=lambda asked: PERSON, device_rate=no_limit, address_rate=no_limit)
    check = PlanCheck(plan_of(plan_text))
    seen: dict[int, int] = {}

    @settings(max_examples=EXAMPLES, phases=[Phase.generate], deadline=None, database=None)
    @given(st.randoms(use_true_random=False), st.lists(JSON, min_size=5, max_size=15))
    def upload(random: Random, junk: list[Any]) -> None:
        noise = Noise(stall, Random(random.getrandbits(64)), junk)
        for body, method, headers in [noise.request() for _ in range(REQUESTS)]:
            status, _, answer = stall.ask(body, method, **headers)
            assert status in ANSWERS, answer
            seen[status] = seen.get(status, 0) + 1
            if status == 200:
                assert answer["code"] == 200

    upload()
    assert sum(seen.values()) >= EXAMPLES * REQUESTS
    forwarded: list[dict[str, Any]] = list(stall.sink.events)
    if with_outbox:
        while sink.store.absorb():
            pass
        while rows := sink.store.claim("test", 1000, 3_600_000):
            forwarded += [json.loads(row.body) for row in rows]
    assert {event["event_type"] for event in forwarded} >= {"viewed", "needed", "joined", "subscribed", "$identify"}
    for event in forwarded:
        reasons = check({**event, "session_id": event.get("session_id", -1)})
        assert not reasons, (event, reasons)
        assert event.get("user_id", PERSON) == PERSON
        assert not {"revenue", "price", "quantity", "groups", "trackside"} & event.keys()
        assert event["event_type"] != "paid"  # nobody claimed it
        json.dumps(event, allow_nan=False).encode()
    stats = package.stats()
    assert not [kind for kind in {**stats.dropped, **stats.problems} if "error" in kind], stats
    assert {200, 400, 403, 405} <= seen.keys(), seen
