"""Stage 5: from the plan to files. Each target is one module, a pure function, and one line in a table below."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from typing import Final, cast

from trackside.ir import Output, Plan, Source
from trackside.targets.base import File, OutputTarget, SourceTarget


def _source_target(module: str) -> SourceTarget:
    def render(plan: Plan, source: Source) -> Iterator[File]:
        # A plan pays for the targets that it names, not for all there are.
        return cast("SourceTarget", import_module(module).render)(plan, source)

    return render


def _output_target(module: str) -> OutputTarget:
    def render(plan: Plan, output: Output) -> Iterator[File]:
        return cast("OutputTarget", import_module(module).render)(plan, output)

    return render


SOURCE_TARGETS: Final[dict[str, SourceTarget]] = {
    "python": _source_target("trackside.targets.python"),
    "javascript": _source_target("trackside.targets.javascript"),
}

OUTPUT_TARGETS: Final[dict[str, OutputTarget]] = {
    "docs": _output_target("trackside.targets.docs"),
    "schema": _output_target("trackside.targets.schema"),
    "test_vectors": _output_target("trackside.targets.test_vectors"),
}
