"""Plans compiled to JavaScript, each once."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

import pytest

from trackside.ir import Plan
from trackside.pipeline import analyse_text
from trackside.targets.javascript import render

HERE = Path(__file__).parent
ROOT = HERE.parents[2]


@lru_cache(maxsize=32)
def plan_of(text: str) -> Plan:
    """Read a plan that has no errors."""
    analysis = analyse_text(text)
    assert analysis.plan is not None
    assert not analysis.bag.has_errors, [found.headline for found in analysis.bag]
    return analysis.plan


@pytest.fixture(scope="session")
def compile_plan(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """Compile the text of a plan; the function returns the folder of the source `web`."""
    made: dict[str, Path] = {}

    def compiled(text: str) -> Path:
        if text not in made:
            plan = plan_of(text)
            folder = tmp_path_factory.mktemp("plan")
            for file in render(plan, plan.sources["web"]):
                path = folder / file.path
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(file.text, encoding="utf-8")
            made[text] = folder / str(plan.sources["web"].out)
        return made[text]

    return compiled


@pytest.fixture(scope="session")
def plan_text() -> str:
    """The plan that most tests here use: every form of event, type and key that a browser can have."""
    return (HERE / "plan.yaml").read_text(encoding="utf-8")


@pytest.fixture(scope="session")
def web(compile_plan: Callable[[str], Path], plan_text: str) -> Path:
    """The folder that the plan of these tests compiles to."""
    return compile_plan(plan_text)


@pytest.fixture(scope="session")
def shop(compile_plan: Callable[[str], Path]) -> Path:
    """The folder that the shop's plan compiles to where its page has the vendor's SDK."""
    text = (ROOT / "tracking_plan.yaml").read_text(encoding="utf-8")
    assert text.count("through: endpoint") == 1
    return compile_plan(text.replace("through: endpoint", "through: sdk"))
