"""What a page uploads and what the endpoint makes of it: vectors that every language replays."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from generated.backend._runtime.context import Context
from generated.backend._runtime.endpoint_events import Rejected, read_event, sender_of, who
from generated.backend._runtime.endpoint_upload import read_upload
from generated.backend.endpoint import PLAN

UPLOAD = json.loads((Path(__file__).parent / "upload.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("row", UPLOAD["who"], ids=lambda row: row["user_id"])
def test_for_whom_an_event_was_meant(row: dict[str, Any]) -> None:
    assert who(row["user_id"]) == row["who"]


@pytest.mark.parametrize("row", UPLOAD["events"], ids=lambda row: row["why"])
def test_an_event_is_read_by_the_plan(row: dict[str, Any]) -> None:
    sender = sender_of(True, Context(user_id=row["user_id"], consent=row["consent"]), row["sent_at"], row["now"])
    if "refused" in row:
        with pytest.raises(Rejected) as caught:
            read_event(PLAN, row["event"], sender)
        assert caught.value.reason == row["refused"]
        return
    read = read_event(PLAN, row["event"], sender)
    assert read.record == row["read"]
    assert [str(flaw) for flaw in read.found] == row["flaws"]
    assert (read.is_wrong, read.copy) == (row["wrong"], row["copy"])


def test_the_upload_of_a_page_is_read_whole() -> None:
    body = UPLOAD["upload"]["request"]["body"]
    upload = read_upload(json.dumps(body).encode())
    assert (upload.own, upload.sent_at, upload.events) == (True, body["sent_at"], body["events"])
