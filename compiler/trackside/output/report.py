"""What output has to say: every finding of this stage is worded here."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING, Final

from trackside.diagnostics import Span
from trackside.diagnostics.model import finding
from trackside.output.compare import Standing

if TYPE_CHECKING:
    from trackside.diagnostics import Diagnostic
    from trackside.output.compare import Compared, Leftover
    from trackside.output.ground import Fault
    from trackside.output.journal import StepError
    from trackside.output.places import Places

_HELP: Final = {
    errno.ENOSPC: "make room on the disk, then build again",
    errno.EDQUOT: "make room in your quota, then build again",
    errno.EROFS: "the file system is mounted read-only",
    errno.EACCES: "give yourself the right to write there, then build again",
    errno.EPERM: "give yourself the right to write there, then build again",
}


def whole(path: str) -> Span:
    """Point at a file as a whole."""
    return Span(path, 1, 1, 1, 1)


def misplaced(path: str, fault: Fault, root: Span | None) -> Diagnostic:
    """Say that output may not have a path. `root` is where the plan names the folder that the path lies in."""
    return finding(fault.slug, root or whole(path), fault.headline, label="its `out:`" if root else "", help=fault.help)


def refused(compared: Compared, force: str) -> Diagnostic:
    """Say why a build does not write a file. `force` is the command that overwrites it all the same."""
    path = compared.path
    if compared.standing is Standing.EDITED:
        return finding(
            "output-edited",
            whole(path),
            f"`{path}` was edited since it was built: the build would overwrite that",
            help=f"move the edit to the plan or to a file of yours, then `{force}` overwrites what is left",
        )
    if compared.standing is Standing.FOREIGN:
        return finding(
            "foreign-file",
            whole(path),
            f"`{path}` was not written by trackside: the build would overwrite it",
            help=f"move the file away, or let `{force}` overwrite it",
        )
    return blocked(compared)


def blocked(compared: Compared) -> Diagnostic:
    """Say that no file can lie at a path, or that what does cannot be read: of a folder, for all that is in it."""
    if compared.unreadable:
        what = "file" if compared.unreadable == compared.path else "folder"
        return finding(
            "blocked-output",
            whole(compared.unreadable),
            f"`{compared.unreadable}` cannot be read: {compared.reason}",
            help=f"give yourself the right to read the {what}, then build again",
        )
    return finding(
        "blocked-output",
        whole(compared.path),
        f"`{compared.path}` cannot be a file: {compared.reason}",
        help="move what lies there away",
    )


def drifted(compared: Compared, command: str, force: str) -> Diagnostic | None:
    """Say how a file differs from what the plan compiles to, and what mends it; None when it does not."""
    path = compared.path
    if compared.standing is Standing.BLOCKED:
        return blocked(compared)
    if compared.standing is Standing.SAME:
        if compared.recorded:
            return None
        slug, words, mend = "output-unrecorded", "is right, but the manifest does not record it", command
    elif compared.standing is Standing.MISSING:
        slug, words, mend = "output-missing", "is missing", command
    elif compared.standing is Standing.OUTDATED:
        slug, words, mend = "output-outdated", "is not what the plan compiles to now", command
    elif compared.standing is Standing.EDITED:
        slug, words, mend = "output-edited", "was edited since it was built", force
    else:
        slug, words, mend = "foreign-file", "lies where output belongs, and trackside did not write it", force
    return finding(slug, whole(path), f"`{path}` {words}", help=f"run `{mend}`")


def left_over(leftover: Leftover, command: str) -> Diagnostic:
    """Say that the plan no longer makes a file that an earlier build wrote."""
    edited = ", and was edited: the build leaves it to you" if leftover.edited else ""
    return finding(
        "output-left-over",
        whole(leftover.path),
        f"`{leftover.path}` is of an earlier build: the plan no longer makes it{edited}",
        help=f"run `{command}`",
    )


def kept(leftover: Leftover) -> Diagnostic:
    """Say that a build left a file where it is because somebody edited it."""
    return finding(
        "edited-file-kept",
        whole(leftover.path),
        f"`{leftover.path}` is no longer made by the plan, but was edited: it is left, and is yours from now on",
        help="delete it if nothing needs it",
    )


def changed(path: str) -> Diagnostic:
    """Say that a file was changed between the look at it and the write, so that it was left."""
    return finding(
        "changed-while-building",
        whole(path),
        f"`{path}` was changed while the build ran, so it was left as it is",
        help="build again",
    )


def unwritable(error: StepError) -> Diagnostic:
    """Say what the system refused."""
    reason = error.reason.strerror or type(error.reason).__name__
    return finding(
        "cannot-write",
        whole(error.path),
        f"`{error.path}` cannot be written: {reason}",
        help=_HELP.get(error.reason.errno or 0),
    )


def busy(places: Places, patience: float) -> Diagnostic:
    """Say that another build does not end."""
    return finding(
        "build-running",
        whole(places.name),
        f"another build of `{places.name}` has been running for {patience:g} seconds",
        help="end it, then build again",
    )


def newer_manifest(places: Places) -> Diagnostic:
    """Say that a later compiler wrote the manifest."""
    return finding(
        "newer-manifest",
        whole(places.shown_manifest),
        f"`{places.shown_manifest}` was written by a later trackside than this one",
        help="install that version or a later one",
    )
