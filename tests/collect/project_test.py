"""What the destination holds after some requests: doubles, the window, what is kept, what is told."""

from __future__ import annotations

import gzip
import json
from collections.abc import Sequence
from typing import Any

import pytest

from trackside.collect.project import WINDOW, Project
from trackside.collect.upload import RefusedError, read_identification, read_upload

DEVICE = "device-1"


class Clock:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


def event(insert_id: str | None = "id-1", **members: Any) -> dict[str, Any]:
    """Make an event; None takes a member away."""
    whole = {"event_type": "seen", "device_id": DEVICE, "insert_id": insert_id, **members}
    return {name: value for name, value in whole.items() if value is not None}


def send(project: Project, *events: dict[str, Any], pack: bool = False, **members: Any) -> Any:
    """Send a request; return the answer to it."""
    body, encoding = json.dumps({"api_key": "key", "events": events, **members}).encode(), ""
    if pack:
        body, encoding = gzip.compress(body), "gzip"
    try:
        upload = read_upload("batch", body, encoding, frozenset())
    except RefusedError as refused:
        project.refuse(refused)
        return refused.answer
    return project.take(upload, body, encoding)


def listed(project: Project, sort: Any = "good", **options: Any) -> list[Any]:
    """List events of one sort."""
    return [row for rows in project.listed(sort, **options) for row in rows]


def counts(project: Project) -> tuple[int, int, int]:
    """Count good, bad, duplicates."""
    stats = project.stats()
    return stats["good"], stats["bad"], stats["duplicates"]


def test_the_answer_counts_what_was_sent_not_what_was_new() -> None:
    project = Project(clock=Clock())
    for _ in range(2):
        answer = send(project, event(), event())
        assert answer["events_ingested"] == 2
    assert answer == {"code": 200, "events_ingested": 2, "payload_size_bytes": answer["payload_size_bytes"],
                      "server_upload_time": 1_000_000_000}  # fmt: skip
    assert counts(project) == (1, 0, 3)


@pytest.mark.parametrize(
    ("first", "second", "is_copy"),
    [
        (event(), event(), True),
        (event(), event(event_type="bought"), True),  # the vendor looks at no other member
        (event(), event(user_id="person-1"), True),
        (event(), event("id-2"), False),
        (event(), event(device_id="device-2"), False),
        (event(None), event(None), False),
        (event(""), event(""), False),
        # Without a device the vendor makes one of the user: it is never the browser's.
        (event(device_id=None, user_id="person-1"), event(device_id=None, user_id="person-1"), True),
        (event(device_id=None, user_id="person-1"), event(device_id=None, user_id="person-2"), False),
        (event(device_id=None, user_id="person-1"), event(user_id="person-1"), False),
        (event(device_id=None, user_id=DEVICE), event(), False),
        (event(device_id="four", user_id="person-1"), event(device_id=None, user_id="person-1"), True),
        (event("x" * 1024 + "a"), event("x" * 1024 + "b"), True),
        (event("ab", device_id="device"), event("eab", device_id="devic"), False),
    ],
)
def test_a_copy_has_the_insert_id_and_the_device_of_another(first: Any, second: Any, is_copy: bool) -> None:
    for requests in ([[first, second]], [[first], [second]]):
        project = Project()
        for request in requests:
            send(project, *request)
        assert counts(project) == ((1, 0, 1) if is_copy else (2, 0, 0))


def test_a_copy_counts_again_after_the_window() -> None:
    clock = Clock()
    project = Project(clock=clock)
    send(project, event("a"), event("b"))
    clock.now += WINDOW - 1
    send(project, event("a"), event("c"))
    assert counts(project) == (3, 0, 1)
    clock.now += 1  # the copy of a second ago does not begin a window of its own
    send(project, event("a"))
    assert counts(project) == (4, 0, 1)
    clock.now += WINDOW - 1  # since the second `a`, and the window since `c`
    send(project, event("c"), event("a"))
    assert counts(project) == (5, 0, 2)


