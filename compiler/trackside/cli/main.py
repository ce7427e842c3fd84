"""The command `trackside`: run the call, and turn whatever happens into an exit code.

Nothing heavy is imported before it is known what was called: an unchanged `build --check` needs nothing but this
module and those that read a manifest.
"""

from __future__ import annotations

import os
import sys

from trackside.cli.unchanged import say_unchanged

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import NoReturn

INTERRUPTED = 130
"""What shells give a program that Ctrl-C ended."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one call and return its exit code."""
    arguments = sys.argv[1:] if argv is None else list(argv)
    try:
        if say_unchanged(arguments):
            return 0
        from trackside.cli.call import run

        return run(arguments)
    except KeyboardInterrupt:
        sys.stderr.write("\ninterrupted\n")
        return INTERRUPTED


def run_and_leave() -> NoReturn:
    """Be the whole process: run the call of the command line and end with its exit code.

    The process ends at once. To take a plan apart object by object first costs a tenth of the time of a build, and the
    system takes the memory back anyway; every file is closed and every lock is given back by then.
    """
    # Pydantic would read the metadata of every installed package first, to look for plugins that it could load.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # closed by who called
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: PTH123, SIM115 - for as long as the process is
    code = main()
    for stream in (sys.stdout, sys.stderr):
        try:  # noqa: SIM105 - contextlib takes longer to import than an unchanged check has
            stream.flush()
        except (OSError, ValueError):
            pass  # where nobody reads any more, the exit code still says how it went
    os._exit(code)
