"""The vectors that other languages replay: complete, true and bounded."""

from __future__ import annotations

import hashlib
import json
import unicodedata
import uuid
from typing import Any

import pytest

from trackside.ir import Plan
from trackside.ir.values import same
from trackside.pipeline import analyse_text
from trackside.targets.test_vectors import render

HEAD = """
trackside: 1
plan: {name: shop, version: 1.0.0, namespace: 'https://shop.example', owner: growth}
destinations:
  amplitude: {project: shop, region: us, api_key: AMPLITUDE_API_KEY}
sources:
  web: {side: client, target: javascript, out: generated/web}
  backend: {side: server, target: python, out: generated/backend}
outputs:
  test_vectors: {target: test_vectors, out: generated/vectors}
endpoint: {route: /t, served_by: backend}
identity:
  device_id: {created_by: client, carried_in: [header, cookie]}
  session_id: {created_by: client, carried_in: [header, cookie], timeout: 30m}
  user_id: {created_by: server}
"""

PLAN = (
    HEAD
    + """
types:
  order_id: {type: string, example: ORD-98765}
  line:
    type: object
    properties:
      sku: {type: string, pattern: '[A-Z]{3}[0-9]+'}
      note: optional string
      warehouse: {type: string, only: server}
      version: {type: integer, const: 2}
events:
  paid:
    kind: purchase
    placement: hybrid
    because: The server knows the amount.
    identity: [device_id]
    dedupe: [order_id, terminal, gift]
    properties:
      order_id: order_id
      terminal: uuid
      gift: boolean
      lines: {type: list of line, max_items: 3}
      total: {type: number, minimum: 0}
      rebate: {type: optional number, minimum: 0, description: The same type as the total.}
      when: datetime
      colour: {enum: [red, Red]}
  refunded:
    kind: refund
    identity: [device_id]
    dedupe: {template: 'refund {order_id}/{number}'}
    properties:
      order_id: {type: string, pattern: '[A-Z]+-[0-9]+'}
      number: integer
  joined:
    kind: signup
    identity: [device_id]
    dedupe: attempt
    properties: {method: string, tag: {type: optional string, max_length: 3}}
  impossible:
    kind: click
    properties:
      word: {type: string, pattern: '[ab]{2}', min_length: 3}
      other: {type: string, max_length: 3}
"""
)


@pytest.fixture(scope="module")
def plan() -> Plan:
    analysis = analyse_text(PLAN)
    assert analysis.plan is not None
    assert not [found for found in analysis.bag if found.code.id < "TS400"]
    return analysis.plan


def files(plan: Plan) -> dict[str, str]:
    return {file.path: file.text for file in render(plan, plan.outputs["test_vectors"])}


@pytest.fixture(scope="module")
def keys(plan: Plan) -> Any:
    return json.loads(files(plan)["generated/vectors/keys.json"])


@pytest.fixture(scope="module")
def values(plan: Plan) -> Any:
    return json.loads(files(plan)["generated/vectors/values.json"])


def uuid5(namespace: bytes, name: str) -> uuid.UUID:
    """Compute a UUID of version 5 as RFC 9562 has it, without the library's own."""
    digest = bytearray(hashlib.sha1(namespace + name.encode()).digest()[:16])
    digest[6] = digest[6] & 0x0F | 0x50
    digest[8] = digest[8] & 0x3F | 0x80
    return uuid.UUID(bytes=bytes(digest))


