"""Golden cases, one folder a story: a plan, what it says on the terminal, and the files it compiles to.

`plan.yaml` is the plan, whatever lies beside it belongs to it. `diagnostics.txt` is what `check` prints. `expected/`
holds the generated files, less what is the same for every plan: the runtimes and the schema of the language.
TRACKSIDE_UPDATE=1 writes both anew (`make golden`).
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from trackside.diagnostics.render import full
from trackside.pipeline import analyse, render
from trackside.targets.templates import templates_root

CASES = Path(__file__).parent / "cases"
STORIES = sorted(path.name for path in CASES.iterdir() if (path / "plan.yaml").is_file())
UPDATE = os.environ.get("TRACKSIDE_UPDATE") == "1"


def test_there_are_stories() -> None:
    assert len(STORIES) >= 12


def runtime_files() -> set[str]:
    """List the texts that are copied into generated packages as they are."""
    return {
        path.read_text(encoding="utf-8")
        for path in Path(str(templates_root())).glob("*/runtime/**/*")
        if path.is_file() and path.suffix != ".pyc"
    }


@pytest.mark.parametrize("story", STORIES)
def test_story(story: str) -> None:
    folder = CASES / story
    analysis = analyse(folder / "plan.yaml")
    said = full.render(analysis.bag, analysis.files, color=False)
    files: dict[str, str] = {}
    if analysis.plan is not None and not analysis.bag.has_errors:
        runtime = runtime_files()
        for file in render(analysis.plan):
            assert file.path not in files
            if file.text not in runtime and not file.path.endswith("/plan.schema.json"):
                files[file.path] = file.text
    if UPDATE:
        _write(folder, said, files)
    assert (folder / "diagnostics.txt").read_text(encoding="utf-8") == said
    expected = folder / "expected"
    written = {path.relative_to(expected).as_posix(): path for path in expected.rglob("*") if path.is_file()}
    assert sorted(written) == sorted(files)
    for name, text in files.items():
        assert written[name].read_text(encoding="utf-8") == text, name


def _write(folder: Path, said: str, files: dict[str, str]) -> None:
    with (folder / "diagnostics.txt").open("w", encoding="utf-8", newline="") as out:
        out.write(said)
    shutil.rmtree(folder / "expected", ignore_errors=True)
    for name, text in files.items():
        path = folder / "expected" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("w", encoding="utf-8", newline="") as out:
            out.write(text)
