"""A folder with a plan, and builds in it: what the tests of the output stage share."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from trackside.diagnostics import Bag, Span
from trackside.output.drift import Drift, find_drift
from trackside.output.job import Job, Watcher
from trackside.output.places import Places
from trackside.output.writer import Written, finish, write
from trackside.targets.base import File

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

COMMAND = "trackside build"
FORCE = "trackside build --force"


class Workshop:
    """A plan's folder. `files` is what the plan compiles to, `roots` the folders that it names."""

    def __init__(self, folder: Path, files: Mapping[str, str], roots: Iterable[str] = ("out",)) -> None:
        folder.mkdir(exist_ok=True)
        self.folder = folder
        self.files = dict(files)
        self.roots = tuple(roots)
        self.bag = Bag()
        self.recovered = 0
        self.waited = 0
        self.plan = folder / "plan.yaml"
        if not self.plan.exists():
            self.plan.write_text("trackside: 1\n")

    @property
    def places(self) -> Places:
        return Places(str(self.plan))

    def job(self, only: tuple[str, ...] | None = None, inputs: Iterable[str] = ("plan.yaml",)) -> Job:
        """Make a job of all files, or of those in some roots; a new bag listens to it."""
        self.bag = Bag()
        return Job(
            places=self.places,
            files=(
                File(path, text)
                for path, text in self.files.items()
                if only is None or path.startswith(tuple(f"{root}/" for root in only))
            ),
            roots={root: Span("plan.yaml", 1, 1, 1, 2) for root in self.roots},
            inputs=inputs,
            only=only,
            command=COMMAND,
            force=FORCE,
        )

    def watcher(self) -> Watcher:
        """Count what is heard."""

        def waiting() -> None:
            self.waited += 1

        def recovered() -> None:
            self.recovered += 1

        return Watcher(file=lambda number: None, waiting=waiting, recovered=recovered)

    def build(self, *, force: bool = False, only: tuple[str, ...] | None = None) -> Written | None:
        """Write all files."""
        return write(self.job(only), self.bag, self.watcher(), force=force)

    def check(self, only: tuple[str, ...] | None = None) -> Drift:
        """Compare all files, after finishing what was left behind."""
        job = self.job(only)
        assert finish(self.places, self.bag, self.watcher())
        return find_drift(job, self.bag, self.watcher())

    @property
    def slugs(self) -> dict[str, str]:
        """Map each finding's file to its slug."""
        return {found.primary.span.file: found.slug for found in self.bag}

    def on_disk(self) -> dict[str, str]:
        """Read every file below the roots, by its path; links are shown by where they lead."""
        found = {}
        for root in self.roots:
            for path in sorted((self.folder / root).rglob("*")):
                name = path.relative_to(self.folder).as_posix()
                if path.is_symlink():
                    found[name] = f"-> {path.readlink()}"
                elif path.is_file():
                    found[name] = path.read_text(encoding="utf-8")
        return found

    def generated(self) -> dict[str, str]:
        """Read the same without what marks the folders."""
        return {path: text for path, text in self.on_disk().items() if not path.endswith(".gitattributes")}

    def recorded(self) -> set[str]:
        """List the paths in the manifest."""
        text = Path(self.places.manifest).read_text(encoding="utf-8")
        return {line[66:] for line in text.splitlines() if line[64:66] == "  "}

    def put(self, path: str, text: str) -> Path:
        """Write a file as somebody else."""
        target = self.folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
        return target

    def leftovers(self) -> list[str]:
        """List what only a running build may have: hidden siblings and the journal."""
        names = [path.name for path in self.folder.rglob("*")]
        return [name for name in names if name.endswith((".tmp", ".journal"))]


def numbered(count: int, word: str, *, size: int = 20) -> dict[str, str]:
    """Make some files in two folders; `word` tells one version of them from another."""
    return {
        f"out/{'deep/er/' if number % 3 == 0 else ''}file_{number}.txt": f"{word} {number}\n" * size
        for number in range(count)
    }
