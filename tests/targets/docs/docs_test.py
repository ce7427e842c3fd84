"""The pages: what they say, that every link leads somewhere, that every diagram parses, that no text breaks out."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path, PurePosixPath

import pytest
from markdown_it import MarkdownIt
from markdown_it.token import Token

from trackside.ir import Plan
from trackside.ir.keys import insert_id
from trackside.ir.matrix import MATRIX
from trackside.pipeline import analyse, analyse_text
from trackside.targets.docs import render
from trackside.targets.docs.pages import ROWS, page_names

ROOT = Path(__file__).resolve().parents[3]

HEAD = """
trackside: 1
plan: {name: shop, version: 1.0.0, namespace: 'https://shop.example', owner: growth}
destinations:
  amplitude: {project: shop, region: us, api_key: AMPLITUDE_API_KEY}
sources:
  web: {side: client, target: javascript, out: generated/web}
  backend: {side: server, target: python, out: generated/backend}
outputs:
  docs: {target: docs, out: generated/docs}
identity:
  device_id: {created_by: client, carried_in: [header, cookie, stored]}
  session_id: {created_by: client, carried_in: [header], timeout: 30m}
  user_id: {created_by: server}
"""
ENDPOINT = "endpoint: {route: /t, served_by: backend}\n"


def plan_of(text: str) -> Plan:
    plan = analyse_text(HEAD + text).plan
    assert plan is not None
    return plan


def pages_of(plan: Plan) -> dict[str, str]:
    pages: dict[str, str] = {}
    for file in render(plan, plan.outputs["docs"]):
        assert file.path not in pages
        pages[file.path.removeprefix("generated/docs/")] = file.text
    return pages


def section(page: str, heading: str) -> str:
    """Cut out what stands below a heading."""
    found = re.search(rf"^#+ {re.escape(heading)}\n\n(.*?)(?=\n#+ |\Z)", page, re.DOTALL | re.MULTILINE)
    assert found is not None, f"no heading {heading!r}"
    return found[1].strip()


@pytest.fixture(scope="module")
def shop() -> dict[str, str]:
    plan = analyse(ROOT / "tracking_plan.yaml").plan
    assert plan is not None
    return pages_of(plan)


# --- what the pages say ---


def test_there_is_a_page_for_each_event_and_each_look_across(shop: dict[str, str]) -> None:
    plan = analyse(ROOT / "tracking_plan.yaml").plan
    assert plan is not None
    across = ["README", "identity", "dedupe-keys", "decision-matrix", "privacy", "types", "context"]
    assert list(shop) == [*(f"{name}.md" for name in across), *(f"events/{name}.md" for name in plan.events)]


def test_a_page_answers_in_the_order_in_which_a_reader_asks(shop: dict[str, str]) -> None:
    page = shop["events/purchase_completed.md"]
    order = [
        "# purchase_completed\n\nThe order was paid.",
        "**Fires when:** The payment provider captured the charge.",
        "> **Why on this side:**",
        "```mermaid",
        "## Properties",
        "## How it is counted once",
        "### The client's copy",
        "## Revenue",
        "## Privacy",
        "## Owner and life",
        "## How to send it",
    ]
    places = [page.index(part) for part in order]
    assert places == sorted(places)


def test_properties_are_shown_by_side() -> None:
    page = pages_of(
        plan_of(
            ENDPOINT
            + """
events:
  paid:
    kind: purchase
    placement: hybrid
    because: Both.
    identity: [device_id]
    dedupe: [order]
    properties:
      order: {type: string, description: Order number., example: A-1}
      both: optional integer
      tax: {type: number, only: server, unit: EUR, pii: sensitive}
      clicks: {type: integer, only: client}
      one_side: {type: string, optional: client}
      late: {type: string, known: response}
      fixed: {type: string, const: v1}
      box:
        type: list
        items: {type: object, properties: {inner: {type: string, only: server}, other: {enum: {a: First, b: Second}}}}
