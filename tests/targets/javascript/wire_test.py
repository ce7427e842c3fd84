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
    for name in ("context", "answers", "upload")
}


@pytest.fixture(scope="module")
def replayed(web: Path) -> dict[str, Any]:
    found = node.answer(HERE / "wire.mjs", given=VECTORS, GENERATED=web)
    assert isinstance(found, dict)
    return found


def test_contexts_are_written_to_the_byte(replayed: dict[str, Any]) -> None:
    assert replayed["written"] == [row["text"] for row in VECTORS["context"]["write"]]


def test_a_page_takes_for_its_own_what_the_server_takes(replayed: dict[str, Any]) -> None:
    """The two never disagree on whose cookie it is; what of it is too long or odd, the server alone leaves out."""
    rows = VECTORS["context"]["read"]
    disagreed = []
    for row, members in zip(rows, replayed["read"], strict=True):
        carried = row["carried"]
        if (members is None) != (carried is None):
            disagreed.append(row["why"])
        elif members is not None:
            assert members.get("d") == carried["device_id"], row["why"]
            if carried["session_id"] is not None:
                assert (members["s"], members["t"]) == (carried["session_id"], carried["seen_at"])
    assert disagreed == []


def test_confirmations_are_read(replayed: dict[str, Any]) -> None:
    for row, found in zip(VECTORS["answers"]["confirmed"], replayed["confirmed"], strict=True):
        assert found == [row["insert_ids"][:20]] * 2
    assert replayed["answers"] == [row["insert_ids"] for row in VECTORS["answers"]["read"]]


def test_for_whom_an_event_was_meant(replayed: dict[str, Any]) -> None:
    assert replayed["who"] == [row["who"] for row in VECTORS["upload"]["who"]]
