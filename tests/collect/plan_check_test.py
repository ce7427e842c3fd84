"""What the plan says of events that arrived, held to the schemas that the compiler prints for others to check with."""

from __future__ import annotations

import copy
import json
import random
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from trackside.collect.plan_check import PlanCheck
from trackside.ir import Plan, Scalar, View
from trackside.ir.keys import insert_id, template_text
from trackside.pipeline import analyse, analyse_text
from trackside.targets.samples import Samples
from trackside.targets.schema import render

ROOT = Path(__file__).resolve().parents[2]
DEVICE = "7e7c9a02-5d0e-4f5b-9c1f-3a2b1c0d9e8f"

BEYOND_A_SCHEMA = ("insert_id is not the key", "is not among the ids", "is stated, and", "calendar")
"""Reasons that JSON Schema has no words for."""


@pytest.fixture(scope="module")
def shop() -> Plan:
    """Read the plan of the shop."""
    plan = analyse(ROOT / "tracking_plan.yaml").plan
    assert plan is not None
    return plan


@pytest.fixture(scope="module")
def check(shop: Plan) -> PlanCheck:
    """Make the judge."""
    return PlanCheck(shop)


@pytest.fixture(scope="module")
def schemas(shop: Plan) -> dict[str, Any]:
    """Read the schema of each source."""
    (output,) = (output for output in shop.outputs.values() if output.target == "schema")
    files = {file.path.rpartition("/")[2].removesuffix(".schema.json"): file.text for file in render(shop, output)}
    return {name: Draft202012Validator(json.loads(files[name])) for name in shop.sources}


def valid(plan: Plan, view: View, *, whole: bool = True) -> dict[str, Any]:
    """Make an event as the source sends it: all its properties, or those that are required."""
    samples = Samples(plan, view.source.side)
    properties = {
        prop.name: prop.type.const if isinstance(prop.type, Scalar) and prop.type.has_const else samples.of_view(prop)
        for prop in (*view.properties, *view.context)
        if whole or prop.required
    }
    event: dict[str, Any] = {
        "event_type": view.event.name,
        "time": 1_795_445_108_525,
        "insert_id": DEVICE,
        "event_properties": copy.deepcopy(properties),  # the plan keeps its examples
        "ingestion_metadata": {"source_name": f"{plan.name}/{view.source.name}", "source_version": plan.version},
    }
    key = view.dedupe
    if key is not None and key.form != "attempt":
        parts: list[Any] = [properties[name] for name in key.by]
        template = key.template
        event["insert_id"] = (
            insert_id(plan.namespace, key.key_name, parts) if template is None else template_text(template.texts, parts)
        )
    if view.event.identity.mode == "system":
        return event | {"device_id": f"system:{plan.name}:{view.source.name}"}
    return event | dict.fromkeys(view.event.identity.ids or ("user_id", "device_id"), DEVICE)


def views_of(plan: Plan) -> list[View]:
    """List every view of the plan."""
    return [view for event in plan.events for view in plan.views_for(event)]


@pytest.mark.parametrize("whole", [True, False])
def test_what_sources_send_is_good(shop: Plan, check: PlanCheck, schemas: dict[str, Any], whole: bool) -> None:
    assert len(views_of(shop)) > 20
    for view in views_of(shop):
        event = valid(shop, view, whole=whole)
        assert not check(event), (view.event.name, view.source.name)
        assert schemas[view.source.name].is_valid(event)
        del event["ingestion_metadata"]
        assert not check(event)


