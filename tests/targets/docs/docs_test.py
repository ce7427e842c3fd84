"""The pages: what they say, how they are called, and how long they are."""

from __future__ import annotations

import re

import pytest
from tests.targets.docs.reading import ENDPOINT, HEAD, ROOT, pages_of, plan_of, section

from trackside.ir.keys import insert_id
from trackside.ir.matrix import MATRIX
from trackside.pipeline import analyse, analyse_text
from trackside.targets.docs.pages import ROWS, page_names

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
    links: {Wiki: 'https://wiki.example/a', Team: 'mailto:shop@acme.example', Odd: 'https://ä.example'}
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
    links = ["[Wiki](https://wiki.example/a)", "[Team](mailto:shop@acme.example)", "Odd: `https://ä.example`"]
    assert "\n".join(f"- {link}" for link in links) in life
    assert '| `x-team` | `["a", "b"]` |' in pages["README.md"]
    assert "[a](events/a.md) (deprecated)" in pages["README.md"]
    assert "It has none of its own." in pages["events/b.md"]


def test_what_a_plan_adds_is_shown_where_it_is_documented() -> None:
    """A key that starts with `x-` may stand in any mapping of the language, and every page has those of its subject."""
    plan = analyse_text(
        """
trackside: 1
x-root: 1
plan: {name: shop, version: 1.0.0, namespace: 'https://shop.example', x-plan: 2}
destinations: {amplitude: {project: shop, x-destination: 3}}
sources:
  web: {side: client, target: javascript, out: g/web, x-source: 4, sdk: {autocapture: [], x-sdk: 5}}
  backend: {side: server, target: python, out: g/backend}
outputs: {docs: {target: docs, out: generated/docs, x-output: 6}}
endpoint: {route: /t, served_by: backend, x-endpoint: 7}
identity: {x-identity: 8, device_id: {carried_in: [header, cookie], x-device: {a: [b]}}}
attribution: {carried_in: [header, cookie], x-attribution: 9}
consent: {x-consent: 10}
naming: {x-naming: 11}
types:
  label: {type: string, x-type: 12}
  rows: {type: list, items: {type: label, x-row: 13}}
  box: {type: object, x-box: 14, properties: {x-name: {type: string, x-member: 15}}}
enrichments:
  customer: {x-look-up: 16, properties: {segment: {type: string, x-answer: 17}}}
user_properties: {plan: {type: string, x-user: 18}}
events:
  paid:
    kind: purchase
    placement: hybrid
    because: Both.
    enrich: [customer]
    dedupe: {by: [x-order], x-dedupe: 19}
    client_copy: {grace: 1m, x-copy: 20}
    revenue: {amount: total, x-revenue: 21}
    properties:
      x-order: string
      total: number
      rows: rows
      box: box
      inside: {type: map, values: {type: string, x-value: 22}}
      data: {type: map of string, example: {x-data: y}}
  pressed:
    kind: intent
    outcome: {event: paid, by: [x-order], x-outcome: 23}
    properties: {x-order: string}
"""
    ).plan
    assert plan is not None
    pages = pages_of(plan)
    assert {
        name: keys for name, page in pages.items() if (keys := re.findall(r"^\| `(\S*\bx-\S+)` \| `", page, re.M))
    } == {
        "README.md": [
            *("x-root", "plan.x-plan", "endpoint.x-endpoint", "naming.x-naming"),
            *("destinations.amplitude.x-destination", "sources.web.x-source", "sources.web.sdk.x-sdk"),
            "outputs.docs.x-output",
        ],
        "identity.md": ["identity.x-identity", "identity.device_id.x-device"],
        "privacy.md": ["consent.x-consent"],
        "types.md": ["types.label.x-type", "types.rows.items.x-row", "types.box.x-box"],
        "context.md": ["attribution.x-attribution", "enrichments.customer.x-look-up"],
        "events/paid.md": ["dedupe.x-dedupe", "client_copy.x-copy", "revenue.x-revenue"],
        "events/pressed.md": ["outcome.x-outcome"],
    }
    assert '| `identity.device_id.x-device` | `{"a": ["b"]}` |' in section(pages["identity.md"], "More")
    assert "`x-member`: `15`." in pages["types.md"]
    assert "`x-answer`: `17`." in pages["context.md"]
    assert "`x-user`: `18`." in pages["identity.md"]
    assert "`values.x-value`: `22`." in pages["events/paid.md"]


def test_a_trigger_without_a_full_stop_gets_one() -> None:
    pages = pages_of(
        plan_of(
            "events:\n"
            "  a: {kind: refund, emitted: later, trigger: It was paid back, identity: [user_id], properties: {}}\n"
            "  b: {kind: click, trigger: 'Who pressed?', route: GET /, properties: {x: string}}\n"
        )
    )
    assert "**Fires when:** It was paid back. It is emitted later" in pages["events/a.md"]
    assert "**Fires when:** Who pressed? In the request `GET /`." in pages["events/b.md"]


@pytest.mark.parametrize(("out", "prints"), [("g/back", True), ("my-service/back", False), ("class/back", False)])
def test_an_import_is_shown_where_python_can_read_it(out: str, prints: bool) -> None:
    text = HEAD.replace("generated/backend", out) + "events: {a: {kind: refund, identity: [user_id]}}\n"
    plan = analyse_text(text).plan
    assert plan is not None
    call = section(pages_of(plan)["events/a.md"], "How to send it")
    assert (f"from {out.replace('/', '.')} import track" in call) is prints


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