"""
        )
    )["events/paid.md"]
    assert section(page, "Properties").splitlines() == [
        "| Property | Type | Browser | Server | What it is |",
        "|---|---|---|---|---|",
        "| `order` | string | required | required | Order number. Example: `A-1`. |",
        "| `both` | integer | optional | optional |  |",
        "| `tax` | number | – | required | Unit: EUR. **Sensitive.** |",
        "| `clicks` | integer | required | – |  |",
        "| `one_side` | string | optional | required |  |",
        "| `late` | string | optional | required | The client learns it from the response only. |",
        "| `fixed` | string, always `v1` | always | always |  |",
        "| `box` | list of object | required | required |  |",
        "| `box[].inner` | string | – | required |  |",
        "| `box[].other` | string, one of `a`, `b` | required | required | `a`: First; `b`: Second. |",
    ]


def test_a_key_is_worked_out(shop: dict[str, str]) -> None:
    counted = section(shop["events/purchase_completed.md"], "How it is counted once")
    assert 'hashed     [1,"purchase_completed","ORD-98765"]' in counted
    key = insert_id("https://shop.acme.example", "purchase_completed", ["ORD-98765"])
    assert f"insert_id  {key}" in counted
    assert f"| `ORD-98765` | `{key}` | 7 days |" in shop["dedupe-keys.md"]
    renamed = section(shop["events/order_refunded.md"], "How it is counted once")
    assert '[1,"refund_issued","REF-5521"]' in renamed
    assert "The key is called `refund_issued`" in renamed
    assert (
        "| [order_refunded](events/order_refunded.md), called `refund_issued` | `refund_id` |" in shop["dedupe-keys.md"]
    )
    assert "insert_id  renewal_sub_8hXk2P_2" in shop["events/subscription_renewed.md"]


def test_a_made_up_example_is_called_so() -> None:
    pages = pages_of(
        plan_of(
            """
types: {num: {type: string, pattern: '[A-Z]{2}-[0-9]+', example: AB-1}}
events:
  a: {kind: refund, identity: [user_id], dedupe: [x, z], properties: {x: {type: string, pattern: '[0-9]{3}'}, z: uuid}}
  b: {kind: refund, identity: [user_id], dedupe: [x], properties: {x: {type: string, pattern: 'a', min_length: 2}}}
  c: {kind: refund, identity: [user_id], dedupe: [x], properties: {x: num}}
  d: {kind: refund, identity: [user_id], properties: {x: number}}
"""
        )
    )
    assert "For `000`, `123e4567-e89b-42d3-a456-426614174000` (`x` and `z` made up, for want of" in pages["events/a.md"]
    assert "No example of it can be made" in pages["events/b.md"]
    assert "For `AB-1`:" in pages["events/c.md"]
    assert "It has no dedupe key." in pages["events/d.md"]
    rows = section(pages["dedupe-keys.md"], "Dedupe keys")
    assert "`000`, `123e4567-e89b-42d3-a456-426614174000` (made up)" in rows
    assert "| [b](events/b.md) | `x` | – | – | 7 days |" in rows
    assert "of which there are 1," in rows


HYBRID = """
events:
  paid:
    kind: purchase
    placement: hybrid
    because: Both.
    identity: [device_id]
    dedupe: [order]
    client_copy: COPY
    properties: {order: string}
