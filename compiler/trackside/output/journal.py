"""The journal: what a build is about to do, in one file, so that a crash leaves nothing half done.

A build first appends all new content to the journal, then a table of every step, then a checksum over the table, and
syncs the file to disk. Only then does it touch anything else: each new file is written in full to a hidden sibling,
then the old files go, each sibling is renamed into its place, the manifest last, and the journal is removed.

Why that is enough, wherever the process or the machine stops:

- Before the checksum is written nothing but the journal was touched. An incomplete journal is discarded: as it was.
- After it, the journal alone says all that is to be done, and doing a step twice is doing it once: a step is taken
  only where the disk still has what the table says was there, and left out where it has the new content already. So
  the next build takes the journal and goes through all steps: as it should be.
- A file changes by one rename, so nobody ever reads half of one. Siblings are named after the journal's checksum and
  the step's number, so whoever takes the journal knows all of them.
- A disk that lets the checksum reach it before the content (power loss before the sync returned) is found out: the
  table has the digest of every content, and a journal that fails one is incomplete. Nothing was renamed by then.
- A disk that fills up does so while the journal or the siblings are written. Then those are removed: as it was.
- What somebody edited after the crash is not what the table says was there: that step is left out and reported. And
  when the manifest itself was replaced meanwhile, as by a checkout, the plan behind the journal is not the one at hand:
  no step is taken, and what was already renamed is added to the manifest, so that the next build knows it as ours.

Once its work is done the journal goes without a second sync. Losing power in the seconds after can empty a file; its
digest gives it away, and as nobody's words are lost in an empty file the next build writes it anew.
"""

from __future__ import annotations

import contextlib
import errno
import os
from typing import TYPE_CHECKING, Final, NamedTuple

from trackside.output import manifest
from trackside.output.digest import OPEN_FLAGS, digest, digest_file

if TYPE_CHECKING:
    from types import TracebackType

    from trackside.output.ground import Ground
    from trackside.output.places import Places

ABSENT: Final = "-"
"""Stands for the digest of a file that is not there."""

_HEAD: Final = b"trackside journal 1\n"
_TRAILER: Final = 16 + 1 + 64 + 1
_WRITE_FLAGS: Final = (
    os.O_WRONLY
    | os.O_CREAT
    | os.O_TRUNC
    | getattr(os, "O_NOFOLLOW", 0)
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_BINARY", 0)
)


class StepError(Exception):
    """The system refused to write `path`, which is shown from the plan's folder."""

    def __init__(self, path: str, reason: OSError) -> None:
        super().__init__(path, reason)
        self.path = path
        self.reason = reason


class Step(NamedTuple):
    """Make the file at `path`, which has the digest `old`, have the digest `new`.

    Either may be ABSENT. The new content stands in the journal from `offset`, `length` bytes long.
    """

    new: str
    old: str
    offset: int
    length: int
    path: str


class Applied(NamedTuple):
    """What was left out: paths that somebody changed meanwhile, and those that the system refused, each with why."""

    changed: list[str]
    refused: list[StepError]


class Journal:
    """A journal that is being written. It has no file until the first step is added."""

    def __init__(self, places: Places) -> None:
        self._places = places
        self._descriptor = -1
        self._offset = 0
        self.steps: list[Step] = []

    def __enter__(self) -> Journal:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._descriptor >= 0:
            self._close()
            _remove(self._places.journal)

    def write(self, path: str, content: bytes, new: str, old: str) -> None:
        """Add a file to write. Raises StepError."""
        self.steps.append(Step(new, old, self._append(content), len(content), path))

    def remove(self, path: str, old: str) -> None:
        """Add a file to remove. Raises StepError."""
        self.steps.append(Step(ABSENT, old, self._append(b""), 0, path))

    def close(self) -> Complete:
        """Complete the journal: once this returns, a crash no longer undoes the build. Raises StepError."""
        table = "".join(f"{step.new} {step.old} {step.offset} {step.length} {step.path}\n" for step in self.steps)
        data = table.encode()
        checksum = digest(_HEAD + data)
        self._append(data + f"{len(data):016x} {checksum}\n".encode())
        try:
            os.fsync(self._descriptor)
            _sync_folder(self._places.kept)
        except OSError as error:
            raise StepError(self._shown, error) from error
        self._close()
        return Complete(self._places, self.steps, checksum)

    @property
    def _shown(self) -> str:
        return os.path.relpath(self._places.journal, self._places.folder).replace(os.sep, "/")

    def _append(self, data: bytes) -> int:
        try:
            if self._descriptor < 0:
                self._descriptor = os.open(self._places.journal, _WRITE_FLAGS, 0o666)
                self._offset = _write_all(self._descriptor, _HEAD)
            offset = self._offset
            self._offset += _write_all(self._descriptor, data)
        except OSError as error:
            raise StepError(self._shown, error) from error
        return offset

    def _close(self) -> None:
        os.close(self._descriptor)
        self._descriptor = -1


