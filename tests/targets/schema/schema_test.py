"""The schemas: valid themselves, true to the verdicts, and silent about what a source must not know."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError
from jsonschema.validators import extend

from trackside.ir import Plan, Scalar
from trackside.pipeline import analyse, analyse_text
from trackside.targets.schema import SDK_ATTRIBUTION, render
from trackside.targets.test_vectors import render as render_vectors

ROOT = Path(__file__).resolve().parents[3]

HEAD = """
trackside: 1
plan: {name: shop, version: 1.0.0, namespace: 'https://shop.example', owner: growth}
destinations:
  amplitude: {project: shop, region: us, api_key: AMPLITUDE_API_KEY}
sources:
  web: {side: client, target: javascript, out: generated/web}
  kiosk: {side: client, target: none, through: endpoint}
  backend: {side: server, target: python, out: generated/backend}
outputs:
  schema: {target: schema, out: generated/schema}
endpoint: {route: /t, served_by: backend}
identity:
  device_id: {created_by: client, carried_in: [header, cookie]}
  session_id: {created_by: client, carried_in: [header, cookie], timeout: 30m}
  user_id: {created_by: server}
"""

# JSON Schema has no words for these.
INEXPRESSIBLE = ("holds a lone surrogate", "is not a day of the calendar", "is nested deeper than")


def ecma_pattern(validator: Any, pattern: str, instance: Any, schema: Any) -> Any:
    r"""Match as JSON Schema says, by ECMA-262: there `$` does not match before a line end."""
    if isinstance(instance, str) and not re.search(re.sub(r"\$$", r"\\Z", pattern), instance, re.ASCII):
        yield ValidationError(f"{instance!r} does not match {pattern!r}")


Validator = extend(Draft202012Validator, {"pattern": ecma_pattern})


def quoted(text: str) -> str:
    """Write a double-quoted scalar of YAML."""
    return json.dumps(text, ensure_ascii=False).replace("\u2028", "\\u2028")


def plan_of(text: str) -> Plan:
    plan = analyse_text(HEAD + text).plan
    assert plan is not None
    return plan


def schemas(plan: Plan) -> dict[str, Any]:
    files = {
        file.path.rsplit("/", 1)[1].removesuffix(".schema.json"): file.text
        for file in render(plan, plan.outputs["schema"])
    }
    return {name: json.loads(text) for name, text in files.items()}


def accepts(schema: Any, record: Any) -> bool:
    return bool(Validator(schema).is_valid(record))


@pytest.fixture(scope="module")
def shop() -> Plan:
    plan = analyse(ROOT / "tracking_plan.yaml").plan
    assert plan is not None
    return plan


@pytest.fixture(scope="module")
def shop_schemas(shop: Plan) -> dict[str, Any]:
    return schemas(shop)


def test_every_schema_is_one(shop_schemas: dict[str, Any]) -> None:
    assert list(shop_schemas) == ["plan", "web", "backend", "ios"]
    for schema in shop_schemas.values():
        Draft202012Validator.check_schema(schema)


def record_of(plan: Plan, source: str, event: str, properties: dict[str, Any]) -> dict[str, Any]:
    """Make the least event that a source sends, around some properties."""
    view = plan.views[event, source]
    consts = {
        prop.name: prop.type.const for prop in view.properties if isinstance(prop.type, Scalar) and prop.type.has_const
    }
    device = "device-1" if view.event.identity.mode != "system" else f"system:{plan.name}:{source}"
    return {
        "event_type": event,
        "device_id": device,
        "user_id": "user-1",
        "insert_id": "0b6f1f04-6f2c-4f0e-8d53-5d0a3a1f9c11",
        "event_properties": {**consts, **properties},
    }


def test_the_schemas_give_the_verdicts_of_the_vectors(shop: Plan, shop_schemas: dict[str, Any]) -> None:
    vectors = {file.path: file.text for file in render_vectors(shop, shop.outputs["test_vectors"])}
    values = json.loads(vectors["generated/test_vectors/values.json"])
    judged = 0
    for entry in values["types"]:
        for use in entry["uses"]:
            schema, source, event = shop_schemas[use["source"]], use["source"], use["event"]
            call = values["arguments"][source][event]
            for vector in entry["accept"]:
                record = record_of(shop, source, event, {**call, use["property"]: vector["wire"]})
                assert accepts(schema, record), (use, vector)
                judged += 1
            for vector in entry["reject"]:
                if "value" not in vector or any(reason in vector["reason"] for reason in INEXPRESSIBLE):
                    continue
                record = record_of(shop, source, event, {**call, use["property"]: vector["value"]})
                assert not accepts(schema, record), (use, vector)
                judged += 1
    assert judged > 500


def test_every_event_has_a_definition_and_no_source_another_ones(shop: Plan, shop_schemas: dict[str, Any]) -> None:
    for source in shop.sources:
        names = [view.event.name for view in shop.views_of(source)]
        schema = shop_schemas[source]
        assert schema["properties"]["event_type"]["enum"] == names
        assert [name for name in schema["$defs"] if name.startswith("event.")] == [f"event.{name}" for name in names]


def test_a_client_file_says_nothing_of_what_the_server_knows(shop: Plan) -> None:
    texts = {file.path: file.text for file in render(shop, shop.outputs["schema"])}
    web, backend = texts["generated/schema/web.schema.json"], texts["generated/schema/backend.schema.json"]
    for word in ("warehouse", "subtotal", "customer_ltv", '"email"', "segments_recomputed"):
        assert word in backend
        assert word not in web


def test_payloads() -> None:
    plan = plan_of(
        """
