"""What is to be written or compared, and who wants to know how it goes."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from trackside.output import report
from trackside.output.compare import root_of

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping

    from trackside.diagnostics import Bag, Span
    from trackside.output.ground import Fault
    from trackside.output.manifest import Records
    from trackside.output.places import Places
    from trackside.targets.base import File


class Job(NamedTuple):
    """All files of a plan, or those of some root folders.

    `roots` maps the root folder of each source and output to its place in the plan; `only` are the roots that the files
    are of, None for all. `inputs` are the plan's own files. `command` and `force` are the calls that a user makes to
    build, without and with the leave to overwrite what is not ours.
    """

    places: Places
    files: Iterable[File]
    roots: Mapping[str, Span]
    inputs: Iterable[str]
    only: Collection[str] | None
    command: str
    force: str

    def records_here(self, records: Records) -> Records:
        """Leave out the records that are none of this job's business."""
        if self.only is None:
            return records.copy()
        return {path: known for path, known in records.items() if root_of(path, self.roots) in self.only}

    def roots_here(self) -> Iterable[str]:
        """List the root folders that the files are of."""
        return self.roots if self.only is None else self.only

    def report_faults(self, faults: Iterable[tuple[str, Fault]], bag: Bag) -> None:
        """Report paths that output may not have, where the plan names their folder."""
        for path, fault in faults:
            bag.add(report.misplaced(path, fault, self.roots.get(root_of(path, self.roots))))


class Watcher(NamedTuple):
    """Hears the number of files so far, that another build is in the way, and that a crashed one was finished."""

    file: Callable[[int], None]
    waiting: Callable[[], None]
    recovered: Callable[[], None]
