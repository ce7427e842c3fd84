"""Which files a plan is made of, and what is said of files that cannot be read."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

import pytest

from trackside.diagnostics import Bag
from trackside.diagnostics.render import full, json, short
from trackside.source import plan_files
from trackside.source.node import SourceFile
from trackside.source.plan_files import PlanSource, read_plan


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Make a plan's folder with a few parts."""
    write(tmp_path / "plan" / "b.yaml", "events:\n  b: {kind: click}\n")
    write(tmp_path / "plan" / "a.yaml", "events:\n  a: {kind: click}\n")
    write(tmp_path / "plan" / "deep" / "c.yaml", "events:\n  c: {kind: click}\n")
    write(tmp_path / "plan" / ".hidden.yaml", "events: {}\n")
    write(tmp_path / "plan" / "notes.txt", "no plan\n")
    return tmp_path


def write(path: Path, text: str | bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text if isinstance(text, bytes) else text.encode("utf-8"))
    return path


def read(folder: Path, text: str | bytes) -> tuple[PlanSource | None, list[str]]:
    """Read a plan with this text; findings as `file:line:column-end_column slug: headline`."""
    bag = Bag()
    files: dict[str, SourceFile] = {}
    source = read_plan(write(folder / "tracking_plan.yaml", text), bag, files)
    # Whatever was found can be shown, with its lines where there are any.
    for module in (full, json, short):
        assert module.render(bag, files, color=False) or not len(bag)
    return source, [
        f"{found.primary.span.file}:{found.primary.span.line}:{found.primary.span.column}"
        f"-{found.primary.span.end_column} {found.slug}: {found.headline}"
        for found in bag
    ]


def include(folder: Path, *patterns: str) -> tuple[list[str], list[str]]:
    """Read a plan with these patterns; give the files that were read, in order, and the findings."""
    source, found = read(folder, "trackside: 1\ninclude:\n" + "".join(f"  - '{pattern}'\n" for pattern in patterns))
    assert source is not None
    return [document.file.path for document in source.documents[1:]], found


def test_a_plan_of_one_file(tmp_path: Path) -> None:
    source, found = read(tmp_path, "trackside: 1\nevents: {}\n")
    assert source is not None
    assert found == []
    assert [list(document) for document in source.documents] == [["trackside", "events"]]
    assert source.folder == tmp_path
    assert list(source.files) == ["tracking_plan.yaml"]
    assert source.include_patterns == ()


def test_included_files_come_in_the_order_of_patterns_and_paths(folder: Path) -> None:
    assert include(folder, "plan/*.yaml") == (["plan/a.yaml", "plan/b.yaml"], [])
    assert include(folder, "plan/b.yaml", "plan/a.yaml") == (["plan/b.yaml", "plan/a.yaml"], [])
    assert include(folder, "plan/**/*.yaml") == (["plan/a.yaml", "plan/b.yaml", "plan/deep/c.yaml"], [])
    assert include(folder, "./plan/**/c.yaml") == (["plan/deep/c.yaml"], [])
    assert include(folder, "pl?n/[ab].yaml") == (["plan/a.yaml", "plan/b.yaml"], [])
    assert include(folder, "plan/.h*.yaml") == (["plan/.hidden.yaml"], [])


def test_a_wildcard_leaves_out_the_plan_itself(folder: Path) -> None:
    write(folder / "more.yaml", "types: {}\n")
    assert include(folder, "*.yaml") == (["more.yaml"], [])


def test_patterns_and_texts_are_kept(folder: Path) -> None:
    source, _ = read(folder, "include: [plan/b.yaml]\n")
    assert source is not None
    assert source.include_patterns == ("plan/b.yaml",)
    assert {path: file.text for path, file in source.files.items()} == {
        "tracking_plan.yaml": "include: [plan/b.yaml]\n",
        "plan/b.yaml": "events:\n  b: {kind: click}\n",
    }


@pytest.mark.parametrize(
    ("pattern", "said"),
    [
        ("plan/z*.yaml", "include-finds-nothing: `plan/z*.yaml` matches no file"),
        ("plan/z.yaml", "include-finds-nothing: `plan/z.yaml` matches no file"),
        ("nowhere/*.yaml", "include-finds-nothing: `nowhere/*.yaml` matches no file"),
        ("plan/A.yaml*", "include-finds-nothing: `plan/A.yaml*` matches no file"),
        ("plan", "unreadable-file: `plan` is a folder"),
        ("plan/", "bad-include: `plan/` names a folder"),
        ("", "bad-include: a pattern names files, such as `plan/*.yaml`"),
        ("plan//a.yaml", "bad-include: a pattern names files, such as `plan/*.yaml`"),
        ("plan\\a.yaml", "bad-include: `plan\\a.yaml` is written with backslashes, which only one system understands"),
        ("../a.yaml", "include-outside: `../a.yaml` leads out of the plan's folder"),
        ("plan/../../a.yaml", "include-outside: `plan/../../a.yaml` leads out of the plan's folder"),
        ("/etc/passwd", "include-outside: `/etc/passwd` leads out of the plan's folder"),
        ("~/a.yaml", "include-outside: `~/a.yaml` leads out of the plan's folder"),
        ("C:/a.yaml", "include-outside: `C:/a.yaml` leads out of the plan's folder"),
        ("tracking_plan.yaml", "included-twice: `tracking_plan.yaml` is included twice"),
    ],
)
def test_a_pattern_that_cannot_be_used(folder: Path, pattern: str, said: str) -> None:
    read_files, found = include(folder, pattern)
    assert read_files == []
    assert found == [f"tracking_plan.yaml:3:5-{len(pattern) + 7} {said}"]