types:
  colour: {enum: [red, green]}
events:
  seen:
    kind: click
    sources: [web, kiosk]
    properties: {colour: colour, second: {type: colour, nullable: true}, note: optional string}
  paid:
    kind: purchase
    identity: [user_id]
    dedupe: [order]
    revenue: {amount: total}
    properties: {order: string, total: number}
  nightly:
    kind: batch_job
    properties: {}
"""
    )
    found = schemas(plan)
    web, kiosk, backend = found["web"], found["kiosk"], found["backend"]

    seen = {"event_type": "seen", "device_id": "device-1", "event_properties": {"colour": "red", "second": None}}
    assert accepts(web, seen)
    assert not accepts(web, {**seen, "event_properties": {"colour": None, "second": None}})
    assert not accepts(web, {**seen, "event_properties": {"colour": "red"}})
    assert not accepts(web, {**seen, "event_properties": {**seen["event_properties"], "more": 1}})
    assert not accepts(web, {"event_type": "seen", "device_id": "device-1"})
    assert not accepts(web, {key: value for key, value in seen.items() if key != "device_id"})
    assert not accepts(web, {**seen, "device_id": "abc"})
    assert not accepts(web, {**seen, "event_type": "paid"})

    sdk = {**seen, "event_properties": {**seen["event_properties"], "utm_source": "x", "[Amplitude] Page URL": "x"}}
    assert accepts(web, sdk)
    assert not accepts(kiosk, sdk), "nothing is added on the way through our own endpoint"
    assert all(accepts(web, {**seen, "event_properties": {**seen["event_properties"], n: 1}}) for n in SDK_ATTRIBUTION)

    paid = {
        "event_type": "paid",
        "user_id": "user-1",
        "insert_id": "0b6f1f04-6f2c-4f0e-8d53-5d0a3a1f9c11",
        "revenue": 1.5,
        "event_properties": {"order": "1", "total": 1.5},
    }
    assert accepts(backend, paid)
    assert not accepts(backend, {**paid, "insert_id": "paid-1"})
    assert not accepts(backend, {**paid, "revenue": "1.5"})
    assert not accepts(backend, {key: value for key, value in paid.items() if key != "user_id"})
    assert not accepts(backend, {key: value for key, value in paid.items() if key != "insert_id"})

    assert accepts(backend, {"event_type": "nightly", "device_id": "system:shop:backend"})
    assert not accepts(backend, {"event_type": "nightly", "device_id": "device-1"})


def test_names_that_no_pointer_takes_as_they_are() -> None:
    names = ["a/b~c", 'say "hi" %20', "\U0001f9fe #", "__proto__", "x y"]
    events = "".join(
        f"  {quoted(name)}:\n    kind: click\n    sources: [web]\n    code_name: e{number}\n"
        f"    properties: {{p: {{type: string, max_length: {number + 1}}}}}\n"
        for number, name in enumerate(names)
    )
    web = schemas(plan_of(f"naming: {{events: any}}\nevents:\n{events}"))["web"]
    for number, name in enumerate(names):
        record = {"event_type": name, "device_id": "device-1", "event_properties": {"p": "a" * (number + 1)}}
        assert accepts(web, record)
        assert not accepts(web, {**record, "event_properties": {"p": "a" * (number + 2)}})


def test_a_source_that_sends_nothing_accepts_nothing() -> None:
    found = schemas(plan_of("events:\n  seen: {kind: click, sources: [web], properties: {a: string}}\n"))
    Draft202012Validator.check_schema(found["backend"])
    assert not accepts(found["backend"], {"event_type": "seen"})


def test_hostile_text_stays_text() -> None:
    text = '"}, "x": \\ \u2028 </script> \U0001f9fe'
    plan = plan_of(
        f"events:\n  seen:\n    kind: click\n    sources: [web]\n    description: {quoted(text)}\n"
        f"    properties: {{a: {{type: string, description: {quoted(text)}, example: {quoted(text)}}}}}\n"
    )
    definition = schemas(plan)["web"]["$defs"]["event.seen"]
    assert definition["description"] == text
    assert definition["properties"]["event_properties"]["properties"]["a"] == {
        "type": "string",
        "description": text,
        "examples": [text],
    }


def test_the_plan_schema_takes_the_plan_of_the_shop_and_refuses_a_slip(shop_schemas: dict[str, Any]) -> None:
    from ruamel.yaml import YAML

    plan = YAML(typ="safe", pure=True).load((ROOT / "tracking_plan.yaml").read_text(encoding="utf-8"))
    validator = Draft202012Validator(shop_schemas["plan"])
    assert not [error.message for error in validator.iter_errors(json.loads(json.dumps(plan, default=str)))]
    plan["events"]["page_viewed"]["kinds"] = plan["events"]["page_viewed"].pop("kind")
    assert list(validator.iter_errors(json.loads(json.dumps(plan, default=str))))
