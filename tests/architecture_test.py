"""The house's laws, held by reading the source: imports flow one way, files stay small, templates are layout only."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from jinja2 import Environment, nodes

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "compiler" / "trackside"
TEMPLATES = ROOT / "templates"

MODULES = sorted(PACKAGE.rglob("*.py"))
LAYOUTS = sorted(TEMPLATES.rglob("*.j2"))
RUNTIMES = sorted(path for path in TEMPLATES.glob("*/runtime/**/*") if path.suffix in {".js", ".py", ".ts"})
TESTS = sorted(
    path
    for pattern in ("*.py", "*.mjs")
    for path in (ROOT / "tests").rglob(pattern)
    if not {"node_modules", "expected"} & set(path.relative_to(ROOT).parts)
)

MAY_IMPORT = {
    "record": set(),
    "diagnostics": set(),
    "ir": {"diagnostics", "record"},
    "source": {"diagnostics"},
    "schema": {"diagnostics", "ir", "source"},
    "resolve": {"diagnostics", "ir", "source", "schema"},
    "rules": {"diagnostics", "ir", "targets.names"},
    "targets": {"diagnostics", "ir"},
    "output": {"diagnostics", "targets.base"},
    "collect": {"ir", "targets.schema"},
    "pipeline": {"diagnostics", "ir", "source", "schema", "resolve", "rules", "targets"},
    "cli": {"collect", "diagnostics", "ir", "source", "schema", "rules", "targets", "output", "pipeline"},
}
"""Which stages each stage may import, at run time."""

FRONT = {"__init__", "__main__", "api"}
"""The package's front door, which may import all."""

TYPES_ONLY = {"diagnostics": {"source.node"}}
"""What may be named in annotations alone: findings are printed beside the text of the files they are about."""

LONGEST = 510
"""Lines. A file that grows beyond is two rooms in one."""

CASING_OR_ESCAPING = {
    "capitalize", "e", "escape", "forceescape", "indent", "lower", "replace", "safe", "title", "tojson", "trim",
    "upper", "urlencode", "wordwrap", "xmlattr",
}  # fmt: skip
"""Filters that would make a template decide how a text is spelled: that is done in targets/names and targets/escape."""


def imports(path: Path) -> Iterator[tuple[str, int, bool]]:
    """Yield each module of ours that a file imports, its line, and whether it is for annotations only."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    typing_only: set[ast.AST] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            typing_only.update(inner for statement in node.body for inner in ast.walk(statement))
    for node in ast.walk(tree):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: a relative import hides where it leads"
            base = node.module or ""
            names = [f"{base}.{alias.name}" for alias in node.names] if base == "trackside" else [base]
        for name in names:
            if name.startswith("trackside."):
                yield name.removeprefix("trackside."), node.lineno, node in typing_only


def stage_of(path: Path) -> str:
    """Name the stage that a file belongs to."""
    first = path.relative_to(PACKAGE).parts[0]
    return first.removesuffix(".py")


def shown(path: Path) -> str:
    """Name a file for a test's id."""
    return path.relative_to(ROOT).as_posix()


def test_there_is_something_to_look_at() -> None:
    assert len(MODULES) > 40
    assert LAYOUTS
    assert {stage_of(path) for path in MODULES} - FRONT <= set(MAY_IMPORT)


@pytest.mark.parametrize("path", MODULES, ids=shown)
def test_imports_flow_one_way(path: Path) -> None:
    stage = stage_of(path)
    if stage in FRONT:
        return
    for name, line, typing_only in imports(path):
        allowed = MAY_IMPORT[stage] | {stage, "__version__"} | (TYPES_ONLY.get(stage, set()) if typing_only else set())
        assert any(name == one or name.startswith(f"{one}.") for one in allowed), (
            f"{shown(path)}:{line}: {stage} may not import trackside.{name}"
        )


def test_modules_of_the_python_runtime_import_one_way() -> None:
    """Those that are imported in functions and for annotations alone are counted as well."""
    paths = {path.stem: path for path in RUNTIMES if path.suffix == ".py"}
    left = {
        name: {
            node.module
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
            if isinstance(node, ast.ImportFrom) and node.level == 1 and node.module in paths
        }
        for name, path in paths.items()
    }
    while leaves := {name for name, wanted in left.items() if not wanted}:
        left = {name: wanted - leaves for name, wanted in left.items() if name not in leaves}
    assert not left, "each of these imports another of them"


@pytest.mark.parametrize("path", sorted({*MODULES, *LAYOUTS, *RUNTIMES, *TESTS}), ids=shown)
def test_no_file_is_too_long(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= LONGEST


def test_there_are_no_drawers() -> None:
    drawers = {"util", "utils", "helper", "helpers", "common", "misc", "shared"}
    assert not [shown(path) for path in PACKAGE.rglob("*") if path.stem in drawers]


@pytest.mark.parametrize("path", MODULES, ids=shown)
def test_every_module_says_what_it_is(path: Path) -> None:
    assert ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))


@pytest.mark.parametrize("path", LAYOUTS, ids=shown)
def test_templates_are_layout_only(path: Path) -> None:
    tree = Environment().parse(path.read_text(encoding="utf-8"))
    for found in tree.find_all(nodes.Filter):
        assert found.name not in CASING_OR_ESCAPING, f"{shown(path)}:{found.lineno}: |{found.name}"
    for call in tree.find_all(nodes.Call):
        if isinstance(call.node, nodes.Getattr):
            assert call.node.attr not in {"upper", "lower", "title", "capitalize", "replace", "strip"}, (
                f"{shown(path)}:{call.lineno}: .{call.node.attr}()"
            )


def test_registration_is_no_directory_scan() -> None:
    scans = {"iter_modules", "walk_packages", "scandir", "listdir"}
    for path in MODULES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Attribute) and node.attr in scans:
                assert stage_of(path) in {"output", "source"}, f"{shown(path)}:{node.lineno}: {node.attr}"


def test_diagnostics_are_no_formatted_strings() -> None:
    """Only the command line prints; a stage that prints has an error that nobody can find the place of."""
    for path in MODULES:
        if stage_of(path) in {"cli", "__main__"}:
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                assert node.func.id != "print", f"{shown(path)}:{node.lineno}"
