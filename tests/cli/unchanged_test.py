"""The quick answer of `build`: it is given only when it is true, and without importing anything that costs."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.cli.calling import ROOT, STARTER, Caller, environment

from trackside.output import state
from trackside.output.places import Places

INCLUDING = STARTER + "\ninclude: [plan/*.yaml, more/**/*.yaml]\n"
EVENT = "events:\n  {name}: {{description: Seen., kind: click}}\n"


@pytest.fixture
def built(trackside: Caller) -> Caller:
    """A plan with includes, built."""
    for name in ("plan/one", "more/two", "more/below/three"):
        path = trackside.folder / f"{name}.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(EVENT.format(name=path.stem), encoding="utf-8")
    trackside.plan.write_text(INCLUDING, encoding="utf-8")
    assert trackside("build").code == 0
    assert holds(trackside)
    return trackside


def holds(caller: Caller) -> bool:
    """Ask for the quick answer."""
    return state.holds(Places(str(caller.plan))) is not None


def rewrite(path: Path, change: Callable[[bytes], bytes]) -> None:
    """Change a file, and give it back its size and modification time."""
    status = path.stat()
    data = change(path.read_bytes())
    assert len(data) == status.st_size
    path.write_bytes(data)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def one_letter(data: bytes) -> bytes:
    """Change one letter of a file."""
    assert b"e" in data
    return data.replace(b"e", b"E", 1)


def test_it_holds_for_every_file_touched_but_not_changed(built: Caller) -> None:
    for path in built.folder.rglob("*"):
        if path.is_file():
            os.utime(path, (0, 0))
    assert holds(built)


@pytest.mark.parametrize(
    "path",
    [
        "tracking_plan.yaml",
        "plan/one.yaml",
        "more/below/three.yaml",
        "generated/web/index.js",
        "generated/docs/events/page_viewed.md",
        "generated/web/.gitattributes",
        ".trackside/tracking_plan.yaml.manifest",
        ".trackside/tracking_plan.yaml.state",
    ],
)
def test_one_changed_letter_is_seen_whatever_the_time_and_size_say(built: Caller, path: str) -> None:
    rewrite(built.folder / path, one_letter)
    assert not holds(built)


@pytest.mark.parametrize("path", ["plan/one.yaml", "generated/web/index.js", ".trackside/tracking_plan.yaml.manifest"])
def test_a_file_that_is_gone_or_a_link_is_seen(built: Caller, path: str) -> None:
    there = built.folder / path
    moved = there.rename(built.folder / "moved")
    assert not holds(built)
    moved.rename(there)
    assert holds(built)
    if path.startswith("generated"):
        there.rename(moved)
        there.symlink_to(moved)
        assert not holds(built)


@pytest.mark.parametrize("path", ["plan/new.yaml", "more/new.yaml", "more/below/deeper/new.yaml", "more/by/new.yaml"])
def test_a_new_file_that_an_include_matches_is_seen(built: Caller, path: str) -> None:
    new = built.folder / path
    new.parent.mkdir(parents=True, exist_ok=True)
    new.write_text(EVENT.format(name="new_seen"), encoding="utf-8")
    assert not holds(built)
    assert built("build", "--check").code == 1
    assert built("build").code == 0
    assert holds(built)
    new.unlink()
    assert not holds(built)


def test_a_new_file_elsewhere_is_not(built: Caller) -> None:
    for path in ("new.yaml", "plan/below.txt", "plan/below/new.yaml", "elsewhere/new.yaml", "generated/web/mine.js"):
        new = built.folder / path
        new.parent.mkdir(parents=True, exist_ok=True)
        new.write_text("x\n", encoding="utf-8")
    assert holds(built)


def test_a_byte_order_mark_is_not_part_of_the_plan(trackside: Caller) -> None:
    trackside.plan.write_bytes(b"\xef\xbb\xbf" + STARTER.replace("\n", "\r\n").encode())
    assert trackside("build").code == 0
    assert holds(trackside)


def test_a_plan_that_is_a_link(trackside: Caller) -> None:
    real = trackside.plan.rename(trackside.folder / "real.yaml")
    trackside.plan.symlink_to(real)
    assert trackside("build").code == 0
    assert holds(trackside)
    real.write_text(STARTER.replace("A page", "One page"), encoding="utf-8")
    assert not holds(trackside)


def test_a_crashed_build_is_seen(built: Caller) -> None:
    Path(Places(str(built.plan)).journal).write_bytes(b"")
    assert not holds(built)
    assert built("build", "--check").code == 0
    assert holds(built)


def test_a_state_is_worth_nothing_in_another_folder(built: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody can commit a state that makes a check in CI believe what it has not compiled."""
    copy = built.folder.with_name("copy")
    shutil.copytree(built.folder, copy)
    assert state.holds(Places(str(copy / "tracking_plan.yaml"))) is None
    taken = built.folder.rename(built.folder.with_name("taken"))
    copy.rename(built.folder)
    assert not holds(built)
    shutil.rmtree(built.folder)
    taken.rename(built.folder)
    monkeypatch.chdir(built.folder)
    assert holds(built)


def test_a_build_of_one_source_leaves_no_note_of_the_whole(trackside: Caller) -> None:
    trackside("build", "--only", "web")
    assert not holds(trackside)
    trackside("build")
    assert holds(trackside)
    trackside.edit("A page became visible.", "A page was seen.")
    trackside("build", "--only", "web")
    assert not holds(trackside)
    assert trackside("build", "--check").code == 1


