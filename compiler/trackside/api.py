"""The compiler as a library: what a build script or a test of somebody else's calls. Nothing here writes to disk."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from trackside import pipeline

if TYPE_CHECKING:
    from collections.abc import Mapping

    from trackside.diagnostics import Diagnostic
    from trackside.ir import Plan


@dataclass(frozen=True, slots=True)
class Compiled:
    """What a plan compiles to.

    `plan` is None where the plan cannot be understood. `files` maps each path, from the plan's folder and with forward
    slashes, to its text; it is empty when a diagnostic is an error.
    """

    plan: Plan | None
    diagnostics: tuple[Diagnostic, ...]
    files: Mapping[str, str]

    @property
    def ok(self) -> bool:
        """Tell whether the plan has no error; warnings do not count."""
        return not any(found.severity.value == "error" for found in self.diagnostics)


def check_plan(plan: str | os.PathLike[str]) -> tuple[Diagnostic, ...]:
    """Check a plan's file and return all that is found, by file, line and column."""
    return tuple(pipeline.analyse(Path(plan)).bag)


def compile_plan(plan: str | os.PathLike[str], *, only: str | None = None) -> Compiled:
    """Compile a plan's file in memory; `only` names one source or output. Raises ValueError when there is none such."""
    analysis = pipeline.analyse(Path(plan))
    if only is not None and analysis.plan is not None and only not in (*analysis.plan.sources, *analysis.plan.outputs):
        raise ValueError(f"the plan has no source or output named {only!r}")
    files: dict[str, str] = {}
    if analysis.plan is not None and not analysis.bag.has_errors:
        files.update(pipeline.render(analysis.plan, only))
    return Compiled(analysis.plan, tuple(analysis.bag), MappingProxyType(files))
