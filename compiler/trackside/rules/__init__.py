"""Stage 4: the resolved plan is judged, and findings come out.

A rule is one module `rules/<family>/<rule>.py` that a line of the codes table names. It has `check(plan)`, which
yields its findings, and its docstring is its documentation page. Rules read the plan and never change it; what
resolve had to leave out (`holes`) they do not report again.
"""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final, TypeAlias

from trackside.diagnostics import CODES, Bag, Diagnostic, code
from trackside.diagnostics.codes import RETIRED
from trackside.ir import Plan

Check: TypeAlias = Callable[[Plan], Iterator[Diagnostic]]

HEADINGS: Final = ("What it finds", "Why it matters", "Example", "Instead", "When to allow it")
"""The headings of every page, in this order."""

_PAGES: Final = Path(__file__).parent.parent / "diagnostics" / "pages"


def run_rules(plan: Plan, bag: Bag) -> None:
    """Run every rule of the codes table over the plan and put what they find into the bag."""
    for module in dict.fromkeys(entry.rule for entry in CODES.values() if entry.rule is not None):
        check: Check = importlib.import_module(f"trackside.rules.{module}").check
        bag.extend(check(plan))


def page(slug: str) -> str:
    """Print the page of a code as Markdown; a retired slug leads to the page of what took its place.

    The page of a rule is its module's docstring, that of any other code a file in `diagnostics/pages`. An unknown slug
    raises KeyError.
    """
    entry = code(RETIRED.get(slug, slug))
    if entry.rule is None:
        body = (_PAGES / f"{entry.slug}.md").read_text(encoding="utf-8")
    else:
        body = inspect.getdoc(importlib.import_module(f"trackside.rules.{entry.rule}")) or ""
    return f"# {entry.slug} ({entry.id}, {entry.severity.value})\n\n{body.strip()}\n"
