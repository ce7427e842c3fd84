"""`trackside build --watch`: build again whenever a file of the plan changes.

The files are read and digested at short intervals: no modification time is trusted, no other program is needed, and it
works on every file system. A change counts once it has been the same for two looks, so that a file which an editor is
still writing is not read half.
"""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Final

from trackside.cli.build import Built, build
from trackside.cli.console import say
from trackside.output import state
from trackside.output.places import Places

if TYPE_CHECKING:
    import argparse

_INTERVAL: Final = 0.3


def watch(plan: str, options: argparse.Namespace) -> int:
    """Build until Ctrl-C, which is the way to end it and so a clean end."""
    folder = Places(plan).folder
    say(f"watching {plan}; Ctrl-C ends it")
    try:
        while True:
            built = build(plan, options)
            sys.stdout.flush()
            _wait_for_change(folder, built)
    except KeyboardInterrupt:
        say("")
        return 0


def _wait_for_change(folder: str, built: Built) -> None:
    seen = built.lines
    while True:
        time.sleep(_INTERVAL)
        now = state.lines_now(folder, built.names, built.patterns)
        if now == seen and now != built.lines:
            return
        seen = now
