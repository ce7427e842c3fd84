"""Measure the compiler: real child processes, several runs, medians, and how each figure grows with the plan.

Wall time is the clock's, CPU time is user and system time of the child, memory is the child's peak resident set as the
kernel counts it. A bare `python -c pass` runs before each measured child: the column `x bare` is the ratio of the two
medians, which stays comparable between a quiet machine and a busy one.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
os.environ["PYTHONPATH"] = str(HERE.parent / "compiler")  # what is measured is this checkout

from plans import write_plan  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

SIZES = (100, 1_000, 10_000)


class Run(NamedTuple):
    """What one child process took: seconds of wall and CPU time, megabytes (10^6 bytes) at the peak."""

    wall: float
    cpu: float
    peak: float


def run(command: Sequence[str], folder: Path, expect: int = 0) -> Run:
    """Run a command to its end and measure it; another exit code than `expect` ends the benchmark."""
    with tempfile.TemporaryFile() as output:
        started = time.perf_counter()
        child = subprocess.Popen(command, cwd=folder, stdout=output, stderr=subprocess.STDOUT)
        _, status, usage = os.wait4(child.pid, 0)
        wall = time.perf_counter() - started
        child.returncode = os.waitstatus_to_exitcode(status)
        if child.returncode != expect:
            output.seek(0)
            said = output.read()[-4000:].decode("utf-8", "replace")
            sys.exit(f"{' '.join(command)} ended with {child.returncode}, not {expect}:\n{said}")
    unit = 1 if sys.platform == "darwin" else 1024
    return Run(wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * unit / 1e6)


def median(runs: Sequence[Run]) -> Run:
    """Take the median of each figure."""
    return Run(*(statistics.median(column) for column in zip(*runs, strict=True)))


def trackside(*arguments: str) -> list[str]:
    """Spell a call of the compiler, as installed for this interpreter."""
    return [sys.executable, "-m", "trackside", *arguments]


class Table:
    """Prints one line a figure, with its growth since the size before."""

    def __init__(self) -> None:
        self._before: dict[str, Run] = {}

    def head(self, title: str) -> None:
        """Print a title and the names of the columns."""
        print(f"\n{title}\n")
        print(f"  {'':34}{'wall':>10}{'CPU':>10}{'peak':>10}{'x bare':>9}{'growth':>9}", flush=True)

    def row(self, name: str, figure: Run, bare: Run) -> None:
        """Print one figure, beside the bare interpreter's and beside the same figure of the smaller plan."""
        before = self._before.get(name)
        growth = f"x {figure.wall / before.wall:.1f}" if before else ""
        self._before[name] = figure
        print(
            f"  {name:34}{_time(figure.wall):>10}{_time(figure.cpu):>10}{figure.peak:>7.0f} MB"
            f"{figure.wall / bare.wall:>9.1f}{growth:>9}",
            flush=True,
        )


def _time(seconds: float) -> str:
    return f"{seconds:.2f} s" if seconds >= 1 else f"{seconds * 1000:.0f} ms"


def measure(times: int, prepare: Callable[[], None], command: Sequence[str], folder: Path) -> tuple[Run, Run]:
    """Run a command several times, each after a fresh preparation and a bare interpreter; return both medians."""
    bare: list[Run] = []
    runs: list[Run] = []
    for _ in range(times):
        prepare()
        bare.append(run([sys.executable, "-c", "pass"], folder))
        runs.append(run(command, folder))
    return median(runs), median(bare)


class Nothing:
    """Leaves everything as it is between two runs."""

    def __call__(self) -> None:
        return None


