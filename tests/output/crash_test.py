"""Builds are killed at every call that changes the disk, for real, and the next build or check puts things in order.

A child process dies by SIGKILL just before its n-th such call, or in the middle of a write, for every n until a build
gets through. Nothing of it is simulated but the moment.
"""

from __future__ import annotations

import os
import random
import shutil
import signal
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests.output.building import Workshop

from trackside.output.journal import load

if TYPE_CHECKING:
    from collections.abc import Callable

CHANGING = ("open", "write", "fsync", "mkdir", "rmdir", "unlink", "rename", "replace", "ftruncate")
OLD = {f"out/{name}.txt": f"old {name}\n" * 9 for name in ("same", "changed", "gone", "deep/gone", "deep/er/gone")}
NEW = {
    "out/same.txt": OLD["out/same.txt"],
    "out/changed.txt": "new changed\n" * 9,
    "out/added.txt": "new added\n" * 9,
    "out/other/added.txt": "new other\n" * 9,
    "out/other/empty.txt": "",
}


def run_until(point: int, work: Callable[[], object]) -> bool:
    """Do some work in a child that dies at its `point`-th call that changes the disk; tell whether it died."""
    child = os.fork()
    if child == 0:
        left = point

        def deadly(name: str, real: Callable[..., Any]) -> Callable[..., Any]:
            def call(*arguments: Any, **options: Any) -> Any:
                nonlocal left
                if name == "open" and not arguments[1] & os.O_CREAT:
                    return real(*arguments, **options)
                left -= 1
                if left == 0:
                    if name == "write":
                        real(arguments[0], arguments[1][: len(arguments[1]) // 2])
                    os.kill(os.getpid(), signal.SIGKILL)
                return real(*arguments, **options)

            return call

        try:
            for name in CHANGING:
                setattr(os, name, deadly(name, getattr(os, name)))
            work()
            os._exit(0)
        finally:
            os._exit(1)
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        assert os.WTERMSIG(status) == signal.SIGKILL
        return True
    assert os.WEXITSTATUS(status) == 0
    return False


class Scene:
    """A folder in which OLD was built, to be copied as often as it takes, and NEW to be built over it."""

    def __init__(self, folder: Path, old: dict[str, str] | None) -> None:
        self.folder = folder
        self.old = old or {}
        first = Workshop(folder / "first", self.old)
        if old is not None:
            first.build()
        self.manifest_before = self.manifest(first)
        done = Workshop(folder / "done", NEW)
        done.build()
        self.manifest_after = self.manifest(done)
        self.count = 0

    def fresh(self) -> Workshop:
        """Copy the folder."""
        self.count += 1
        copy = self.folder / f"copy-{self.count}"
        shutil.copytree(self.folder / "first", copy)
        return Workshop(copy, NEW)

    @staticmethod
    def manifest(shop: Workshop) -> str:
        path = Path(shop.places.manifest)
        return path.read_text(encoding="utf-8") if path.exists() else ""

    def state(self, shop: Workshop) -> str:
        """Name what lies there: old, new, or some of both; a file that is neither fails the test."""
        found = shop.generated()
        for path, text in found.items():
            if not path.endswith(".tmp"):
                assert text in {self.old.get(path), NEW.get(path)}, f"half a file: {path}"
        found = {path: text for path, text in found.items() if not path.endswith(".tmp")}
        manifest = self.manifest(shop)
        assert manifest in {self.manifest_before, self.manifest_after}
        if found == NEW and manifest == self.manifest_after:
            return "new"
        return "old" if found == self.old and manifest == self.manifest_before else "mixed"


@pytest.mark.parametrize("old", [OLD, None], ids=["over an older build", "as the first build"])
@pytest.mark.parametrize("how", ["build", "check"])
def test_a_build_killed_anywhere_is_finished_or_undone(tmp_path: Path, old: dict[str, str] | None, how: str) -> None:
    scene = Scene(tmp_path, old)
    seen: Counter[str] = Counter()
    after: Counter[str] = Counter()
    point = 1
    while True:
        shop = scene.fresh()
        if not run_until(point, shop.build):
            break
        seen[scene.state(shop)] += 1
        if how == "check":
            shop.check()
            after[scene.state(shop)] += 1
            # A check makes nothing that only builds need, so it also leaves what a first build had begun of that.
            assert [name for name in shop.leftovers() if not name.startswith(".git")] == []
        assert shop.build() is not None
        assert scene.state(shop) == "new"
        assert shop.leftovers() == []
        assert shop.build() == (0, 0, len(NEW) + 1, 0), "and nothing is left to do"
        point += 1
    assert scene.state(shop) == "new"
    assert point > 30
    assert set(seen) == {"old", "mixed", "new"}
    assert seen["mixed"] >= 5
    if how == "check":
        assert set(after) == {"old", "new"}
        assert after["new"] >= seen["mixed"], "what was begun in earnest is finished"


def test_a_crash_while_a_crash_is_mended_is_mended(tmp_path: Path) -> None:
    scene = Scene(tmp_path, OLD)
    steps = 1
    while run_until(steps, scene.fresh().build):
        steps += 1
    chance = random.Random(7)
    deaths = 0
    for _ in range(25):
        shop = scene.fresh()
        run_until(chance.randrange(steps // 2, steps), shop.build)
        for _ in range(3):
            deaths += run_until(chance.randrange(1, 15), shop.check)
            scene.state(shop)
        assert shop.build() is not None
        assert scene.state(shop) == "new"
        assert shop.leftovers() == []
    assert deaths > 10


def crashed(scene: Scene, moment: str) -> Workshop:
    """Kill a build whose journal is complete: `before` it touches a file, or `after` it has put one into its place."""
    point = 10
    while True:
        shop = scene.fresh()
        assert run_until(point, shop.build)
        changed = shop.generated().get("out/added.txt") == NEW["out/added.txt"]
        if load(shop.places) is not None and (moment == "before" or changed):
            return shop
        point += 1


def test_what_somebody_edits_after_a_crash_is_not_overwritten(tmp_path: Path) -> None:
    """At whatever step the build was killed once its journal was complete."""
    scene = Scene(tmp_path, OLD)
    finished = 0
    point = 10
    while True:
        shop = scene.fresh()
        if not run_until(point, shop.build):
            break
        point += 1
        if load(shop.places) is None:
            continue
        mine = {path for path in ("out/changed.txt", "out/added.txt", "out/gone.txt") if shop.put(path, "mine\n")}
        shop.check()
        finished += shop.recovered
        assert shop.slugs["out/changed.txt"] == "output-edited"
        assert {path for path, text in shop.generated().items() if text == "mine\n"} == mine
        assert shop.generated()["out/other/added.txt"] == NEW["out/other/added.txt"], "the rest is finished"
        assert shop.build() is None
        assert {path for path, text in shop.generated().items() if text == "mine\n"} == mine
        assert shop.leftovers() == []
    assert finished > 10


def test_after_a_checkout_the_journal_is_dropped_and_what_it_wrote_is_known_as_ours(tmp_path: Path) -> None:
    scene = Scene(tmp_path, OLD)
    shop = crashed(scene, "after")
    other = dict.fromkeys(OLD, "a third version\n")
    third = Workshop(tmp_path / "third", other)
    third.build()
    Path(shop.places.manifest).write_bytes(Path(third.places.manifest).read_bytes())
    for path, text in other.items():
        shop.put(path, text)
    shop.check()
    assert shop.recovered == 1
    assert shop.leftovers() == []
    assert shop.generated()["out/changed.txt"] == "a third version\n"
    shop.files = {**other, "out/added.txt": "a fourth version\n"}
    assert shop.build() is not None, "the file that the crashed build had put there is no stranger's"
    assert shop.generated() == shop.files


@pytest.mark.parametrize("keep", [0, 1, 30, 200, -1, -40, -82, -83, -300])
def test_a_journal_that_is_cut_short_is_discarded(tmp_path: Path, keep: int) -> None:
    scene = Scene(tmp_path, OLD)
    shop = crashed(scene, "before")
    journal = Path(shop.places.journal)
    journal.write_bytes(journal.read_bytes()[:keep])
    shop.check()
    assert shop.recovered == 0
    assert scene.state(shop) == "old"
    assert not journal.exists()


def test_a_journal_whose_content_never_reached_the_disk_is_discarded(tmp_path: Path) -> None:
    scene = Scene(tmp_path, OLD)
    shop = crashed(scene, "before")
    journal = Path(shop.places.journal)
    whole = journal.read_bytes()
    place = whole.index(b"new added")
    for damaged in (whole.replace(b"new added", b"\0" * 9, 1), whole[:place] + b"N" + whole[place + 1 :]):
        copy = scene.fresh()
        Path(copy.places.journal).write_bytes(damaged)
        copy.check()
        assert copy.recovered == 0
        assert scene.state(copy) == "old"


def test_an_internal_error_while_files_come_leaves_everything_as_it_was(tmp_path: Path) -> None:
    shop = Workshop(tmp_path / "shop", OLD)
    shop.build()
    before = shop.on_disk()
    shop.files = NEW
    job = shop.job()

    def files() -> Any:
        yield from list(job.files)[:3]
        raise ZeroDivisionError

    from trackside.output.writer import write

    with pytest.raises(ZeroDivisionError):
        write(job._replace(files=files()), shop.bag, shop.watcher(), force=False)
    assert shop.on_disk() == before
    assert shop.leftovers() == []
