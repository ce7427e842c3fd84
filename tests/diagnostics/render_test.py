"""What a finding looks like, to the letter."""

from __future__ import annotations

import json as stdlib_json

from trackside.diagnostics import Diagnostic, Edit, Fix, Label, Span, code
from trackside.diagnostics.render import full, json, short
from trackside.source.node import SourceFile

PLAN = SourceFile(
    "tracking_plan.yaml",
    "events:\n  signed_up:\n    placement: client\n    properties:\n      email: {pii: personal}\n",
)
PART = SourceFile("plan/a.yaml", "x: 1\r\ny:\t日本 \u202etxt\n" + "z: " + "0123456789" * 20 + " here\n")
FILES = {PLAN.path: PLAN, PART.path: PART}


def finding(primary: Label, *secondary: Label, **more: object) -> Diagnostic:
    """Make a finding of some code."""
    return Diagnostic(code("unknown-key"), "`email` is not known", primary, secondary, **more)  # type: ignore[arg-type]


def at(file: str, line: int, column: int, end_column: int, text: str = "", end_line: int | None = None) -> Label:
    return Label(Span(file, line, column, end_line or line, end_column), text)


FOUND = finding(
    at(PLAN.path, 5, 7, 12, "personal data"),
    at(PLAN.path, 3, 16, 22, "in the open"),
    notes=("a note",),
    help="keep it on the server",
    fix=Fix("say so", (Edit(Span(PLAN.path, 5, 7, 5, 12), "mail"),), safe=True),
)


def test_full() -> None:
    assert full.render([FOUND], FILES, color=False) == (
        "error[TS202] unknown-key: `email` is not known\n"
        "  --> tracking_plan.yaml:5:7\n"
        "   |\n"
        " 3 |     placement: client\n"
        "   |                ------ in the open\n"
        " 5 |       email: {pii: personal}\n"
        "   |       ^^^^^ personal data\n"
        "   |\n"
        " note: a note\n"
        " help: keep it on the server\n"
        " docs: trackside explain unknown-key\n"
    )


def test_findings_stand_apart_and_none_print_nothing() -> None:
    assert full.render([], FILES, color=False) == ""
    assert full.render([FOUND, FOUND], FILES, color=False).count("\n\nerror[TS202]") == 1


def test_colours_come_only_when_asked_for() -> None:
    colored = full.render([FOUND], FILES, color=True)
    assert "\x1b[1;31merror[TS202] unknown-key\x1b[0m\x1b[1m: `email` is not known\x1b[0m\n" in colored
    assert "\x1b[1;31m^^^^^ personal data\x1b[0m" in colored
    assert "\x1b" not in full.render([FOUND], FILES, color=False)


def test_several_files_and_characters_that_act_or_take_two_columns() -> None:
    found = finding(at(PART.path, 2, 8, 11, "this"), at(PLAN.path, 2, 3, 12, "and this"))
    assert full.render([found], FILES, color=False) == (
        "error[TS202] unknown-key: `email` is not known\n"
        "  --> plan/a.yaml:2:8\n"
        "   |\n"
        " 2 | y:    日本 <U+202E>txt\n"
        "   |                    ^^^ this\n"
        "   |\n"
        "  ::: tracking_plan.yaml:2:3\n"
        "   |\n"
        " 2 |   signed_up:\n"
        "   |   --------- and this\n"
        "   |\n"
        " docs: trackside explain unknown-key\n"
    )


def test_a_long_line_is_cut_around_its_label() -> None:
    found = finding(at(PART.path, 3, 205, 209, "here"))
    lines = full.render([found], FILES, color=False).split("\n")
    source, mark = lines[3], lines[4]
    assert source.startswith(" 3 | …")
    assert source.endswith("789 here")
    assert source[mark.index("^") :] == "here"
    assert mark.endswith("^^^^ here")
    cut_on_both_sides = full.render([finding(at(PART.path, 3, 100, 103))], FILES, color=False).split("\n")
    assert cut_on_both_sides[3].startswith(" 3 | …")
    assert cut_on_both_sides[3].endswith("…")
    assert cut_on_both_sides[3][cut_on_both_sides[4].index("^") :].startswith("678")


