"""Call the command line: in this process, or as a process of its own where that is what is tested."""

from __future__ import annotations

import atexit
import os
import shutil
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest

from trackside.cli.main import main

if TYPE_CHECKING:
    from collections.abc import Mapping

ROOT = Path(__file__).resolve().parent.parent.parent
STARTER = (ROOT / "compiler/trackside/cli/starter_plan.yaml").read_text(encoding="utf-8")
COLORS = ("NO_COLOR", "FORCE_COLOR", "TRACKSIDE_DEBUG")


class Said(NamedTuple):
    """How a call ended and what it said."""

    code: int
    out: str
    err: str


class Caller:
    """Calls `trackside` in a folder that holds the starter plan."""

    def __init__(self, folder: Path, capture: pytest.CaptureFixture[str]) -> None:
        self.folder = folder
        self._capture = capture
        self.plan = folder / "tracking_plan.yaml"
        self.plan.write_text(STARTER, encoding="utf-8")

    def __call__(self, *arguments: str) -> Said:
        self._capture.readouterr()
        code = main(list(arguments))
        return Said(code, *self._capture.readouterr())

    def edit(self, old: str, new: str) -> None:
        """Change the plan."""
        text = self.plan.read_text(encoding="utf-8")
        assert old in text
        self.plan.write_text(text.replace(old, new), encoding="utf-8")

    def files(self) -> dict[str, bytes]:
        """Read all files but those that are this machine's own."""
        return {
            path.relative_to(self.folder).as_posix(): path.read_bytes()
            for path in sorted(self.folder.rglob("*"))
            if path.is_file() and path.suffix not in {".state", ".lock"}
        }


@cache
def _bytecode() -> str:
    """Make a folder for the bytecode of all children, so that the compiler is compiled for one of them only."""
    folder = tempfile.mkdtemp(prefix="trackside-bytecode-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def environment(**changes: str) -> dict[str, str]:
    """Make the environment of a child that finds the compiler, and nothing that changes colours."""
    kept = {name: value for name, value in os.environ.items() if name not in (*COLORS, "PYTHONDONTWRITEBYTECODE")}
    ours = {"PYTHONPATH": str(ROOT / "compiler"), "PYTHONPYCACHEPREFIX": _bytecode(), "PYTHONWARNINGS": "error"}
    return {**kept, **ours, **changes}


def spawn(folder: Path, *arguments: str, env: Mapping[str, str] | None = None) -> Said:
    """Run `python -m trackside` to its end."""
    done = subprocess.run(
        [sys.executable, "-m", "trackside", *arguments],
        cwd=folder,
        env=env or environment(),
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
        timeout=120,
    )
    return Said(done.returncode, done.stdout, done.stderr)
