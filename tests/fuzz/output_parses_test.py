"""Whatever a plan says, what it compiles to parses, and its Python is as black would have it."""

from __future__ import annotations

import ast
import json
import subprocess
from pathlib import Path
from typing import Any

import black
from hypothesis import given, settings
from tests.fuzz.plans import plans, to_yaml

from trackside.pipeline import analyse_text, render

TOOLS = Path(__file__).resolve().parents[1]
PARSE = """
import { parse } from "acorn";
const files = JSON.parse(await new Promise((done) => {
  let text = "";
  process.stdin.on("data", (part) => (text += part)).on("end", () => done(text));
}));
for (const [name, text] of files) {
  try {
    parse(text, { ecmaVersion: 2022, sourceType: "module" });
  } catch (error) {
    console.log(name, error.message, "\\n", text);
    process.exitCode = 1;
  }
}
"""


@given(plan=plans())
@settings(max_examples=40)
def test_python_is_black_s_own_fixed_point_and_javascript_parses(plan: dict[str, Any]) -> None:
    analysis = analyse_text(to_yaml(plan).lstrip("\n"))
    if analysis.plan is None or analysis.bag.has_errors:
        return
    scripts = []
    for file in render(analysis.plan):
        if "/runtime/" in file.path or "/_runtime/" in file.path:
            continue
        if file.path.endswith(".py"):
            ast.parse(file.text)
            if file.text:
                assert black.format_str(file.text, mode=black.Mode()) == file.text
        elif file.path.endswith(".js"):
            scripts.append((file.path, file.text))
        elif file.path.endswith(".json"):
            json.loads(file.text)
    done = subprocess.run(
        ["node", "--input-type=module", "--eval", PARSE],
        cwd=TOOLS, input=json.dumps(scripts), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
