"""`trackside deliver`: the worker of an outbox, as the package has it that the plan compiles to."""

from __future__ import annotations

import argparse
import sys
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trackside.cli.console import print_findings
from trackside.cli.memory import uncollected
from trackside.cli.options import WrongCallError, add_command, add_plan, find_plan
from trackside.output.places import Places

if TYPE_CHECKING:
    from trackside.cli.options import Commands
    from trackside.ir import Source

_FLAGS = {
    "once": "try each event that is due once, then end",
    "dead": "list the dead letters",
    "quarantined": "list what clients sent and nobody vouches for",
}
_LISTS = ("replay", "release", "discard")
_VALUES = {
    "store": ("PLACE", "the file of a SQLite outbox, or postgresql://... (default: where --setup has it)"),
    "setup": ("MODULE:FUNCTION", "call this first: the application's own configure(), for its look-ups"),
    "api-key": ("KEY", "the key of the project; left out: the variable that the plan names"),
    "zone": ("ZONE", "the project's region, US or EU (default: the plan's)"),
    "server-url": ("URL", "another address than the vendor's"),
    "batch": ("N", "events in a request, at most (default: 500)"),
    "lease": ("SECONDS", "time that a worker has for events (default: 120)"),
    "window": ("DAYS", "age after which none is sent (default: 6.958)"),
    "keep": ("DAYS", "time that what was sent is known (default: 8)"),
}


def declare(commands: Commands) -> None:
    """Declare the command."""
    parser = add_command(
        commands,
        "deliver",
        run,
        help="send what an outbox holds",
        about=(
            "Send what an outbox holds, until told to end. This is `python -m PACKAGE deliver` of the package that\n"
            "the plan compiles to: on a server, call that one, which needs no compiler. With --once, the exit code is\n"
            "1 when some events still wait."
        ),
        examples=(
            "  trackside deliver --store outbox.db            send, until Ctrl-C\n"
            "  trackside deliver --store outbox.db --once     send what is there, then end\n"
            "  trackside deliver --setup shop.main:set_up     with the application's look-ups\n"
            "  trackside deliver --store outbox.db --dead     what could not be sent, and why\n"
            "  trackside deliver --store outbox.db --replay   send that again\n"
        ),
    )
    add_plan(parser)
    parser.add_argument("--source", metavar="SOURCE", help="the source whose package it is, where there are several")
    for name, about in _FLAGS.items():
        parser.add_argument(f"--{name}", action="store_true", help=about)
    parser.add_argument("--replay", nargs="*", metavar="ID", help="put dead letters back to be sent: these, or all")
    parser.add_argument("--release", nargs="+", metavar="ID", help="put these out of quarantine, to be sent")
    parser.add_argument("--discard", nargs="*", metavar="ID", help="forget what is in quarantine: these, or all")
    parser.add_argument("--send-late", action="store_true", help="send what is older than the window, too")
    parser.add_argument("--batch-api", action="store_true", help="send by the Batch API")
    for name, (metavar, about) in _VALUES.items():
        parser.add_argument(f"--{name}", metavar=metavar, help=about)


def run(options: argparse.Namespace) -> int:
    """Hand the call on to the package."""
    plan = find_plan(options.plan)
    source = _source(plan, options.source)
    package = Path(source.out or "").as_posix().replace("/", ".")
    sys.path.insert(0, str(Path(Places(plan).folder).resolve()))
    try:
        command: Any = import_module(f"{package}.__main__")
    except ModuleNotFoundError as error:
        raise WrongCallError(f"{source.name}: there is no package {package} ({error}): call trackside build") from None
    code: int = command.main(["deliver", *_handed_on(options)])
    return code


def _source(plan: str, name: str | None) -> Source:
    with uncollected():
        from trackside.pipeline import analyse

        analysis = analyse(Path(plan))
    if analysis.plan is None or analysis.bag.has_errors:
        print_findings(list(analysis.bag), analysis.files, "full", "auto")
        raise WrongCallError(f"{plan} has errors: correct them first")
    found = {one.name: one for one in analysis.plan.sources.values() if one.target == "python" and one.out is not None}
    if name is not None and name not in found:
        raise WrongCallError(f"no Python package is generated for {name!r}: there is {', '.join(found) or 'none'}")
    if name is None and len(found) != 1:
        raise WrongCallError(
            f"say which source with --source: {', '.join(found)}" if found else f"{plan} has no source in Python"
        )
    return found[name] if name is not None else next(iter(found.values()))


def _handed_on(options: argparse.Namespace) -> list[str]:
    """Write the arguments of the package's own command."""
    given = vars(options)
    arguments = [f"--{name}" for name in (*_FLAGS, "send-late", "batch-api") if given[name.replace("-", "_")]]
    for name in _VALUES:
        value = given[name.replace("-", "_")]
        if value is not None:
            arguments += [f"--{name}", value]
    for name in _LISTS:
        if given[name] is not None:
            arguments += [f"--{name}", *given[name]]
    return arguments
