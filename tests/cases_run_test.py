"""What the golden stories and the shop's plan compile to, put to work: imported, and type-checked strictly.

The targets' own tests hold the layout, and the declarations for TypeScript.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from trackside.pipeline import analyse, render

ROOT = Path(__file__).resolve().parent.parent
CASES = ROOT / "tests" / "cases"


@pytest.fixture(scope="module")
def stories(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Compile every story that compiles, and the shop's plan, each into a folder of its own."""
    folder = tmp_path_factory.mktemp("stories")
    for plan in [*sorted(CASES.glob("*/plan.yaml")), ROOT / "tracking_plan.yaml"]:
        analysis = analyse(plan)
        if analysis.plan is None or analysis.bag.has_errors:
            continue
        story = folder / (plan.parent.name.replace("-", "_") if plan.name == "plan.yaml" else "shop")
        for file in render(analysis.plan):
            path = story / file.path
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("w", encoding="utf-8", newline="") as out:
                out.write(file.text)
    return folder


def call(*command: str | Path, cwd: Path, **environment: str) -> str:
    """Run a tool that has to be content."""
    done = subprocess.run(
        [str(part) for part in command],
        cwd=cwd, env={**os.environ, **environment}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def packages(stories: Path) -> list[Path]:
    """List the Python packages of all stories."""
    found = [path.parent for path in stories.glob("*/**/track.py")]
    assert len(found) > 10
    return found


def test_python_imports_with_every_event(stories: Path) -> None:
    modules = [".".join(package.relative_to(stories).parts) for package in packages(stories)]
    code = "import importlib, sys\nfor name in sys.argv[1:]: importlib.import_module(name).stats()"
    call(sys.executable, "-W", "error", "-c", code, *modules, cwd=stories)


def test_python_passes_mypy_strict(stories: Path) -> None:
    command = [sys.executable, "-m", "mypy", "--strict", "--namespace-packages", "--explicit-package-bases"]
    call(*command, "--cache-dir", stories / ".mypy_cache", *packages(stories), cwd=stories, MYPYPATH=str(stories))


def test_python_passes_pyright_strict(stories: Path) -> None:
    copies = [str(path / "_runtime") for path in packages(stories) if "shop" not in path.parts]
    include = [str(path) for path in packages(stories)]
    settings = {"typeCheckingMode": "strict", "pythonVersion": "3.11", "include": include, "exclude": copies}
    (stories / "pyrightconfig.json").write_text(json.dumps(settings), encoding="utf-8")
    call(sys.executable, "-m", "pyright", "--project", stories, "--pythonpath", sys.executable, cwd=stories)


def test_javascript_imports(stories: Path) -> None:
    modules = sorted(stories.glob("*/**/index.js"))
    assert len(modules) > 10
    code = "for (const path of process.argv.slice(1)) await import(path);"
    call("node", "--input-type=module", "--eval", code, *modules, cwd=stories)
