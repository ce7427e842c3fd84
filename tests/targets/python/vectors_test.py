"""The plan's own vectors, replayed by generated Python: the same keys, verdicts and wire forms as in every language."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from trackside.ir import Output, Plan
from trackside.ir.values import same
from trackside.targets.names import python_argument, python_name
from trackside.targets.test_vectors import render as render_vectors

from .conftest import HERE, ROOT, plan_of

PLANS = {
    "tests": HERE / "plan.yaml",
    "shop": ROOT / "tracking_plan.yaml",
    "types": ROOT / "tests" / "cases" / "every-type-and-constraint" / "plan.yaml",
    "keys": ROOT / "tests" / "cases" / "keys-of-every-form" / "plan.yaml",
}
MAKE: dict[str, Callable[[str], object]] = {
    "float": float,
    "integer": int,
    "decimal": Decimal,
    "datetime": datetime.fromisoformat,
    "date": date.fromisoformat,
    "uuid": UUID,
}


class Replay:
    """A package, its plan and the vectors of its plan."""

    def __init__(self, plan: Plan, package: Any) -> None:
        self.plan = plan
        self.package = package
        output = Output(name="vectors", target="test_vectors", out="vectors", place=plan.place)
        found = {file.path: json.loads(file.text) for file in render_vectors(plan, output)}
        self.keys = found["vectors/keys.json"]
        self.values = found["vectors/values.json"]
        package.configure(sink=package.RecordingSink(), strict=False, on_violation=lambda _: None)
        if any(prop.name == "app_version" for prop in plan.context_views["backend"]):
            package.set_context(app_version="1.0")

    def call(self, event: str, properties: dict[str, Any], attempt: str | None = None) -> tuple[Any, list[Any]]:
        """Send one event; give the receipt and what was sent."""
        view = self.plan.views[event, "backend"]
        named = {prop.name: python_argument(prop.name, prop.declared.code_name) for prop in view.properties}
        context = self.package.Context.identified(
            "user-12345", device_id="device-12345", consent=["analytics", "marketing"], attempt=attempt
        )
        function = getattr(self.package.track, python_name(event, view.event.code_name))
        with self.package.capture() as events:
            receipt = function(**{named[name]: value for name, value in properties.items()}, context=context)
        return receipt, events


@pytest.fixture(scope="module", params=PLANS)
def replay(request: pytest.FixtureRequest, load: Callable[[str], Any]) -> Replay:
    text = PLANS[request.param].read_text(encoding="utf-8")
    plan = plan_of(text)
    for source in plan.sources.values():
        if source.target == "python":
            assert source.name == "backend"
            text = text.replace(f"out: {source.out}", "out: generated/backend")
    return Replay(plan, load(text))


def test_keys_are_the_golden_ones(replay: Replay) -> None:
    vectors = [one for one in replay.keys["vectors"] if "backend" in replay.keys["events"][one["event"]]["arguments"]]
    if not vectors:
        assert not replay.keys["vectors"]
    for vector in vectors:
        known = replay.keys["events"][vector["event"]]
        for parts in (vector["parts"], vector.get("given", vector["parts"])):
            attempt = parts[0] if known["form"] == "attempt" else None
            properties = {**known["arguments"]["backend"], **dict(zip(known["by"], parts, strict=False))}
            receipt, events = replay.call(vector["event"], properties, attempt)
            assert receipt.accepted, (vector, receipt)
            assert receipt.insert_id == events[0]["insert_id"] == vector["insert_id"], vector


def test_refused_parts_never_become_a_key(replay: Replay) -> None:
    for vector in replay.keys["refused"]:
        known = replay.keys["events"][vector["event"]]
        if "backend" not in known["arguments"] or known["form"] == "attempt":
            continue
        properties = {**known["arguments"]["backend"], **dict(zip(known["by"], vector["parts"], strict=True))}
        receipt, events = replay.call(vector["event"], properties)
        assert (receipt.accepted, receipt.insert_id, events) == (False, None, []), vector


def value_of(vector: dict[str, Any]) -> tuple[bool, Any]:
    """Build the value of a vector; tell whether Python has it."""
    if vector.get("only", "python") != "python":
        return False, None
    if "make" not in vector:
        return True, vector["value"]
    make = MAKE.get(vector["make"])
    return (True, make(vector["text"])) if make is not None else (False, None)


def test_values_have_one_verdict_and_one_wire_form(replay: Replay) -> None:
    count = 0
    for group in replay.values["types"]:
        for use in group["uses"]:
            if use["source"] != "backend":
                continue
            arguments = replay.values["arguments"]["backend"][use["event"]]
            name = use["property"]
            for vector in [*group["accept"], *group["reject"]]:
                exists, value = value_of(vector)
                if not exists or (vector.get("required") and not use["required"]):
                    continue
                count += 1
                receipt, events = replay.call(use["event"], {**arguments, name: value})
                where = (use, vector, receipt)
                if "wire" not in vector or (use["part"] and vector["wire"] == ""):
                    assert receipt.violations, where
                    assert receipt.accepted is not use["part"] or any(
                        one.effect == "refused" for one in receipt.violations
                    ), where
                    assert all(name not in event["event_properties"] for event in events), where
                    assert not (use["part"] and events), where
                else:
                    assert receipt.accepted and not receipt.violations, where
                    assert same(events[0]["event_properties"][name], vector["wire"]), where
    assert count > 20