def test_the_endpoint_forwards_what_was_meant_for_a_person_who_has_left_with_its_device_alone() -> None:
    plan = analyse_text("""\
trackside: 1
plan: {name: left, version: 1.0.0, namespace: "https://left.example"}
destinations:
  amplitude: {project: tests, region: us}
sources:
  web:     {side: client, target: javascript, out: web, through: endpoint}
  backend: {side: server, target: python, out: backend}
endpoint: {route: /t, served_by: backend}
identity:
  device_id: {created_by: client, carried_in: [header, cookie]}
  user_id:   {created_by: server}
events:
  both: {description: For both., kind: engagement, identity: [user_id, device_id]}
  person: {description: For the person., kind: engagement, identity: [user_id]}
  device: {description: For the device., kind: engagement, identity: [device_id]}
  kept: {description: Once., kind: engagement, identity: [user_id], dedupe: [id], properties: {id: string}}
""").plan
    assert plan is not None
    check = PlanCheck(plan)
    device, person = {"device_id": DEVICE}, {"user_id": DEVICE}
    for name, good, bad in (
        ("both", [device, device | person], [person, {}]),
        ("person", [device, person], [{}]),
        ("device", [device], [person, {}]),
        ("kept", [person], [device, device | person, {}]),
    ):
        whole = valid(plan, plan.views_for(name)[0])
        event = {key: value for key, value in whole.items() if key not in device | person}
        assert not any(check(event | ids) for ids in good), name
        assert all(check(event | ids) for ids in bad), name


WRONG_VALUES = (
    None, "", "text", "x" * 50, 0, -1, 1.5, 3, 10**9, True, [], {}, ["a"], {"a": 1}, "2026-02-30", "2026-01-31",
    "2026-01-31T12:00:00Z", "2026-01-31T12:00:00.000Z", DEVICE.upper(), "https://shop.example/",
)  # fmt: skip


def spoil(event: dict[str, Any], chance: random.Random) -> None:
    """Change something in an event, at any depth."""
    place: Any = event if chance.random() < 0.3 else event["event_properties"]
    while True:
        if isinstance(place, list):
            if not place or chance.random() < 0.2:
                place.append(chance.choice(WRONG_VALUES))
                return
            step: Any = chance.randrange(len(place))
        else:
            known = [name for name in place if name not in {"event_type", "event_properties", "ingestion_metadata"}]
            known = [name for name in known if not (place is event and name in {"time", "session_id"})]
            if not known or chance.random() < 0.1:
                if place is not event:
                    place["unheard_of"] = 1
                    return
                place = event["event_properties"]
                continue
            step = chance.choice(known)
            if chance.random() < 0.2:
                del place[step]
                return
        if isinstance(place[step], list | dict) and chance.random() < 0.7:
            place = place[step]
            continue
        # The intake itself refuses an id that is none, before anybody asks the plan.
        place[step] = DEVICE if place is event else chance.choice(WRONG_VALUES)
        return


def test_it_agrees_with_the_schemas(shop: Plan, check: PlanCheck, schemas: dict[str, Any]) -> None:
    chance = random.Random(20261123)
    verdicts = {True: 0, False: 0}
    for view in views_of(shop):
        whole = valid(shop, view)
        for _ in range(40):
            event = copy.deepcopy(whole)
            for _ in range(chance.choice((1, 1, 2))):
                spoil(event, chance)
            reasons = check(event)
            expressible = [reason for reason in reasons if not any(one in reason for one in BEYOND_A_SCHEMA)]
            accepted = schemas[view.source.name].is_valid(event)
            assert accepted is not bool(expressible), (view.source.name, reasons, event)
            verdicts[accepted] += 1
    assert min(verdicts.values()) > 100


def purchase(shop: Plan, source: str = "backend", **changes: Any) -> dict[str, Any]:
    """Make a purchase as a source sends it."""
    return valid(shop, shop.views["purchase_completed", source]) | changes


def test_reasons_name_the_place(shop: Plan, check: PlanCheck) -> None:
    event = purchase(shop)
    event["event_properties"]["items"][0]["quantity"] = 0
    event["event_properties"]["currency"] = "euro"
    event["event_properties"]["unheard_of"] = "x"
    del event["event_properties"]["payment_method"]
    assert sorted(check(event)) == [
        "event_properties.currency is not one of the allowed values",
        "event_properties.items[0].quantity is less than 1",
        "event_properties.payment_method is missing",
        "event_properties.unheard_of is not a property that backend sends",
    ]


def test_the_insert_id_is_the_key_of_the_fact(shop: Plan, check: PlanCheck) -> None:
    (reason,) = check(purchase(shop, insert_id=DEVICE))
    assert reason.startswith("insert_id is not the key of order_id, which is ")
    assert reason.endswith(purchase(shop)["insert_id"])
    event = purchase(shop)
    del event["insert_id"]
    assert check(event) == ["insert_id is missing, and the event has a dedupe key"]


