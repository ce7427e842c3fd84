"""`trackside build`: write what a plan compiles to, or compare it with the disk."""

from __future__ import annotations

import shlex
import sys
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from trackside.cli.beside import Beside
from trackside.cli.check import exit_code
from trackside.cli.console import Progress, count_findings, counted, print_findings, say
from trackside.cli.memory import leave, uncollected
from trackside.cli.options import WrongCallError, add_command, add_findings, add_plan, find_plan
from trackside.cli.unchanged import up_to_date
from trackside.output import state
from trackside.output.drift import WORDS, Drift, find_drift
from trackside.output.job import Job, Watcher
from trackside.output.places import Places
from trackside.output.writer import finish, remember, write

if TYPE_CHECKING:
    import argparse

    from trackside.cli.options import Commands
    from trackside.ir import Output, Plan, Source
    from trackside.pipeline import Analysis


def declare(commands: Commands) -> None:
    """Declare the command."""
    parser = add_command(
        commands,
        "build",
        run,
        help="write what the plan compiles to, or check that it is there",
        about=(
            "Write every file that a plan compiles to. Only files whose content changes are written. A file that an\n"
            "earlier build wrote and the plan no longer makes is removed. A file that somebody edited, or that\n"
            "trackside did not write, is neither overwritten nor removed: the build says so and writes nothing.\n\n"
            "What was written is recorded in .trackside beside the plan: commit it together with the files."
        ),
        examples=(
            "  trackside build                       the plan in this folder\n"
            "  trackside build --check               write nothing; fail when a file is not as it should be\n"
            "  trackside build --only web            the files of one source or output\n"
            "  trackside build --watch               build again whenever the plan changes, until Ctrl-C\n"
            "  trackside build --force               overwrite generated files that were edited\n"
        ),
    )
    add_plan(parser)
    mode = parser.add_mutually_exclusive_group()
    mode.add_argument("--check", action="store_true", help="compare with the disk, file by file, and write nothing")
    mode.add_argument("--watch", action="store_true", help="build again whenever a file of the plan changes")
    parser.add_argument("--only", metavar="SOURCE", help="only the files of this source or output")
    parser.add_argument("--force", action="store_true", help="overwrite files that were edited or are not ours")
    add_findings(parser)


def run(options: argparse.Namespace) -> int:
    """Build, once or on every change."""
    plan = find_plan(options.plan)
    if options.check and options.force:
        raise WrongCallError("--check writes nothing, so it cannot be given with --force")
    if options.watch:
        from trackside.cli.watch import watch

        return watch(plan, options)
    with uncollected():
        return build(plan, options).code


class Built(NamedTuple):
    """How a build ended: its exit code, and what it read, as names of files and patterns and as lines of a state."""

    code: int
    names: tuple[str, ...]
    patterns: tuple[str, ...]
    lines: list[str]


def build(plan: str, options: argparse.Namespace) -> Built:
    """Build once, and say how it went."""
    with Beside() as beside:
        beside.begin_to_read(plan)
        return _build(plan, options, beside)


def _build(plan: str, options: argparse.Namespace, beside: Beside) -> Built:
    compiler = state.compiler_digest()
    places = Places(plan)
    from trackside.pipeline import analyse

    analysis = analyse(Path(plan), beside.source(), beside.begin_to_print if options.only is None else None)
    if not options.watch:
        leave(analysis)
    names = tuple(dict.fromkeys((places.name, *analysis.files)))
    patterns = analysis.source.include_patterns if analysis.source is not None else ()
    texts = {name: file.text for name, file in analysis.files.items()}
    lines = state.lines_read(places.folder, texts, patterns)
    if len(texts) < len(names):
        # The plan could not be read: it is for `watch` to see when that changes.
        lines = state.lines_now(places.folder, names, patterns)
    if analysis.plan is None or analysis.bag.has_errors:
        print_findings(list(analysis.bag), analysis.files, options.format, options.color)
        say(f"{plan}: {count_findings(analysis.bag)}; nothing was {'compared' if options.check else 'written'}")
        return Built(1, names, patterns, lines)
    job = _job(places, analysis.plan, names, options, beside)
    complete = _compare(plan, job, analysis, options) if options.check else _write(plan, job, analysis, options)
    if complete and options.only is None:
        remember(places, compiler, len(analysis.bag), lines)
    code = 0 if complete else 1
    return Built(code or exit_code(analysis.bag, strict=options.strict), names, patterns, lines)


