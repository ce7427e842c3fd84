"""Write what a plan compiles to, or leave everything as it was.

Only files whose content changes are written. A file is overwritten when the manifest has recorded what lies there, and
removed when, besides, the plan no longer makes it. Anything else at a planned place stops the build before the first
file is touched, and so does any path that output may not have.
"""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING, Final, NamedTuple

from trackside.output import manifest, report, state
from trackside.output.compare import Standing, compare, leftovers, marked, recased
from trackside.output.digest import digest, read_bytes
from trackside.output.ground import Fault, Ground, folded
from trackside.output.journal import Journal, StepError, present_digest, recover, write_file
from trackside.output.lock import BusyError, Lock
from trackside.output.places import FOLDER, Places

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from trackside.diagnostics import Bag
    from trackside.output.job import Job, Watcher

PATIENCE: Final = 60.0
"""How long to wait for another build, in seconds."""

_OWN_FILES: Final = {
    ".gitignore": "*.state\n*.journal\n*.lock\n*.tmp\n",
    ".gitattributes": "* -text linguist-generated=true\n*.manifest merge=union\n",
}
"""What else lies in the folder of the manifest; where somebody changed it, it is left."""


class Written(NamedTuple):
    """What a build did: how many files it wrote, removed, left alone, and could not write or remove after all."""

    written: int
    removed: int
    unchanged: int
    refused: int = 0


def write(job: Job, bag: Bag, watcher: Watcher, *, force: bool) -> Written | None:
    """Write all files of a job, or nothing: None when something stood in the way, and the bag says what."""
    try:
        _prepare(job.places)
        with Lock(job.places.lock, patience=PATIENCE, waiting=watcher.waiting):
            _recover(job.places, watcher)
            return _write(job, bag, watcher, force=force)
    except StepError as error:
        bag.add(report.unwritable(error))
    except BusyError:
        bag.add(report.busy(job.places, PATIENCE))
    except manifest.NewerManifestError:
        bag.add(report.newer_manifest(job.places))
    return None


def finish(places: Places, bag: Bag, watcher: Watcher) -> bool:
    """Finish or discard what a crashed build left behind, and write nothing else; False when that cannot be done."""
    try:
        with Lock(places.lock, patience=PATIENCE, waiting=watcher.waiting):
            _recover(places, watcher)
    except StepError as error:
        bag.add(report.unwritable(error))
    except BusyError:
        bag.add(report.busy(places, PATIENCE))
    except manifest.NewerManifestError:
        bag.add(report.newer_manifest(places))
    else:
        return True
    return False


def remember(places: Places, compiler: str, findings: int, inputs: Iterable[str]) -> None:
    """Note that all files are up to date, and how many findings there were, so that the next call need not compile.

    `compiler` is the compiler's digest before it ran: one that was changed meanwhile proves nothing. A note that cannot
    be written is none: it only spares work.
    """
    if state.compiler_digest() != compiler or not os.path.isdir(places.kept) or os.path.islink(places.kept):
        return
    own = [f"stands {os.path.join(os.path.realpath(places.kept), name)}" for name in _OWN_FILES]
    with contextlib.suppress(OSError, StepError):
        content = state.text(places, read_bytes(places.manifest), compiler, findings, [*inputs, *own])
        encoded = content.encode("utf-8", "surrogateescape")
        if present_digest(places.state) != digest(encoded):
            write_file(places.state, encoded, places.name)


def _write(job: Job, bag: Bag, watcher: Watcher, *, force: bool) -> Written | None:
    places = job.places
    ground = Ground(places.folder, job.inputs)
    records = _records(places)
    here = job.records_here(records)
    after = {path: known for path, known in records.items() if path not in here}
    faults: list[tuple[str, Fault]] = []
    written = removed = unchanged = 0
    with Journal(places) as journal:
        files = _recased(ground, here, marked(job.files, job.roots_here()))
        for number, compared in enumerate(compare(ground, here, files, faults), start=1):
            watcher.file(number)
            after[compared.path] = (compared.digest,)
            if compared.standing is Standing.SAME:
                unchanged += 1
            elif compared.standing is Standing.BLOCKED or (
                not force and compared.standing in {Standing.EDITED, Standing.FOREIGN}
            ):
                bag.add(report.refused(compared, job.force))
            else:
                journal.write(compared.path, compared.content, compared.digest, compared.found)
                written += 1
        job.report_faults(faults, bag)
        if bag.has_errors:
            return None
        for leftover in leftovers(ground, here, after):
            if leftover.edited:
                bag.add(report.kept(leftover))
            else:
                journal.remove(leftover.path, leftover.found)
                removed += 1
        content = manifest.text(after).encode()
        new, old = digest(content), present_digest(places.manifest)
        if new != old:
            journal.write(places.shown_manifest, content, new, old)
        if not journal.steps:
            return Written(0, 0, unchanged)
        complete = journal.close()
    applied = complete.apply(ground, again=False)
    for path in applied.changed:
        bag.add(report.changed(path))
    for error in applied.refused:
        bag.add(report.unwritable(error))
    return Written(written, removed, unchanged, len(applied.changed) + len(applied.refused))


def _records(places: Places) -> manifest.Records:
    try:
        return manifest.read(places.manifest)
    except OSError as error:
        raise StepError(places.shown_manifest, error) from error


def _recased(ground: Ground, here: manifest.Records, files: Iterable[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """Pass files on; one that the disk has under another case of its name is renamed there first.

    That is one rename of content that stays recorded under either name, so it needs no journal.
    """
    by_fold = {folded(path): path for path in here}
    for path, text in files:
        old = recased(ground, here, path, by_fold)
        if old is not None:
            with contextlib.suppress(OSError):
                os.rename(ground.absolute(old), ground.absolute(path))
            here[path] = here.pop(old)
        yield path, text


def _recover(places: Places, watcher: Watcher) -> None:
    """Finish or discard what a crashed build left behind. What it could not do, the comparison after it will see."""
    if os.path.lexists(places.journal) and recover(places, Ground(places.folder)):
        watcher.recovered()


def _prepare(places: Places) -> None:
    """Make the folder that holds the manifest, with what git has to know about it. Raises StepError."""
    try:
        if os.path.islink(places.kept):
            raise OSError(0, "it is a link")
        try:
            os.mkdir(places.kept)
        except FileExistsError:
            if not os.path.isdir(places.kept):
                raise OSError(0, "a file lies where its folder should be") from None
        with open(places.lock, "ab"):
            pass
    except OSError as error:
        raise StepError(FOLDER, error) from error
    for name, text in _OWN_FILES.items():
        path = os.path.join(places.kept, name)
        if not os.path.lexists(path):
            write_file(path, text.encode(), f"{FOLDER}/{name}")
