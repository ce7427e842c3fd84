"""What `build --check` reports: file by file, each kind by its name, and the command that mends it."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.output.building import COMMAND, FORCE, Workshop

FILES = {"out/a.txt": "a\n", "out/deep/b.txt": "b\n"}


@pytest.fixture
def shop(tmp_path: Path) -> Workshop:
    """A folder in which FILES were built."""
    shop = Workshop(tmp_path / "shop", FILES)
    shop.build()
    return shop


def test_no_drift(shop: Workshop) -> None:
    assert shop.check() == (3, None)
    assert not len(shop.bag)


def test_before_the_first_build_everything_is_missing_and_nothing_is_made(tmp_path: Path) -> None:
    shop = Workshop(tmp_path / "shop", FILES)
    assert shop.check() == (3, COMMAND)
    assert set(shop.slugs.values()) == {"output-missing"}
    assert sorted(path.name for path in shop.folder.iterdir()) == ["plan.yaml"]


def test_each_kind_has_its_name(shop: Workshop) -> None:
    shop.files = {"out/a.txt": "new a\n", "out/added.txt": "x\n", "out/foreign.txt": "y\n", "out/same.txt": "z\n"}
    shop.put("out/foreign.txt", "mine\n")
    shop.put("out/same.txt", "z\n")
    shop.put("out/.gitattributes", "edited\n")
    (shop.folder / "out/mine").mkdir()
    shop.files["out/mine"] = "x\n"
    before = shop.on_disk()
    drift = shop.check()
    assert shop.slugs == {
        "out/.gitattributes": "output-edited",
        "out/a.txt": "output-outdated",
        "out/added.txt": "output-missing",
        "out/deep/b.txt": "output-left-over",
        "out/foreign.txt": "foreign-file",
        "out/mine": "blocked-output",
        "out/same.txt": "output-unrecorded",
    }
    assert drift.mend is None, "no command moves a folder away"
    assert shop.on_disk() == before


@pytest.mark.parametrize(
    ("path", "text", "slug", "mend"),
    [
        ("out/a.txt", None, "output-missing", COMMAND),
        ("out/a.txt", "", "output-outdated", COMMAND),
        ("out/a.txt", "mine\n", "output-edited", FORCE),
        ("out/deep/b.txt", "b\n\n", "output-edited", FORCE),
        ("out/.gitattributes", None, "output-missing", COMMAND),
    ],
)
def test_the_command_mends_it(shop: Workshop, path: str, text: str | None, slug: str, mend: str) -> None:
    if text is None:
        (shop.folder / path).unlink()
    else:
        shop.put(path, text)
    assert shop.check() == (3, mend)
    assert shop.slugs == {path: slug}
    assert shop.build(force=mend == FORCE) is not None
    assert shop.check() == (3, None)


def test_a_left_over_file_is_mended_also_when_it_was_edited(shop: Workshop) -> None:
    for text, left in (("b\n", False), ("mine\n", True)):
        shop.files = dict(FILES)
        (shop.folder / "out/deep/b.txt").unlink(missing_ok=True)
        shop.build()
        shop.put("out/deep/b.txt", text)
        del shop.files["out/deep/b.txt"]
        assert shop.check() == (2, COMMAND)
        assert shop.slugs == {"out/deep/b.txt": "output-left-over"}
        shop.build()
        assert shop.check() == (2, None)
        assert (shop.folder / "out/deep/b.txt").exists() is left


def test_a_file_of_somebody_elses_in_the_folder_is_no_drift(shop: Workshop) -> None:
    shop.put("out/mine.txt", "mine\n")
    assert shop.check() == (3, None)


def test_without_a_manifest_right_files_are_unrecorded(shop: Workshop) -> None:
    Path(shop.places.manifest).unlink()
    assert shop.check() == (3, COMMAND)
    assert set(shop.slugs.values()) == {"output-unrecorded"}
    shop.build()
    assert shop.check() == (3, None)


def test_a_manifest_with_the_lines_of_two_branches_is_no_drift(shop: Workshop) -> None:
    path = Path(shop.places.manifest)
    path.write_text(path.read_text() + f"{'0' * 64}  out/a.txt\n{'1' * 64}  out/gone.txt\n")
    assert shop.check() == (3, None)


def test_one_root_is_compared_alone(tmp_path: Path) -> None:
    shop = Workshop(tmp_path / "shop", {"web/a.txt": "a\n", "app/a.txt": "a\n"}, roots=("web", "app"))
    shop.build()
    shop.put("app/a.txt", "mine\n")
    assert shop.check(only=("web",)) == (2, None)
    assert shop.check(only=("app",)) == (2, FORCE)
