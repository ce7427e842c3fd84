"""The compiler as a library."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from tests.cli.calling import ROOT, STARTER, Caller

import trackside as package


@pytest.fixture
def plan(tmp_path: Path) -> Path:
    """The starter plan."""
    path = tmp_path / "tracking_plan.yaml"
    path.write_text(STARTER, encoding="utf-8")
    return path


def test_every_public_name_is_there_and_no_other() -> None:
    assert package.__all__ == ["Compiled", "Diagnostic", "Plan", "__version__", "check_plan", "compile_plan"]
    for name in package.__all__:
        assert getattr(package, name) is not None
        assert name in dir(package)
    with pytest.raises(AttributeError, match="no attribute 'no_such_name'"):
        _ = package.no_such_name


def test_the_version_has_one_value() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert package.__version__ == project["version"]


def test_compile_gives_what_build_writes_and_writes_nothing(trackside: Caller) -> None:
    compiled = package.compile_plan(trackside.plan)
    assert compiled.ok
    assert compiled.plan is not None
    assert list(compiled.plan.events) == ["page_viewed", "purchase_completed"]
    assert list(trackside.files()) == ["tracking_plan.yaml"]
    trackside("build")
    written = {
        path: data.decode()
        for path, data in trackside.files().items()
        if path.startswith("generated/") and not path.endswith(".gitattributes")
    }
    assert dict(compiled.files) == written


def test_compile_one_source(plan: Path) -> None:
    files = package.compile_plan(str(plan), only="web").files
    assert files
    assert all(path.startswith("generated/web/") for path in files)
    with pytest.raises(ValueError, match="'wbe'"):
        package.compile_plan(plan, only="wbe")


def test_a_plan_with_an_error_gives_findings_and_no_files(plan: Path) -> None:
    plan.write_text(STARTER.replace("kind: page_view", "kind: page_veiw"), encoding="utf-8")
    compiled = package.compile_plan(plan)
    assert not compiled.ok
    assert compiled.files == {}
    (found,) = package.check_plan(plan)
    assert isinstance(found, package.Diagnostic)
    assert found == compiled.diagnostics[0]
    assert (found.slug, found.primary.span.file) == ("wrong-value", "tracking_plan.yaml")


def test_a_plan_that_is_not_there_is_a_finding(tmp_path: Path) -> None:
    (found,) = package.check_plan(tmp_path / "nowhere.yaml")
    assert found.slug == "unreadable-file"
