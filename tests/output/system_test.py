"""What the system may do to a build: no room, no rights, folders that go, other builds, git."""

from __future__ import annotations

import errno
import os
import resource
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.output.building import Workshop, numbered

from trackside.output import writer
from trackside.output.lock import Lock

OLD = numbered(12, "old")
NEW = numbered(9, "new") | {"out/added/big.txt": "x" * 300_000}


def in_child(work: Callable[[], object], user: int | None = None) -> None:
    """Do some work in a child process, as another user if asked; what it asserts must hold."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            if user is not None and os.geteuid() == 0:
                os.setgroups([])
                os.setgid(user)
                os.setuid(user)
            work()
            code = 0
        except BaseException:
            import traceback

            traceback.print_exc()
        finally:
            os._exit(code)
    _, status = os.waitpid(child, 0)
    assert os.waitstatus_to_exitcode(status) == 0


def assert_untouched(shop: Workshop, slug: str, words: str) -> None:
    """Nothing was written, and this is what was said."""
    (found,) = shop.bag
    assert found.slug == slug
    assert words in found.headline
    assert {path: text for path, text in shop.generated().items() if not path.endswith(".tmp")} == OLD
    assert shop.leftovers() == []


@pytest.fixture
def shop(tmp_path: Path) -> Workshop:
    """A folder in which OLD was built, with NEW to come."""
    shop = Workshop(tmp_path / "shop", OLD)
    shop.build()
    shop.files = NEW
    return shop


@pytest.mark.parametrize("room", [0, 10, 2_000, 100_000, 299_999])
def test_without_room_for_a_file_nothing_is_touched(shop: Workshop, room: int) -> None:
    """No file may grow beyond `room` bytes: the journal meets that limit first."""

    def work() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (room, room))
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        assert shop.build() is None
        assert_untouched(shop, "cannot-write", os.strerror(errno.EFBIG))

    in_child(work)
    assert shop.check().mend is not None
    assert shop.build() is not None
    assert shop.generated() == NEW


@pytest.mark.parametrize("room", range(11))
def test_when_the_disk_fills_up_between_journal_and_files_the_build_is_undone(shop: Workshop, room: int) -> None:
    """The system says so for real, by `write` to a full device, from the given file on."""

    def work() -> None:
        journal = 1 + len(NEW) + 1 + 1  # its head, every file, the manifest, and the table
        real, left = os.write, journal + room
        full = os.open("/dev/full", os.O_WRONLY)

        def write(descriptor: int, data: bytes) -> int:
            nonlocal left
            left -= 1
            return real(full if left < 0 else descriptor, data)

        os.write = write
        assert shop.build() is None
        assert_untouched(shop, "cannot-write", "No space left on device")
        assert next(iter(shop.bag)).primary.span.file == [*NEW, shop.places.shown_manifest][room]

    in_child(work)
    assert shop.build() is not None
    assert shop.generated() == NEW


def test_on_a_disk_that_is_really_full(tmp_path: Path) -> None:
    """A file system of 600 kB, which holds the old files and the new ones, but not a journal besides."""
    place = tmp_path / "disk"
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=600k", "tmpfs", str(place)], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("mounting takes root; a limit on file sizes and /dev/full stand in for it in the tests above")
    try:
        shop = Workshop(place / "shop", OLD)
        assert shop.build() is not None
        shop.files = NEW
        assert shop.build() is None
        assert_untouched(shop, "cannot-write", "No space left on device")
        assert shop.check().compared == len(NEW) + 1
    finally:
        subprocess.run(["umount", str(place)], check=True)


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that every user may enter; pytest's own are closed to others."""
    folder = Path(tempfile.mkdtemp(prefix="trackside-test-"))
    folder.chmod(0o777)
    yield folder
    shutil.rmtree(folder)


def make_writable_for_all(folder: Path) -> None:
    for path in [folder, *folder.rglob("*")]:
        path.chmod(0o777 if path.is_dir() else 0o666)


NOBODY = 65534


@pytest.mark.parametrize("locked", [".trackside", "out", "out/deep/er", "."])
def test_in_a_read_only_folder_nothing_is_touched(open_folder: Path, locked: str) -> None:
    shop = Workshop(open_folder / "shop", OLD)
    shop.build()
    shop.files = NEW
    make_writable_for_all(shop.folder)
    (shop.folder / locked).chmod(0o555)

    def work() -> None:
        built = shop.build()
        if locked == ".":
            assert built is not None, "the plan's own folder needs no change"
            return
        assert built is None
        assert_untouched(shop, "cannot-write", "Permission denied")

    in_child(work, NOBODY)
    (shop.folder / locked).chmod(0o777)


def test_in_a_read_only_folder_before_the_first_build(open_folder: Path) -> None:
    shop = Workshop(open_folder / "shop", OLD)
    shop.folder.chmod(0o555)

    def work() -> None:
        assert shop.build() is None
        assert shop.slugs == {".trackside": "cannot-write"}
        assert shop.check().compared == len(OLD) + 1

    in_child(work, NOBODY)
    shop.folder.chmod(0o777)
    assert sorted(path.name for path in shop.folder.iterdir()) == ["plan.yaml"]


