"""Work on two processors: a copy of this process reads the plan while this one loads what judges it, and another copy
prints the plan's outputs while this one judges the plan and prints what its sources import.

The result is the same either way. So whatever goes wrong with a copy costs time only: then its work is done here.
"""

from __future__ import annotations

import marshal
import os
import signal
import sys
import tempfile
from contextlib import suppress
from itertools import starmap
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from trackside.ir import Plan
    from trackside.source.plan_files import PlanSource
    from trackside.targets.base import File

FEWEST: Final = 200
"""From how many events on a copy that prints them saves more time than it takes to make."""

MOST: Final = 5_000
"""Up to how many events that copy is made: it needs half as much memory again, and beyond this memory counts more."""

LONGEST: Final = 2_500_000
"""Up to how many bytes of a plan a copy reads: to hand over more takes longer than to load what judges it."""

_SIZE: Final = 8
"""In how many bytes the size of a value stands before it."""


class Beside:
    """What copies of this process do, where a system can and it is worth it."""

    def __init__(self) -> None:
        self._reader = _Copy()
        self._printer = _Copy()

    def __enter__(self) -> Beside:
        return self

    def __exit__(self, *_: object) -> None:
        """End the copies whose work nobody has asked for."""
        self._reader.end()
        self._printer.end()

    def begin_to_read(self, plan: str) -> None:
        """Begin to read a plan, in the time in which the rest of the compiler is loaded."""
        with suppress(OSError):
            if not _all_is_loaded() and Path(plan).stat().st_size <= LONGEST:
                self._reader.begin(lambda: _read(plan))

    def source(self) -> PlanSource | None:
        """Give the plan as the copy has read it; None without a copy, and where there is anything to say of it."""
        if not self._reader.succeeds():
            return None
        from trackside.source.handover import unpack

        return next(map(unpack, self._reader.values()), None)

    def begin_to_print(self, plan: Plan) -> None:
        """Begin to print the outputs of a plan that is resolved and not judged yet."""
        if FEWEST <= len(plan.events) <= MOST and plan.outputs:
            self._printer.begin(lambda: _print(plan))

    def outputs(self, plan: Plan, only: str | None = None) -> Iterator[File]:
        """Give the files, as soon as the copy has made all of them; without a copy those of the output named `only`."""
        from trackside.pipeline import render_outputs
        from trackside.targets.base import File

        if self._printer.succeeds():
            yield from starmap(File, self._printer.values())
        else:
            yield from render_outputs(plan, only)


def _all_is_loaded() -> bool:
    return "trackside.pipeline" in sys.modules


def _read(plan: str) -> Iterator[tuple[Any, ...]]:
    """Read a plan; of one with anything to say of it, nothing is handed over."""
    from trackside.diagnostics import Bag
    from trackside.source.handover import pack
    from trackside.source.plan_files import read_plan

    bag = Bag()
    source = read_plan(Path(plan), bag, limit=LONGEST)
    if source is not None and not len(bag):
        yield pack(source)


def _print(plan: Plan) -> Iterator[tuple[Any, ...]]:
    from trackside.pipeline import render_outputs

    return map(tuple, render_outputs(plan))


class _Copy:
    """One copy of this process, and the values that it hands over, each one that `marshal` can write."""

    def __init__(self) -> None:
        self._shared: IO[bytes] | None = None
        self._pid = 0

    def begin(self, work: Callable[[], Iterable[Any]]) -> None:
        """Make the copy, where a system can: it does the work and ends without a word."""
        if not hasattr(os, "fork") or _processors() < 2:
            return
        try:
            self._shared = tempfile.TemporaryFile()  # noqa: SIM115 - closed with this object
            self._pid = os.fork()
        except OSError:
            return
        if not self._pid:
            _be_the_copy(work, self._shared)

    @property
    def made(self) -> bool:
        """Whether there is a copy that nobody has waited for."""
        return self._pid != 0

    def succeeds(self) -> bool:
        """Wait for the copy and tell whether it has done its work; there may be none."""
        return self.made and self._wait() == 0

    def values(self) -> Iterator[Any]:
        """Give what a copy that succeeded has made."""
        assert self._shared is not None
        self._shared.seek(0)
        # `marshal.load` would ask the file for every few bytes.
        while size := int.from_bytes(self._shared.read(_SIZE), "little"):
            yield marshal.loads(self._shared.read(size))

    def end(self) -> None:
        """End the copy, if it still works."""
        if self.made:
            with suppress(ProcessLookupError):
                os.kill(self._pid, signal.SIGKILL)
            self._wait()
        if self._shared is not None:
            self._shared.close()

    def _wait(self) -> int:
        pid, self._pid = self._pid, 0
        try:
            return os.waitpid(pid, 0)[1]
        except ChildProcessError:  # whoever called ignores SIGCHLD: then nobody learns how a child ended
            return 1


def _processors() -> int:
    """Count the processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _be_the_copy(work: Callable[[], Iterable[Any]], shared: IO[bytes]) -> None:
    """Write every value to `shared` and end, without a word and without what a process does when it ends."""
    code = 1
    try:
        for value in work():
            data = marshal.dumps(value)
            shared.write(len(data).to_bytes(_SIZE, "little"))
            shared.write(data)
        shared.flush()
        code = 0
    finally:
        os._exit(code)
