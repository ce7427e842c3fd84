"""Compare what a plan compiles to with the disk, and write nothing.

Every byte of every file is compared. A manifest may have more lines than there are files, as after a merge of two
branches: that is no drift as long as it records each file as it is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from trackside.output import manifest, report
from trackside.output.compare import compare, leftovers, marked
from trackside.output.ground import Fault, Ground
from trackside.output.journal import StepError

if TYPE_CHECKING:
    from trackside.diagnostics import Bag
    from trackside.output.job import Job, Watcher

WORDS: Final = {
    "output-missing": "missing",
    "output-outdated": "outdated",
    "output-edited": "edited",
    "output-left-over": "left over",
    "output-unrecorded": "unrecorded",
    "foreign-file": "not ours",
}
"""A word for each kind of drift that a build mends."""

_WANTS_FORCE: Final = {"output-edited", "foreign-file"}


class Drift(NamedTuple):
    """How many files were compared, and the command that mends all that differs, if there is one."""

    compared: int
    mend: str | None


def find_drift(job: Job, bag: Bag, watcher: Watcher) -> Drift:
    """Report every file that differs."""
    ground = Ground(job.places.folder, job.inputs)
    try:
        here = job.records_here(manifest.read(job.places.manifest))
    except manifest.NewerManifestError:
        bag.add(report.newer_manifest(job.places))
        return Drift(0, None)
    except OSError as error:
        bag.add(report.unwritable(StepError(job.places.shown_manifest, error)))
        return Drift(0, None)
    faults: list[tuple[str, Fault]] = []
    made: set[str] = set()
    for compared in compare(ground, here, marked(job.files, job.roots_here()), faults):
        made.add(compared.path)
        watcher.file(len(made))
        found = report.drifted(compared, job.command, job.force)
        if found is not None:
            bag.add(found)
    for leftover in leftovers(ground, here, made):
        bag.add(report.left_over(leftover, job.command))
    job.report_faults(faults, bag)
    slugs = {found.slug for found in bag}
    if not slugs or not slugs <= WORDS.keys():
        return Drift(len(made), None)
    return Drift(len(made), job.force if slugs & _WANTS_FORCE else job.command)