"""


@pytest.mark.parametrize(
    ("endpoint", "copy", "says", "does_not_say"),
    [
        (ENDPOINT, "{grace: 90s}", "sent after 90 seconds", "straight to the destination, which keeps"),
        (ENDPOINT, "{on_unknown: drop}", "it asks `/t` until that answers; where it cannot tell: dropped", "at once"),
        (ENDPOINT, "{on_unknown: send}", "it asks `/t` until that answers; where it cannot tell: sent", "at once"),
        ("", "{on_unknown: drop}", "there is no first-party endpoint", "it asks"),
        ("", "{on_unknown: send}", "the network lost | sent |", "it asks"),
        (ENDPOINT, "always", "both sides send at once", "one of these ends it"),
    ],
)
def test_what_becomes_of_the_clients_copy(endpoint: str, copy: str, says: str, does_not_say: str) -> None:
    page = pages_of(plan_of(endpoint + HYBRID.replace("COPY", copy)))["events/paid.md"]
    said = section(page, "The client's copy").lower()
    assert says.lower() in said
    assert does_not_say.lower() not in said


def test_an_attempt_does_not_promise_one_fact(shop: dict[str, str]) -> None:
    counted = section(shop["events/user_signed_up.md"], "How it is counted once")
    assert "It does not count one fact once" in counted
    assert "body }), { userId:" in section(shop["events/user_signed_up.md"], "How to send it")


def test_revenue_says_who_carries_it(shop: dict[str, str]) -> None:
    revenue = section(shop["events/purchase_completed.md"], "Revenue")
    assert "`total_amount` is the total" in revenue
    assert "Sent as revenue by `backend`; a copy from `web` and `ios` carries no revenue." in revenue
    assert "sent negative" in section(shop["events/order_refunded.md"], "Revenue")
    assert "`face_value` times `cards`" in section(shop["events/gift_card_purchased.md"], "Revenue")
    assert "## Revenue" not in shop["events/page_viewed.md"]


def test_privacy_names_personal_data_at_any_depth() -> None:
    pages = pages_of(
        plan_of(
            """
types:
  person: {type: object, properties: {email: {type: string, pii: personal, only: server}, age: integer}}
user_properties:
  name: {type: string, pii: personal}
events:
  sent:
    kind: click
    consent: marketing
    sources: [web]
    properties: {ip: {type: string, pii: pseudonymous}}
  told:
    kind: webhook
    identity: [user_id]
    properties: {people: list of person}
"""
        )
    )
    assert section(pages["events/told.md"], "Privacy").startswith("`people[].email` is personal data.")
    assert "where the person allows marketing" in section(pages["events/sent.md"], "Privacy")
    assert section(pages["privacy.md"], "Personal data").splitlines()[2:5] == [
        "| user properties | `name` | personal | client and server |",
        "| [sent](events/sent.md) | `ip` | pseudonymous | client |",
        "| [told](events/told.md) | `people[].email` | personal | server |",
    ]
    assert "| marketing | [sent](events/sent.md) |" in pages["privacy.md"]


def test_the_matrix_has_each_kind_and_names_departures(shop: dict[str, str]) -> None:
    rows = [line for line in shop["decision-matrix.md"].splitlines() if line.startswith("| ")]
    assert [row.split(" | ")[0].removeprefix("| ") for row in rows[1 : len(MATRIX) + 1]] == list(MATRIX)
    assert "| purchase | server | hybrid, fits too |" in section(shop["decision-matrix.md"], "Placed elsewhere")
    departing = pages_of(
        plan_of("events: {a: {kind: click, placement: server, because: An odd one., properties: {x: string}}}\n")
    )
    assert "server, **departs** | An odd one. |" in departing["decision-matrix.md"]
    assert "This departs from the decision matrix, which recommends client." in departing["events/a.md"]


def test_identity_says_who_sends_what(shop: dict[str, str]) -> None:
    page = shop["identity.md"]
    assert "| `user_id` | the server | never carried" in page
    assert "The system itself is `system:acme-shop:backend`." in page
    assert "[user_logged_in](events/user_logged_in.md). The function sets the id, then sends." in page
    assert "| `orders_placed` | integer | add | `backend` |" in page
    later = shop["events/parcel_delivered.md"]
    assert "`device_id` reaches the server in what the request handler stored with its row." in later
    assert "parcel_delivered, with user_id and device_id" in later, "a session is not kept for later"


def test_an_intent_and_its_outcome_lead_to_each_other(shop: dict[str, str]) -> None:
    assert "[purchase_completed](purchase_completed.md), joined by `order_id`" in shop["events/purchase_initiated.md"]
    assert "Its intent is [purchase_initiated](purchase_initiated.md)." in shop["events/purchase_completed.md"]
    assert "S->>D: then purchase_completed, joined by order_id" in shop["events/purchase_initiated.md"]


def test_the_calls_are_those_of_the_generated_code(shop: dict[str, str]) -> None:
    page = shop["events/purchase_completed.md"]
    python = page[page.index("```python") :]
    assert 'from generated.backend import track\n\ntrack.purchase_completed(\n    order_id="ORD-98765",\n' in python
    assert "warehouse" in python
    javascript = page[page.index("```js") : page.index("```python")]
    assert 'import { purchaseCompleted, trackedFetch } from "./generated/web/index.js";' in javascript
    assert 'const copy = purchaseCompleted.pending({\n  order_id: "ORD-98765",\n' in javascript
    assert "warehouse" not in javascript
    assert "Nothing is generated for `ios`" in page


def test_what_a_plan_adds_is_kept() -> None:
    pages = pages_of(
        plan_of(
            """
