"""What no page can show: plans beyond the destination's limits."""

from __future__ import annotations

import pytest

from trackside.pipeline import analyse_text

HEAD = """\
trackside: 1
plan: {name: shop, version: 1.0.0, namespace: "https://shop.example"}
destinations: {amplitude: {project: shop}}
sources:
  web: {side: client, target: javascript, out: generated/web}
"""


def events(count: int, properties: str = "{}") -> str:
    """Write this many events, each with these properties (`%` stands for the event's number)."""
    lines = [
        f"  e{number}: {{kind: click, properties: {properties.replace('%', str(number))}}}" for number in range(count)
    ]
    return "events:\n" + "\n".join(lines) + "\n"


def people(count: int) -> str:
    """Write this many user properties, and one event."""
    return "user_properties:\n" + "".join(f"  p{number}: string\n" for number in range(count)) + events(1)


@pytest.mark.parametrize(
    ("fits", "is_too_much", "words"),
    [
        (events(2000), events(2001), "at most 2,000 events in a project, and gets 2,001"),
        (events(1000, "{a%: string, b%: string}"), events(1001, "{a%: string, b%: string}"), "and gets 2,002"),
        (people(1000), people(1001), "at most 1,000 user properties in a project, and gets 1,001"),
    ],
)
def test_a_plan_beyond_the_limits_of_a_project_is_told_at_the_destination(
    fits: str, is_too_much: str, words: str
) -> None:
    assert not list(analyse_text(HEAD + fits).bag)
    (found,) = analyse_text(HEAD + is_too_much).bag
    assert found.slug == "over-destination-limit"
    assert words in found.headline
    assert found.primary.span == ("tracking_plan.yaml", 3, 16, 3, 25)
