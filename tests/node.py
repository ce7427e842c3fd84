"""Running JavaScript from the tests: Node, and the tools that `tests/package.json` pins."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import subprocess
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest

TESTS = Path(__file__).resolve().parent
MODULES = TESTS / "node_modules"
_STAMP = MODULES / ".installed"


@lru_cache(maxsize=1)
def node() -> str:
    """Find Node; a machine without it fails the tests that need it, loudly."""
    found = shutil.which("node")
    if found is None:
        pytest.fail("Node 20 or newer is not on the path: install it to test the JavaScript side", pytrace=False)
    return found


@lru_cache(maxsize=1)
def tools() -> Path:
    """Find the JavaScript tools, installing them as the lock file has them where they are missing or old."""
    node()
    lock = TESTS / "package-lock.json"
    with (TESTS / ".npmrc").open() as guard:
        fcntl.flock(guard, fcntl.LOCK_EX)  # several test processes may come here at once
        if not _STAMP.is_file() or _STAMP.stat().st_mtime < lock.stat().st_mtime:
            npm = shutil.which("npm")
            if npm is None:
                pytest.fail("npm is not on the path: run `npm ci --prefix tests`, or install npm", pytrace=False)
            done = subprocess.run(
                [npm, "ci", "--prefix", str(TESTS), "--no-audit", "--no-fund", "--loglevel=error"],
                capture_output=True,
                text=True,
                check=False,
            )
            if done.returncode:
                pytest.fail(f"`npm ci --prefix tests` failed:\n{done.stdout}{done.stderr}", pytrace=False)
            _STAMP.touch()
    return MODULES


def run(*arguments: str | Path, given: object = None, cwd: Path | None = None, **variables: str | Path) -> str:
    """Run Node and return what it prints; `given` goes in as JSON. A failure shows all that it said."""
    done = subprocess.run(
        [node(), *map(str, arguments)],
        input=None if given is None else json.dumps(given),
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
        cwd=cwd,
        env={**os.environ, "NODE_PATH": str(MODULES), **{name: str(value) for name, value in variables.items()}},
    )
    if done.returncode:
        pytest.fail(f"{' '.join(map(str, arguments))}\n{done.stdout}{done.stderr}", pytrace=False)
    return done.stdout


def answer(*arguments: str | Path, given: object = None, cwd: Path | None = None, **variables: str | Path) -> Any:
    """Run Node and read the JSON that it prints."""
    return json.loads(run(*arguments, given=given, cwd=cwd, **variables))


def tool(name: str, *arguments: str | Path, cwd: Path | None = None) -> tuple[int, str]:
    """Run one of the pinned tools and return its exit code and all that it said."""
    done = subprocess.run(
        [str(tools() / ".bin" / name), *map(str, arguments)],
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
        cwd=cwd,
    )
    return done.returncode, done.stdout + done.stderr
