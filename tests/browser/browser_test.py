"""The generated modules in a real browser: Debian's Chromium, driven by Playwright."""

from __future__ import annotations

from pathlib import Path

from tests import node

from trackside.pipeline import analyse_text
from trackside.targets.javascript import render

HERE = Path(__file__).parent


def test_pages(chromium: str, tmp_path: Path) -> None:
    node.tools()
    text = (HERE / "plan.yaml").read_text(encoding="utf-8")
    generated = compiled(text, tmp_path / "granted")
    denied = compiled(text.replace("default: granted", "default: denied"), tmp_path / "denied")
    node.run("--test", HERE / "pages.test.mjs", GENERATED=generated, DENIED=denied, CHROMIUM=chromium)


def compiled(text: str, folder: Path) -> Path:
    plan = analyse_text(text).plan
    assert plan is not None
    for file in render(plan, plan.sources["web"]):
        path = folder / file.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(file.text, encoding="utf-8")
    return folder / "web"