def test_drift_and_errors_leave_no_note(built: Caller) -> None:
    rewrite(built.folder / "generated/web/index.js", one_letter)
    for _ in range(2):
        assert built("build", "--check").code == 1
    assert built("build").code == 1
    assert not holds(built)


def test_a_check_that_compiled_and_found_all_well_leaves_a_note(built: Caller) -> None:
    Path(Places(str(built.plan)).state).unlink()
    said = built("build", "--check")
    assert holds(built)
    assert built("build", "--check") == said


@pytest.mark.parametrize(
    "arguments",
    [
        ["--strict"],
        ["--only", "web"],
        ["--format=json"],
        ["--color", "never"],
        ["--check"],
        ["nowhere"],
        ["--", "."],
    ],
)
def test_with_other_arguments_the_ordinary_way_gives_the_same_answer(built: Caller, arguments: list[str]) -> None:
    plain = built("build", "--check")
    said = built("build", "--check", *arguments)
    if arguments == ["nowhere"]:
        assert said.code == 2
    elif arguments[0] == "--only":
        assert said.code == 0
        assert "files are what it compiles to" in said.err
    else:
        assert said.code == plain.code == 0


def quick(caller: Caller) -> bool:
    """Ask whether a plain build is answered without compiling."""
    return state.holds(Places(str(caller.plan)), silent=True) is not None


def test_a_build_without_changes_answers_as_one_that_compiles(built: Caller) -> None:
    assert quick(built)
    said = built("build")
    Path(Places(str(built.plan)).state).unlink()
    assert not quick(built)
    assert built("build") == said
    assert quick(built)


def test_a_build_that_had_something_to_say_says_it_again(built: Caller) -> None:
    built.edit("description: A page became visible.", "description: A page became visible.\n    because: TODO")
    first = built("build")
    assert "warning" in first.out
    assert holds(built)
    assert not quick(built)
    again = built("build")
    assert (again.code, again.out) == (first.code, first.out)


def test_a_build_puts_back_what_tells_git_of_its_files(built: Caller) -> None:
    ours = built.folder / ".trackside/.gitignore"
    ours.unlink()
    assert built("build").code == 0
    assert ours.is_file()


MODULES = """
import sys
before = set(sys.modules)
from trackside.cli.main import main
code = main(sys.argv[1:])
print(code, *sorted(set(sys.modules) - before))
"""


@pytest.mark.parametrize("call", [["build"], ["build", "--check"]])
def test_nothing_heavy_is_imported(built: Caller, call: list[str]) -> None:
    done = subprocess.run(
        [sys.executable, "-c", MODULES, *call],
        cwd=built.folder,
        env=environment(),
        capture_output=True,
        text=True,
        check=True,
    )
    code, *imported = done.stdout.split()
    assert code == "0"
    assert "files are what it compiles to" in done.stderr
    ours = {name for name in imported if name.startswith("trackside")}
    assert ours == {
        "trackside",
        "trackside.cli",
        "trackside.cli.main",
        "trackside.cli.unchanged",
        "trackside.output",
        "trackside.output.digest",
        "trackside.output.manifest",
        "trackside.output.places",
        "trackside.output.state",
    }
    assert set(imported) - ours <= {"__future__", "_hashlib", "errno"}, "each of these takes less than it spares"


def test_importing_the_package_imports_nothing_else() -> None:
    names = subprocess.run(
        [
            sys.executable,
            "-S",
            "-c",
            "import sys; a = set(sys.modules); import trackside; print(*set(sys.modules) - a)",
        ],
        env=environment(),
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    assert names == ["trackside"]


def test_another_compiler_is_another_answer(tmp_path: Path) -> None:
    """The compiler's own files are read, too: who works on it sees at once what a change does to the output."""
    for part in ("compiler/trackside", "templates"):
        shutil.copytree(ROOT / part, tmp_path / part, ignore=shutil.ignore_patterns("__pycache__", "node_modules"))
    shop = tmp_path / "shop"
    shop.mkdir()
    (shop / "tracking_plan.yaml").write_text(STARTER, encoding="utf-8")
    env = environment(PYTHONPATH=str(tmp_path / "compiler"))

    def quick() -> str:
        ask = (
            "from trackside.output import state; from trackside.output.places import Places\n"
            "print(state.holds(Places('tracking_plan.yaml')) is not None, state.__file__)"
        )
        done = subprocess.run(
            [sys.executable, "-c", ask], cwd=shop, env=env, capture_output=True, text=True, check=True
        )
        answer, file = done.stdout.split(maxsplit=1)
        assert file.startswith(str(tmp_path))
        return answer

    build = [sys.executable, "-m", "trackside", "build"]
    subprocess.run(build, cwd=shop, env=env, capture_output=True, check=True)
    assert quick() == "True"
    for edited in ("compiler/trackside/targets/names.py", "compiler/trackside/new_module.py", "templates/new.j2"):
        path = tmp_path / edited
        before = path.read_text(encoding="utf-8") if path.exists() else None
        path.write_text((before or "") + "\n", encoding="utf-8")
        assert quick() == "False"
        if before is None:
            path.unlink()
        else:
            path.write_text(before, encoding="utf-8")
        assert quick() == "True"
    path.write_text("", encoding="utf-8")
    subprocess.run([*build, "--check"], cwd=shop, env=env, capture_output=True, check=True)
    assert quick() == "True", "a check that compiled anew speaks for the new compiler"
