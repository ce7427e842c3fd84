"""What the page is told: batches that are bounded, places that can be gone back to, reasons with their place."""

from __future__ import annotations

import json
from typing import Any

import pytest

from trackside.collect.live import LARGEST_ROW, MOST_AT_ONCE, MOST_BEHIND, Place, located, next_batch
from trackside.collect.project import Project
from trackside.collect.upload import RefusedError, read_upload


def send(project: Project, *events: dict[str, Any]) -> None:
    """Send events as one request."""
    body = json.dumps({"api_key": "key", "events": events}).encode()
    try:
        project.take(read_upload("batch", body, "", project.keys), body, "")
    except RefusedError as refused:
        project.refuse(refused)


def event(number: int, **members: Any) -> dict[str, Any]:
    """Make an event."""
    return {"event_type": "seen", "device_id": "device-1", "insert_id": f"id-{number}", **members}


def rows(project: Project, number: int = 0) -> list[dict[str, Any]]:
    """Read a batch."""
    return [json.loads(row) for row in next_batch(project, number).rows]


def test_events_come_in_order_with_their_verdicts() -> None:
    project = Project(lambda one: ["event_type: no"] if one["event_type"] == "lost" else [], clock=lambda: 1.5)
    send(project, event(1), event(1))
    send(project, event(2), event(3, device_id="unknown"))
    send(project, event(4, event_type="lost", user_id="me"))
    told = rows(project)
    assert [(row["number"], row["verdict"], row["at"]) for row in told] == [
        (0, "good", 1500), (1, "duplicates", 1500), (2, "refused", 1500), (3, "bad", 1500),
    ]  # fmt: skip
    assert told[2]["reasons"] == [{"text": "device_id is not valid", "path": ["device_id"], "says": "is not valid"}]
    assert told[3]["reasons"] == [{"text": "event_type: no", "path": ["event_type"], "says": "no"}]
    assert "user_id" not in told[3]["event"]  # as stored: an id of two characters is none
    assert rows(project, 3) == told[3:]
    assert next_batch(project, 4) == ([], 0, 4)


def test_a_batch_is_bounded_by_events_and_bytes() -> None:
    project = Project()
    send(project, *(event(number) for number in range(600)))
    batch = next_batch(project, 10)
    assert (len(batch.rows), batch.missed, batch.following) == (MOST_AT_ONCE, 0, 10 + MOST_AT_ONCE)
    wide = {f"name-{number}": "x" * 1000 for number in range(20)}
    send(project, *(event(number, event_properties=wide) for number in range(1000, 1200)))
    batch = next_batch(project, 600)
    assert 10 < len(batch.rows) < 100
    assert sum(map(len, batch.rows)) < 600_000


def test_who_is_far_behind_goes_on_near_the_end() -> None:
    project = Project()
    for start in range(0, 5000, 500):
        send(project, *(event(number) for number in range(start, start + 500)))
    batch = next_batch(project, 100)
    assert batch.missed == 5000 - MOST_BEHIND - 100
    assert json.loads(batch.rows[0])["number"] == 5000 - MOST_BEHIND


def test_what_is_no_longer_kept_is_missed() -> None:
    project = Project(keep=2000)
    for number in range(100):
        send(project, event(number))
    batch = next_batch(project, 0)
    first = json.loads(batch.rows[0])["number"]
    assert first > 50
    assert (batch.missed, batch.following) == (first, 100)


def test_a_reset_begins_anew_and_numbers_go_on() -> None:
    project = Project()
    send(project, event(1), event(2))
    project.reset()
    assert (project.begun, project.resets) == (2, 1)
    send(project, event(1))
    assert [row["number"] for row in rows(project, project.begun)] == [2]


def test_of_a_large_event_the_head_is_told() -> None:
    project = Project(lambda one: ["event_properties.p0 is " + "much " * 10_000] * 20)
    big = event(1, event_properties={f"p{number}": "x" * 1000 for number in range(60)}, user_id="u" * 5000)
    send(project, big)
    (text,) = next_batch(project, 0).rows
    assert len(text) < LARGEST_ROW
    told = json.loads(text)
    assert told["is_head"] is True
    assert (told["event"]["insert_id"], "event_properties" in told["event"]) == ("id-1", False)
    assert len(told["reasons"]) == 5


@pytest.mark.parametrize(
    ("reason", "properties", "path", "says"),
    [
        ("event_properties.a is missing", {}, ["a"], "is missing"),
        ("event_properties.items[1].sku is not text", {"items": [{}, {"sku": 1}]}, ["items", 1, "sku"], "is not text"),
        ("event_properties.items[7] is too much", {"items": []}, ["items", 7], "is too much"),
        ("event_properties.a b.c is odd", {"a b.c": 1, "a": 2}, ["a b.c"], "is odd"),
        ("event_properties.x[0] is odd", {"x[0]": 1}, ["x[0]"], "is odd"),
        ("event_properties.a.b.c is odd", {"a": {"b": {"c": 1}}}, ["a", "b", "c"], "is odd"),
        ("event_properties. is odd", {"": 1}, None, "event_properties. is odd"),
        ("event_properties.a: 'x' is odd", {"a": 1}, ["a"], "'x' is odd"),
        ("event_properties.a", {"a": 1}, None, "event_properties.a"),
    ],
)
def test_a_reason_is_split_at_its_place(
    reason: str, properties: dict[str, Any], path: list[str | int] | None, says: str
) -> None:
    whole = {"event_type": "seen", "event_properties": properties}
    assert located(reason, whole) == (["event_properties", *path] if path else [], says)


def test_a_reason_without_a_place_stays_whole() -> None:
    assert located("", {}) == ([], "")
    assert located("all is lost", {"event_type": "x"})[1] == "is lost"
    assert located("insert_id is wrong", {"insert_id": None}) == (["insert_id"], "is wrong")


def test_a_place_is_read_as_it_was_written() -> None:
    place = Place("0a1b", 3, 4711)
    assert Place.read(str(place)) == place
    for wrong in ("", "0a1b.3", "0a1b.3.-1", "0A.1.1", "0a1b.3.4711.5", "0a.1.٣", f"0a.1.{'9' * 40}", "\n0a.1.1"):
        assert Place.read(wrong) is None
