"""A build on two processors: the same files, whatever becomes of the copy of the process that makes some of them."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from tests.cli.calling import STARTER, Caller

from trackside.cli import beside
from trackside.cli.beside import FEWEST, Beside
from trackside.ir import Plan
from trackside.pipeline import analyse_text, render_outputs
from trackside.targets.base import File

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot copy a process")

MANY = "".join(f"  thing_{n}_seen: {{description: Thing {n} was seen., kind: click}}\n" for n in range(FEWEST))


@pytest.fixture(autouse=True)
def two_processors(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(beside, "_processors", lambda: 2)


@cache
def large_plan() -> Plan:
    """Resolve a plan that is worth a copy."""
    analysis = analyse_text(STARTER.replace("\nevents:\n", f"\nevents:\n{MANY}"))
    assert analysis.plan is not None
    assert not analysis.bag.has_errors
    return analysis.plan


def refuse(*_: object) -> None:
    raise OSError("refused")


def die(*_: object) -> Iterator[File]:
    yield File("generated/docs/README.md", "half of the files, and then")
    os.kill(os.getpid(), 9)


def children() -> list[int]:
    """List the children of this process that nobody has waited for."""
    return [int(pid) for pid in Path("/proc/self/task", str(os.getpid()), "children").read_text().split()]


def test_the_copy_makes_the_very_files() -> None:
    plan = large_plan()
    with Beside() as side:
        side.begin(plan)
        assert side._copy, "no copy was made"
        assert list(side.outputs(plan)) == list(render_outputs(plan))


@pytest.mark.parametrize("name", ["os.fork", "tempfile.TemporaryFile"])
def test_without_a_copy_the_files_are_made_here(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    module, function = name.split(".")
    monkeypatch.setattr({"os": os, "tempfile": tempfile}[module], function, refuse)
    plan = large_plan()
    with Beside() as side:
        side.begin(plan)
        assert not side._copy
        assert list(side.outputs(plan)) == list(render_outputs(plan))


def test_a_plan_that_fills_the_memory_gets_no_copy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(beside, "MOST", FEWEST)
    with Beside() as side:
        side.begin(large_plan())
        assert not side._copy


def test_a_copy_that_dies_costs_time_only(monkeypatch: pytest.MonkeyPatch) -> None:
    plan = large_plan()
    with Beside() as side:
        with monkeypatch.context() as patch:
            patch.setattr(beside, "render_outputs", die)
            side.begin(plan)
        assert side._copy
        assert list(side.outputs(plan)) == list(render_outputs(plan))


def test_a_copy_that_nobody_asks_ends_with_the_build() -> None:
    before = children()
    with Beside() as side:
        side.begin(large_plan())
        assert len(children()) == len(before) + 1
    assert children() == before


def test_a_large_plan_builds_to_the_same_bytes_with_and_without(
    trackside: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    trackside.edit("\nevents:\n", f"\nevents:\n{MANY}")
    said = trackside("build")
    assert said.code == 0
    made = trackside.files()
    monkeypatch.setattr(beside, "_processors", lambda: 1)
    Path(trackside.folder / ".trackside/tracking_plan.yaml.state").unlink()
    assert "files are what it compiles to" in trackside("build", "--check").err
    assert trackside.files() == made
