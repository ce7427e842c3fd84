"""The pages of docs/: generated ones are up to date, every key has its example, every link leads somewhere."""

from __future__ import annotations

import importlib.util
import json
import re
from pathlib import Path
from typing import Any

import pytest

from trackside.diagnostics import Bag
from trackside.schema.load import validate
from trackside.schema.model import Shape
from trackside.schema.reference import SECTIONS, fields
from trackside.source.reader import read_text

ROOT = Path(__file__).resolve().parent.parent
PAGES = sorted(
    [
        *(ROOT / "docs").glob("*.md"),
        *ROOT.glob("*.md"),
        ROOT / "examples" / "shop" / "README.md",
        ROOT / "templates" / "python" / "runtime" / "README.md",
    ]
)

KEYS = [
    pytest.param(model, key, field, id=f"{model.__name__}.{key}")
    for model, _, _ in SECTIONS
    for key, field in fields(model)
]


def _generator(name: str = "generate") -> Any:
    spec = importlib.util.spec_from_file_location(f"docs_{name}", ROOT / "docs" / f"{name}.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("name", _generator().PAGES)
def test_generated_pages_are_up_to_date(name: str) -> None:
    page = _generator().PAGES[name]()
    assert (ROOT / name).read_text(encoding="utf-8") == page, "run: make reference"


def test_the_table_of_what_survives_is_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    survival = _generator("survival")
    here, there = [survival.shown(page.read_text(encoding="utf-8")) for page in survival.PAGES]
    assert here == there, "run: make survival"
    assert {line.count(" | ") for line in here.splitlines()[2:]} == {len(survival.HEADS)}

    cell = {"fault": "a fault", "taken": 2000, "counted": 2000, "lost": 0, "twice": 0, "sent_again": 0, "note": ""}
    results, page = tmp_path / "results.jsonl", tmp_path / "page.md"
    rows = [
        {**cell, "sink": "outbox", "sent_again": 3, "note": "5 kills"},
        {**cell, "sink": "http", "counted": 1, "lost": 1},
    ]
    results.write_text("".join(f"{json.dumps(row)}\n" for row in rows), encoding="utf-8")
    page.write_text(f"before\n{survival.BEGIN}old\n{survival.END}after\n", encoding="utf-8")
    monkeypatch.setattr(survival, "PAGES", (page,))
    survival.main(results)
    written = page.read_text(encoding="utf-8")
    assert "| a fault | – | **1 of 2,000** | 2,000 of 2,000; again 3; 5 kills | – |\n" in written
    assert written.startswith("before\n") and written.endswith("after\n") and "old" not in written


@pytest.mark.parametrize(("model", "key", "field"), KEYS)
def test_every_key_has_a_description_and_an_example_that_is_read(model: type[Shape], key: str, field: Any) -> None:
    assert field.description and field.description.endswith((".", "..."))
    assert field.examples, "no example"
    bag = Bag()
    _, node = read_text(f"{key}: {field.examples[0]}\n", "example.yaml", bag)
    assert node is not None, [finding.headline for finding in bag]
    assert not list(bag)
    _, at_fault = validate(model, node, "the example", bag)
    wrong = [finding.headline for finding in bag if finding.slug != "missing-key"]
    assert not wrong
    assert key not in at_fault


def test_every_shape_of_the_schema_is_in_the_reference() -> None:
    listed = {model for model, _, _ in SECTIONS}

    def below(model: type[Shape]) -> set[type[Shape]]:
        return {model}.union(*(below(one) for one in model.__subclasses__()))

    parts_only = {model for model in below(Shape) if model.__subclasses__() and model not in listed}
    assert below(Shape) - listed - parts_only == set()


def test_the_page_of_the_python_runtime_has_every_module() -> None:
    folder = ROOT / "templates" / "python" / "runtime"
    listed = re.findall(r"`(\w+\.py)`", (folder / "README.md").read_text(encoding="utf-8"))
    modules = {path.name for path in folder.glob("*.py")} - {"__init__.py"}
    assert sorted(listed) == sorted(modules)
    copied = ROOT / "generated" / "backend" / "_runtime"
    assert {path.name for path in copied.iterdir()} - {"__pycache__"} == modules | {"__init__.py"}, "no page is copied"


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(path: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", path.read_text(encoding="utf-8")):
        if target.startswith(("http://", "https://")):
            continue
        file, _, anchor = target.partition("#")
        page = (path.parent / file).resolve() if file else path
        assert page.exists(), target
        if anchor:
            headings = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
            anchors = {re.sub(r"[^\w-]", "", heading.lower().replace(" ", "-")) for heading in headings}
            assert anchor in anchors, target
