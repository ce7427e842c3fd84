"""What is the server's alone stays there: no name, description, value, pattern or constant of it reaches a client."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from tests import node

from trackside.ir import Plan
from trackside.pipeline import analyse_text
from trackside.targets import javascript, python

HERE = Path(__file__).parent
SECRETS = re.compile(r"zz\w*", re.IGNORECASE)


def plan_of(text: str) -> Plan:
    analysis = analyse_text(text)
    assert analysis.plan is not None
    assert not analysis.bag.has_errors, [(found.slug, found.headline) for found in analysis.bag]
    return analysis.plan


@pytest.fixture(scope="module")
def text() -> str:
    return (HERE / "server_only.yaml").read_text(encoding="utf-8")


@pytest.mark.parametrize("transport", ["through: endpoint", "through: sdk"])
@pytest.mark.parametrize("checks", ["always", "development"])
def test_no_client_artefact_has_any_of_it(text: str, tmp_path: Path, transport: str, checks: str) -> None:
    plan = plan_of(text.replace("through: endpoint", f"{transport}, checks: {checks}"))
    files = list(javascript.render(plan, plan.sources["web"]))
    assert len(files) >= 10
    for file in files:
        assert SECRETS.findall(f"{file.path}\n{file.text}") == [], file.path
        path = tmp_path / file.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(file.text, encoding="utf-8")
    names = re.findall(r"(?m)^export const (\w+)", (tmp_path / "web" / "index.js").read_text(encoding="utf-8"))
    assert {"pageViewed", "orderPaid"} <= set(names)
    entry = f'import * as all from "./index.js"; globalThis.used = [{", ".join(f"all.{name}" for name in names)}];'
    for conditions in ("", "development"):
        (found,) = node.answer(HERE / "bundle.mjs", given=[entry], GENERATED=tmp_path / "web", CONDITIONS=conditions)
        assert "order_paid" in found["code"]
        assert SECRETS.findall(found["code"]) == []


def test_the_server_has_it(text: str) -> None:
    """Without this, the other test would pass if the plan's words were lost on the way."""
    plan = plan_of(text)
    package = "\n".join(file.text for file in python.render(plan, plan.sources["backend"]))
    kept = set(SECRETS.findall(package))
    for word in (
        "zz_total",
        "zz_enum_a",
        "zz_cost",
        "zz_constant",
        "zz_segment",
        "zz_gold",
        "zz_refunded",
        "zz_host",
        "zz",
    ):
        assert word in kept, word
    assert {"zz_refund", "zz_broken", "zz_in_group", "zz_grade_a", "zz_code", "zz_method"} <= kept