def _job(places: Places, plan: Plan, names: tuple[str, ...], options: argparse.Namespace, beside: Beside) -> Job:
    from trackside.pipeline import render_sources

    things: list[Source | Output] = [*plan.sources.values(), *plan.outputs.values()]
    outs = [(one.name, one.out, one.place) for one in things if one.out is not None]
    if options.only is not None and all(name != options.only for name, _, _ in outs):
        raise WrongCallError(_nothing_to_build(options.only, plan, [name for name, _, _ in outs]))
    call = ["trackside", "build"]
    if options.plan is not None:
        call.append(options.plan)
    if options.only is not None:
        call += ["--only", options.only]
    return Job(
        places=places,
        files=chain(render_sources(plan, options.only), beside.outputs(plan, options.only)),
        roots={out: place.at("out").span for _, out, place in outs},
        inputs=names,
        only=None if options.only is None else [out for name, out, _ in outs if name == options.only],
        command=shlex.join(call),
        force=shlex.join([*call, "--force"]),
    )


def _nothing_to_build(name: str, plan: Plan, known: list[str]) -> str:
    if name in plan.sources:
        return f"nothing is generated for the source {name!r}: its target is `none`"
    from trackside.diagnostics.nearest import nearest

    near = nearest(name, known)
    hint = f"did you mean {near!r}?" if near else f"there are {', '.join(known) or 'none'}"
    return f"the plan has no source or output named {name!r}: {hint}"


def _write(plan: str, job: Job, analysis: Analysis, options: argparse.Namespace) -> bool:
    """Write all files, and tell whether they are all there now."""
    bag = analysis.bag
    progress = Progress(sys.stderr)
    written = write(job, bag, Watcher(progress.file, progress.waiting, progress.recovered), force=options.force)
    progress.clear()
    print_findings(list(bag), analysis.files, options.format, options.color)
    findings = f"; {count_findings(bag)}" if len(bag) else ""
    if written is None:
        say(f"{plan}: nothing was written{findings}")
        return False
    if written.written or written.removed:
        removed = f", removed {written.removed:,}" if written.removed else ""
        refused = f", could not change {written.refused:,}" if written.refused else ""
        done = f"wrote {counted(written.written, 'file')}{removed}, left {written.unchanged:,} as they were{refused}"
        say(f"{plan}: {done}{findings}")
    else:
        say(up_to_date(plan, written.unchanged) + findings)
    return not written.refused


def _compare(plan: str, job: Job, analysis: Analysis, options: argparse.Namespace) -> bool:
    """Compare all files with the disk, and tell whether they are what they should be."""
    from trackside.diagnostics import Bag

    progress = Progress(sys.stderr)
    watcher = Watcher(progress.file, progress.waiting, progress.recovered)
    bag = Bag()
    drift = find_drift(job, bag, watcher) if finish(job.places, bag, watcher) else Drift(0, None)
    progress.clear()
    # Warnings are for `check` to tell: here they would come and go with what is known to be unchanged.
    told = [*(analysis.bag if options.strict else ()), *bag]
    in_a_word = options.format == "full"
    print_findings(
        [found for found in told if not (in_a_word and found.slug in WORDS)],
        analysis.files,
        options.format,
        options.color,
    )
    if in_a_word:
        words = ((WORDS[found.slug], found.primary.span.file) for found in bag if found.slug in WORDS)
        sys.stdout.writelines(f"{word:10}  {path}\n" for word, path in words)
    if not len(bag):
        say(up_to_date(plan, drift.compared))
        return True
    mend = f"; to mend it: {drift.mend}" if drift.mend else ""
    compared = f"{counted(len(bag), 'file')} of {drift.compared:,} not as it compiles to"
    summary = f"{plan}: {compared if drift.compared else f'nothing was compared: {count_findings(bag)}'}{mend}"
    if in_a_word:
        sys.stdout.write(summary + "\n")
    else:
        say(summary)
    return False
