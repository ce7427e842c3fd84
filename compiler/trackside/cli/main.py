"""The command `trackside`: run the call, and turn whatever happens into an exit code.

Nothing heavy is imported before it is known what was called: an unchanged `build --check` needs nothing but this
module and those that read a manifest.
"""

from __future__ import annotations

import sys

from trackside.cli.unchanged import say_unchanged

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

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
