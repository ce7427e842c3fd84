"""`trackside check`: is the plan right?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from trackside.cli.beside import Beside
from trackside.cli.console import count_findings, counted, print_findings, say
from trackside.cli.memory import leave, uncollected
from trackside.cli.options import add_command, add_findings, add_plan, find_plan

if TYPE_CHECKING:
    import argparse

    from trackside.cli.options import Commands
    from trackside.diagnostics import Bag
    from trackside.ir import Plan


def declare(commands: Commands) -> None:
    """Declare the command."""
    parser = add_command(
        commands,
        "check",
        run,
        help="is the plan right?",
        about="Read a plan and print everything that is wrong with it, each finding with its place. Writes nothing.",
        examples=(
            "  trackside check                       the plan in this folder\n"
            "  trackside check shop/plan.yaml        another one\n"
            "  trackside check --format short        one line a finding, for editors and logs\n"
            "  trackside check --strict              let warnings fail it, too\n"
        ),
    )
    add_plan(parser)
    add_findings(parser)


def run(options: argparse.Namespace) -> int:
    """Check a plan."""
    plan = find_plan(options.plan)
    with uncollected(), Beside() as beside:
        beside.begin_to_read(plan)
        from trackside.pipeline import analyse

        analysis = analyse(Path(plan), beside.source())
        leave(analysis)
    print_findings(list(analysis.bag), analysis.files, options.format, options.color)
    count = 0 if analysis.plan is None else events_written(analysis.plan)
    events = f" in {counted(count, 'event')}" if count else ""
    say(f"{plan}: {count_findings(analysis.bag)}{events}")
    return exit_code(analysis.bag, strict=options.strict)


def events_written(plan: Plan) -> int:
    """Count the events of a plan, those that could not be read too."""
    return len(plan.events) + sum(section == "events" and name != "" for section, name in plan.holes)


def exit_code(bag: Bag, *, strict: bool) -> int:
    """Turn findings into an exit code."""
    return 1 if bag.has_errors or (strict and len(bag)) else 0
