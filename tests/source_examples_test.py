"""The examples on the pages of the first stage are true: what is wrong is found, what stands instead is not."""

from __future__ import annotations

import pytest
from tests.rule_examples_test import examples

from trackside.diagnostics import CODES, Bag
from trackside.source.reader import read_text

NOT_OF_TEXT = {
    "slow-yaml-parser",
    "unreadable-file",
    "not-utf-8",
    "file-too-large",
    "forbidden-character",
    "too-many-aliases",
    "too-deep",
    "bad-include",
    "include-finds-nothing",
    "include-outside",
    "included-twice",
    "nested-include",
}
"""What a few lines of one file cannot show."""
SLUGS = [slug for slug, entry in CODES.items() if entry.id.startswith("TS1") and slug not in NOT_OF_TEXT]


@pytest.mark.parametrize("slug", SLUGS)
def test_the_example_is_found_alone_and_what_stands_instead_is_clean(slug: str) -> None:
    mistakes, remedies = examples(slug)
    assert len(mistakes) == 1
    assert remedies
    for text in mistakes:
        assert found(text) == {slug}
    for text in remedies:
        assert not found(text)


def found(text: str) -> set[str]:
    bag = Bag()
    read_text(text, "tracking_plan.yaml", bag)
    return {item.slug for item in bag}
