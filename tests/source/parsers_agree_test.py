"""Whatever the text, both parsers accept it or both refuse it, read the same nodes and say the same.

Texts are made of the pieces that YAML gives a meaning to, and of the shop's plan with such pieces in it.
"""

from __future__ import annotations

from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.source.corpus_test import look, places

LINES = (Path(__file__).resolve().parents[2] / "tracking_plan.yaml").read_text(encoding="utf-8").splitlines(True)
PIECES = [
    *(
        "a",
        "b",
        "key",
        "a: ",
        "b: ",
        "c:",
        "- ",
        "-",
        "? ",
        ": ",
        ":",
        "{",
        "}",
        "[",
        "]",
        ", ",
        ",",
        "#",
        " #",
        " # c",
    ),
    *("'", '"', "'x'", '"y"', "\\d", "\\n", "\\'", "\\/", "\n", "\n  ", "\n    ", "\n   ", "\n- ", "\n  - ", "\na: "),
    *(
        "\nb: ",
        "\n  c: ",
        "&x ",
        "&y",
        "*x",
        "*y ",
        "!",
        "!t ",
        "!!str ",
        "!!map ",
        "!<a>",
        "|",
        "|\n",
        ">-\n  ",
        "|2\n",
    ),
    *(
        "%",
        "%YAML",
        "@",
        "`",
        "\t",
        "---",
        "\n---\n",
        "\n...\n",
        "...",
        "\u00e9",
        "\U0001f600",
        "\r\n",
        "\r",
        "http://u",
    ),
    *(
        "<<: ",
        "~",
        "?",
        "no",
        "1: ",
        "it's",
        "=",
        "  ",
        " ",
        "x y",
        "{a: b}",
        "[a, b]",
        "{a: b, c}",
        "*",
        "&",
        ">",
        "\\",
    ),
]
pieces = st.sampled_from(PIECES)


def agree(text: str) -> None:
    root, found = look(text, "c")
    other_root, other_found = look(text, "pure")
    assert found == other_found
    assert (root is None) == (other_root is None)
    assert root is None or other_root is None or places(root) == places(other_root)


@settings(max_examples=10 * settings().max_examples)
@given(st.lists(pieces, max_size=14).map("".join))
def test_on_any_text(text: str) -> None:
    agree(text)


@st.composite
def damaged(draw: st.DrawFn) -> str:
    """Take some lines of the plan, flush left, and put pieces into them in place of others."""
    first = draw(st.integers(0, len(LINES) - 1))
    lines = LINES[first : first + draw(st.integers(1, 14))]
    indent = min((len(line) - len(line.lstrip()) for line in lines if line.strip()), default=0)
    text = "".join(line[indent:] for line in lines)
    for _ in range(draw(st.integers(1, 3))):
        start = draw(st.integers(0, len(text)))
        text = text[:start] + draw(pieces | st.just("")) + text[start + draw(st.sampled_from([0, 0, 0, 1, 1, 2, 5])) :]
    return text


@settings(max_examples=5 * settings().max_examples)
@given(damaged())
def test_on_a_damaged_plan(text: str) -> None:
    agree(text)