x-team: [a, b]
events:
  a:
    kind: click
    x-jira: ABC-1
    status: deprecated
    replaced_by: b
    expires: '2026-01-01'
    links: {Wiki: 'https://wiki.example/a', Bad: 'javascript:alert(1)'}
    properties: {p: {type: string, x-note: 'one | two'}}
  b: {kind: click, status: planned, properties: {}}
"""
        )
    )
    page = pages["events/a.md"]
    assert "| `x-jira` | `ABC-1` |" in section(page, "More")
    assert "`x-note`: <code>one &#124; two</code>." in page
    life = section(page, "Owner and life")
    assert "- Replaced by: [b](b.md)" in life
    assert "- [Wiki](https://wiki.example/a)\n- Bad: `javascript:alert(1)`" in life
    assert '| `x-team` | `["a", "b"]` |' in pages["README.md"]
    assert "[a](events/a.md) (deprecated)" in pages["README.md"]
    assert "It has none of its own." in pages["events/b.md"]


def test_many_allowed_values_get_a_list() -> None:
    values = ", ".join(f"v{number}" for number in range(9))
    page = pages_of(plan_of(f"events: {{a: {{kind: click, properties: {{p: {{enum: [{values}]}}}}}}}}\n"))[
        "events/a.md"
    ]
    assert "| `p` | string, one of 9 values (listed below) |" in page
    assert "**`p`:**\n\n- `v0`\n- `v1`" in page


# --- names and sizes ---


def test_page_names_are_legal_and_unique_in_any_case() -> None:
    names = [
        "order_paid",
        "Order Paid",
        "ORDER_PAID",
        "con",
        "COM1",
        "🧾",
        "购买",
        "../../etc",
        "a/b",
        "README",
        "x" * 256,
    ]
    found = page_names(names)
    assert found["order_paid"] == "order_paid"
    assert len({page.lower() for page in found.values()}) == len(names)
    for page in found.values():
        assert re.fullmatch(r"[a-z0-9_-]{1,100}", page)
        assert page not in {"con", "com1", "readme", "index"}
    assert page_names([*names, "new"]) == {**found, "new": "new"}, "a new event renames no page"


def test_a_large_plan_is_parted() -> None:
    count = ROWS + 1
    events = "".join(
        f"  e{n}: {{kind: refund, identity: [user_id], dedupe: [x], properties: {{x: string}}}}\n" for n in range(count)
    )
    pages = pages_of(plan_of(f"events:\n{events}"))
    assert "There are 501 events: [all of them](events.md)." in pages["README.md"]
    assert "e7" not in pages["README.md"]
    assert "| refund | – | 501 | – |" in pages["README.md"]
    assert "Page 1 of 2: [next](events-2.md)." in pages["events.md"]
    assert "Page 2 of 2: [previous](events.md)." in pages["events-2.md"]
    assert "[e500](events/e500.md)" in pages["events-2.md"]
    assert "[e500](events/e500.md)" in pages["dedupe-keys-2.md"]
    assert "| 501 events |" in pages["decision-matrix.md"]
    assert all(len(text) < 200_000 for text in pages.values())


def test_the_same_plan_gives_the_same_bytes(shop: dict[str, str]) -> None:
    plan = analyse(ROOT / "tracking_plan.yaml").plan
    assert plan is not None
    assert pages_of(plan) == shop


# --- no text breaks out ---

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


@pytest.fixture(scope="module")
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


def tokens_of(page: str) -> list[Token]:
    markdown = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
    found: list[Token] = []
    for token in markdown.parse(page):
        found += [token, *(token.children or [])]
    return found


def test_hostile_text_makes_no_markup(hostile: dict[str, str]) -> None:
    assert len(hostile) == 9
    for name, page in hostile.items():
        assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f\u2028\u2029\u202a-\u202e]", page), name
        kinds = {token.type for token in tokens_of(page)}
        assert not kinds & {"html_block", "image", "s_open", "em_open", "hr"}, name
        html = {token.content for token in tokens_of(page) if token.type == "html_inline"}
        assert html <= {"<code>", "</code>"}, name
        levels = [token.tag for token in tokens_of(page) if token.type == "heading_open"]
        assert levels[0] == "h1"
        assert levels.count("h1") == 1, name


def test_hostile_text_makes_no_headings_and_no_blocks(hostile: dict[str, str], shop: dict[str, str]) -> None:
    event = next(page for name, page in hostile.items() if name.startswith("events/") and "second" not in name)
    headings = re.findall(r"^#+ (.*)$", event, re.MULTILINE)
    assert headings[1:] == [
        "How it travels",
        "Properties",
        "How it is counted once",
        "The client's copy",
        "Revenue",
        "Privacy",
        "Owner and life",
        "How to send it",
        "More",
    ]
    fences = [token.info for token in tokens_of(event) if token.type == "fence"]
    assert fences == ["mermaid", "text", "js", "python"]


def test_every_row_has_the_cells_of_its_head(hostile: dict[str, str], shop: dict[str, str]) -> None:
    rows = 0
    for name, page in [*hostile.items(), *shop.items()]:
        width = 0
        for line in page.splitlines():
            if line.startswith("|---"):
                width = line.count("|")
            elif line.startswith("|") and width:
                # No reader of tables takes anything but a bare `|` for the end of a cell, and none is escaped here.
                assert line.count("|") == width, (name, line)
                rows += 1
            elif not line:
                width = 0
    assert rows > 100


def links_of(page: str) -> list[str]:
    return [str(token.attrs["href"]) for token in tokens_of(page) if token.type == "link_open"]


def test_every_link_leads_to_a_page_or_to_the_web(hostile: dict[str, str], shop: dict[str, str]) -> None:
    for pages in (hostile, shop):
        for name, page in pages.items():
            for link in links_of(page):
                if link.startswith(("http://", "https://")):
                    assert link.startswith(("https://ok.example/", "https://wiki.acme.example/")), (name, link)
                    continue
                path, _, anchor = link.partition("#")
                target = name if not path else resolved(PurePosixPath(name).parent / path)
                assert target in pages, (name, link)
                headings = re.findall(r"^#+ (.*)$", pages[target], re.MULTILINE)
                assert not anchor or anchor in {heading.lower().replace(" ", "-") for heading in headings}, (name, link)


def resolved(path: PurePosixPath) -> str:
    parts: list[str] = []
    for part in path.parts:
        if part == "..":
            parts.pop()
        else:
            parts.append(part)
    return "/".join(parts)


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
