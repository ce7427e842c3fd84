"""What a person sees: findings, counts and progress."""

from __future__ import annotations

import os
import sys
import time
from typing import TYPE_CHECKING, Final

from trackside.cli.options import WrongCallError

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from typing import TextIO

    from trackside.diagnostics import Bag, Diagnostic
    from trackside.source.node import SourceFile

_QUIET_START: Final = 0.5
_PAUSE: Final = 0.1


def wants_color(choice: str, stream: TextIO) -> bool:
    """Decide on colours: `--color` first, then NO_COLOR, then FORCE_COLOR, then whether this is a terminal."""
    if choice != "auto":
        return choice == "always"
    if os.environ.get("NO_COLOR"):
        return False
    if os.environ.get("FORCE_COLOR", "0") not in {"", "0"}:
        return True
    return stream.isatty() and os.environ.get("TERM") != "dumb"


def print_findings(found: Collection[Diagnostic], files: Mapping[str, SourceFile], format: str, color: str) -> None:
    """Print findings to standard output in the format asked for; where there are none, only JSON says so."""
    if not found and format != "json":
        return
    colored = wants_color(color, sys.stdout)
    if format == "json":
        from trackside.diagnostics.render.json import render
    elif format == "short":
        from trackside.diagnostics.render.short import render
    else:
        from trackside.diagnostics.render.full import render
    text = render(found, files, color=colored)
    if text:
        put(text if text.endswith("\n") else text + "\n")


def put(text: str) -> None:
    """Write to standard output. A reader that has gone, as `head` has, is no error; WrongCallError where it is full."""
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except BrokenPipeError:
        abandon_output()
    except OSError as error:
        abandon_output()
        raise WrongCallError(f"standard output cannot be written: {error.strerror}") from None


def count_findings(bag: Bag) -> str:
    """Count errors and warnings in words.

    >>> from trackside.diagnostics import Bag
    >>> count_findings(Bag())
    'no findings'
    """
    errors = sum(found.severity.value == "error" for found in bag)
    warnings = len(bag) - errors
    parts = [counted(number, noun) for number, noun in ((errors, "error"), (warnings, "warning")) if number]
    return ", ".join(parts) or "no findings"


def counted(number: int, noun: str) -> str:
    """Count things in words.

    >>> counted(1, "file"), counted(1034, "file")
    ('1 file', '1,034 files')
    """
    return f"{number:,} {noun}{'s' * (number != 1)}"


def say(text: str) -> None:
    """Tell about the run itself, on standard error."""
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


def abandon_output() -> None:
    """Write to nowhere from here on, so that nothing fails when the interpreter ends."""
    sink = os.open(os.devnull, os.O_WRONLY)
    os.dup2(sink, sys.stdout.fileno())
    os.close(sink)


class Progress:
    """Counts files on a terminal's last line, from the moment that the work takes long; elsewhere it is silent."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._silent = not stream.isatty() or os.environ.get("TERM") == "dumb"
        self._next = time.monotonic() + _QUIET_START
        self._drawn = False

    def file(self, number: int) -> None:
        """Hear of one more file."""
        if self._silent or time.monotonic() < self._next:
            return
        self._next = time.monotonic() + _PAUSE
        self._drawn = True
        self._stream.write(f"\r{number:,} files ")
        self._stream.flush()

    def clear(self) -> None:
        """Take the line away."""
        if self._drawn:
            self._stream.write("\r\x1b[K")
            self._stream.flush()
            self._drawn = False

    def waiting(self) -> None:
        """Say that another build is in the way."""
        self.clear()
        say("waiting for another build to end")

    def recovered(self) -> None:
        """Say that an earlier build's work was finished."""
        self.clear()
        say("finished a build that was interrupted")
