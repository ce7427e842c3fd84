"""One call: read its arguments, run its command, catch what goes wrong."""

from __future__ import annotations

import argparse
import os
import sys
from typing import TYPE_CHECKING, Final

import trackside
from trackside.cli import build, check, collect, deliver, explain, init, schema
from trackside.cli.console import abandon_output, put
from trackside.cli.options import WrongCallError

if TYPE_CHECKING:
    from collections.abc import Sequence

_ABOUT: Final = """\
Compile one tracking plan, in YAML, to typed server functions, typed browser functions, data-flow docs and schemas."""

_EPILOG: Final = """\
examples:
  trackside init                       write a small plan to start from
  trackside check                      is the plan right?
  trackside build                      write what it compiles to
  trackside build --check              is what lies on the disk what it compiles to?
  trackside explain type-cycle         what a finding means, and what to do

PLAN is a file, or a folder that holds tracking_plan.yaml; left out, it is this folder.

exit codes:
  0  clean; warnings alone do not count, unless --strict is given
  1  the plan has errors, or the files on the disk are not what it compiles to
  2  the call was wrong, or the compiler itself failed

Findings go to standard output; progress, what was done and wrong calls go to standard error. Colours are for terminals:
NO_COLOR or `--color never` turns them off, FORCE_COLOR or `--color always` turns them on.
"""


READER_GONE: Final = 141
"""What shells give a program that wrote to a reader who had gone."""


def run(arguments: Sequence[str]) -> int:
    """Run a call and return its exit code. Only KeyboardInterrupt is let through."""
    for stream in (sys.stdout, sys.stderr):
        # What cannot be shown, such as a path that is no text, is shown by its number instead of failing.
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="backslashreplace")
    try:
        if not arguments:
            parser().print_help(sys.stderr)
            return 2
        options = parser().parse_args(arguments)
        code: int = options.run(options)
        put("")
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 0
    except BrokenPipeError:
        abandon_output()
        return READER_GONE
    except WrongCallError as error:
        sys.stderr.write(f"trackside: {error}\n")
        return 2
    except Exception as error:
        if os.environ.get("TRACKSIDE_DEBUG") == "1":
            import traceback

            traceback.print_exc()
        else:
            sys.stderr.write(_failure(error, arguments))
        return 2
    return code


def parser() -> argparse.ArgumentParser:
    """Declare every command."""
    top = argparse.ArgumentParser(
        prog="trackside",
        description=_ABOUT,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    top.add_argument("--version", action="version", version=f"trackside {trackside.__version__}")
    commands = top.add_subparsers(metavar="COMMAND", required=True, title="commands")
    for command in (init, check, build, collect, deliver, explain, schema):
        command.declare(commands)
    return top


def _failure(error: Exception, arguments: Sequence[str]) -> str:
    """Say that the compiler itself failed, and what somebody needs to find out why."""
    trace = error.__traceback__
    place = "nowhere"
    while trace is not None:
        code = trace.tb_frame.f_code
        if f"{os.sep}trackside{os.sep}" in code.co_filename:
            place = f"{code.co_filename.rpartition(f'{os.sep}trackside{os.sep}')[2]}:{trace.tb_lineno}"
        trace = trace.tb_next
    version = ".".join(map(str, sys.version_info[:3]))
    lines = str(error).splitlines() or [""]
    return (
        "trackside: the compiler failed: that is a mistake in it, not in your plan\n"
        f"  {type(error).__name__}: {lines[0][:200]}\n"
        f"  at {place}, in `trackside {' '.join(arguments)}`\n"
        f"  trackside {trackside.__version__}, Python {version}, {sys.platform}\n"
        "Please report these lines with the plan, or the part of it that is needed. TRACKSIDE_DEBUG=1 shows more.\n"
    )
