"""What crosses the wire: the vectors that the server's tests hold, in the page's own functions."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests import node

HERE = Path(__file__).parent
VECTORS = {
    name: json.loads((HERE.parents[1] / "wire" / f"{name}.json").read_text(encoding="utf-8"))
    for name in ("context", "carriers", "answers", "upload")
}


@pytest.fixture(scope="module")
def replayed(web: Path) -> dict[str, Any]:
    found = node.answer(HERE / "wire.mjs", given=VECTORS, GENERATED=web)
    assert isinstance(found, dict)
    return found


def test_contexts_are_written_to_the_byte(replayed: dict[str, Any]) -> None:
    assert replayed["written"] == [row["text"] for row in VECTORS["context"]["write"]]


def test_a_page_takes_nothing_for_its_own_that_the_server_does_not_take(replayed: dict[str, Any]) -> None:
    """A page reads what pages write, and whom it reads the server reads; anything else it writes anew at once."""
    taken = 0
    for row, members in zip(VECTORS["context"]["read"], replayed["read"], strict=True):
        if members is None:
            continue
        taken += 1
        carried = row["carried"]
        assert carried is not None, row["why"]
        assert members.get("d") == carried["device_id"], row["why"]
        if carried["session_id"] is not None:
            assert (members["s"], members["t"]) == (carried["session_id"], carried["seen_at"])
    assert taken >= 5


def test_a_page_reads_what_pages_write(replayed: dict[str, Any]) -> None:
    for row, members in zip(VECTORS["context"]["write"], replayed["readBack"], strict=True):
        carried = row["carried"]
        if carried["device_id"] is None or carried["seen_at"] is not None:  # a visit always has its last event
            assert members is not None, row["why"]
            assert members.get("d") == carried["device_id"]
            assert members.get("s") == carried["session_id"]


def test_a_page_chooses_among_cookies_as_the_server_does(replayed: dict[str, Any]) -> None:
    """What a page would not take, such as a device without a time, it writes anew at once."""
    pairs = zip(VECTORS["carriers"]["find"], replayed["chosen"], strict=True)
    taken = [(row, found) for row, found in pairs if found is not None]
    assert len(taken) >= 7
    for row, found in taken:
        assert found.get("d") == row["carried"]["device_id"], row["why"]
        assert found.get("c") == row["carried"]["consent"], row["why"]


def test_confirmations_are_read(replayed: dict[str, Any]) -> None:
    for row, found in zip(VECTORS["answers"]["confirmed"], replayed["confirmed"], strict=True):
        assert found == [row["insert_ids"][:20]] * 2
    assert replayed["answers"] == [row["insert_ids"] for row in VECTORS["answers"]["read"]]


def test_for_whom_an_event_was_meant(replayed: dict[str, Any]) -> None:
    assert replayed["who"] == [row["who"] for row in VECTORS["upload"]["who"]]