def test_a_read_only_folder_can_be_checked(open_folder: Path) -> None:
    shop = Workshop(open_folder / "shop", OLD)
    shop.build()
    make_writable_for_all(shop.folder)
    folders = [path for path in [shop.folder, *shop.folder.rglob("*")] if path.is_dir()]
    for folder in folders:
        folder.chmod(0o555)

    def work() -> None:
        assert shop.check() == (len(OLD) + 1, None)

    in_child(work, NOBODY)
    for folder in folders:
        folder.chmod(0o777)


def test_a_file_that_cannot_be_read_is_left(open_folder: Path) -> None:
    shop = Workshop(open_folder / "shop", OLD)
    shop.build()
    make_writable_for_all(shop.folder)
    (shop.folder / "out/file_1.txt").chmod(0)

    def work() -> None:
        assert shop.build() is None
        assert shop.slugs == {"out/file_1.txt": "blocked-output"}

    in_child(work, NOBODY)


def test_what_cannot_be_read_is_said_once_with_the_way_out(open_folder: Path) -> None:
    """Of a folder, however many files are to lie in it."""
    shop = Workshop(open_folder / "shop", OLD)
    shop.build()
    make_writable_for_all(shop.folder)
    (shop.folder / "out/file_1.txt").chmod(0)
    (shop.folder / "out/deep").chmod(0)

    def work() -> None:
        for look in (shop.build, shop.check):
            look()
            assert [(found.headline, found.help) for found in shop.bag] == [
                (
                    "`out/deep` cannot be read: Permission denied",
                    "give yourself the right to read the folder, then build again",
                ),
                (
                    "`out/file_1.txt` cannot be read: Permission denied",
                    "give yourself the right to read the file, then build again",
                ),
            ]

    in_child(work, NOBODY)
    (shop.folder / "out/deep").chmod(0o777)


def test_a_removal_that_the_system_refuses_is_recorded_as_it_was(open_folder: Path) -> None:
    """Files can be written into `out/`, so the build goes ahead; `out/keep` does not let its file go."""
    shop = Workshop(open_folder / "shop", {"out/a.txt": "a\n", "out/keep/b.txt": "b\n"})
    shop.build()
    make_writable_for_all(shop.folder)
    (shop.folder / "out/keep").chmod(0o555)
    shop.files = {"out/a.txt": "new a\n"}

    def work() -> None:
        written = shop.build()
        assert written is not None
        assert written.refused == 1
        assert shop.slugs == {"out/keep/b.txt": "cannot-write"}

    in_child(work, NOBODY)
    (shop.folder / "out/keep").chmod(0o777)
    assert shop.generated() == {"out/a.txt": "new a\n", "out/keep/b.txt": "b\n"}
    assert shop.recorded() == set(shop.on_disk())
    assert shop.leftovers() == []
    assert shop.build() == (0, 1, 2, 0)
    assert shop.generated() == shop.files


def test_folders_that_vanished_come_back(shop: Workshop) -> None:
    shutil.rmtree(shop.folder / "out")
    assert shop.build() is not None
    assert shop.generated() == NEW
    shutil.rmtree(shop.folder / "out")
    shutil.rmtree(shop.folder / ".trackside")
    assert shop.build() is not None
    assert shop.generated() == NEW


def test_a_plans_folder_that_vanishes_during_the_build_is_an_error_and_no_crash(shop: Workshop) -> None:
    job = shop.job()

    def files() -> Iterator[tuple[str, str]]:
        for number, file in enumerate(job.files):
            if number == 5:
                shop.folder.rename(shop.folder.with_name("moved"))
            yield file

    assert writer.write(job._replace(files=files()), shop.bag, shop.watcher(), force=False) is None
    assert set(shop.slugs.values()) == {"cannot-write"}
    assert not shop.folder.exists()
    shop.folder.with_name("moved").rename(shop.folder)
    assert shop.build() is not None
    assert shop.generated() == NEW
    assert shop.leftovers() == []


def test_two_builds_at_once_do_one_after_the_other(shop: Workshop) -> None:
    children = []
    for _ in range(4):
        child = os.fork()
        if child == 0:
            code = 1
            try:
                code = 0 if shop.build() is not None and not len(shop.bag) else 1
            finally:
                os._exit(code)
        children.append(child)
    assert [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children] == [0] * 4
    assert shop.generated() == NEW
    assert shop.leftovers() == []
    assert shop.build() == (0, 0, len(NEW) + 1, 0)


def hold_lock(shop: Workshop) -> int:
    """Hold the lock in another process, and return its id."""
    ready, tell = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            with Lock(shop.places.lock, patience=1, waiting=lambda: None):
                os.write(tell, b"x")
                time.sleep(60)
        finally:
            os._exit(1)
    assert os.read(ready, 1) == b"x"
    os.close(ready)
    os.close(tell)
    return child