def quoted(part: Any) -> str:
    """Print a scalar as ECMAScript's JSON.stringify does."""
    if not isinstance(part, str):
        return {True: "true", False: "false"}[part] if isinstance(part, bool) else str(part)
    short = {'"': '\\"', "\\": "\\\\", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t"}
    text = unicodedata.normalize("NFC", part)
    return '"' + "".join(short.get(c) or (f"\\u{ord(c):04x}" if c < " " else c) for c in text) + '"'


def test_every_hashed_key_is_what_the_language_says(keys: Any) -> None:
    assert keys["namespace"] == "https://shop.example"
    namespace = uuid5(uuid.NAMESPACE_URL.bytes, keys["namespace"]).bytes
    hashed = [vector for vector in keys["vectors"] if vector["scheme"] == 1]
    assert {vector["event"] for vector in hashed} == {"paid", "joined"}
    for vector in hashed:
        text = "[" + ",".join(["1", *map(quoted, [vector["key_name"], *vector["parts"]])]) + "]"
        assert vector["insert_id"] == str(uuid5(namespace, text))


def test_a_template_is_printed_in_the_clear(keys: Any) -> None:
    clear = [vector for vector in keys["vectors"] if vector["scheme"] == "template"]
    assert {vector["event"] for vector in clear} == {"refunded"}
    assert all(vector["insert_id"] == f"refund {vector['parts'][0]}/{vector['parts'][1]}" for vector in clear)
    assert ["A-0", -9007199254740991] in [vector["parts"] for vector in clear]


def test_keys_start_with_the_plans_example_and_try_each_part(keys: Any) -> None:
    parts = [vector["parts"] for vector in keys["vectors"] if vector["event"] == "paid"]
    assert parts[0] == ["ORD-98765", "123e4567-e89b-42d3-a456-426614174000", True]
    assert ["ORD-98765", "123e4567-e89b-42d3-a456-426614174000", False] in parts
    texts = {part[0] for part in parts}
    assert {"caf\u00e9", "cafe\u0301", "\x00\x07\t\n\r\x1f\x7f", "</script>\u2028\u2029"} <= texts
    ids = {vector["parts"][0]: vector["insert_id"] for vector in keys["vectors"] if vector["event"] == "paid"}
    assert ids["caf\u00e9"] == ids["cafe\u0301"], "one text, however it is composed, is one fact"


def test_a_uuid_in_upper_case_is_the_same_key(keys: Any) -> None:
    given = [vector for vector in keys["vectors"] if "given" in vector]
    assert {vector["event"] for vector in given} == {"paid", "joined"}
    for vector in given:
        assert [part.lower() if isinstance(part, str) and len(part) == 36 else part for part in vector["given"]] == (
            vector["parts"]
        )


def test_an_empty_part_is_refused_and_never_hashed(keys: Any) -> None:
    assert [vector["parts"][0] for vector in keys["refused"]] == [""]
    assert all("insert_id" not in vector for vector in keys["refused"])
    assert all("" not in vector["parts"] for vector in keys["vectors"])


def test_the_calls_are_those_of_each_side(keys: Any) -> None:
    calls = keys["events"]["paid"]["arguments"]
    assert calls["web"]["lines"] == [{"sku": "AAA0", "version": 2}]
    assert calls["backend"]["lines"] == [{"sku": "AAA0", "warehouse": "text", "version": 2}]
    assert "rebate" not in calls["web"]


def test_each_type_stands_once_for_each_side(values: Any) -> None:
    words = [(entry["type"], entry["uses"][0]["source"]) for entry in values["types"]]
    assert len(words) == len(set(words))
    assert ("number, at least 0", "web") in words
    assert all(entry["accept"] and entry["reject"] for entry in values["types"])
    for entry in values["types"]:
        for use in entry["uses"]:
            assert use["property"] in values["arguments"][use["source"]][use["event"]] or not use["required"]


def test_an_event_that_no_value_fits_is_left_out(values: Any) -> None:
    assert "impossible" not in values["arguments"]["web"]
    assert all(use["event"] != "impossible" for entry in values["types"] for use in entry["uses"])


def verdict(values: Any, type: str, value: Any) -> Any:
    entry = next(entry for entry in values["types"] if entry["type"] == type)
    for vector in [*entry["accept"], *entry["reject"]]:
        if "value" in vector and same(vector["value"], value):
            return vector.get("wire", vector.get("reason"))
    raise AssertionError(f"{value!r} is not tried on {type}")


def test_verdicts(values: Any) -> None:
    assert verdict(values, "datetime", "2026-01-31T00:30:00.9999+01:00") == "2026-01-30T23:30:00.999Z"
    assert verdict(values, "datetime", "2026-01-31T24:00:00Z") == "is not a time of the calendar"
    assert verdict(values, 'string, one of "red", "Red"', "RED") == "is not one of the allowed values"
    assert verdict(values, "number, at least 0", -0.5) == "is less than 0"
    assert verdict(values, "string, at most 3 characters", "\U0001f9feaa") == "\U0001f9feaa"
    assert verdict(values, "string, at most 3 characters", "\U0001f9feaaa") == "is longer than 3"


def test_what_json_cannot_say_names_its_language(values: Any) -> None:
    made = [
        (vector["make"], vector["text"], vector.get("only"), "wire" in vector)
        for entry in values["types"]
        for vector in [*entry["accept"], *entry["reject"]]
        if "make" in vector
    ]
    assert ("float", "nan", None, False) in made
    assert ("decimal", "12.50", "python", True) in made
    assert ("Date", "invalid", "javascript", False) in made


def test_files_are_ascii_and_the_same_twice(plan: Plan) -> None:
    first = files(plan)
    assert first == files(plan)
    assert all(text.isascii() and text.endswith("}\n") for text in first.values())


def test_a_plan_without_keys_or_events_gives_empty_files() -> None:
    plan = analyse_text(HEAD + "events: {}\n").plan
    assert plan is not None
    texts = files(plan)
    assert json.loads(texts["generated/vectors/keys.json"])["vectors"] == []
    assert json.loads(texts["generated/vectors/values.json"])["types"] == []


def test_values_do_not_grow_with_events_of_the_same_types() -> None:
    def size(events: int) -> int:
        lines = "".join(f"  e{n}: {{kind: click, properties: {{a: string, b: integer}}}}\n" for n in range(events))
        plan = analyse_text(HEAD + "events:\n" + lines).plan
        assert plan is not None
        return len(files(plan)["generated/vectors/values.json"])

    assert size(40) == size(4)
