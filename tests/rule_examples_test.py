"""The examples on the pages of rules are true: what a page calls a mistake is found, what it offers instead is clean.

A page shows as much of a plan as matters: whole sections, events, or properties of an event.
"""

from __future__ import annotations

import re
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest
from tests.rules_test import Block, completed

from trackside.diagnostics import CODES
from trackside.pipeline import analyse_text
from trackside.rules import page

if TYPE_CHECKING:
    from collections.abc import Callable

SLUGS: Final = sorted(slug for slug, entry in CODES.items() if entry.rule)
WITHOUT_EXAMPLE: Final = {"too-deep-for-destination"}
"""Forty levels are no example to read; the test page has them."""

_HYBRID: Final = """\
events:
  order_paid:
    kind: purchase
    placement: hybrid
    dedupe: [order_id]
    properties:
      order_id: string
"""
_PAGE: Final = """\
events:
  page_viewed:
    kind: page_view
    properties:
"""
READINGS: Final[tuple[Callable[[str], str], ...]] = (
    lambda text: text,
    lambda text: "events:\n" + textwrap.indent(text, "  "),
    lambda text: _PAGE + textwrap.indent(text, "      "),
    lambda text: _HYBRID + textwrap.indent(text, "      "),
)
BESIDE_THE_POINT: Final = {"property-nobody-sends", "unused-definition", "hybrid-without-endpoint"}
"""What a piece of a plan cannot help."""
WITHOUT: Final = dict.fromkeys(("hybrid-without-endpoint", "unknown-sent-without-endpoint"), frozenset({"endpoint"}))
"""Sections that an example is not completed with, since it is about their absence."""


def found(text: str, slug: str) -> set[str]:
    """Find the slugs of everything that is wrong with an example of one slug, completed to a plan."""
    block = Block(Path("example"), 1, WITHOUT.get(slug, frozenset()), text, None, -1)
    return {item.slug for item in analyse_text(completed(block)).bag}


def is_wrong_in_this_alone(text: str, slug: str) -> bool:
    """Tell whether a block has this finding, and no other that matters."""
    slugs = found(text, slug)
    return slug in slugs and slugs - BESIDE_THE_POINT <= {slug}


def examples(slug: str) -> tuple[list[str], list[str]]:
    """Cut the YAML blocks under `Example` and `Instead` out of a page."""
    _, *parts = re.split(r"^## (.*)$", page(slug), flags=re.MULTILINE)
    sections = dict(zip(parts[::2], parts[1::2], strict=True))
    fences = re.compile(r"^```yaml\n(.*?)^```", re.MULTILINE | re.DOTALL)
    return fences.findall(sections["Example"]), fences.findall(sections["Instead"])


@pytest.mark.parametrize("slug", SLUGS)
def test_the_example_is_found_and_what_stands_instead_is_clean(slug: str) -> None:
    mistakes, remedies = examples(slug)
    assert bool(mistakes) == (slug not in WITHOUT_EXAMPLE)
    for mistake in mistakes:
        reading = next((one for one in READINGS if is_wrong_in_this_alone(one(mistake), slug)), None)
        assert reading is not None, "no piece of a plan that is wrong in this point alone"
        for remedy in remedies:
            assert not found(reading(remedy), slug) - BESIDE_THE_POINT
