"""One build at a time.

The lock is the operating system's on an open file, so it goes with the process that holds it, however that ends: there
are no stale locks. The file stays behind, empty; removing it would let two builds hold two files of one name.
"""

from __future__ import annotations

import os
import sys
import time
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

if sys.platform == "win32":
    import msvcrt

    def _try_lock(descriptor: int) -> bool:
        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except PermissionError:
            return False
        return True
else:
    import fcntl

    def _try_lock(descriptor: int) -> bool:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        except OSError:
            return True  # a file system without locks: a build that cannot be guarded is better than none
        return True


_PAUSE: Final = 0.05


class BusyError(Exception):
    """Another build held the lock for longer than we wait."""


class Lock:
    """Hold a lock file for the length of a `with` block; where the file is not there, nothing is held.

    Waits up to `patience` seconds for another build, after one call of `waiting`, then raises BusyError.
    """

    def __init__(self, path: str, *, patience: float, waiting: Callable[[], None]) -> None:
        self._path = path
        self._patience = patience
        self._waiting = waiting
        self._descriptor = -1

    def __enter__(self) -> None:
        for mode in (os.O_RDWR, os.O_RDONLY):
            try:
                self._descriptor = os.open(self._path, mode | getattr(os, "O_NOFOLLOW", 0))
                break
            except OSError:
                continue
        else:
            return
        if _try_lock(self._descriptor):
            return
        self._waiting()
        deadline = time.monotonic() + self._patience
        while not _try_lock(self._descriptor):
            if time.monotonic() >= deadline:
                self._close()
                raise BusyError
            time.sleep(_PAUSE)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close()

    def _close(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1
