"""Arguments that several commands share."""

from __future__ import annotations

import argparse
import os
from typing import TYPE_CHECKING, TypeAlias

from trackside.output.places import PLAN_NAME, plan_path

if TYPE_CHECKING:
    from collections.abc import Callable

    Commands: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"


class WrongCallError(Exception):
    """The call cannot be run as it was made; the message says why and what would do."""


def add_command(
    commands: Commands, name: str, run: Callable[[argparse.Namespace], int], *, help: str, about: str, examples: str
) -> argparse.ArgumentParser:
    """Declare one command."""
    parser = commands.add_parser(
        name,
        help=help,
        description=about,
        epilog=f"examples:\n{examples}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.set_defaults(run=run)
    return parser


def add_plan(parser: argparse.ArgumentParser) -> None:
    """Declare PLAN."""
    parser.add_argument(
        "plan", nargs="?", metavar="PLAN", help=f"the plan, or a folder that holds {PLAN_NAME} (default: this folder)"
    )


def add_findings(parser: argparse.ArgumentParser) -> None:
    """Declare how findings are printed and counted."""
    parser.add_argument(
        "--format",
        choices=("full", "short", "json"),
        default="full",
        help="how findings are printed: with the lines they are about (default), one line each, or as JSON",
    )
    parser.add_argument("--strict", action="store_true", help="let warnings count as errors for the exit code")
    parser.add_argument(
        "--color", choices=("auto", "always", "never"), default="auto", help="colours (default: on a terminal)"
    )


def find_plan(argument: str | None) -> str:
    """Find the plan that a call names. Raises WrongCallError when there is nothing at that place."""
    path = plan_path(argument)
    if os.path.lexists(path):
        return path
    if argument is None:
        raise WrongCallError(f"there is no {PLAN_NAME} in this folder: name a plan, or let `trackside init` write one")
    raise WrongCallError(f"there is no {path}")
