"""What the tests of the real browser share: Debian's Chromium, and the whole chain around it."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from tests import node

from trackside.pipeline import analyse_text
from trackside.targets import javascript, python

CHAIN = Path(__file__).parent / "chain"
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def chromium() -> str:
    path = shutil.which("chromium")
    if path is None:
        pytest.fail("no `chromium`: `make test` installs it, or `apt-get install chromium`", pytrace=False)
    return path


@pytest.fixture
def run_chain(chromium: str, tmp_path: Path) -> Callable[..., None]:
    """Compile the chain's plan for both sides, with some texts replaced, and run one of the chain's test files."""

    def run(script: str, *replaced: tuple[str, str], **variables: str) -> None:
        node.tools()
        text = (CHAIN / "plan.yaml").read_text(encoding="utf-8")
        for old, new in replaced:
            assert text.count(old) == 1, old
            text = text.replace(old, new)
        (tmp_path / "plan.yaml").write_text(text, encoding="utf-8")
        analysis = analyse_text(text)
        assert analysis.plan is not None and not analysis.bag.has_errors, [found.headline for found in analysis.bag]
        plan = analysis.plan
        for file in (
            *javascript.render(plan, plan.sources["web"]),
            *python.render(plan, plan.sources["backend"]),
        ):
            path = tmp_path / file.path
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(file.text, encoding="utf-8")
        node.run(
            "--test",
            CHAIN / script,
            CHROMIUM=chromium,
            PYTHON=sys.executable,
            SITE=tmp_path,
            PLAN=tmp_path / "plan.yaml",
            ROOT=ROOT,
            **variables,
        )

    return run
