"""Work on two processors: the same plan and the same files, whatever becomes of the copies of the process."""

from __future__ import annotations

import os
import signal
import tempfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from tests.cli.calling import STARTER, Caller

from trackside import pipeline
from trackside.cli import beside
from trackside.cli.beside import FEWEST, Beside
from trackside.ir import Plan
from trackside.pipeline import analyse, analyse_text, render_outputs
from trackside.source import plan_files
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
        side.begin_to_print(plan)
        assert side._printer.made, "no copy was made"
        assert list(side.outputs(plan)) == list(render_outputs(plan))


@pytest.mark.parametrize("name", ["os.fork", "tempfile.TemporaryFile"])
def test_without_a_copy_the_files_are_made_here(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    module, function = name.split(".")
    monkeypatch.setattr({"os": os, "tempfile": tempfile}[module], function, refuse)
    plan = large_plan()
    with Beside() as side:
        side.begin_to_print(plan)
        assert not side._printer.made
        assert list(side.outputs(plan)) == list(render_outputs(plan))


def test_a_plan_that_fills_the_memory_gets_no_copy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(beside, "MOST", FEWEST)
    with Beside() as side:
        side.begin_to_print(large_plan())
        assert not side._printer.made


def test_a_copy_that_dies_costs_time_only(monkeypatch: pytest.MonkeyPatch) -> None:
    plan = large_plan()
    with Beside() as side:
        with monkeypatch.context() as patch:
            patch.setattr(pipeline, "render_outputs", die)
            side.begin_to_print(plan)
        assert side._printer.made
        assert list(side.outputs(plan)) == list(render_outputs(plan))


def test_a_copy_that_nobody_asks_ends_with_the_build() -> None:
    before = children()
    with Beside() as side:
        side.begin_to_print(large_plan())
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


def test_where_children_are_ignored_the_files_are_made_here() -> None:
    plan = large_plan()
    before_it = set(children())
    before = signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    try:
        with Beside() as side, Beside() as unasked:
            side.begin_to_print(plan)
            unasked.begin_to_print(plan)
            assert side._printer.made
            assert list(side.outputs(plan)) == list(render_outputs(plan))
    finally:
        signal.signal(signal.SIGCHLD, before)
    assert set(children()) <= before_it


# --- a copy that reads ---


@pytest.fixture
def unloaded(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a new process, where the rest of the compiler is loaded while a copy reads."""
    monkeypatch.setattr(beside, "_all_is_loaded", lambda: False)


@pytest.mark.usefixtures("unloaded")
@pytest.mark.parametrize("case", ["names-in-the-way", "split-over-files"])
def test_the_copy_reads_the_very_plan(case: str) -> None:
    path = Path(__file__).parents[1] / "cases" / case / "plan.yaml"
    with Beside() as side:
        side.begin_to_read(str(path))
        assert side._reader.made, "no copy was made"
        source = side.source()
    assert source is not None
    by_copy, here = analyse(path, source), analyse(path)
    assert by_copy.plan is not None
    assert here.plan is not None
    assert [*pipeline.render(by_copy.plan)] == [*pipeline.render(here.plan)]
    assert list(by_copy.files) == list(here.files)


@pytest.mark.usefixtures("unloaded")
def test_a_plan_with_something_to_say_of_it_is_read_here(trackside: Caller) -> None:
    trackside.edit("\nevents:\n", "\nevents:\n  twice_seen: {kind: click, kind: click}\n")
    with Beside() as side:
        side.begin_to_read(str(trackside.plan))
        assert side._reader.made
        assert side.source() is None
    said = trackside("check")
    assert said.code == 1
    assert said.out.count("error[") == 1


@pytest.mark.usefixtures("unloaded")
def test_a_copy_that_dies_while_it_reads_costs_time_only(trackside: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    with Beside() as side:
        with monkeypatch.context() as patch:
            patch.setattr(plan_files, "read_plan", die)
            side.begin_to_read(str(trackside.plan))
        assert side._reader.made
        assert side.source() is None


@pytest.mark.usefixtures("unloaded")
@pytest.mark.parametrize("split", [False, True])
def test_a_plan_that_takes_long_to_hand_over_is_read_here(
    trackside: Caller, split: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if split:
        Path(trackside.folder / "more.yaml").write_text(f"events:\n{MANY}", encoding="utf-8")
        trackside.edit("\nevents:\n", "\ninclude: [more.yaml]\nevents:\n")
    monkeypatch.setattr(beside, "LONGEST", trackside.plan.stat().st_size - (not split))
    with Beside() as side:
        side.begin_to_read(str(trackside.plan))
        assert side._reader.made == split
        assert side.source() is None


def test_nothing_is_read_beside_where_all_is_loaded(trackside: Caller) -> None:
    with Beside() as side:
        side.begin_to_read(str(trackside.plan))
        assert not side._reader.made