def test_labels_far_apart_on_a_long_line_are_shown_one_by_one() -> None:
    found = finding(at(PART.path, 3, 205, 209, "there"), at(PART.path, 3, 1, 2, "here"))
    lines = full.render([found], FILES, color=False).split("\n")
    assert lines[3].startswith(" 3 | z: 0123")
    assert lines[3].endswith("…")
    assert lines[4] == "   | - here"
    assert lines[5].startswith(" 3 | …")
    assert lines[6].endswith("^^^^ there")
    assert lines[5][lines[6].index("^") :] == "here"


def test_labels_share_a_piece_of_a_long_line_only_where_it_shows_them_all() -> None:
    near = full.render(
        [finding(at(PART.path, 3, 100, 103, "this"), at(PART.path, 3, 130, 132, "that"))], FILES, color=False
    )
    assert near.count("\n 3 | ") == 1
    far = full.render([finding(at(PART.path, 3, 4, 7, "this"), at(PART.path, 3, 205, 209, "that"))], FILES, color=False)
    rows = far.split("\n")
    assert rows[3][rows[4].index("^") :].startswith("012")
    assert rows[5][rows[6].index("-") :] == "here"


def test_a_label_over_several_lines_marks_the_first_and_an_empty_one_a_place() -> None:
    over = full.render([finding(at(PLAN.path, 2, 3, 5, "all of it", end_line=4))], FILES, color=False)
    assert "\n 2 |   signed_up:\n   |   ^^^^^^^^^^ all of it\n" in over
    nothing = full.render([finding(at(PLAN.path, 1, 8, 8, "here"))], FILES, color=False)
    assert "\n 1 | events:\n   |        ^ here\n" in nothing


def test_a_file_that_could_not_be_read_has_a_place_and_no_lines() -> None:
    gone = full.render([finding(at("gone.yaml", 1, 1, 1))], FILES, color=False)
    assert gone.split("\n")[1:3] == ["  --> gone.yaml:1:1", " docs: trackside explain unknown-key"]


def test_what_a_plan_says_cannot_act_on_the_terminal() -> None:
    hostile = Diagnostic(code("unknown-key"), "`\x1b[2J\n\u202e`", at("a\x07.yaml", 1, 1, 2), help="\x9b31m")
    for text in (full.render([hostile], {}, color=False), short.render([hostile], {}, color=False)):
        assert not set(text.replace("\n", "")) & set("\x1b\x07\x9b\u202e")
    assert short.render([hostile], {}, color=False).count("\n") == 1


def test_short() -> None:
    assert short.render([FOUND], FILES, color=True) == (
        "tracking_plan.yaml:5:7: error[TS202] unknown-key: `email` is not known\n"
    )


def test_json() -> None:
    assert stdlib_json.loads(json.render([FOUND], FILES, color=True)) == {
        "version": 1,
        "findings": [
            {
                "code": "TS202",
                "slug": "unknown-key",
                "severity": "error",
                "headline": "`email` is not known",
                "primary": {
                    "file": "tracking_plan.yaml",
                    "line": 5,
                    "column": 7,
                    "end_line": 5,
                    "end_column": 12,
                    "text": "personal data",
                },
                "secondary": [
                    {
                        "file": "tracking_plan.yaml",
                        "line": 3,
                        "column": 16,
                        "end_line": 3,
                        "end_column": 22,
                        "text": "in the open",
                    }
                ],
                "notes": ["a note"],
                "help": "keep it on the server",
                "fix": {
                    "title": "say so",
                    "safe": True,
                    "edits": [
                        {
                            "file": "tracking_plan.yaml",
                            "line": 5,
                            "column": 7,
                            "end_line": 5,
                            "end_column": 12,
                            "text": "mail",
                        }
                    ],
                },
            }
        ],
    }
    assert stdlib_json.loads(json.render([], {}, color=False)) == {"version": 1, "findings": []}
