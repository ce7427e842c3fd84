"""The pages that several tests read: the shop's, and those of a plan whose every text tries to break out."""

from __future__ import annotations

import json

import pytest
from tests.targets.docs.reading import ENDPOINT, ROOT, pages_of, plan_of

from trackside.pipeline import analyse


@pytest.fixture(scope="session")
def shop() -> dict[str, str]:
    plan = analyse(ROOT / "tracking_plan.yaml").plan
    assert plan is not None
    return pages_of(plan)


HOSTILE = (
    "<script>alert(1)</script> <img src=x onerror=alert(1)> | cell `code` ``` fence\n```\n~~~\n\n# Heading\n"
    "- item\n1. item\n---\n===\n[link](javascript:alert(1)) ![image](http://evil.example/x.png) <http://evil.example>\n"
    '[ref]: http://evil.example\n**bold** _em_ $x$ &lt;b&gt; \\| \\` \u2028 \u202e rtl \x00 \x07 end; #59; %% "quote" '
    "P->>C: forged\n    participant X\nend\n\U0001f9fe \u05e9\u05dc\u05d5\u05dd {{ jinja }} {% if %} @someone #1 "
    ":smile: <!-- c -->"
)


def yaml(text: str) -> str:
    """Write a double-quoted scalar of YAML."""
    quoted = json.dumps(text, ensure_ascii=False).replace("\x7f", "\\x7f")
    for character in "\u2028\u202e":
        quoted = quoted.replace(character, f"\\u{ord(character):04x}")
    return quoted


@pytest.fixture(scope="session")
def hostile() -> dict[str, str]:
    text = yaml(HOSTILE.replace("\x00", "\\x00"))
    name = yaml("# a|b`c <script>; [l](javascript:1) \U0001f9fe \u202e --- *x*")
    plan = plan_of(
        f"""
{ENDPOINT}
types:
  "t|<b>`": {{enum: {{{text}: {text}}}, description: {text}, example: {text}}}
property_groups:
  g: {{"c|`<b>": {{type: string, description: {text}}}}}
context: [g]
enrichments:
  look: {{by: user_id, description: {text}, properties: {{"e|`": {{type: string, description: {text}}}}}}}
user_properties:
  "u|`<b>": {{type: string, description: {text}, example: {text}}}
retired_keys: [{name}]
events:
  {name}:
    code_name: hostile
    description: {text}
    trigger: {text}
    because: {text}
    owner: [{text}]
    route: {text}
    kind: purchase
    placement: hybrid
    identity: [device_id]
    dedupe: [key]
    enrich: [look]
    tags: [{text}]
    since: {text}
    links: {{{text}: 'https://ok.example/a_(b)|c`<d>'}}
    x-more: {text}
    x-deep: [{text}]
    revenue: {{amount: "n|`"}}
    properties:
      key: {{type: string, example: {text}}}
      "n|`": {{type: number, origin: {text}, unit: {text}, deprecated: {text}, replaced_by: {text}, since: {text}}}
      "o|`<b>": {{type: object, properties: {{"i|`": {{enum: [{text}], pii: personal}}}}}}
      typed: "t|<b>`"
      many: {{enum: [{text}, b, c, d, e, f, g, h, i]}}
  second:
    kind: intent
    outcome: {{event: {name}, by: [key]}}
    properties: {{key: {{type: string, example: {text}}}}}
"""
    )
    assert len(plan.events) == 2
    assert not plan.holes
    return pages_of(plan)
