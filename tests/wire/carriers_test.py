"""What pages send, read with distrust, and what the server answers: vectors that every language replays."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from generated.backend._runtime import carriers
from tests import node

HERE = Path(__file__).parent
CONTEXT, CARRIERS, ANSWERS = (
    json.loads((HERE / f"{name}.json").read_text(encoding="utf-8")) for name in ("context", "carriers", "answers")
)


def by_why(row: dict[str, Any]) -> str:
    return str(row.get("why", row.get("header")))


def shown(carried: carriers.Carried | None) -> dict[str, Any] | None:
    """Give what was read as JSON has it."""
    return None if carried is None else json.loads(json.dumps(carried._asdict()))


def given(row: dict[str, Any]) -> carriers.Carried:
    consent = row["consent"]
    return carriers.Carried(**{**row, "consent": None if consent is None else tuple(consent)})


@pytest.mark.parametrize("row", CONTEXT["read"], ids=by_why)
def test_a_context_is_read_whole_or_not_at_all(row: dict[str, Any]) -> None:
    assert shown(carriers.read_context(row["text"])) == row["carried"]


@pytest.mark.parametrize("row", CONTEXT["write"], ids=by_why)
def test_a_context_is_written_to_the_byte(row: dict[str, Any]) -> None:
    text = carriers.write_context(given(row["carried"]))
    assert text == row["text"]
    assert len(text) <= 1024
    read = carriers.read_context(text)
    assert read is not None
    assert read.device_id == row["carried"]["device_id"]


@pytest.mark.parametrize("row", [row for row in CONTEXT["read"] + CONTEXT["write"] if "json" in row], ids=by_why)
def test_the_vectors_say_what_they_encode(row: dict[str, Any]) -> None:
    body = row["text"].removeprefix("1.")
    assert base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)).decode() == row["json"]


@pytest.mark.parametrize("row", CARRIERS["find"], ids=by_why)
def test_the_first_valid_carrier_wins_whole(row: dict[str, Any]) -> None:
    assert shown(carriers.find(row["header"], row["cookies"], row["api_key"])) == row["carried"]


@pytest.mark.parametrize("row", ANSWERS["attempt"], ids=by_why)
def test_an_attempt_is_a_uuid(row: dict[str, Any]) -> None:
    assert carriers.read_attempt(row["header"]) == row["attempt"]


@pytest.mark.parametrize("row", ANSWERS["confirmed"], ids=by_why)
def test_confirmations_are_written_to_the_byte(row: dict[str, Any]) -> None:
    header = carriers.write_confirmed(row["insert_ids"])
    assert header == row["header"]
    assert header.isascii()
    assert header.isprintable()
    assert carriers.write_confirmed_cookie(row["insert_ids"]) == row["cookie"]
    assert carriers.read_confirmed(header) == row["insert_ids"][:20]
    assert carriers.read_confirmed_cookie(row["cookie"]) == row["insert_ids"][:20]


@pytest.mark.parametrize("row", ANSWERS["read"], ids=by_why)
def test_confirmations_are_read(row: dict[str, Any]) -> None:
    assert carriers.read_confirmed(row["header"]) == row["insert_ids"]


def test_long_keys_do_not_burst_the_header_or_the_cookie() -> None:
    keys = [f"{number} {'ß' * 200}" for number in range(20)]
    header, cookie = carriers.write_confirmed(keys), carriers.write_confirmed_cookie(keys)
    assert 0 < len(header) <= carriers.LONGEST_CONFIRMED
    assert 0 < len(cookie) <= carriers.LONGEST_CONFIRMED
    assert carriers.read_confirmed(header) == keys[: header.count(" ")]
    assert carriers.read_confirmed_cookie(cookie) == keys[: len(carriers.read_confirmed_cookie(cookie))]
    assert carriers.write_confirmed_cookie(["ß" * 4000]) == ""
    assert carriers.write_confirmed(["ß" * 4000]) == ""
    assert carriers.write_confirmed(["ß" * 4000, "order 7"]) == "1 order%207"


def test_a_browser_decodes_what_the_server_confirms() -> None:
    """JavaScript's own functions read the header and the cookie."""
    script = """
      const rows = JSON.parse(require("node:fs").readFileSync(0, "utf8"));
      const list = (text) => text.split(" ").slice(1).map(decodeURIComponent);
      console.log(JSON.stringify(rows.map((row) => [list(row.header), list(decodeURIComponent(row.cookie))])));
    """
    decoded = node.answer("-e", script, given=ANSWERS["confirmed"])
    assert decoded == [[row["insert_ids"][:20]] * 2 for row in ANSWERS["confirmed"]]


def test_the_vendor_s_own_cookies_are_read() -> None:
    """Amplitude's browser SDK writes its cookies in a document; what it says of itself is what is read."""
    node.tools()
    made = node.answer(HERE / "vendor_cookies.mjs")
    carried = carriers.find(None, made["cookies"], made["api_key"])
    assert carried.device_id == made["device_id"]
    assert carried.session_id == made["session_id"]
    assert carried.seen_at is not None
    assert carried.seen_at >= made["session_id"]
    assert carried.attribution == {"utm_source": "Größe & Co", "utm_medium": "letter"}
    assert not carried.opted_out
    assert carriers.find(None, made["cookies"], None) == carried
    assert carriers.find(None, made["opted_out"], made["api_key"]).opted_out
