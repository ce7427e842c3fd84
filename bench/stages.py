"""Run the stages of one build, one after another, and print what each took: a JSON line per stage.

Each line has `stage`, `wall` and `cpu` in seconds, and `peak`, the process's peak resident set at the end of the stage
in megabytes. Files are rendered and counted here, not written: `bench/run.py` measures whole builds beside it.
"""

from __future__ import annotations

import gc
import json
import resource
import sys
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from trackside.ir import Output, Plan, Source
    from trackside.targets.base import File

Result = TypeVar("Result")

_UNIT = 1 if sys.platform == "darwin" else 1024


def stage(name: str, work: Callable[[], Result]) -> Result:
    """Do a stage's work and print its line."""
    wall, cpu = time.perf_counter(), time.process_time()
    result = work()
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _UNIT / 1e6
    print(json.dumps({"stage": name, "wall": wall, "cpu": cpu, "peak": peak}))
    return result


def main(path: Path) -> None:
    """Run every stage over the plan, without a search for garbage, as a build does."""
    gc.disable()

    def load_modules() -> None:
        import trackside.pipeline  # noqa: F401

    stage("import", load_modules)

    from trackside.diagnostics import Bag
    from trackside.resolve import resolve
    from trackside.rules import run_rules
    from trackside.schema.load import load
    from trackside.source.plan_files import read_plan
    from trackside.targets import OUTPUT_TARGETS, SOURCE_TARGETS

    bag = Bag()
    source = stage("source", lambda: read_plan(path, bag))
    assert source is not None
    raw = stage("schema", lambda: load(source.documents, bag))
    assert raw is not None
    plan = stage("resolve", lambda: resolve(raw, bag))
    stage("rules", lambda: run_rules(plan, bag))
    assert not bag.has_errors, next(iter(bag)).headline
    for one in plan.sources.values():
        if one.target != "none":
            stage(f"target {one.target}", partial(_size, SOURCE_TARGETS[one.target], plan, one))
    for output in plan.outputs.values():
        stage(f"target {output.target}", partial(_size, OUTPUT_TARGETS[output.target], plan, output))


def _size(target: Callable[[Plan, Any], Iterator[File]], plan: Plan, of: Source | Output) -> int:
    return sum(len(file.text) for file in target(plan, of))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
