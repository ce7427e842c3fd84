"""Output stays in the plan's folder, and has paths that every system takes for what they are."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest
from tests.output.building import Workshop

from trackside.output.ground import Ground
from trackside.output.journal import Journal
from trackside.pipeline import analyse_text


def build(folder: Path, *paths: str, roots: tuple[str, ...] = ("out",)) -> Workshop:
    """Build files with these paths."""
    shop = Workshop(folder / "shop", {path: f"{path!r}\n" for path in paths}, roots)
    shop.build()
    return shop


def slugs(shop: Workshop) -> list[str]:
    """List the slugs of what was found."""
    return [found.slug for found in shop.bag]


@pytest.mark.parametrize(
    "path",
    [
        *("../x.txt", "out/../../x.txt", "/etc/x.txt", "out/./x.txt", "out//x.txt", "out/"),
        *("out/.git/hooks/post-checkout", "out/.GIT/config", ".trackside/plan.yaml.manifest", "out/.Trackside/x"),
    ],
)
def test_a_path_that_leaves_the_folder_is_refused(tmp_path: Path, path: str) -> None:
    shop = build(tmp_path, "out/right.txt", path)
    assert slugs(shop) == ["output-outside-folder"]
    assert shop.on_disk() == {}
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["shop"]


@pytest.mark.parametrize(
    "name",
    [
        *("con", "CON.md", "nul.schema.json", "Aux", "com1.py", "LPT9", "prn .txt", "com¹", "conin$"),
        *("a:b", "a?", "a*b", "a|b", "a<b", 'a"b', "a\\b", "ends.", "ends "),
        *("line\nbreak", "bell\x07", "del\x7f", "nul\x00", "\u202eabc", "x" * 256, "é" * 128),
    ],
)
def test_a_name_that_some_system_refuses_is_refused(tmp_path: Path, name: str) -> None:
    for path in (f"out/{name}", f"out/{name}/file.txt"):
        shop = build(tmp_path, "out/right.txt", path)
        assert slugs(shop) == ["unportable-path"]
        assert shop.on_disk() == {}


@pytest.mark.parametrize(
    "name", ["console.md", "com.txt", "com10", "auxiliary", "é" * 127, ".hidden", "日本語.md", "a b"]
)
def test_a_name_that_only_looks_like_one_is_fine(tmp_path: Path, name: str) -> None:
    shop = build(tmp_path, f"out/{name}")
    assert slugs(shop) == []
    assert list(shop.generated()) == [f"out/{name}"]


def test_a_finding_about_a_path_points_at_the_folder_in_the_plan(tmp_path: Path) -> None:
    shop = build(tmp_path, "out/con.md")
    (found,) = shop.bag
    assert found.primary.span.file == "plan.yaml"
    assert "out/con.md" in found.headline


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("out/a.txt", "out/a.txt"),
        ("out/Cart.md", "out/cart.md"),
        ("out/Events/a.md", "out/events/A.md"),
        ("out/caf\u00e9.md", "out/cafe\u0301.md"),
        ("out/stra\u00dfe.md", "out/STRASSE.md"),
        ("out/a", "out/a/b.txt"),
        ("out/a/b.txt", "out/a"),
        ("out/A/b/c.txt", "out/a"),
        ("out/x.txt", "PLAN.yaml"),
    ],
)
def test_two_files_that_some_system_takes_for_one_are_refused(tmp_path: Path, one: str, other: str) -> None:
    ground = Ground(str(tmp_path), ["plan.yaml"])
    assert ground.fault(one) is None
    assert ground.take(one) is None
    assert ground.fault(other) is None
    fault = ground.take(other)
    assert fault is not None
    assert fault.slug == "output-collision"
    assert other in fault.headline


def test_no_file_of_a_folder_is_confused_with_another(tmp_path: Path) -> None:
    ground = Ground(str(tmp_path), ["plan.yaml", "plan/events.yaml"])
    paths = ["a", "b/a", "b/a.txt", "b/c/a", "plan.yml", "plan/a", "b.txt", "sub/plan.yaml"]
    assert [ground.fault(path) or ground.take(path) for path in paths] == [None] * len(paths)


def test_output_never_replaces_a_file_of_the_plan_even_by_force(tmp_path: Path) -> None:
    shop = Workshop(tmp_path / "shop", {"plan.yaml": "x\n"})
    assert shop.build(force=True) is None
    assert slugs(shop) == ["output-collision"]
    assert shop.plan.read_text() == "trackside: 1\n"


@pytest.mark.parametrize("force", [False, True])
def test_a_folder_that_is_a_link_out_of_the_plans_folder_is_not_followed(tmp_path: Path, force: bool) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    shop = Workshop(tmp_path / "shop", {"out/a.txt": "a\n", "out/deep/b.txt": "b\n"})
    (shop.folder / "out").symlink_to(outside)
    assert shop.build(force=force) is None
    assert slugs(shop) == ["output-outside-folder"], "said once, not of every file in it"
    assert list(outside.iterdir()) == []
    (shop.folder / "out").unlink()
    (shop.folder / "out").mkdir()
    (shop.folder / "out/deep").symlink_to("../../outside")
    assert shop.build(force=force) is None
    assert list(outside.iterdir()) == []
    assert shop.generated() == {"out/deep": "-> ../../outside"}


def test_a_link_that_stays_inside_is_followed_and_two_ways_to_one_file_are_seen(tmp_path: Path) -> None:
    shop = Workshop(tmp_path / "shop", {"out/a.txt": "a\n", "real/b.txt": "b\n"}, roots=("out", "real"))
    (shop.folder / "real").mkdir()
    (shop.folder / "out").symlink_to("real")
    assert shop.build() is None, "both have a .gitattributes"
    assert set(slugs(shop)) == {"output-collision"}
    shop.roots, shop.files = ("out",), {"out/a.txt": "a\n"}
    assert shop.build() is not None
    assert (shop.folder / "real/a.txt").read_text() == "a\n"
    assert shop.build() == (0, 0, 2, 0)


@pytest.mark.parametrize("force", [False, True])
def test_a_link_in_a_files_place_is_neither_followed_nor_replaced(tmp_path: Path, force: bool) -> None:
    shop = Workshop(tmp_path / "shop", {"out/a.txt": "a\n"})
    mine = shop.put("mine.txt", "mine\n")
    (shop.folder / "out").mkdir()
    for target in ("../mine.txt", "../nowhere.txt"):
        link = shop.folder / "out/a.txt"
        link.symlink_to(target)
        assert shop.build(force=force) is None
        assert shop.slugs == {"out/a.txt": "blocked-output"}
        assert shop.on_disk() == {"out/a.txt": f"-> {target}"}
        link.unlink()
    assert mine.read_text() == "mine\n"
    assert not (shop.folder / "nowhere.txt").exists()


FOLDERS = [
    *("CON", "con.d/x", "lib/nul", "com1/x", "x/LPT9.y", "prn .txt", "com¹", "conin$", "a./b", "a /b", ".git/x"),
    *(".trackside", "x/.trackside/y", "a\u200bb", "x" * 256, "é" * 128),
    *("generated/web", "console", "com10", "a.b/c", ".gitignored", "é" * 127, "auxiliary", "-", "日本"),
]


@pytest.mark.parametrize("folder", FOLDERS)
def test_a_plan_is_refused_where_its_folders_would_be(tmp_path: Path, folder: str) -> None:
    """`check` must not pass what every build refuses."""
    out = json.dumps(folder)
    plan = f"""
