"""Work on two processors: a copy of this process prints the plan's outputs, while this one judges the plan and prints
what its sources import.

The files are the same ones in the same order either way. So whatever goes wrong with the copy costs time only: then
they are made here.
"""

from __future__ import annotations

import marshal
import os
import signal
import tempfile
from typing import IO, TYPE_CHECKING, Final

from trackside.pipeline import render_outputs
from trackside.targets.base import File

if TYPE_CHECKING:
    from collections.abc import Iterator

    from trackside.ir import Plan

FEWEST: Final = 200
"""From how many events on a copy saves more time than it takes to make."""

MOST: Final = 5_000
"""Up to how many events a copy is made: it needs half as much memory again, and beyond this memory counts more."""


class Beside:
    """The outputs of a plan, made by a copy of this process from `begin` on, where a system can and it is worth it."""

    def __init__(self) -> None:
        self._shared: IO[bytes] | None = None
        self._copy = 0

    def __enter__(self) -> Beside:
        return self

    def __exit__(self, *_: object) -> None:
        """End the copy, where nobody has asked for its files."""
        if self._copy:
            os.kill(self._copy, signal.SIGKILL)
            self._wait()
        if self._shared is not None:
            self._shared.close()

    def begin(self, plan: Plan) -> None:
        """Begin to print the outputs of a plan that is resolved and not judged yet."""
        if not FEWEST <= len(plan.events) <= MOST or not plan.outputs or not hasattr(os, "fork") or _processors() < 2:
            return
        try:
            self._shared = tempfile.TemporaryFile()  # noqa: SIM115 - closed with this object
            self._copy = os.fork()
        except OSError:
            return
        if not self._copy:
            _be_the_copy(plan, self._shared)

    def outputs(self, plan: Plan, only: str | None = None) -> Iterator[File]:
        """Give the files, as soon as the copy has made all of them; without a copy those of the output named `only`."""
        if not self._copy or self._shared is None or self._wait() != 0:
            yield from render_outputs(plan, only)
            return
        self._shared.seek(0)
        while (file := marshal.load(self._shared)) is not None:
            yield File(*file)

    def _wait(self) -> int:
        copy, self._copy = self._copy, 0
        return os.waitpid(copy, 0)[1]


def _processors() -> int:
    """Count the processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _be_the_copy(plan: Plan, shared: IO[bytes]) -> None:
    """Write every file to `shared` and end, without a word and without what a process does when it ends."""
    code = 1
    try:
        for file in render_outputs(plan):
            marshal.dump(tuple(file), shared)
        marshal.dump(None, shared)
        shared.flush()
        code = 0
    finally:
        os._exit(code)
