"""The stages in order: the only module that knows every one of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from trackside.diagnostics import Bag
from trackside.diagnostics.allow import apply_allows
from trackside.ir import Plan
from trackside.resolve import resolve
from trackside.rules import run_rules
from trackside.schema.load import load
from trackside.source.node import SourceFile
from trackside.source.plan_files import PlanSource, read_plan
from trackside.source.reader import read_text
from trackside.targets import OUTPUT_TARGETS, SOURCE_TARGETS
from trackside.targets.base import File


@dataclass(frozen=True, slots=True)
class Analysis:
    """A plan as far as it could be understood, and everything found on the way.

    `plan` is None where the head could not be read. `files` are the texts by the path that diagnostics show.
    """

    plan: Plan | None
    bag: Bag
    files: dict[str, SourceFile]
    source: PlanSource | None = None


def analyse(path: Path, source: PlanSource | None = None, resolved: Callable[[Plan], None] | None = None) -> Analysis:
    """Run stages 1 to 4 on a plan file and what it includes.

    `source` is the same plan where it has been read already, with nothing to find. `resolved` hears of a plan before it
    is judged.
    """
    bag = Bag()
    files: dict[str, SourceFile] = {}
    if source is None:
        source = read_plan(path, bag, files)
    if source is None:
        return Analysis(None, bag, files)
    return _analyse_documents(source, bag, resolved)


def analyse_text(text: str, shown: str = "tracking_plan.yaml") -> Analysis:
    """Run stages 1 to 4 on the text of a plan without includes."""
    bag = Bag()
    file, document = read_text(text, shown, bag)
    files = {shown: file}
    if document is None:
        return Analysis(None, bag, files)
    return _analyse_documents(PlanSource(folder=Path(), documents=(document,), files=files, include_patterns=()), bag)


def _analyse_documents(source: PlanSource, bag: Bag, resolved: Callable[[Plan], None] | None = None) -> Analysis:
    raw = load(source.documents, bag)
    plan = None
    if raw is not None:
        plan = resolve(raw, bag)
        if resolved is not None and not bag.has_errors:
            resolved(plan)
        run_rules(plan, bag)
    return Analysis(plan, apply_allows(bag, source.files, source.documents), source.files, source)


def render(plan: Plan, only: str | None = None) -> Iterator[File]:
    """Run stage 5: print every target's files, or those of the one source or output named `only`."""
    yield from render_sources(plan, only)
    yield from render_outputs(plan, only)


def render_sources(plan: Plan, only: str | None = None) -> Iterator[File]:
    """Print what the sources import, or the one named `only`."""
    for source in plan.sources.values():
        if source.target != "none" and only in (None, source.name):
            yield from SOURCE_TARGETS[source.target](plan, source)


def render_outputs(plan: Plan, only: str | None = None) -> Iterator[File]:
    """Print the files that belong to no source, or those of the one output named `only`."""
    for output in plan.outputs.values():
        if only in (None, output.name):
            yield from OUTPUT_TARGETS[output.target](plan, output)