trackside: 1
plan: {{name: shop, version: 1.0.0, namespace: "https://shop.example"}}
outputs: {{docs: {{target: docs, out: {out}}}}}
"""
    found = [(item.slug, item.primary.span.line) for item in analyse_text(plan).bag]
    fault = Ground(str(tmp_path)).fault(f"{folder}/a.txt")
    assert found == ([] if fault is None else [("wrong-value", 4)]), fault


@pytest.mark.parametrize("force", [False, True])
def test_a_folder_in_a_files_place_and_a_file_in_a_folders_place_are_left(tmp_path: Path, force: bool) -> None:
    shop = Workshop(tmp_path / "shop", {"out/a.txt": "a\n", "out/deep/b.txt": "b\n"})
    shop.put("out/a.txt/mine.txt", "mine\n")
    shop.put("out/deep", "mine\n")
    before = shop.on_disk()
    assert shop.build(force=force) is None
    assert shop.slugs == {"out/a.txt": "blocked-output", "out/deep/b.txt": "blocked-output"}
    assert shop.on_disk() == before


def test_a_file_that_became_a_link_is_left_when_the_plan_drops_it(tmp_path: Path) -> None:
    shop = build(tmp_path, "out/a.txt", "out/b.txt")
    mine = shop.put("mine.txt", "'out/a.txt'\n")
    (shop.folder / "out/a.txt").unlink()
    (shop.folder / "out/a.txt").symlink_to("../mine.txt")
    del shop.files["out/a.txt"]
    assert shop.build() is not None
    assert shop.slugs == {"out/a.txt": "edited-file-kept"}
    assert mine.exists()
    assert (shop.folder / "out/a.txt").is_symlink()


@pytest.mark.parametrize("path", ["../victim.txt", "/{outside}/victim.txt", "link/victim.txt", "out/../../victim.txt"])
def test_a_manifest_that_names_files_outside_removes_none(tmp_path: Path, path: str) -> None:
    """A manifest is committed, so it may come from anybody."""
    victim = tmp_path / "victim.txt"
    victim.write_text("precious\n")
    shop = build(tmp_path, "out/a.txt")
    (shop.folder / "link").symlink_to(tmp_path)
    manifest = Path(shop.places.manifest)
    known = hashlib.sha256(victim.read_bytes()).hexdigest()
    manifest.write_text(manifest.read_text() + f"{known}  {path.format(outside=tmp_path)}\n")
    assert shop.build() is not None
    assert victim.read_text() == "precious\n"
    assert shop.recorded() == set(shop.on_disk()), "and the line is gone"


@pytest.mark.parametrize("path", ["../victim.txt", ".trackside/../../victim.txt", "link/victim.txt", ".git/config"])
def test_a_journal_that_names_files_outside_touches_none(tmp_path: Path, path: str) -> None:
    """A journal is not committed, but somebody could force one in."""
    shop = build(tmp_path, "out/a.txt")
    (shop.folder / "link").symlink_to(tmp_path)
    for victim in (tmp_path / "victim.txt", shop.folder / ".git/config"):
        victim.parent.mkdir(exist_ok=True)
        victim.write_text("precious\n")
    known = hashlib.sha256(b"precious\n").hexdigest()
    evil = hashlib.sha256(b"evil\n").hexdigest()
    for new in (evil, "-"):
        journal = Journal(shop.places)
        if new == "-":
            journal.remove(path, known)
        else:
            journal.write(path, b"evil\n", new, known)
        journal.close()
        assert shop.build() is not None
        assert (tmp_path / "victim.txt").read_text() == "precious\n"
        assert (shop.folder / ".git/config").read_text() == "precious\n"
        assert shop.leftovers() == []


@pytest.mark.parametrize("kind", ["link", "file"])
def test_the_folder_that_builds_keep_must_be_one(tmp_path: Path, kind: str) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    shop = Workshop(tmp_path / "shop", {"out/a.txt": "a\n"})
    kept = shop.folder / ".trackside"
    if kind == "link":
        kept.symlink_to(outside)
    else:
        kept.write_text("mine\n")
    assert shop.build() is None
    assert shop.slugs == {".trackside": "cannot-write"}
    assert list(outside.iterdir()) == []
    assert shop.on_disk() == {}


@pytest.mark.parametrize("text", ["c\n", "another\n"])
def test_one_file_under_two_cases_of_its_name_is_not_removed_as_the_old_one(tmp_path: Path, text: str) -> None:
    """Two links to one file are what a file system shows where case does not count."""
    shop = Workshop(tmp_path / "shop", {"out/Cart.txt": "c\n"})
    shop.build()
    (shop.folder / "out/cart.txt").hardlink_to(shop.folder / "out/Cart.txt")
    shop.files = {"out/cart.txt": text}
    assert shop.build() is not None
    assert not len(shop.bag)
    assert shop.generated()["out/cart.txt"] == text
    assert shop.recorded() == {"out/cart.txt", "out/.gitattributes"}
