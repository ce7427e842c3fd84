"""The quick start, followed to the letter: its commands, then its Python, then its JavaScript.

Blocks of `python` and `mjs` are run; those of `py` and `js` need the vendor's SDK and an account.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGE = (ROOT / "docs" / "quick-start.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    """Take the page's blocks of one language, in order."""
    return re.findall(rf"^```{language}\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)


def call(*command: str, cwd: Path) -> str:
    """Run a command that has to succeed, and return its output."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "compiler")}
    done = subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
    return done.stdout


GLOBALS = """\
globalThis.document = { cookie: "", referrer: "" };
globalThis.location = new URL("https://shop.acme.example/cart");
globalThis.addEventListener = () => {};
globalThis.fetch = () => new Promise(() => {});
setTimeout(() => process.exit(), 1000);
"""
"""As much of a page as the script looks at: where there is none, calls send nothing."""


def test_everything_on_the_page_works(tmp_path: Path) -> None:
    for line in "".join(blocks("sh")).splitlines():
        program, *arguments = line.split()
        if program == "trackside":
            call(sys.executable, "-m", "trackside", *arguments, cwd=tmp_path)

    said = call(sys.executable, "-c", "\n".join(blocks("python")), cwd=tmp_path)
    accepted, insert_id = said.split()
    assert accepted == "True"
    (stored,) = [json.loads(line) for line in (tmp_path / "events.ndjson").read_text(encoding="utf-8").splitlines()]
    assert stored["insert_id"] == insert_id

    script = "".join(blocks("mjs"))
    imports = ['import "./globals.mjs";\n', *re.findall(r"^import .*\n", script, re.MULTILINE)]
    (tmp_path / "globals.mjs").write_text(GLOBALS)
    (tmp_path / "page.mjs").write_text("".join(imports) + re.sub(r"^import .*\n", "", script, flags=re.MULTILINE))
    said = call("node", "page.mjs", cwd=tmp_path)
    assert "page_viewed" in said
    assert insert_id in said