class Clear:
    """Removes what an earlier build wrote."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __call__(self) -> None:
        for left in ("generated", ".trackside"):
            shutil.rmtree(self._folder / left, ignore_errors=True)


class EditOneEvent:
    """Changes the description of one event, to another text each time."""

    def __init__(self, plan: Path, number: int) -> None:
        self._plan = plan
        self._text = plan.read_text(encoding="utf-8")
        self._place = f"Item {number} of area"
        self._times = 0
        assert self._text.count(self._place) == 1

    def __call__(self) -> None:
        self._times += 1
        text = self._text.replace(self._place, f"{self._place}s, edit {self._times}, area", 1)
        self._plan.write_text(text, encoding="utf-8")


def compiler(sizes: Sequence[int], times: int) -> None:
    """Measure whole calls of the compiler over plans of each size."""
    table = Table()
    for size in sizes:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            plan = write_plan(folder, size)
            lines = plan.read_text(encoding="utf-8").count("\n")
            table.head(f"{size:,} events, {lines:,} lines")

            nothing, clear, edit = Nothing(), Clear(folder), EditOneEvent(plan, size // 2)
            table.row("check", *measure(times, nothing, trackside("check"), folder))
            table.row("build, cold", *measure(times, clear, trackside("build"), folder))
            table.row("build, nothing changed", *measure(times, nothing, trackside("build"), folder))
            table.row("build --check, nothing changed", *measure(times, nothing, trackside("build", "--check"), folder))
            table.row("build, one event edited", *measure(times, edit, trackside("build"), folder))
            written = [file for file in (folder / "generated").rglob("*") if file.is_file()]
            total = sum(file.stat().st_size for file in written)
            print(f"  {len(written):,} files, {total / 1e6:.1f} MB generated")
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            write_plan(folder, size, split=True)
            table.row("build, cold, plan in many files", *measure(times, Clear(folder), trackside("build"), folder))


def stages(sizes: Sequence[int], times: int) -> None:
    """Measure each stage inside one process; a stage's peak is the process's own at the end of that stage."""
    before: dict[str, float] = {}
    for size in sizes:
        with tempfile.TemporaryDirectory() as name:
            plan = write_plan(Path(name), size)
            samples: dict[str, list[Run]] = {}
            for _ in range(times):
                said = subprocess.run(
                    [sys.executable, str(HERE / "stages.py"), str(plan)], check=True, capture_output=True, text=True
                ).stdout
                for line in said.splitlines():
                    row = json.loads(line)
                    samples.setdefault(row["stage"], []).append(Run(row["wall"], row["cpu"], row["peak"]))
                Clear(Path(name))()
            print(f"\n{size:,} events, by stage\n")
            print(f"  {'':34}{'wall':>10}{'CPU':>10}{'peak':>10}{'growth':>18}")
            for stage, runs in samples.items():
                figure = median(runs)
                growth = f"x {figure.wall / before[stage]:.1f}" if stage in before else ""
                before[stage] = figure.wall
                print(
                    f"  {stage:34}{_time(figure.wall):>10}{_time(figure.cpu):>10}{figure.peak:>7.0f} MB{growth:>18}",
                    flush=True,
                )


def calls(times: int) -> None:
    """Measure one typed call of the generated Python."""
    print("\nOne call of generated Python, to a recording sink\n", flush=True)
    subprocess.run([sys.executable, str(HERE / "calls.py"), "--times", str(times)], check=True)


def delivery(times: int) -> None:
    """Measure a call with each sink beside the official SDK, and what one process delivers."""
    subprocess.run([sys.executable, str(HERE / "delivery.py"), "--times", str(times)], check=True)


PARTS = ("compiler", "stages", "calls", "delivery", "collect", "endpoint", "browser")


def main() -> None:
    """Run the parts that were asked for; all of them by default."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []], help="default: all")
    parser.add_argument("--sizes", type=int, nargs="+", default=list(SIZES), metavar="EVENTS")
    parser.add_argument("--times", type=int, default=5, help="runs of each figure; the median is printed")
    arguments = parser.parse_args()
    parts = arguments.parts or PARTS
    print(f"Python {sys.version.split()[0]}, {os.cpu_count()} CPUs, load {os.getloadavg()[0]:.1f}")
    if "compiler" in parts:
        compiler(arguments.sizes, arguments.times)
    if "stages" in parts:
        stages(arguments.sizes, arguments.times)
    if "calls" in parts:
        calls(arguments.times)
    if "delivery" in parts:
        delivery(arguments.times)
    if "collect" in parts:
        subprocess.run([sys.executable, str(HERE / "collect.py")], check=True)
    if "endpoint" in parts:
        subprocess.run([sys.executable, str(HERE / "endpoint.py")], check=True)
    if "browser" in parts:
        subprocess.run([sys.executable, str(HERE / "browser.py"), "--times", str(arguments.times)], check=True)


if __name__ == "__main__":
    main()
