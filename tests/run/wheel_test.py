"""The wheel, as somebody installs it: built, put into an empty environment, run there, far from the checkout."""

from __future__ import annotations

import os
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def call(*command: str | Path, cwd: Path, expect: int = 0) -> str:
    """Run a command with nothing of the checkout on its path, and return what it printed."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "VIRTUAL_ENV"))}
    done = subprocess.run(
        [str(part) for part in command], cwd=cwd, env=environment, capture_output=True, text=True, check=False
    )
    said = done.stdout + done.stderr
    assert done.returncode == expect, f"{command} ended with {done.returncode}:\n{said}"
    return said


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel from a copy of what is committed or about to be."""
    folder = tmp_path_factory.mktemp("dist")
    build = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation"]
    call(*build, "--wheel-dir", folder, ROOT, cwd=folder)
    (found,) = folder.glob("trackside-*.whl")
    return found


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Install the wheel and what it depends on into an empty environment; return the folder of its programs."""
    folder = tmp_path_factory.mktemp("clean") / "environment"
    venv.create(folder, with_pip=True)
    programs = folder / ("Scripts" if os.name == "nt" else "bin")
    call(programs / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check", wheel, cwd=folder)
    return programs


def test_the_wheel_holds_the_templates_and_the_pages(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    for template in (ROOT / "templates").rglob("*"):
        if template.is_file() and "__pycache__" not in template.parts:
            assert f"trackside/_templates/{template.relative_to(ROOT / 'templates').as_posix()}" in names
    for page in (ROOT / "compiler" / "trackside").rglob("*.md"):
        assert page.relative_to(ROOT / "compiler").as_posix() in names
    for file in (ROOT / "compiler" / "trackside" / "collect" / "page").iterdir():
        assert f"trackside/collect/page/{file.name}" in names
    assert "trackside/py.typed" in names
    assert any(name.endswith("/LICENSE") for name in names)
    assert not [name for name in names if name.startswith(("tests/", "bench/", "generated/"))]


def test_it_works_far_from_the_checkout(installed: Path, tmp_path: Path) -> None:
    trackside = installed / "trackside"
    call(trackside, "init", "shop", cwd=tmp_path)
    shop = tmp_path / "shop"
    plan = (shop / "tracking_plan.yaml").read_bytes()
    call(trackside, "check", cwd=shop)
    call(trackside, "build", cwd=shop)
    call(installed / "python", "-m", "trackside", "build", "--check", cwd=shop)
    assert (shop / "tracking_plan.yaml").read_bytes() == plan
    said = call(trackside, "explain", "hybrid-without-key", cwd=shop)
    assert "What it finds" in said
    assert '"$schema"' in call(trackside, "schema", cwd=shop)


def test_what_it_generates_needs_nothing_else(installed: Path, tmp_path: Path) -> None:
    call(installed / "trackside", "init", ".", cwd=tmp_path)
    call(installed / "trackside", "build", cwd=tmp_path)
    bare = tmp_path / "bare"
    venv.create(bare, with_pip=False)
    python = bare / ("Scripts" if os.name == "nt" else "bin") / "python"
    packages = [path.parent for path in tmp_path.glob("generated/**/__init__.py") if "runtime" not in path.parent.name]
    assert packages
    package = min(packages, key=lambda path: len(path.parts))
    module = ".".join(package.relative_to(tmp_path).parts)
    call(python, "-c", f"import {module}", cwd=tmp_path)