def test_a_file_is_included_once(folder: Path) -> None:
    read_files, found = include(folder, "plan/a.yaml", "plan/*.yaml")
    assert read_files == ["plan/a.yaml", "plan/b.yaml"]
    assert found == ["tracking_plan.yaml:4:5-18 included-twice: `plan/a.yaml` is included twice"]


def test_a_part_that_cannot_be_read_does_not_keep_the_others_from_being_read(folder: Path) -> None:
    write(folder / "plan" / "a.yaml", "events: [\n")
    read_files, found = include(folder, "plan/*.yaml")
    assert read_files == ["plan/b.yaml"]
    assert found == ["plan/a.yaml:1:9-10 unclosed: `[` is opened here and not closed"]


def test_an_included_file_cannot_include(folder: Path) -> None:
    write(folder / "plan" / "a.yaml", "events: {}\ninclude: [b.yaml]\n")
    source, found = read(folder, "include: [plan/a.yaml]\n")
    assert source is not None
    assert list(source.documents[1]) == ["events"]
    assert found == [
        "plan/a.yaml:2:1-8 nested-include: `plan/a.yaml` is included, and an included file cannot include others"
    ]


def test_a_fix_turns_the_slashes(folder: Path) -> None:
    bag = Bag()
    read_plan(write(folder / "p.yaml", "include: [plan\\a.yaml]\n"), bag)
    (found,) = bag
    assert found.fix is not None
    assert found.fix.safe
    assert [(edit.span[1:], edit.text) for edit in found.fix.edits] == [((1, 11, 1, 22), '"plan/a.yaml"')]


@pytest.mark.skipif(sys.platform == "win32", reason="links want a right of their own there")
class TestLinks:
    def test_a_link_inside_the_folder_is_read(self, folder: Path) -> None:
        (folder / "link.yaml").symlink_to(folder / "plan" / "a.yaml")
        assert include(folder, "link.yaml") == (["link.yaml"], [])

    def test_one_file_under_two_names_is_included_twice(self, folder: Path) -> None:
        (folder / "plan" / "z.yaml").symlink_to(folder / "plan" / "a.yaml")
        read_files, found = include(folder, "plan/*.yaml")
        assert read_files == ["plan/a.yaml", "plan/b.yaml"]
        assert found == ["tracking_plan.yaml:3:5-18 included-twice: `plan/z.yaml` is one file under two names"]

    @pytest.mark.parametrize("pattern", ["out.yaml", "*.yaml", "folder/*.yaml", "folder/secret.yaml"])
    def test_no_link_leads_out(self, folder: Path, tmp_path_factory: pytest.TempPathFactory, pattern: str) -> None:
        outside = tmp_path_factory.mktemp("outside")
        write(outside / "secret.yaml", "events: {}\n")
        (folder / "folder").symlink_to(outside)
        (folder / "out.yaml").symlink_to(outside / "secret.yaml")
        read_files, found = include(folder, pattern)
        assert read_files == []
        name = "folder/secret.yaml" if pattern.startswith("folder") else "out.yaml"
        assert found == [
            f"tracking_plan.yaml:3:5-{len(pattern) + 7} include-outside: "
            f"`{name}` is a link that leads out of the plan's folder"
        ]

    def test_two_stars_do_not_follow_links(self, folder: Path) -> None:
        (folder / "plan" / "deep" / "loop").symlink_to(folder / "plan")
        read_files, found = include(folder, "plan/**/c.yaml")
        assert (read_files, found) == (["plan/deep/c.yaml"], [])

    @pytest.mark.parametrize("target", ["nothing.yaml", "loop.yaml"])
    def test_a_link_to_nothing_is_named(self, folder: Path, target: str) -> None:
        (folder / "loop.yaml").symlink_to(folder / target)
        read_files, found = include(folder, "loop.yaml")
        assert read_files == []
        assert len(found) == 1
        assert found[0].startswith("tracking_plan.yaml:3:5-16 unreadable-file: `loop.yaml` is ")

    def test_a_plan_through_a_link_has_its_own_folder(self, folder: Path, tmp_path: Path) -> None:
        (folder / "other").mkdir()
        (folder / "other" / "linked").symlink_to(folder / "plan")
        source = read_plan(folder / "other" / "linked" / "a.yaml", Bag())
        assert source is not None


