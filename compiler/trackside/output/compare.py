"""How each planned file stands to what lies on the disk.

Files come one at a time and none is kept. Both the writer and the drift check ask here, so they cannot disagree.
"""

from __future__ import annotations

import os
from enum import Enum
from typing import TYPE_CHECKING, NamedTuple

from trackside.output.digest import digest, read_bytes
from trackside.output.ground import Fault, Ground, folded
from trackside.output.journal import ABSENT

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from trackside.output.manifest import Records
    from trackside.targets.base import File

ATTRIBUTES = "* -text linguist-generated=true\n"
"""For git: check out the very bytes on every system; for forges: fold generated files away in a review."""


class Standing(Enum):
    """What lies at a planned file's place."""

    SAME = "its very content"
    MISSING = "nothing"
    OUTDATED = "what an earlier build wrote"
    EDITED = "what an earlier build wrote, edited since"
    FOREIGN = "a file that no build wrote"
    BLOCKED = "no file that can be read"


class Compared(NamedTuple):
    """One planned file beside the disk. `found` is the digest of what lies there, ABSENT when nothing does.

    `unreadable` is the file, or the outermost folder above it, that the system does not let us read.
    """

    path: str
    standing: Standing
    content: bytes
    digest: str
    found: str
    recorded: bool
    reason: str = ""
    unreadable: str = ""


def marked(files: Iterable[File], roots: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Yield a `.gitattributes` for each root folder of output, then the files."""
    for root in sorted(set(roots)):
        if root.strip("./"):
            yield f"{root.removeprefix('./').rstrip('/')}/.gitattributes", ATTRIBUTES
    yield from files


def compare(
    ground: Ground, records: Records, files: Iterable[tuple[str, str]], faults: list[tuple[str, Fault]]
) -> Iterator[Compared]:
    """Compare planned files with the disk, in their order; a file that may not have its path goes to `faults`."""
    for path, text in files:
        fault = ground.fault(path) or ground.take(path)
        if fault is not None:
            faults.append((path, fault))
            continue
        content = text.encode()
        new = digest(content)
        known = records.get(path, ())
        try:
            lying = read_bytes(ground.absolute(path))
        except FileNotFoundError:
            yield Compared(path, Standing.MISSING, content, new, ABSENT, new in known)
        except OSError as error:
            reason = _obstacle(ground.absolute(path), error)
            unreadable = _unreadable(ground, path) if isinstance(error, PermissionError) else ""
            yield Compared(path, Standing.BLOCKED, content, new, ABSENT, False, reason, unreadable)
        else:
            if lying == content:
                yield Compared(path, Standing.SAME, content, new, new, new in known)
            else:
                found = digest(lying)
                yield Compared(path, _standing(known, found, lying), content, new, found, new in known)


def _standing(known: tuple[str, ...], found: str, lying: bytes) -> Standing:
    if not known:
        return Standing.FOREIGN
    return Standing.OUTDATED if found in known or not lying else Standing.EDITED


def _obstacle(target: str, error: OSError) -> str:
    if os.path.islink(target):
        return "a link lies there"
    if os.path.isdir(target):
        return "a folder lies there"
    if isinstance(error, NotADirectoryError):
        return "a file lies where its folder should be"
    return error.strerror or type(error).__name__


def _unreadable(ground: Ground, path: str) -> str:
    """Find what may not be read: the outermost folder that lets nobody through, or the file itself."""
    parts = path.split("/")
    folders = ("/".join(parts[:count]) for count in range(1, len(parts)))
    return next((folder for folder in folders if not os.access(ground.absolute(folder), os.X_OK)), path)


class Leftover(NamedTuple):
    """A file that an earlier build wrote and the plan no longer makes; `edited` when its content is not recorded."""

    path: str
    found: str
    edited: bool


def leftovers(ground: Ground, records: Records, made: Collection[str]) -> Iterator[Leftover]:
    """Find recorded files that were not made this time and still lie there, in the order of their paths."""
    for path in sorted(records.keys() - set(made)):
        if ground.fault(path) is not None:
            continue
        target = ground.absolute(path)
        try:
            lying = read_bytes(target)
        except (FileNotFoundError, NotADirectoryError):
            continue
        except OSError:
            if not os.path.isdir(target):
                yield Leftover(path, ABSENT, edited=True)
            continue
        found = digest(lying)
        yield Leftover(path, found, edited=bool(lying) and found not in records[path])


def root_of(path: str, roots: Iterable[str]) -> str:
    """Find the root folder that a path lies in, the innermost where they are nested; empty when it lies in none."""
    return max((root for root in roots if path.startswith(root + "/")), key=len, default="")


def recased(ground: Ground, records: Records, path: str, by_fold: dict[str, str]) -> str | None:
    """Find the recorded path that is this very file but for the case of its letters, where the file system says so."""
    old = by_fold.get(folded(path))
    if old is None or old == path or path in records or ground.fault(old) is not None:
        return None
    try:
        return old if os.path.samefile(ground.absolute(old), ground.absolute(path)) else None
    except OSError:
        return None
