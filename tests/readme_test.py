"""The README, run again: the plan compiles, the code shown is the code generated, the mistake says what is shown.

Each block stands below a comment that names it. TRACKSIDE_UPDATE=1 writes what was generated and said into the page.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
README = ROOT / "README.md"
UPDATE = os.environ.get("TRACKSIDE_UPDATE") == "1"


def block(name: str) -> str:
    """Take the fenced block below the comment of that name."""
    found = re.search(rf"<!-- {re.escape(name)} -->\n```\w+\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    assert found is not None, name
    return found[1]


def hold(name: str, text: str) -> None:
    """Hold a block to a text, or write the text into it."""
    if UPDATE:
        fence = re.compile(rf"(<!-- {re.escape(name)} -->\n```\w+\n).*?```", re.DOTALL)
        page = fence.sub(lambda found: f"{found[1]}{text}```", README.read_text(encoding="utf-8"))
        README.write_text(page, encoding="utf-8")
    assert block(name) == text


def trackside(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Call the compiler of the checkout."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "compiler"), "NO_COLOR": "1"}
    command = [sys.executable, "-m", "trackside", *arguments]
    return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, check=False)


@pytest.fixture
def plan(tmp_path: Path) -> Path:
    path = tmp_path / "tracking_plan.yaml"
    path.write_text(block("plan"), encoding="utf-8")
    return path


def test_the_plan_is_right_and_compiles_to_what_is_shown(plan: Path) -> None:
    checked = trackside("check", cwd=plan.parent)
    assert (checked.returncode, checked.stdout) == (0, ""), checked.stdout + checked.stderr
    assert trackside("build", cwd=plan.parent).returncode == 0
    python = "".join(path.read_text(encoding="utf-8") for path in sorted(plan.parent.glob("generated/backend/**/*.py")))
    function = re.search(r'^def purchase_completed\(.*?^    """.*?"""\n', python, re.MULTILINE | re.DOTALL)
    assert function is not None
    hold("generated: backend", function[0])
    web = "".join(path.read_text(encoding="utf-8") for path in sorted(plan.parent.glob("generated/web/**/*.d.ts")))
    interface = re.search(r"^export interface PurchaseCompleted\b.*?^}\n", web, re.MULTILINE | re.DOTALL)
    assert interface is not None
    hold("generated: web", interface[0])
    assert "tax" not in web


def test_the_mistake_is_caught_as_shown(plan: Path) -> None:
    text = plan.read_text(encoding="utf-8")
    for line in block("mistake").splitlines():
        if line.startswith("-"):
            old = line[1:]
        else:
            new = line[1:]
    assert text.count(old) == 1
    plan.write_text(text.replace(old, new), encoding="utf-8")
    checked = trackside("check", cwd=plan.parent)
    assert checked.returncode == 1
    hold("said", checked.stdout + checked.stderr)


def test_the_commands_exist() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for page in [README, *(ROOT / "docs").glob("*.md"), ROOT / "CONTRIBUTING.md"]:
        text = page.read_text(encoding="utf-8")
        for target in re.findall(r"\bmake ([a-z]+)\b", text):
            if re.search(rf"^(\$ )?make {target}\b|`make {target}", text, re.MULTILINE):
                assert re.search(rf"^{target}:", makefile, re.MULTILINE), f"{page.name}: make {target}"
        shell = "".join(re.findall(r"^```sh\n(.*?)^```", text, re.DOTALL | re.MULTILINE))
        called = re.findall(r"`trackside ([a-z]+)", text) + re.findall(r"^trackside ([a-z]+)", shell, re.MULTILINE)
        for command in sorted(set(called)):
            assert trackside(command, "--help", cwd=ROOT).returncode == 0, f"{page.name}: trackside {command}"