@pytest.mark.skipif(sys.platform == "win32", reason="there are no pipes in folders there")
def test_a_pipe_is_no_plan_and_nothing_waits_for_it(folder: Path) -> None:
    os.mkfifo(folder / "plan" / "pipe.yaml")
    read_files, found = include(folder, "plan/pipe.yaml")
    assert read_files == []
    assert found == ["tracking_plan.yaml:3:5-21 unreadable-file: `plan/pipe.yaml` is no ordinary file"]


@pytest.mark.skipif(sys.platform != "linux", reason="names are text on other systems")
def test_names_that_cannot_be_printed_are_not_read(folder: Path) -> None:
    for name in (b"plan/\xff.yaml", b"plan/\x1b.yaml"):
        write(folder / os.fsdecode(name), "events: {}\n")
    read_files, found = include(folder, "plan/*.yaml")
    assert read_files == ["plan/a.yaml", "plan/b.yaml"]
    assert found == [
        "tracking_plan.yaml:3:5-18 unreadable-file: a file that `plan/*.yaml` matches has a name that cannot be printed"
    ]


@pytest.mark.skipif(sys.platform == "win32", reason="files have no mode there")
def test_a_file_that_may_not_be_read() -> None:
    """Read as nobody, where all is readable for this user; pytest's own folders are closed to others."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        write(folder / "part.yaml", "events: {}\n").chmod(0)
        write(folder / "tracking_plan.yaml", "include: [part.yaml]\n")
        user = os.geteuid()
        bag = Bag()
        try:
            if user == 0:
                os.seteuid(65534)
            read_plan(folder / "tracking_plan.yaml", bag)
        finally:
            os.seteuid(user)
        assert [found.headline for found in bag] == ["`part.yaml` is not readable for this user"]


def test_a_file_that_vanishes_while_the_plan_is_read(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def find_then_delete(at: Path, parts: list[str]) -> list[str]:
        (folder / "plan" / "a.yaml").unlink()
        return ["plan/a.yaml"]

    monkeypatch.setattr(plan_files, "find_files", find_then_delete)
    read_files, found = include(folder, "plan/a.yaml")
    assert read_files == []
    assert found == ["tracking_plan.yaml:3:5-18 unreadable-file: `plan/a.yaml` is not there"]


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (lambda path: path.mkdir(), "is a folder"),
        (lambda path: None, "is not there"),
        (lambda path: path.write_bytes(b""), "is empty"),
    ],
    ids=["folder", "nothing", "empty"],
)
def test_a_plan_that_is_none(tmp_path: Path, made: object, said: str) -> None:
    made(tmp_path / "p.yaml")  # type: ignore[operator]
    bag = Bag()
    assert read_plan(tmp_path / "p.yaml", bag) is None
    (found,) = bag
    assert found.headline == f"`p.yaml` {said}"
    assert found.primary.span == ("p.yaml", 1, 1, 1, 1)
    assert found.help


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"a: b\nc: \xe9\n", "tracking_plan.yaml:2:4-5 not-utf-8: `tracking_plan.yaml` is not written in UTF-8"),
        (b"\xef\xbb\xbf\xff", "tracking_plan.yaml:1:1-2 not-utf-8: `tracking_plan.yaml` is not written in UTF-8"),
        ("é: ".encode() + b"\xc3", "tracking_plan.yaml:1:4-5 not-utf-8: `tracking_plan.yaml` is not written in UTF-8"),
        (b"a: \xed\xa0\x80", "tracking_plan.yaml:1:4-5 not-utf-8: `tracking_plan.yaml` is not written in UTF-8"),
        ("a: b".encode("utf-16"), "tracking_plan.yaml:1:1-1 not-utf-8: `tracking_plan.yaml` is written in UTF-16"),
        (b"a: b\0\n", "tracking_plan.yaml:1:5-6 forbidden-character: NUL (U+0000) stands raw in the file"),
    ],
)
def test_bytes_that_are_no_text(tmp_path: Path, data: bytes, said: str) -> None:
    source, found = read(tmp_path, data)
    assert source is None
    assert found == [said]


def test_a_byte_order_mark_is_skipped(tmp_path: Path) -> None:
    source, found = read(tmp_path, b"\xef\xbb\xbfa: b\n")
    assert found == []
    assert source is not None
    assert source.documents[0]["a"].key_span == ("tracking_plan.yaml", 1, 1, 1, 2)


def test_the_files_of_a_plan_have_a_size_together(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plan_files, "SIZE_LIMIT", 2 * 1024 * 1024)
    write(folder / "plan" / "b.yaml", "# " + "x" * 2 * 1024 * 1024)
    read_files, found = include(folder, "plan/*.yaml")
    assert read_files == ["plan/a.yaml"]
    assert found == [
        "tracking_plan.yaml:3:5-18 file-too-large: with `plan/b.yaml` the plan's files hold more than 2 MB"
    ]


def test_what_is_no_list_of_patterns_is_left_to_the_next_stage(tmp_path: Path) -> None:
    for text in ("include: plan/*.yaml\n", "include: {a: b}\n", "include: [[a]]\n", "include:\n"):
        source, found = read(tmp_path, text)
        assert source is not None
        assert found == []
