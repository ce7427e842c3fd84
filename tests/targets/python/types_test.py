"""Generated packages pass mypy and pyright at their strictest, and so do right calls; wrong calls do not."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from trackside.pipeline import analyse

from .conftest import HERE, ROOT, plan_of, write_package

STORIES = sorted((ROOT / "tests" / "cases").glob("*/plan.yaml"))
SITES = (HERE / "call_sites.py").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory, plan_text: str) -> Path:
    """The package of the tests' plan, those of all stories, and the shop's own."""
    folder = tmp_path_factory.mktemp("typed")
    write_package(plan_of(plan_text), folder)
    (folder / "generated" / "__init__.py").touch()
    (folder / "call_sites.py").write_text(SITES, encoding="utf-8")
    for path in [*STORIES, ROOT / "tracking_plan.yaml"]:
        analysis = analyse(path)
        plan = analysis.plan
        if plan is not None and not analysis.bag.has_errors and "backend" in plan.sources:
            story = folder / re.sub(r"\W", "_", path.parent.name)
            write_package(plan, story)
    stories = [path.name for path in folder.iterdir() if path.is_dir() and path.name != "generated"]
    settings = {
        "include": ["."],
        # The runtime is the same in all packages: once is enough.
        "exclude": [f"{story}/**/_runtime" for story in stories],
        "typeCheckingMode": "strict",
        "pythonVersion": "3.11",
    }
    (folder / "pyrightconfig.json").write_text(json.dumps(settings), encoding="utf-8")
    return folder


def marked() -> dict[str, set[int]]:
    """Give the lines of the call sites that are wrong."""
    return {"call_sites.py": {number for number, line in enumerate(SITES.split("\n"), 1) if line.endswith("# wrong")}}


def run(folder: Path, *command: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", *command], cwd=folder, capture_output=True, text=True, check=False, timeout=600
    )
    assert done.returncode in {0, 1}, done.stdout + done.stderr
    return done.stdout


def by_file(found: list[tuple[str, int, str]], folder: Path) -> dict[str, set[int]]:
    lines: dict[str, set[int]] = {}
    for path, line, _ in found:
        lines.setdefault(Path(path).resolve().relative_to(folder.resolve()).as_posix(), set()).add(line)
    return lines


def wrong(lines: dict[str, set[int]], found: list[tuple[str, int, str]]) -> list[object]:
    """List what a checker said that it should not have said, and what it should have said."""
    expected = marked()
    said = [one for one in found if one[1] not in expected.get(Path(one[0]).name, set())]
    return [*said, *(("silent", line) for name in expected for line in sorted(expected[name] - lines.get(name, set())))]


def test_pyright_takes_the_right_calls_alone(packages: Path) -> None:
    answer: dict[str, Any] = json.loads(run(packages, "pyright", "--outputjson"))
    found = [(one["file"], one["range"]["start"]["line"] + 1, one["message"]) for one in answer["generalDiagnostics"]]
    assert answer["summary"]["filesAnalyzed"] > 50
    assert not wrong(by_file(found, packages), found)


def test_mypy_takes_the_right_calls_alone(packages: Path, pytestconfig: pytest.Config) -> None:
    assert marked()["call_sites.py"]
    assert pytestconfig.cache is not None
    kept = f"--cache-dir={pytestconfig.cache.mkdir('mypy')}"  # else the standard library is read anew each time
    said = run(packages, "mypy", "--strict", "--config-file=", "--explicit-package-bases", kept, ".")
    matches = [re.match(r"(.+?):(\d+): error: (.*)", line) for line in said.splitlines()]
    found = [(str(packages / match[1]), int(match[2]), match[3]) for match in matches if match is not None]
    assert not wrong(by_file(found, packages), found)