def test_what_came_is_told_in_its_order() -> None:
    project = Project()
    send(project, event("a", user_id="me"), event("b", event_type="bought"), event("a"))
    send(project, event("c", revenue=5), pack=True)
    assert [one["insert_id"] for one in listed(project)] == ["a", "b", "c"]
    assert [one["insert_id"] for one in listed(project, "duplicates")] == ["a"]
    assert listed(project, event_type="bought") == [event("b", event_type="bought")]
    assert listed(project, fields=["insert_id", "revenue"])[-1] == {"insert_id": "c", "revenue": 5}
    assert "user_id" not in listed(project)[0]
    assert project.stats()["by_event"] == {"seen": {"good": 2, "duplicates": 1}, "bought": {"good": 1}}


def test_what_breaks_the_plan_is_bad_and_takes_the_key() -> None:
    def check(one: dict[str, Any]) -> Sequence[str]:
        return () if one.get("user_id") else ("user_id is missing",)

    project = Project(check)
    send(project, event("a"), event("b", user_id="person-1"), event("a", user_id="person-1"))
    send(project, event("c", user_id="me"))
    assert counts(project) == (1, 2, 1)
    assert listed(project, "bad") == [
        {"event": event("a"), "reasons": ["user_id is missing"], "refused": False},
        {"event": event("c"), "reasons": ["user_id is missing"], "refused": False},
    ]


def test_what_is_refused_is_bad_and_nothing_of_the_request_is_taken() -> None:
    project = Project()
    answer = send(project, event("a"), event("b", time="noon"), event("c", event_type={}))
    assert (answer["code"], answer["events_with_invalid_fields"]) == (400, {"time": [1], "event_type": [2]})
    assert counts(project) == (0, 2, 0)
    assert project.stats()["refused"] == 2
    assert [(one["reasons"], one["refused"]) for one in listed(project, "bad")] == [
        (["time is not valid"], True),
        (["event_type is missing", "event_type is not valid"], True),
    ]
    assert [one["event"]["insert_id"] for one in listed(project, "bad")] == ["b", "c"]
    send(project, event("a"))
    assert counts(project) == (1, 2, 0)


def test_an_identification_is_kept() -> None:
    project = Project()
    form = b"api_key=key&identification=%7B%22user_id%22%3A%22person-1%22%7D"
    project.take(read_identification(form, "", frozenset()), form, "")
    assert listed(project) == [{"user_id": "person-1", "event_type": "$identify"}]


def test_the_oldest_requests_are_forgotten_but_not_their_keys() -> None:
    project = Project(keep=10_000)
    for number in range(200):
        send(project, event(f"id-{number}"))
    kept = listed(project)
    assert 0 < len(kept) < 200
    assert kept[-1]["insert_id"] == "id-199"
    stats = project.stats()
    assert (stats["good"], stats["forgotten"]) == (200, 200 - len(kept))
    send(project, event("id-0"))
    assert project.stats()["duplicates"] == 1


def test_an_event_that_is_too_deep_can_still_be_looked_at() -> None:
    project = Project()
    deep: Any = []
    for _ in range(60):
        deep = [deep]
    send(project, event("a", event_properties={"a": deep}))
    (bad,) = listed(project, "bad")
    assert bad["reasons"] == ["event_properties is nested deeper than 40 layers"]
    assert json.dumps(bad["event"]).endswith('["[\\u2026]"' + "]" * 39 + "}}")


@pytest.mark.parametrize("ahead", [0.0, float("inf")])
def test_a_failure_leaves_nothing_recorded(ahead: float) -> None:
    def check(one: dict[str, Any]) -> Sequence[str]:
        if one["insert_id"] == "b" and is_broken:
            raise ZeroDivisionError
        return ()

    project = Project(check, clock=Clock())
    send(project, event("z"))
    before = project.stats()
    is_broken, project.ahead = True, ahead
    with pytest.raises((ZeroDivisionError, OverflowError)):
        send(project, event("a"), event("b"))
    is_broken, project.ahead = False, 0.0
    assert (project.stats(), project.arrived, len(list(project.arrivals(0)))) == (before, 1, 1)
    send(project, event("a"), event("b"))
    assert counts(project) == (3, 0, 0)  # no key was kept of what failed


def test_reset_leaves_nothing() -> None:
    project = Project(clock=Clock(), ahead=5.0)
    send(project, event("a"), event("a"))
    project.answered(200)
    project.reset()
    assert (counts(project), listed(project), project.stats()["requests"]) == ((0, 0, 0), [], {})
    assert project.now() == 1_000_000.0
    send(project, event("a"))
    assert counts(project) == (1, 0, 0)
