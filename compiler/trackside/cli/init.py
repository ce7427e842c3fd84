"""`trackside init`: a small plan to start from."""

from __future__ import annotations

import os
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

from trackside.cli.console import say
from trackside.cli.options import WrongCallError, add_command
from trackside.output.places import PLAN_NAME

if TYPE_CHECKING:
    import argparse

    from trackside.cli.options import Commands

_STARTER = Path(__file__).with_name("starter_plan.yaml")


def declare(commands: Commands) -> None:
    """Declare the command."""
    parser = add_command(
        commands,
        "init",
        run,
        help="write a small plan to start from",
        about=f"Write {PLAN_NAME}: a small plan, commented, that compiles as it is. Nothing else is written.",
        examples=(
            "  trackside init                        into this folder\n"
            "  trackside init shop                   into the folder shop, made if need be\n"
        ),
    )
    parser.add_argument("directory", nargs="?", default=os.curdir, metavar="DIR", help="the folder (default: this one)")


def run(options: argparse.Namespace) -> int:
    """Write the plan, unless something lies there."""
    path = Path(options.directory, PLAN_NAME)
    opened = False
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("xb") as file:
            opened = True
            file.write(_STARTER.read_bytes())
    except FileExistsError:
        what = path if path.exists() or path.is_symlink() else path.parent
        raise WrongCallError(f"{what} is there already; it was left as it is") from None
    except OSError as error:
        if opened:
            path.unlink()  # half written: the disk is full
        raise WrongCallError(f"{path} cannot be written: {error.strerror}") from None
    argument = "" if str(path) == PLAN_NAME else " " + shlex.quote(options.directory)
    say(f"wrote {path}\nnext: edit it, then `trackside check{argument}` and `trackside build{argument}`")
    return 0