def test_a_build_that_waits_too_long_says_so_and_a_dead_ones_lock_is_none(
    shop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "PATIENCE", 0.2)
    holder = hold_lock(shop)
    try:
        assert shop.build() is None
        assert_untouched(shop, "build-running", "0.2 seconds")
        assert shop.waited == 1
    finally:
        os.kill(holder, signal.SIGKILL)
        os.waitpid(holder, 0)
    assert shop.build() is not None
    assert shop.waited == 1
    assert shop.generated() == NEW


def git(folder: Path, *arguments: str) -> str:
    """Run git as somebody who has no settings of his own."""
    settings = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull, "HOME": str(folder)}
    person = {"GIT_AUTHOR_NAME": "A", "GIT_AUTHOR_EMAIL": "a@example.org"}
    person |= {"GIT_COMMITTER_NAME": "A", "GIT_COMMITTER_EMAIL": "a@example.org"}
    done = subprocess.run(
        ["git", "-C", str(folder), *arguments],
        env={**os.environ, **settings, **person},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr + done.stdout
    return done.stdout


def commit(shop: Workshop, message: str) -> None:
    """Commit everything that git is told of."""
    git(shop.folder, "add", "-A")
    git(shop.folder, "commit", "-q", "-m", message)


@pytest.fixture
def repository(tmp_path: Path) -> Workshop:
    """A committed build."""
    shop = Workshop(tmp_path / "shop", {"out/index.txt": "".join(f"line {n}\n" for n in range(30)), "out/a.txt": "a\n"})
    git(shop.folder, "init", "-q", "-b", "main")
    shop.build()
    commit(shop, "build")
    return shop


def test_git_is_told_of_the_manifest_and_of_nothing_that_is_one_machines(repository: Workshop) -> None:
    tracked = git(repository.folder, "ls-files").split()
    assert [path for path in tracked if path.startswith(".trackside")] == [
        ".trackside/.gitattributes",
        ".trackside/.gitignore",
        ".trackside/plan.yaml.manifest",
    ]
    assert "linguist-generated: true" in git(repository.folder, "check-attr", "linguist-generated", "out/a.txt")
    assert "text: unset" in git(repository.folder, "check-attr", "text", "out/index.txt")


def test_a_fresh_clone_builds_without_force(repository: Workshop, tmp_path: Path) -> None:
    git(tmp_path, "clone", "-q", str(repository.folder), "clone")
    clone = Workshop(tmp_path / "clone", repository.files)
    assert clone.check() == (3, None)
    clone.files = {"out/index.txt": "changed\n", "out/b.txt": "b\n"}
    assert clone.build() == (2, 1, 1, 0)
    assert clone.generated() == clone.files


def test_two_branches_merge_without_a_conflict_in_the_manifest(repository: Workshop) -> None:
    """Each side adds a file and changes one line of the index; the merged plan compiles to what git makes of it."""
    base = dict(repository.files)
    index = base["out/index.txt"]
    git(repository.folder, "branch", "other")
    repository.files = base | {"out/x.txt": "x\n", "out/index.txt": index.replace("line 2\n", "line two\n")}
    repository.build()
    commit(repository, "ours")
    git(repository.folder, "checkout", "-q", "other")
    repository.files = base | {"out/y.txt": "y\n", "out/index.txt": index.replace("line 27\n", "line 27!\n")}
    assert repository.build() is not None
    commit(repository, "theirs")
    git(repository.folder, "merge", "-q", "main", "-m", "merge")

    merged = index.replace("line 2\n", "line two\n").replace("line 27\n", "line 27!\n")
    repository.files = base | {"out/x.txt": "x\n", "out/y.txt": "y\n", "out/index.txt": merged}
    assert repository.generated() == repository.files
    assert repository.check().mend == "trackside build"
    assert repository.slugs == {"out/index.txt": "output-unrecorded"}
    assert repository.build() == (0, 0, 5, 0)
    assert repository.check() == (5, None)


def test_after_a_merge_either_sides_version_is_ours(repository: Workshop) -> None:
    base = dict(repository.files)
    git(repository.folder, "branch", "other")
    repository.files = base | {"out/a.txt": "ours\n"}
    repository.build()
    commit(repository, "ours")
    git(repository.folder, "checkout", "-q", "other")
    repository.files = base | {"out/a.txt": "theirs\n"}
    repository.build()
    commit(repository, "theirs")
    git(repository.folder, "merge", "-q", "-X", "ours", "main", "-m", "merge")
    assert repository.generated()["out/a.txt"] == "theirs\n"
    repository.files = base | {"out/a.txt": "both\n"}
    assert repository.build() == (1, 0, 2, 0)


def test_a_manifest_with_conflict_marks_is_read_for_both_sides(repository: Workshop) -> None:
    path = Path(repository.places.manifest)
    lines = path.read_text().splitlines(keepends=True)
    ours = next(line for line in lines if "out/a.txt" in line)
    theirs = "0" * 64 + "  out/a.txt\n"
    marked = ["<<<<<<< HEAD\n", theirs, "||||||| base\n", "=======\n", ours, ">>>>>>> other\n"]
    path.write_text("".join(line for line in lines if line != ours) + "".join(marked))
    repository.files["out/a.txt"] = "new\n"
    assert repository.build() == (1, 0, 2, 0)
    assert "<<<<" not in path.read_text()
