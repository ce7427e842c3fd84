"""What a build writes, leaves alone, refuses and removes."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.output.building import FORCE, Workshop, numbered

from trackside.output import manifest
from trackside.output.compare import ATTRIBUTES
from trackside.output.journal import Complete, Journal

FILES = {"out/a.txt": "a\n", "out/deep/b.txt": "b\n", "out/deep/er/c.txt": "c \u2028 \x00 é\n"}


@pytest.fixture
def shop(tmp_path: Path) -> Workshop:
    """A folder in which FILES were built."""
    shop = Workshop(tmp_path / "shop", FILES)
    assert shop.build() is not None
    return shop


def identities(shop: Workshop) -> dict[str, tuple[int, int]]:
    """Tell every file that was written since from one that was left."""
    return {
        str(path): (path.stat().st_ino, path.stat().st_mtime_ns)
        for path in sorted(shop.folder.rglob("*"))
        if path.is_file() and not path.name.endswith(".lock")
    }


def test_a_build_writes_every_file_and_marks_the_folder(shop: Workshop) -> None:
    assert shop.on_disk() == {**FILES, "out/.gitattributes": ATTRIBUTES}
    assert not len(shop.bag)
    assert shop.leftovers() == []


def test_the_manifest_has_digest_and_path_of_each_file_sorted(shop: Workshop) -> None:
    expected = [
        f"{hashlib.sha256((shop.folder / path).read_bytes()).hexdigest()}  {path}" for path in sorted(shop.on_disk())
    ]
    lines = Path(shop.places.manifest).read_text(encoding="utf-8").splitlines()
    assert lines[2] == "trackside manifest 1"
    assert lines[3:] == expected
    assert [line for line in lines[:2] if not line.startswith("# ")] == []


def test_the_manifest_is_the_same_bytes_wherever_and_in_whatever_order_files_come(
    shop: Workshop, tmp_path: Path
) -> None:
    other = Workshop(tmp_path / "elsewhere", dict(reversed(FILES.items())))
    other.build()
    assert Path(other.places.manifest).read_bytes() == Path(shop.places.manifest).read_bytes()


def test_what_builds_keep_for_themselves_is_kept_from_git_and_the_manifest_is_not(shop: Workshop) -> None:
    kept = shop.folder / ".trackside"
    assert sorted(path.name for path in kept.iterdir()) == [
        ".gitattributes",
        ".gitignore",
        "plan.yaml.lock",
        "plan.yaml.manifest",
    ]
    assert (kept / ".gitignore").read_text().split() == ["*.state", "*.journal", "*.lock", "*.tmp"]
    assert "*.manifest merge=union" in (kept / ".gitattributes").read_text()


def test_a_second_build_writes_nothing_at_all(shop: Workshop) -> None:
    before = identities(shop)
    written = shop.build()
    assert written == (0, 0, 4, 0)
    assert identities(shop) == before


def test_only_changed_files_are_written(shop: Workshop) -> None:
    before = identities(shop)
    shop.files["out/a.txt"] = "another a\n"
    assert shop.build() == (1, 0, 3, 0)
    after = identities(shop)
    changed = {Path(path).name for path in after if after[path] != before[path]}
    assert changed == {"a.txt", "plan.yaml.manifest"}
    assert shop.generated() == shop.files


def test_a_new_file_is_an_ordinary_one(shop: Workshop) -> None:
    umask = os.umask(0)
    os.umask(umask)
    assert stat.S_IMODE((shop.folder / "out/a.txt").stat().st_mode) == 0o666 & ~umask


def test_an_edited_file_stops_the_build_before_anything_is_written(shop: Workshop) -> None:
    shop.put("out/a.txt", "mine\n")
    before = identities(shop)
    shop.files.update({"out/a.txt": "newer a\n", "out/deep/b.txt": "newer b\n", "out/new.txt": "n\n"})
    assert shop.build() is None
    assert shop.slugs == {"out/a.txt": "output-edited"}
    assert FORCE in (next(iter(shop.bag)).help or "")
    assert identities(shop) == before
    assert shop.leftovers() == []


def test_every_edited_file_is_named_at_once(shop: Workshop) -> None:
    shop.put("out/a.txt", "mine\n")
    shop.put("out/deep/b.txt", "mine\n")
    assert shop.build() is None
    assert shop.slugs == {"out/a.txt": "output-edited", "out/deep/b.txt": "output-edited"}


def test_force_overwrites_what_was_edited(shop: Workshop) -> None:
    shop.put("out/a.txt", "mine\n")
    assert shop.build(force=True) == (1, 0, 3, 0)
    assert shop.generated() == FILES


def test_an_edit_that_is_what_the_plan_compiles_to_now_is_no_edit(shop: Workshop) -> None:
    shop.put("out/a.txt", "newer a\n")
    shop.files["out/a.txt"] = "newer a\n"
    assert shop.build() == (0, 0, 4, 0)
    assert shop.generated() == shop.files
    shop.files["out/a.txt"] = "newest a\n"
    assert shop.build() is not None, "and it is recorded as ours"


def test_an_emptied_file_is_written_anew(shop: Workshop) -> None:
    shop.put("out/a.txt", "")
    assert shop.build() == (1, 0, 3, 0)
    assert shop.generated() == FILES


@pytest.mark.parametrize("text", ["mine\n", ""])
def test_a_file_that_no_build_wrote_is_not_overwritten(tmp_path: Path, text: str) -> None:
    shop = Workshop(tmp_path / "shop", FILES)
    mine = shop.put("out/a.txt", text)
    assert shop.build() is None
    assert shop.slugs == {"out/a.txt": "foreign-file"}
    assert FORCE in (next(iter(shop.bag)).help or "")
    assert mine.read_text() == text
    assert shop.on_disk() == {"out/a.txt": text}
    assert shop.build(force=True) is not None
    assert shop.generated() == FILES


def test_a_marker_for_git_that_is_somebody_elses_is_not_overwritten(tmp_path: Path) -> None:
    shop = Workshop(tmp_path / "shop", FILES)
    shop.put("out/.gitattributes", "*.txt text\n")
    assert shop.build() is None
    assert shop.slugs == {"out/.gitattributes": "foreign-file"}


def test_right_files_without_a_manifest_are_taken_as_ours(shop: Workshop) -> None:
    Path(shop.places.manifest).unlink()
    before = identities(shop)
    assert shop.build() == (0, 0, 4, 0)
    after = identities(shop)
    assert {path: after[path] for path in before} == before
    assert shop.recorded() == set(shop.on_disk())


def test_a_file_that_the_plan_no_longer_makes_goes_with_the_folders_it_leaves_empty(shop: Workshop) -> None:
    del shop.files["out/deep/b.txt"], shop.files["out/deep/er/c.txt"]
    assert shop.build() == (0, 2, 2, 0)
    assert shop.generated() == {"out/a.txt": "a\n"}
    assert not (shop.folder / "out/deep").exists()


def test_a_folder_that_holds_anything_else_stays(shop: Workshop) -> None:
    shop.put("out/deep/mine.txt", "mine\n")
    del shop.files["out/deep/b.txt"], shop.files["out/deep/er/c.txt"]
    shop.build()
    assert shop.generated() == {"out/a.txt": "a\n", "out/deep/mine.txt": "mine\n"}


def test_a_root_that_the_plan_no_longer_names_is_cleared(shop: Workshop) -> None:
    shop.roots, shop.files = ("other",), {"other/a.txt": "a\n"}
    assert shop.build() == (2, 4, 0, 0)
    assert not (shop.folder / "out").exists()
    assert shop.generated() == {"other/a.txt": "a\n"}


def test_an_edited_file_that_the_plan_no_longer_makes_is_left_and_named_once(shop: Workshop) -> None:
    shop.put("out/deep/b.txt", "mine\n")
    del shop.files["out/deep/b.txt"]
    assert shop.build() is not None
    assert shop.slugs == {"out/deep/b.txt": "edited-file-kept"}
    assert not shop.bag.has_errors
    assert shop.generated()["out/deep/b.txt"] == "mine\n"
    assert "out/deep/b.txt" not in shop.recorded()
    shop.build()
    assert not len(shop.bag)


def test_force_does_not_remove_what_was_edited(shop: Workshop) -> None:
    shop.put("out/deep/b.txt", "mine\n")
    del shop.files["out/deep/b.txt"]
    shop.build(force=True)
    assert shop.generated()["out/deep/b.txt"] == "mine\n"


def test_a_file_that_is_gone_already_needs_no_removal(shop: Workshop) -> None:
    (shop.folder / "out/deep/b.txt").unlink()
    del shop.files["out/deep/b.txt"]
    assert shop.build() == (0, 0, 3, 0)
    assert shop.recorded() == set(shop.on_disk())


def test_one_root_is_built_and_the_others_are_left_as_they_are(tmp_path: Path) -> None:
    files = {"web/a.txt": "a\n", "web/old.txt": "o\n", "app/a.txt": "a\n", "app/old.txt": "o\n"}
    shop = Workshop(tmp_path / "shop", files, roots=("web", "app"))
    shop.build()
    shop.files = {path: text.upper() for path, text in files.items() if "old" not in path}
    assert shop.build(only=("web",)) == (1, 1, 1, 0)
    assert shop.generated() == {"web/a.txt": "A\n", "app/a.txt": "a\n", "app/old.txt": "o\n"}
    assert shop.recorded() == set(shop.on_disk())
    assert shop.build() == (1, 1, 3, 0)
    assert shop.generated() == shop.files


def test_two_plans_in_one_folder_do_not_take_each_others_files(tmp_path: Path) -> None:
    one = Workshop(tmp_path / "shop", {"one/a.txt": "a\n"}, roots=("one",))
    two = Workshop(tmp_path / "shop", {"two/a.txt": "a\n"}, roots=("two",))
    two.plan = two.folder / "second.yaml"
    for shop in (one, two, one, two):
        assert shop.build() is not None
    assert one.generated() == one.files
    assert two.generated() == two.files
    two.files["one/a.txt"] = "b\n"
    assert two.build() is None
    assert two.slugs == {"one/a.txt": "foreign-file"}


def test_a_manifest_of_a_later_version_stops_everything(shop: Workshop) -> None:
    path = Path(shop.places.manifest)
    path.write_text(path.read_text().replace("manifest 1\n", "manifest 2\n"))
    shop.files["out/a.txt"] = "newer\n"
    assert shop.build() is None
    assert shop.slugs == {".trackside/plan.yaml.manifest": "newer-manifest"}
    assert shop.generated() == FILES
    shop.check()
    assert shop.slugs == {".trackside/plan.yaml.manifest": "newer-manifest"}


def test_many_files_of_any_size(tmp_path: Path) -> None:
    sizes = (0, 1, 65535, 65536, 65537, 131072, 1_000_000)
    shop = Workshop(tmp_path / "shop", {f"out/{size}.txt": "x" * size for size in sizes})
    shop.build()
    assert shop.generated() == shop.files
    assert shop.build() == (0, 0, len(sizes) + 1, 0)
    shop.files = {path: text + "y" for path, text in shop.files.items()}
    assert shop.build() == (len(sizes), 0, 1, 0)
    assert shop.generated() == shop.files


def test_a_rename_by_case_alone_ends_in_the_new_name(tmp_path: Path) -> None:
    """On a file system where case does not count this is one file; on others it is two. Either way one is left."""
    shop = Workshop(tmp_path / "shop", {"out/Cart.txt": "c\n"})
    shop.build()
    shop.files = {"out/cart.txt": "c\n"}
    shop.build()
    assert shop.generated() == {"out/cart.txt": "c\n"}
    assert shop.check().mend is None


def test_records_survive_reading_and_writing() -> None:
    records = manifest.parse(manifest.text({"b  c.txt": ["0" * 64], "a.txt": ["f" * 64, "1" * 64]}).encode())
    assert records == {"a.txt": ("1" * 64, "f" * 64), "b  c.txt": ("0" * 64,)}


def test_a_damaged_manifest_gives_up_files_and_harms_none(shop: Workshop) -> None:
    path = Path(shop.places.manifest)
    data = path.read_bytes()
    path.write_bytes(b"\xff\x00garbage\n" + data[: len(data) - 40] + b"\r\n")
    shop.files["out/deep/er/c.txt"] = "newer\n"
    assert shop.build() is None
    assert shop.slugs == {"out/deep/er/c.txt": "foreign-file"}
    assert shop.generated() == FILES


def test_a_build_of_many_files_leaves_nothing_behind(tmp_path: Path) -> None:
    shop = Workshop(tmp_path / "shop", numbered(60, "old"))
    assert shop.build() == (61, 0, 0, 0)
    shop.files = numbered(50, "new")
    assert shop.build() == (50, 10, 1, 0)
    assert shop.generated() == shop.files
    assert shop.leftovers() == []


class Changing(dict[str, str]):
    """Files of a plan that takes long to compile: by the time the last one comes, somebody has edited the first."""

    def __init__(self, files: dict[str, str], edit: Callable[[], object]) -> None:
        super().__init__(files)
        self._edit = edit

    def items(self) -> Any:
        *first, last = super().items()
        yield from first
        self._edit()
        yield last


@pytest.mark.parametrize("force", [False, True])
def test_a_file_that_is_edited_while_a_build_runs_is_left(shop: Workshop, force: bool) -> None:
    new = {path: f"new {text}" for path, text in FILES.items()}
    shop.files = Changing(new, lambda: shop.put("out/a.txt", "mine\n"))
    written = shop.build(force=force)
    assert written is not None
    assert written.refused == 1
    assert shop.slugs == {"out/a.txt": "changed-while-building"}
    (found,) = shop.bag
    assert found.headline == "`out/a.txt` was changed while the build ran, so it was left as it is"
    assert found.help == "build again"
    assert shop.generated() == {**new, "out/a.txt": "mine\n"}
    assert shop.leftovers() == []
    shop.files = new
    assert shop.build() is None, "the next build sees an edit as it sees any"
    assert shop.slugs == {"out/a.txt": "output-edited"}


def test_a_file_that_is_edited_while_a_build_would_remove_it_is_left(shop: Workshop) -> None:
    kept = {path: f"new {text}" for path, text in FILES.items() if path != "out/a.txt"}
    shop.files = Changing(kept, lambda: None)
    real = Journal.close

    def close(journal: Journal) -> Complete:
        complete = real(journal)
        shop.put("out/a.txt", "mine\n")
        return complete

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Journal, "close", close)
        assert shop.build() is not None
    assert shop.slugs == {"out/a.txt": "changed-while-building"}
    assert shop.generated() == {**kept, "out/a.txt": "mine\n"}
