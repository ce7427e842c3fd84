"""Allow comments in places that a page of `tests/rules` cannot show."""

from __future__ import annotations

from pathlib import Path

import pytest

from trackside.diagnostics import Bag, Diagnostic
from trackside.diagnostics.allow import apply_allows
from trackside.pipeline import analyse, analyse_text

HEAD = (Path(__file__).parent / "rules" / "head.yaml").read_text(encoding="utf-8").partition("types:")[0]
EVENT = """\
events:
  subscription_renewed:
    description: The subscription was renewed.
    kind: subscription_change
    identity: [user_id]
    dedupe: {by: [invoice_id], window: 30d}
    properties: {invoice_id: string}
"""
ALLOW = "  # trackside: allow window-too-long -- agreed"


def found(text: str) -> list[tuple[str, int]]:
    return [(item.slug, item.primary.span.line) for item in analyse_text(text).bag]


def line_of(text: str, part: str) -> int:
    return next(number for number, line in enumerate(text.splitlines(), 1) if part in line)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_every_line_ending_ends_a_comment(end: str) -> None:
    text = (HEAD + EVENT).replace("window: 30d}", "window: 30d}" + ALLOW)
    above = (HEAD + EVENT).replace("    dedupe:", f"  {ALLOW}\n    # and more\n    dedupe:")
    assert found(HEAD + EVENT) == [("window-too-long", line_of(HEAD + EVENT, "dedupe"))]
    assert found(text.replace("\n", end)) == []
    assert found(above.replace("\n", end)) == []


def test_the_last_line_without_an_end_may_hold_one() -> None:
    text = HEAD + EVENT.replace("    properties: {invoice_id: string}\n", "").replace(
        "    dedupe:", "    properties: {invoice_id: string}\n    dedupe:"
    )
    assert found(text.rstrip("\n") + ALLOW) == []


@pytest.mark.parametrize(
    "text",
    [
        '"it is # trackside: allow window-too-long -- so"',
        "'it is # trackside: allow window-too-long -- so'",
        '"it is\n      # trackside: allow window-too-long -- so\n      indeed"',
        "|\n      # trackside: allow window-too-long -- so\n      indeed",
        ">-\n      it is # trackside: allow window-too-long -- so\n",
        "&text |2-\n        # trackside: allow window-too-long -- so\n      indeed",
        '{ "a # trackside: allow window-too-long -- so": b }',
    ],
)
def test_text_is_no_comment(text: str) -> None:
    plan = HEAD + EVENT.replace("    dedupe:", f"    x-note: {text}\n    dedupe:")
    assert found(plan) == [("window-too-long", line_of(plan, "dedupe"))]


@pytest.mark.parametrize(
    "text",
    ["it's # ", '"a" # ', "'a' # ", "| # \n      a\n", ">2-   # \n      a\n", "&x | # \n      a\n", "[a, # \n      b]"],
)
def test_behind_text_it_is_a_comment(text: str) -> None:
    plan = HEAD + EVENT.replace("    dedupe:", f"    x-note: {text}\n    dedupe:").replace(
        " # ", " # trackside: allow window-too-long -- agreed", 1
    )
    assert found(plan) == sorted(
        [("unused-allow", line_of(plan, "x-note")), ("window-too-long", line_of(plan, "dedupe"))],
        key=lambda item: item[1],
    )


def test_a_comment_inside_a_comment_counts() -> None:
    plan = HEAD + EVENT.replace(
        "window: 30d}", "window: 30d}  # see the contract # trackside: allow window-too-long -- agreed"
    )
    assert found(plan) == []


def test_what_an_alias_repeats_is_text_where_it_was_written() -> None:
    plan = HEAD + EVENT.replace(
        "    dedupe:", '    x-a: &text "a # trackside: allow window-too-long -- so"\n    x-b: *text\n    dedupe:'
    )
    assert found(plan) == [("window-too-long", line_of(plan, "dedupe"))]


def test_a_second_comment_for_one_finding_is_one_too_many() -> None:
    plan = HEAD + EVENT.replace("window: 30d}", "window: 30d}" + ALLOW).replace(
        "    dedupe:", f"  {ALLOW}\n    dedupe:"
    )
    (unused,) = analyse_text(plan).bag
    assert (unused.slug, unused.primary.span.line) == ("unused-allow", line_of(plan, "dedupe"))
    assert unused.help == "take the comment away"


def test_each_file_of_a_plan_has_its_own(tmp_path: Path) -> None:
    head = HEAD.replace("\nplan:", "\ninclude: [plan/*.yaml]\nplan:", 1)
    (tmp_path / "tracking_plan.yaml").write_text(
        head + "# trackside: allow window-too-long -- not here\n", encoding="utf-8"
    )
    (tmp_path / "plan").mkdir()
    allowed = EVENT.replace("window: 30d}", "window: 30d}" + ALLOW)
    (tmp_path / "plan" / "a.yaml").write_text(allowed, encoding="utf-8")
    (tmp_path / "plan" / "b.yaml").write_text(EVENT.replace("_renewed", "_ended"), encoding="utf-8")
    analysis = analyse(tmp_path / "tracking_plan.yaml")
    assert [(item.slug, item.primary.span.file) for item in analysis.bag] == [
        ("window-too-long", "plan/b.yaml"),
        ("unused-allow", "tracking_plan.yaml"),
    ]


def test_without_such_text_nothing_is_walked() -> None:
    bag = Bag()
    analysis = analyse_text(HEAD + EVENT)

    def refuse() -> object:
        raise AssertionError("walked")
        yield

    assert apply_allows(bag, analysis.files, refuse()) is bag  # type: ignore[arg-type]


def test_a_fix_takes_away_or_mends_what_it_says() -> None:
    plan = HEAD + EVENT.replace("window: 30d}", "window: 7d}" + ALLOW)
    (unused,) = analyse_text(plan).bag
    assert edited(plan, unused) == plan.replace(ALLOW.strip(), "")
    plan = HEAD + EVENT.replace("window: 30d}", "window: 30d}" + ALLOW.replace("window", "windw"))
    unknown = next(item for item in analyse_text(plan).bag if item.slug == "unknown-allow")
    assert edited(plan, unknown) == plan.replace("windw", "window")


def edited(text: str, item: Diagnostic) -> str:
    assert item.fix is not None
    lines = text.split("\n")
    for edit in item.fix.edits:
        span = edit.span
        assert span.line == span.end_line
        line = lines[span.line - 1]
        lines[span.line - 1] = line[: span.column - 1] + edit.text + line[span.end_column - 1 :]
    return "\n".join(lines)
