"""The vendor's own browser SDK points its `serverUrl` at the endpoint, and is content."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests import node

from .conftest import PERSON, Stall
from .servers_test import uvicorn_at

SCRIPT = Path(__file__).parent / "sdk_upload.mjs"


@pytest.mark.parametrize(("extras", "packed"), [("strip", "0"), ("keep", "1")])
def test_the_sdk_uploads(load: Callable[[str], Any], plan_text: str, extras: str, packed: str) -> None:
    node.tools()
    stall = Stall(load(plan_text.replace("served_by: backend,", f"served_by: backend, sdk_extras: {extras},")))
    seen: list[dict[str, str]] = []

    def user(scope: Any) -> str:
        seen.append({key.decode(): value.decode() for key, value in scope["headers"]})
        return PERSON

    with uvicorn_at(stall.module.AsgiEndpoint(user=user)) as port:
        said = node.answer(
            SCRIPT,
            SERVER_URL=f"http://127.0.0.1:{port}/t",
            USER_ID=PERSON,
            COMPRESS=packed,
            PAID=stall.insert_id("paid", "O-1"),
        )
    assert said["codes"] == [200] * 6
    assert {headers.get("content-encoding") for headers in seen} == {"gzip" if packed == "1" else None}
    events = stall.sink.events
    plan, added = [], []
    for event in events:
        (plan if event["event_type"] in {"viewed", "$identify"} else added).append(event)
        assert event["device_id"] == said["device"]
        assert event["ip"] == "127.0.0.1"
    viewed = [event for event in plan if event["event_type"] == "viewed"]
    assert [event["user_id"] for event in viewed] == [PERSON] * 2  # the server's own session says so too
    own = [{key: event["event_properties"].get(key) for key in ("path", "depth")} for event in viewed]
    assert own == [{"path": "/", "depth": 3}, {"path": "/again", "depth": None}]
    rest = {key for event in viewed for key in event["event_properties"]} - {"path", "depth"}
    people = [event["user_properties"] for event in plan if event["event_type"] == "$identify"]
    assert {"$set": {"colour": "red"}} in people
    if extras == "strip":
        assert (added, rest, len(people)) == ([], set(), 1)
        assert not any("library" in event for event in events)
        assert stall.dropped["endpoint:sdk_extra"] >= 2  # a session, a campaign
    else:
        names = {event["event_type"] for event in added}
        assert {"session_start", "[Amplitude] Page Viewed"} <= names
        assert "[Amplitude] Page URL" in rest
        assert viewed[0]["library"].startswith("amplitude-ts/")
        assert any("utm_source" in change.get("$set", {}) for change in people)
    assert stall.dropped["endpoint:server_event"] == 1
    assert stall.dropped["endpoint:unknown_event"] == 1  # revenue_amount
    assert stall.dropped["endpoint:quarantined_unclaimed_revenue"] == 1
