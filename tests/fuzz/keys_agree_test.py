"""Python, JavaScript, the compiler and this test's own reading of the scheme agree on every key."""

from __future__ import annotations

import importlib.util
import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.fuzz.plans import expected_insert_id, key_values, keyed_plans, to_yaml

from trackside.ir.keys import insert_id
from trackside.pipeline import analyse_text, render

DEVICE = "7e7c9a02-5d0e-4f5b-9c1f-3a2b1c0d9e8f"

SCRIPT = """
import { readFileSync } from "node:fs";
import * as web from "./generated/web/index.js";
web.configure({ strict: true, client: { track() {}, getDeviceId: () => process.argv[2] } });
const calls = JSON.parse(readFileSync("calls.json", "utf8"));
console.log(JSON.stringify(calls.map(([name, properties]) => web[name].pending(properties).insertId)));
"""


@st.composite
def plans_and_calls(draw: st.DrawFn) -> tuple[dict[str, Any], list[tuple[str, dict[str, Any]]]]:
    """Draw a plan of keyed events, and calls with values for all parts."""
    plan = draw(keyed_plans())
    calls = []
    for _ in range(draw(st.integers(1, 8))):
        name = draw(st.sampled_from(list(plan["events"])))
        properties = plan["events"][name]["properties"]
        calls.append((name, {part: draw(key_values(kind)) for part, kind in properties.items()}))
    return plan, calls


def expected(plan: dict[str, Any], name: str, values: dict[str, Any]) -> str:
    """Work the key out from the plan as written."""
    dedupe = plan["events"][name]["dedupe"]
    by, key_name = (dedupe["by"], dedupe["name"]) if isinstance(dedupe, dict) else (dedupe, name)
    return expected_insert_id(plan["plan"]["namespace"], key_name, [values[part] for part in by])


def load_backend(folder: Path) -> Any:
    """Import the generated package from its folder, under a name of its own."""
    name = f"generated_backend_{abs(hash(folder))}"
    front = folder / "generated" / "backend" / "__init__.py"
    spec = importlib.util.spec_from_file_location(name, front, submodule_search_locations=[str(front.parent)])
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def forget(module: Any) -> None:
    """Take the package out of the interpreter again."""
    module.close()
    for name in [name for name in sys.modules if name == module.__name__ or name.startswith(f"{module.__name__}.")]:
        del sys.modules[name]


@given(drawn=plans_and_calls())
@settings(max_examples=20)
def test_every_language_computes_the_same_key(drawn: tuple[dict[str, Any], list[tuple[str, dict[str, Any]]]]) -> None:
    plan, calls = drawn
    analysis = analyse_text(to_yaml(plan).lstrip("\n"))
    assert not analysis.bag.has_errors, [found.headline for found in analysis.bag]
    assert analysis.plan is not None
    wanted = [expected(plan, name, values) for name, values in calls]
    folder = Path(tempfile.mkdtemp(prefix="trackside-keys-"))
    try:
        for file in render(analysis.plan):
            path = folder / file.path
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(file.text, encoding="utf-8")

        compiler = []
        for name, values in calls:
            key = analysis.plan.events[name].dedupe
            assert key is not None
            compiler.append(insert_id(plan["plan"]["namespace"], key.key_name, [values[part] for part in key.by]))
        assert compiler == wanted

        backend = load_backend(folder)
        backend.configure(sink=backend.RecordingSink(), strict=True)
        context = backend.Context.anonymous(DEVICE)
        python = [getattr(backend.track, name)(**values, context=context).insert_id for name, values in calls]
        forget(backend)
        assert python == wanted

        camel = [("fact" + name.removeprefix("fact_").capitalize(), values) for name, values in calls]
        (folder / "calls.json").write_text(json.dumps(camel), encoding="utf-8")
        (folder / "run.mjs").write_text(SCRIPT, encoding="utf-8")
        done = subprocess.run(["node", "run.mjs", DEVICE], cwd=folder, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        assert json.loads(done.stdout) == wanted
    finally:
        shutil.rmtree(folder)
