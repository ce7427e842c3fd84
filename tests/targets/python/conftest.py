"""Plans compiled to Python packages, each once, and imported as a program would import them."""

from __future__ import annotations

import importlib
import itertools
import sys
from collections.abc import Callable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest

from trackside.ir import Plan
from trackside.pipeline import analyse_text
from trackside.targets.python import render

HERE = Path(__file__).parent
ROOT = HERE.parents[2]

_numbers = itertools.count(1)


@lru_cache(maxsize=64)
def plan_of(text: str) -> Plan:
    """Read a plan that has no errors."""
    analysis = analyse_text(text)
    assert analysis.plan is not None
    assert not analysis.bag.has_errors, [(found.slug, found.headline) for found in analysis.bag if found.severity]
    return analysis.plan


def write_package(plan: Plan, folder: Path) -> Path:
    """Write the package of the source `backend`, and give its folder."""
    source = plan.sources["backend"]
    for file in render(plan, source):
        path = folder / file.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(file.text, encoding="utf-8")
    return folder / str(source.out)


@pytest.fixture(scope="session")
def plan_text() -> str:
    """The plan that most tests here use."""
    return (HERE / "plan.yaml").read_text(encoding="utf-8")


@pytest.fixture(scope="session")
def load(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Any]]:
    """Compile the text of a plan and import its package; every call gives a package with a state of its own."""
    folder = tmp_path_factory.mktemp("packages")
    sys.path.insert(0, str(folder))

    def loaded(text: str) -> Any:
        name = f"package_{next(_numbers)}"
        plan = plan_of(text.replace("out: generated/backend", f"out: {name}"))
        write_package(plan, folder)
        importlib.invalidate_caches()
        return importlib.import_module(name)

    yield loaded
    sys.path.remove(str(folder))


@pytest.fixture
def shop(load: Callable[[str], Any], plan_text: str) -> Any:
    """A fresh package of the plan of these tests."""
    return load(plan_text)


@pytest.fixture
def everything() -> dict[str, Any]:
    """Arguments of the event that has every type."""
    return {
        "text": "abc",
        "pattern": "a1",
        "whole": 3,
        "real": 0.5,
        "flag": True,
        "day": "2026-01-31",
        "moment": "2026-01-31T12:00:00Z",
        "id": "123e4567-e89b-12d3-a456-426614174000",
        "link": "https://shop.example/a",
        "any": {"a": [1, None]},
        "level": 1,
        "ratio": 1,
        "country": "DE",
        "numbers": [1, 2],
        "grid": [[1, 2.5], []],
        "words": {"a": "b"},
        "place": {"zip code": "10115", "geo": {"lat": 52.5}},
        "maybe": None,
    }


@pytest.fixture
def person(shop: Any) -> Any:
    """A person who is known, on a device, who agreed to everything."""
    return shop.Context.identified(
        "user-12345", device_id="device-12345", session_id=1_700_000_000_000, consent=["analytics", "marketing"]
    )


@pytest.fixture
def sink(shop: Any) -> Any:
    """What the package sends, as production would: nothing raises."""
    recording = shop.RecordingSink()
    shop.configure(sink=recording, strict=False, on_violation=lambda _: None)
    shop.set_context(app_version="2.0.1")
    return recording


@pytest.fixture
def active(person: Any) -> Iterator[Any]:
    """The person's context, active during the test."""
    with person.activate():
        yield person


@pytest.fixture
def asked(load: Callable[[str], Any]) -> Any:
    """A fresh package of the plan of the tests of look-ups."""
    return load((HERE / "look_ups.yaml").read_text(encoding="utf-8"))
