"""`trackside collect`: a destination on this machine."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from trackside.cli.console import counted, print_findings, say
from trackside.cli.memory import uncollected
from trackside.cli.options import WrongCallError, add_command, add_plan, find_plan

if TYPE_CHECKING:
    import argparse

    from trackside.cli.options import Commands
    from trackside.collect.collector import Collector
    from trackside.collect.plan_check import PlanCheck

_MEGABYTE = 1_000_000


def declare(commands: Commands) -> None:
    """Declare the command."""
    parser = add_command(
        commands,
        "collect",
        run,
        help="be a destination on this machine, for development and tests",
        about=(
            "Take events as Amplitude's HTTP V2, Batch and Identify do, ignore duplicates as it does, compare each\n"
            "event with the plan, and tell what came. Nothing is sent on. Needs trackside[collect]."
        ),
        examples=(
            "  trackside collect                     compare events with the plan in this folder\n"
            "  trackside collect --no-check          take everything\n"
            "  trackside collect --port 0            any free port; the first line says which\n"
            "  curl localhost:8011/stats             what came so far\n"
        ),
    )
    add_plan(parser)
    parser.add_argument("--host", default="127.0.0.1", help="the address to listen on (default: 127.0.0.1)")
    parser.add_argument("--port", type=int, default=8011, help="the port to listen on (default: 8011; 0: any free one)")
    parser.add_argument("--no-check", action="store_true", help="compare nothing with a plan, and need none")
    parser.add_argument(
        "--key", action="append", default=[], help="refuse other API keys; may be given several times (default: any)"
    )
    parser.add_argument(
        "--keep", type=int, default=256, metavar="MB", help="megabytes of requests to keep for a look (default: 256)"
    )


def run(options: argparse.Namespace) -> int:
    """Serve until Ctrl-C."""
    if not 0 <= options.port <= 65535:
        raise WrongCallError(f"--port lies between 0 and 65535, not {options.port}")
    try:
        from trackside.collect.collector import Collector
        from trackside.collect.guard import is_loopback
        from trackside.collect.server import listen, serve
    except ModuleNotFoundError as error:
        if error.name is None or error.name.startswith("trackside"):
            raise
        raise WrongCallError(f"collect needs {error.name}: pip install 'trackside[collect]'") from None
    from trackside.collect.project import Project

    check = None if options.no_check else _plan_check(find_plan(options.plan))
    collector = Collector(Project(check, frozenset(options.key), options.keep * _MEGABYTE), host=options.host)
    try:
        opened = listen(options.host, options.port)
    except OSError as error:
        raise WrongCallError(f"cannot listen on {options.host}, port {options.port}: {error.strerror}") from None
    host = f"[{options.host}]" if ":" in options.host else options.host
    port = opened.getsockname()[1]

    if not is_loopback(options.host.lower()):
        say(f"trackside: {options.host} is open to the network: who reaches it may read all that comes, and clear it")

    def ready() -> None:
        sys.stdout.write(f"collecting at http://{host}:{port}\n")
        sys.stdout.flush()

    serve(collector, opened, ready)
    _sum_up(collector)
    return 0


def _plan_check(plan: str) -> PlanCheck:
    with uncollected():
        from trackside.pipeline import analyse

        analysis = analyse(Path(plan))
    if analysis.bag.has_errors or analysis.plan is None:
        print_findings(list(analysis.bag), analysis.files, "full", "auto")
        raise WrongCallError(f"{plan} has errors: correct them, or say --no-check")
    from trackside.collect.plan_check import PlanCheck

    return PlanCheck(analysis.plan)


def _sum_up(collector: Collector) -> None:
    counts = collector.project.counts
    say(f"{counted(counts['good'], 'good event')}, {counts['bad']:,} bad, {counted(counts['duplicates'], 'duplicate')}")