class Complete:
    """A complete journal on disk: its steps can be taken, as often as need be."""

    def __init__(self, places: Places, steps: list[Step], checksum: str) -> None:
        self._places = places
        self.steps = steps
        self._mark = checksum[:12]

    def sibling(self, number: int, target: str) -> str:
        """Name the hidden sibling of a step's file, in which the new content is written."""
        return os.path.join(os.path.dirname(target), f".trackside-{self._mark}-{number}.tmp")

    def apply(self, ground: Ground, *, again: bool) -> Applied:
        """Take all steps and remove the journal.

        Raises StepError when the new content cannot be written in full: then no file was touched, and the journal is
        gone, unless this is not the first time (`again`), when some files may be new already: then it stays.
        """
        applied = Applied([], [])
        staged: list[tuple[Step, str, str]] = []
        made: list[str] = []
        last_folder = ""
        try:
            with open(self._places.journal, "rb", buffering=0) as content:
                for number, step in enumerate(self.steps):
                    if step.new == ABSENT or (again and not self._allowed(ground, step)):
                        continue
                    target = ground.absolute(step.path)
                    sibling = self.sibling(number, target)
                    if not _due(step, target, applied):
                        _remove(sibling)  # of the build that crashed
                        continue
                    staged.append((step, sibling, target))
                    try:
                        folder = os.path.dirname(target)
                        if folder != last_folder:
                            _make_folders(folder, ground.folder, made)
                            last_folder = folder
                        _copy(content.fileno(), step, sibling)
                    except OSError as error:
                        raise StepError(step.path, error) from error
        except BaseException:
            for _, sibling, _ in staged:
                _remove(sibling)
            for folder in reversed(made):
                with contextlib.suppress(OSError):
                    os.rmdir(folder)
            if not again:
                _remove(self._places.journal)
            raise
        self._switch(ground, staged, applied)
        return applied

    def _switch(self, ground: Ground, staged: list[tuple[Step, str, str]], applied: Applied) -> None:
        """Remove, rename, record: from here on nothing needs room on the disk but a manifest of fewer files."""
        emptied: set[str] = set()
        for step in self.steps:
            target = ground.absolute(step.path)
            if step.new != ABSENT or not self._allowed(ground, step) or not _due(step, target, applied):
                continue
            try:
                os.unlink(target)
                emptied.add(os.path.dirname(target))
            except OSError as error:
                applied.refused.append(StepError(step.path, error))
        for step, sibling, target in staged:
            try:
                if step.path == self._places.shown_manifest and applied.refused:
                    self._record_less(sibling, {refused.path for refused in applied.refused})
                os.replace(sibling, target)
            except OSError as error:
                _remove(sibling)
                applied.refused.append(StepError(step.path, error))
        for folder in sorted(emptied, key=len, reverse=True):
            _remove_empty(folder, ground.folder)
        if not any(refused.path == self._places.shown_manifest for refused in applied.refused):
            _remove(self._places.journal)

    def _record_less(self, sibling: str, refused: set[str]) -> None:
        """Write the staged manifest anew: what the system refused to change is recorded as it was."""
        with open(sibling, "r+b", buffering=0) as file:
            records = manifest.parse(file.readall())
            for step in self.steps:
                if step.path in refused:
                    records.pop(step.path, None)
                    if step.old != ABSENT:
                        records[step.path] = (step.old,)
            file.seek(0)
            file.truncate()
            _write_all(file.fileno(), manifest.text(records).encode())

    def _allowed(self, ground: Ground, step: Step) -> bool:
        """Tell whether output may have the path of a step. A journal is a file: somebody else may have written it."""
        return step.path == self._places.shown_manifest or ground.fault(step.path) is None

    def forget(self, ground: Ground) -> None:
        """Take no step: clear the siblings away, record what was renamed, remove the journal. Raises StepError."""
        for number, step in enumerate(self.steps):
            if self._allowed(ground, step):
                _remove(self.sibling(number, ground.absolute(step.path)))
        records = manifest.read(self._places.manifest)
        for step in self.steps:
            if step.path != self._places.shown_manifest and step.new not in (ABSENT, *records.get(step.path, ())):
                records[step.path] = (*records.get(step.path, ()), step.new)
        write_file(self._places.manifest, manifest.text(records).encode(), self._places.shown_manifest)
        _remove(self._places.journal)


