"""The destination's modules stand on each other in one direction, annotations included."""

from __future__ import annotations

from graphlib import TopologicalSorter

from tests.architecture_test import PACKAGE, imports


def test_no_module_leads_back_to_itself() -> None:
    modules = {f"collect.{path.stem}": path for path in (PACKAGE / "collect").glob("*.py")}
    assert len(modules) > 8
    leads_to = {
        name: {imported for imported, _, _ in imports(path) if imported in modules} for name, path in modules.items()
    }
    order = list(TopologicalSorter(leads_to).static_order())  # raises CycleError
    assert order.index("collect.collector") < order.index("collect.web") < order.index("collect.app")
