"""Whatever the text, the compiler answers with findings or with files: never a traceback, and twice the same."""

from __future__ import annotations

import random
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st
from tests.fuzz.plans import plans, to_yaml

from trackside.diagnostics.render import full
from trackside.pipeline import analyse_text, render

ROOT = Path(__file__).resolve().parents[2]
SHOP = (ROOT / "tracking_plan.yaml").read_text(encoding="utf-8")

TOKENS = [
    "{", "}", "[", "]", ":", "- ", "#", "\t", "null", "~", "!!str ", "&a ", "*a", "<<: ", "?", "|", ">", "'", '"', "%",
    "@", "1e999", ".nan", "0x10", "true", "optional ", "list of ", "\x00", "\ufeff", "\u2028", "\U0001f937", "\r",
    "---\n", "...\n", "a" * 300, "{" * 60, "order_id", "purchase_completed", "only: server", "hybrid",
    "include: [x.yaml]",
]  # fmt: skip


def compile_text(text: str) -> tuple[str, list[tuple[str, str]]]:
    """Compile a text and return all that a user would see: the findings as printed, and the files."""
    analysis = analyse_text(text)
    said = full.render(analysis.bag, analysis.files, color=False)
    if analysis.plan is None or analysis.bag.has_errors:
        return said, []
    return said, [tuple(file) for file in render(analysis.plan)]


@given(seed=st.integers(0, 2**32), edits=st.integers(1, 4))
def test_a_damaged_plan(seed: int, edits: int) -> None:
    """Cut, double, swap and stuff lines and pieces of the shop's plan."""
    dice = random.Random(seed)
    lines = SHOP.splitlines(keepends=True)
    for _ in range(edits):
        place = dice.randrange(len(lines))
        match dice.randrange(5):
            case 0:
                del lines[place : place + dice.randrange(1, 4)]
            case 1:
                lines.insert(dice.randrange(len(lines)), lines[place])
            case 2:
                line = lines[place]
                cut = dice.randrange(len(line))
                lines[place] = line[:cut] + dice.choice(TOKENS) + line[cut:]
            case 3:
                lines[place] = " " * dice.randrange(6) + lines[place]
            case 4:
                other = dice.randrange(len(lines))
                lines[place], lines[other] = lines[other], lines[place]
    compile_text("".join(lines))


@given(text=st.text(max_size=200))
def test_any_text(text: str) -> None:
    compile_text(text)
    compile_text("trackside: 1\nplan: " + text)


@given(plan=plans())
def test_a_random_plan_twice_gives_the_same_bytes(plan: dict[str, object]) -> None:
    text = to_yaml(plan).lstrip("\n")
    first, second = compile_text(text), compile_text(text)
    assert first == second