def recover(places: Places, ground: Ground) -> bool:
    """Finish what an earlier build left behind, or discard it and return False. Raises StepError.

    The journal is gone after that, unless an error is raised.
    """
    journal = load(places)
    if journal is None:
        _remove(places.journal)
        return False
    known = {step.path: step for step in journal.steps}.get(places.shown_manifest)
    if known is not None and present_digest(places.manifest) not in (known.old, known.new):
        journal.forget(ground)
        return True
    for refused in journal.apply(ground, again=True).refused:
        if refused.path == places.shown_manifest:
            raise refused
    return True


def load(places: Places) -> Complete | None:
    """Read a journal; None when there is none or when it is not complete."""
    try:
        with open(os.open(places.journal, OPEN_FLAGS), "rb", buffering=0) as file:
            end = file.seek(0, os.SEEK_END) - _TRAILER
            size, _, checksum = _read(file.fileno(), end, _TRAILER, end + _TRAILER).decode("ascii").partition(" ")
            table = _read(file.fileno(), end - int(size, 16), int(size, 16), end)
            if digest(_HEAD + table) != checksum.rstrip("\n"):
                return None
            steps = []
            for line in table.decode().split("\n")[:-1]:
                new, old, offset, length, path = line.split(" ", 4)
                step = Step(new, old, int(offset), int(length), path)
                if new != ABSENT and digest(_read(file.fileno(), step.offset, step.length, end)) != new:
                    return None
                steps.append(step)
    except (OSError, ValueError):
        return None
    return Complete(places, steps, checksum.rstrip("\n"))


def present_digest(path: str) -> str:
    """Digest what lies at a path: ABSENT when nothing does, an empty text when it is no file that can be read."""
    try:
        return digest_file(path)
    except (FileNotFoundError, NotADirectoryError):
        return ABSENT
    except OSError:
        return ""


def _due(step: Step, target: str, applied: Applied) -> bool:
    """Tell whether a step is still to be taken; what somebody changed meanwhile is noted instead."""
    found = present_digest(target)
    if found == step.new:
        return False
    if found != step.old:
        applied.changed.append(step.path)
        return False
    return True


def write_file(path: str, content: bytes, shown: str) -> None:
    """Put one file into its place by a rename. Raises StepError."""
    sibling = path + ".tmp"
    try:
        descriptor = os.open(sibling, _WRITE_FLAGS, 0o666)
        try:
            _write_all(descriptor, content)
        finally:
            os.close(descriptor)
        os.replace(sibling, path)
    except OSError as error:
        _remove(sibling)
        raise StepError(shown, error) from error


def _copy(content: int, step: Step, sibling: str) -> None:
    descriptor = os.open(sibling, _WRITE_FLAGS, 0o666)
    try:
        _write_all(descriptor, _read(content, step.offset, step.length, step.offset + step.length))
    finally:
        os.close(descriptor)


def _read(descriptor: int, offset: int, length: int, end: int) -> bytes:
    """Read a stretch of a file that has to lie before `end`. Raises OSError."""
    parts: list[bytes] = []
    if 0 <= offset <= offset + length <= end:
        os.lseek(descriptor, offset, os.SEEK_SET)
        while length > 0 and (part := os.read(descriptor, length)):
            parts.append(part)
            length -= len(part)
    if length:
        raise OSError(errno.EIO, "the journal ends too early")
    return b"".join(parts)


def _write_all(descriptor: int, data: bytes) -> int:
    done = 0
    while done < len(data):
        done += os.write(descriptor, data[done:] if done else data)
    return done


def _make_folders(folder: str, top: str, made: list[str]) -> None:
    missing: list[str] = []
    while len(folder) > len(top) and not os.path.isdir(folder):
        missing.append(folder)
        folder = os.path.dirname(folder)
    for name in reversed(missing):
        os.mkdir(name)
        made.append(name)


def _remove_empty(folder: str, top: str) -> None:
    while len(folder) > len(top) and not os.path.islink(folder):
        try:
            os.rmdir(folder)
        except OSError:
            return
        folder = os.path.dirname(folder)


def _remove(path: str) -> None:
    with contextlib.suppress(OSError):
        os.unlink(path)


def _sync_folder(folder: str) -> None:
    if os.name != "posix":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