def test_a_client_may_not_state_revenue(shop: Plan, check: PlanCheck) -> None:
    assert check(purchase(shop, "web", revenue=1.0)) == [
        "revenue is stated, and web does not state the revenue of this event"
    ]


def test_a_client_may_not_state_what_only_the_server_knows(shop: Plan, check: PlanCheck) -> None:
    event = purchase(shop, "web")
    event["event_properties"]["tax"] = 1.0
    assert check(event) == ["event_properties.tax is not a property that web sends"]


def test_a_source_sends_its_own_events(shop: Plan, check: PlanCheck) -> None:
    event = valid(shop, shop.views["order_refunded", "backend"])
    event["ingestion_metadata"] = {"source_name": "acme-shop/web"}
    assert check(event) == ("event_type: order_refunded is not an event of web; backend sends it",)
    event["ingestion_metadata"] = {"source_name": "acme-shop/kiosk"}
    assert check(event) == ("ingestion_metadata.source_name: 'acme-shop/kiosk' is not a source of acme-shop",)
    assert check({"event_type": "order_lost"}) == ("event_type: 'order_lost' is not an event of the plan",)


def test_what_the_vendors_sdk_adds_is_no_fault(shop: Plan, check: PlanCheck) -> None:
    event = purchase(shop, "ios")  # the page has no SDK
    event["event_properties"] |= {"[Amplitude] Page Title": "Till", "utm_source": "newsletter"}
    assert not check(event)
    for name in ("session_start", "[Amplitude] Element Clicked"):
        assert not check({"event_type": name, "device_id": DEVICE})
        (reason,) = check(
            {"event_type": name, "device_id": DEVICE, "ingestion_metadata": {"source_name": "acme-shop/backend"}}
        )
        assert reason.endswith("is not an event of the plan")
    first = {"$setOnce": {"initial_utm_source": "EMPTY"}, "$unset": {"gclid": "-"}}
    assert not check({"event_type": "$identify", "device_id": DEVICE, "user_properties": first})


@pytest.mark.parametrize(
    ("changes", "source", "reason"),
    [
        ({"$set": {"plan": "pro"}}, "backend", None),
        ({"plan": "pro"}, "backend", None),
        ({"$clearAll": "-"}, "backend", None),
        ({"$setOnce": {"first_order_on": "2026-01-31"}, "$add": {"orders_placed": 1}}, "backend", None),
        ({"$set": {"plan": "gold"}}, "backend", "$set.plan is not one of the allowed values"),
        ({"$set": {"orders_placed": 1}}, "backend", "$set.orders_placed is not how the plan changes it, which is $add"),
        ({"$set": {"plan": "pro"}}, "web", "$set.plan is not a user property that web sets"),
        ({"$set": {"mood": "good"}}, "backend", "$set.mood is not a user property that backend sets"),
        ({"$set": 1}, "backend", "$set is not an object"),
    ],
)
def test_user_properties_are_the_plans(check: PlanCheck, changes: Any, source: str, reason: str | None) -> None:
    event = {
        "event_type": "$identify",
        "user_id": "person-1",
        "user_properties": changes,
        "ingestion_metadata": {"source_name": f"acme-shop/{source}"},
    }
    assert list(check(event)) == ([] if reason is None else [f"user_properties.{reason}"])


def test_text_that_would_be_cut_is_said(shop: Plan, check: PlanCheck) -> None:
    event = purchase(shop, device_id="x" * 1025)
    assert check(event) == ["device_id has 1,025 characters: the destination keeps 1,024"]


def test_groups_that_would_be_left_out_are_said(shop: Plan, check: PlanCheck) -> None:
    assert check(purchase(shop, groups={"team": list(range(5)), "org": list(range(5))})) == []
    found = check(purchase(shop, groups={f"type-{number}": ["a", "b"] for number in range(6)}))
    assert found == [
        "groups has 6 group types: the destination tracks 5",
        "groups has 12 groups: the destination tracks 10",
    ]


def test_a_key_of_half_a_character_is_no_key(shop: Plan, check: PlanCheck) -> None:
    event = purchase(shop)
    event["event_properties"]["order_id"] = "ORD-\ud800"
    assert check(event) == ["event_properties.order_id holds a lone surrogate"]
