"""The diagrams: what they say, and that every one parses."""

from __future__ import annotations

import json
import re
import shutil
import subprocess

import pytest
from tests.targets.docs.reading import ENDPOINT, HEAD, ROOT, pages_of, plan_of

from trackside.pipeline import analyse_text


def diagrams_of(pages: dict[str, str]) -> list[str]:
    return [diagram for page in pages.values() for diagram in re.findall(r"```mermaid\n(.*?)```", page, re.DOTALL)]


def variants() -> list[dict[str, str]]:
    """Print every way in which an event can travel, with and without the endpoint."""
    events = """
events:
  seen: {kind: click, properties: {x: string}}
  wanted: {kind: intent, outcome: {event: seen2, by: [x]}, properties: {x: string}}
  seen2: {kind: click, properties: {x: string}}
  job: {kind: batch_job, dedupe: [x], properties: {x: string}}
  hook: {kind: webhook, emitted: later, identity: [user_id, device_id], dedupe: [x], properties: {x: string}}
  refund: {kind: refund, emitted: later, identity: [device_id], properties: {x: string}}
  paid: {kind: purchase, placement: hybrid, because: B, dedupe: [x], properties: {x: string}}
  paid_later: {kind: purchase, placement: hybrid, because: B, emitted: later, dedupe: [x], properties: {x: string}}
  paid_twice: {kind: purchase, placement: hybrid, because: B, client_copy: always, dedupe: [x], properties: {x: string}}
  paid_sent:
    kind: purchase
    placement: hybrid
    because: B
    client_copy: {on_unknown: send}
    dedupe: [x]
    properties: {x: string}
  asked: {kind: intent, outcome: {event: paid, by: [x]}, properties: {x: string}}
"""
    beacon = HEAD.replace("  backend:", "  app: {side: client, target: none, through: endpoint}\n  backend:")
    found = [pages_of(plan_of(events)), pages_of(plan_of(ENDPOINT + events))]
    for more in (beacon, beacon.replace("out: generated/web}", "out: generated/web, through: endpoint}")):
        plan = analyse_text(more + ENDPOINT + events).plan
        assert plan is not None
        found.append(pages_of(plan))
    return found


def test_every_diagram_parses(hostile: dict[str, str], shop: dict[str, str]) -> None:
    node = shutil.which("node")
    assert node is not None, "the diagrams are read by Mermaid's own parser, which runs in Node"
    diagrams = [diagram for pages in (hostile, shop, *variants()) for diagram in diagrams_of(pages)]
    assert len(diagrams) > 80
    said = subprocess.run(
        [node, "tests/targets/docs/mermaid.mjs"],
        input=json.dumps(diagrams),
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
    )
    for diagram, verdict in zip(diagrams, json.loads(said.stdout), strict=True):
        assert verdict == "sequence", f"{verdict}\n{diagram}"


def test_hostile_text_adds_no_line_to_a_diagram(hostile: dict[str, str]) -> None:
    for diagram in diagrams_of(hostile):
        for line in diagram.splitlines()[1:]:
            assert re.match(r" {4,8}(actor|participant|Note over|alt|else|opt|end|[PCSDEO]-)", line), line
        assert "forged" not in re.sub(r"(?<=: ).*", "", diagram)


@pytest.mark.parametrize(
    ("copies", "says"),
    [
        (["{grace: 90s}"], ["to /t, after 90 seconds", "told drops the copy"]),
        (
            ["{grace: 90s}", "{grace: 90s, on_unknown: send}"],
            ["after 90 seconds", "drops the copy or sends it, as the"],
        ),
        (["{grace: 90s}", "{grace: 1m}"], ["to /t, after its grace", "told drops the copy"]),
        (["{grace: 90s}", "always"], ["to /t, after 90 seconds", "told drops the copy"]),
        (["always"], ["keeps whichever copy comes in first"]),
    ],
)
def test_the_diagram_of_a_placement_says_what_holds_for_all_of_its_events(copies: list[str], says: list[str]) -> None:
    events = "".join(
        f"  paid_{number}: {{kind: purchase, placement: hybrid, because: B, client_copy: {copy}, dedupe: [x], "
        "properties: {x: string}}\n"
        for number, copy in enumerate(copies)
    )
    for endpoint in (ENDPOINT, ""):
        index = pages_of(plan_of(f"{endpoint}events:\n{events}"))["README.md"]
        assert "30 seconds" not in index
        if endpoint:
            assert [words for words in says if words not in index] == []
