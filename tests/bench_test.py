"""The benchmark's plans are right, so that it measures a build and not the printing of findings."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from trackside.pipeline import analyse

PLANS = Path(__file__).resolve().parent.parent / "bench" / "plans.py"


@pytest.mark.parametrize("split", [False, True], ids=["one file", "many files"])
def test_a_plan_of_the_benchmark_has_no_findings(tmp_path: Path, split: bool) -> None:
    spec = importlib.util.spec_from_file_location("bench_plans", PLANS)
    assert spec is not None and spec.loader is not None
    plans = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(plans)
    path = plans.write_plan(tmp_path, 250, split=split)
    analysis = analyse(path)
    assert [finding.headline for finding in analysis.bag] == []
    assert analysis.plan is not None
    assert len(analysis.plan.events) == 250
    assert {event.placement for event in analysis.plan.events.values()} == {"client", "server", "hybrid"}
    assert len(list(tmp_path.glob("plan/*.yaml"))) == (3 if split else 0)
