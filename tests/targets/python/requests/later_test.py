"""Events that come after the request: a webhook and jobs speak for the person whose request is long over."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from ..conftest import plan_of, write_package
from .frameworks_test import DEVICE, context_text, now

PROGRAMS = Path(__file__).parent / "programs.py"
PATIENCE = 60.0
"""Seconds until something that has not happened is taken not to happen."""


@pytest.fixture
def folder(tmp_path: Path, plan_text: str) -> Path:
    """The folder of a service, with the generated package."""
    write_package(plan_of(plan_text.replace("out: generated/backend", "out: package")), tmp_path)
    return tmp_path


@contextmanager
def running(program: str, folder: Path, **variables: str) -> Iterator[subprocess.Popen[str]]:
    """Run a program until the block ends, then ask it to stop; it has to stop in order."""
    process = subprocess.Popen(
        [sys.executable, str(PROGRAMS), program],
        env={**os.environ, "SHOP_FOLDER": str(folder), **variables},
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise
        finally:
            if process.stdout is not None:
                process.stdout.close()


def address_of(process: subprocess.Popen[str]) -> str:
    """Read the line in which a server says where it is."""
    assert process.stdout is not None
    return process.stdout.readline().strip()


def sent(folder: Path, number: int) -> list[dict[str, Any]]:
    """Wait until so many events were sent, and give them."""
    path = folder / "events.ndjson"
    end = time.monotonic() + PATIENCE
    while True:
        events = [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
        if len(events) >= number:
            return events
        assert time.monotonic() < end, f"{len(events)} events of {number}"
        time.sleep(0.05)


def test_a_webhook_speaks_for_the_person_who_ordered(folder: Path, ask: Callable[..., dict[str, str]]) -> None:
    start, seen = now() - 60_000, now() - 1_000
    carried = context_text(s=start, t=seen, a={"utm_source": "letter", "initial_utm_source": "search"}, c=["analytics"])
    with ExitStack() as stack:
        provider = address_of(stack.enter_context(running("provider", folder)))
        shop = address_of(stack.enter_context(running("web", folder, PROVIDER=provider)))
        answer = ask(
            f"{shop}/check-out/ORD-1",
            {"Trackside-Context": carried, "User-Agent": "Shop/1.0", "X-Forwarded-For": "203.0.113.9"},
        )
        events = sent(folder, 4)
    paid = [event for event in events if event["event_type"] == "paid_by_bank"]
    person = [event for event in events if event["event_type"] == "seen"]
    assert (len(paid), len(person)) == (2, 2)
    # The provider told of it twice: one fact, which the request had promised to the page.
    assert {event["insert_id"] for event in paid} == {answer["trackside-confirmed"].removeprefix("1 ")}
    for event in events:
        assert event["device_id"] == DEVICE
        assert event["session_id"] == start
        assert event["user_agent"] == "Shop/1.0"
        assert event["ip"] == "203.0.113.9"
    for event in paid:
        assert "user_id" not in event  # its identity is the device alone
        assert event["event_properties"]["utm_source"] == "letter"
        assert event["event_properties"]["initial_utm_source"] == "search"
    assert {event["user_id"] for event in person} == {"user-12345"}


@pytest.fixture
def ask() -> Callable[..., dict[str, str]]:
    """Post as a browser would, once the server is there; names of headers in the answer are in lower case."""
    import urllib.error
    import urllib.request

    def asked(url: str, headers: dict[str, str]) -> dict[str, str]:
        end = time.monotonic() + PATIENCE
        while True:
            try:
                with urllib.request.urlopen(urllib.request.Request(url, b"", headers), timeout=30) as answer:
                    return {name.lower(): value for name, value in answer.headers.items()}
            except urllib.error.HTTPError:
                raise
            except urllib.error.URLError:
                assert time.monotonic() < end, "the server did not start"
                time.sleep(0.05)

    return asked


def test_jobs_of_celery_speak_for_the_person_who_ordered(folder: Path) -> None:
    start = now() - 60_000
    carried = context_text(s=start, t=now(), a={"utm_source": "letter"}, c=["analytics"])
    with running("enqueue", folder, CARRIED=carried) as request:
        assert request.stdout is not None
        assert request.stdout.read().strip() == "200"
    with running("worker", folder) as worker:
        events = sent(folder, 80)
    assert worker.returncode == 0
    assert len(events) == 80
    paid = [event for event in events if event["event_type"] == "paid_by_bank"]
    assert len({event["insert_id"] for event in paid}) == 40
    for event in events:
        assert event["device_id"] == DEVICE
        assert event["session_id"] == start
        assert event["user_agent"] == "Shop/1.0"
    assert {event["event_properties"]["utm_source"] for event in paid} == {"letter"}
    processes = {event["event_properties"]["step"].split()[-1] for event in events if event["event_type"] == "seen"}
    assert str(worker.pid) not in processes
    assert len(processes) == 2


# --- what a row may hold ---


def test_a_dumped_context_comes_back_whole(shop: Any) -> None:
    context = shop.Context(
        user_id="user-12345",
        device_id=DEVICE,
        session_id=1_700_000_000_000,
        seen_at=1_700_000_000_001,
        attribution={"utm_source": "Größe"},
        consent=["analytics"],
        attempt="123e4567-e89b-12d3-a456-426614174000",
        ip="2001:db8::9",
        user_agent="Shop/1.0",
        properties={"app_version": "2.0"},
        opted_out=True,
    )
    loaded = shop.Context.load(context.dump())
    assert {name: getattr(loaded, name) for name in shop.Context.__slots__} == {
        name: getattr(context, name) for name in shop.Context.__slots__
    }
    assert shop.track.seen(step="opted out", context=loaded).dropped == "opted_out"
    assert shop.Context.load(shop.Context.system().dump()).is_system


def test_a_session_that_was_alive_at_the_request_is_not_attached_days_later(shop: Any) -> None:
    old = shop.Context(device_id=DEVICE, session_id=now() - 86_400_000, seen_at=now() - 86_000_000)
    with shop.Context.load(old.dump()).activate():
        shop.track.seen(step="later")
    assert "session_id" not in shop.sink.events[0]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "null",
        "[]",
        "{}",
        "1",
        '"text"',
        '{"v":2,"d":"device-12345"}',
        '{"v":1,"d":"device-12345"',
        '{"v":1,"d":17}',
        '{"v":1,"d":{"a":1}}',
        "[" * 100_000,
        None,
        17,
    ],
)
def test_a_row_that_cannot_be_read_refuses_events_and_counts(shop: Any, text: Any) -> None:
    with shop.Context.load(text).activate():
        assert shop.track.seen(step="lost").dropped == "violation"
    assert shop.sink.events == []
    assert shop.stats().dropped == {"violation": 1}


@pytest.mark.parametrize("text", ['{"v":1,"c":3}', '{"v":1,"c":[[]]}'])
def test_a_choice_that_cannot_be_read_grants_nothing(shop: Any, text: str) -> None:
    with shop.Context.load(text).activate():
        assert shop.track.seen(step="lost").dropped == "consent"
    assert shop.sink.events == []


@pytest.mark.parametrize(
    "members",
    [
        {"s": "yesterday"},
        {"s": -1},
        {"s": 1.5, "t": True},
        {"t": "now"},
        {"a": ["utm_source"]},
        {"a": {"utm_source": 3, "": "x", "long": "x" * 5000}},
        {"k": "no-uuid"},
        {"ip": 17},
        {"ua": ["Shop"]},
        {"p": "app_version"},
        {"p": [["app_version", "2.0"]]},
        {"o": "yes", "x": "yes"},
        {"later": "a member of a later version"},
    ],
)
def test_what_is_wrong_beside_the_ids_is_left_out(shop: Any, members: dict[str, Any]) -> None:
    text = json.dumps({"v": 1, "d": DEVICE, **members})
    with shop.Context.load(text).activate():
        assert shop.track.seen(step="there").accepted
    (event,) = shop.sink.events
    assert set(event) == {
        "event_type",
        "time",
        "insert_id",
        "event_properties",
        "ingestion_metadata",
        "device_id",
    }
    assert event["event_properties"] == {"step": "there"}


def test_a_long_user_agent_is_cut(shop: Any) -> None:
    assert len(shop.Context(device_id=DEVICE, user_agent="x" * 5000).user_agent) == 1024
