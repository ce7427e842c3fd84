"""The generated modules in a real browser: Debian's Chromium, driven by Playwright."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests import node

from trackside.pipeline import analyse_text
from trackside.targets.javascript import render

HERE = Path(__file__).parent
ROOT = HERE.parents[1]


@pytest.fixture(scope="module")
def generated(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Compile the plan, and what else it may say, to a folder each."""
    node.tools()
    text = (HERE / "plan.yaml").read_text(encoding="utf-8")
    endpoint = "endpoint: {route: /t, served_by: backend}\n"
    consent = "default: granted, pending: queue, stores: analytics"
    assert endpoint in text
    assert consent in text
    denied = text.replace("default: granted", "default: denied")
    texts = {
        "GENERATED": text,
        "DENIED": denied,
        "DROPPED": text.replace("default: granted, pending: queue", "default: denied, pending: drop"),
        "NECESSARY": denied.replace("stores: analytics", "stores: necessary"),
        "MARKETING": denied.replace("stores: analytics", "stores: marketing"),
        "OTHER": text.replace("name: browser-tests", "name: other-tests"),
        "UNCARRIED": text.replace(consent, f"{consent}, carried_in: [header]"),
        "VENDOR": text.replace(endpoint, "").replace("through: endpoint", "through: sdk"),
        "SHOP": (ROOT / "tracking_plan.yaml").read_text(encoding="utf-8"),
    }
    return {name: compiled(text, tmp_path_factory.mktemp(name.lower())) for name, text in texts.items()}


@pytest.mark.parametrize("script", ["pages", "choices", "tabs", "waiting", "built"])
def test_pages(script: str, chromium: str, generated: dict[str, Path]) -> None:
    node.run("--test", HERE / f"{script}.test.mjs", CHROMIUM=chromium, ROOT=ROOT, **generated)


def compiled(text: str, folder: Path) -> Path:
    plan = analyse_text(text).plan
    assert plan is not None
    for file in render(plan, plan.sources["web"]):
        path = folder / file.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(file.text, encoding="utf-8")
    return folder / str(plan.sources["web"].out)
