"""Make plans of any size: about 20 lines and 5 properties an event, commented, for both sides, in one file or many."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

EVENTS_PER_FILE = 100
"""How many events each included file holds where a plan is split."""

_HEAD = """\
# A plan that a program wrote, to measure the compiler with.
trackside: 1

plan:
  name: bench
  version: 1.0.0
  description: {events} events.
  namespace: https://bench.example
  owner: measuring

destinations:
  amplitude: {{project: bench, region: us, api_key: AMPLITUDE_API_KEY}}

sources:
  web:     {{side: client, target: javascript, out: generated/web, through: sdk}}
  backend: {{side: server, target: python, out: generated/backend}}
outputs:
  docs:   {{target: docs, out: generated/docs}}
  schema: {{target: schema, out: generated/schema}}

endpoint: {{route: /t, served_by: backend}}

identity:
  device_id:  {{created_by: client, carried_in: [header, cookie, stored]}}
  session_id: {{created_by: client, carried_in: [header, cookie], timeout: 30m}}
  user_id:    {{created_by: server}}

types:
  currency: {{enum: [EUR, GBP, USD], description: ISO 4217 code.}}
  money:    {{type: number, minimum: 0, maximum: 1000000}}
  line_item:
    type: object
    properties:
      sku: {{type: string, pattern: '[A-Z0-9-]{{3,32}}'}}
      quantity: {{type: integer, minimum: 1}}
      price: money

property_groups:
  app:
    app_version: optional string

context: [app]

"""

_CLIENT = """\
  # Seen in the browser only: number {n}.
  area_{area}_item_{n}_viewed:
    description: Item {n} of area {area} came into view.
    kind: {kind}
    trigger: Half of it was visible for a second.
    owner: team_{area}
    tags: [area_{area}]
    properties:
      item_id: {{type: string, max_length: 64, description: The item's number.}}
      # Where on the page it stood.
      position: {{type: integer, minimum: 0, maximum: 1000}}
      title: optional string
      layout:
        enum: [grid, list, carousel]
        description: How the items were laid out.
      visible_ms:
        type: integer
        minimum: 0
        unit: ms
        description: How long it was visible.

"""

_SERVER = """\
  # Known to the server only: number {n}.
  area_{area}_state_{n}_changed:
    description: State {n} of area {area} changed.
    kind: state_change
    trigger: The row was stored.
    owner: team_{area}
    identity: [user_id]
    dedupe: [change_id]
    properties:
      change_id: {{type: string, max_length: 64, description: The change's number.}}
      # What it cost us.
      cost: money
      currency: currency
      reason:
        enum: [asked, expired, corrected]
        description: Why it changed.
      note:
        type: optional string
        max_length: 500
        description: What the clerk wrote.

"""

_HYBRID = """\
  # Sent by both sides: number {n}.
  area_{area}_order_{n}_placed:
    description: Order form {n} of area {area} was accepted.
    kind: purchase
    placement: hybrid
    because: The server has the amount; the browser is the safety net.
    client_copy: {{grace: 2m}}
    owner: team_{area}
    identity: [device_id]
    dedupe: [order_id]
    revenue: {{amount: total, currency: currency}}
    properties:
      order_id: {{type: string, max_length: 64, description: Order number.}}
      # What was charged.
      total: money
      currency: currency
      coupon: optional string
      items:
        type: list of line_item
        max_items: 200
        optional: client

"""

_KINDS = ("click", "engagement", "feature_use", "exposure")


def compile_into(folder: Path, text: str) -> None:
    """Compile the text of a plan into a folder."""
    from trackside.pipeline import analyse_text, render

    analysis = analyse_text(text)
    assert analysis.plan is not None and not analysis.bag.has_errors, [found.headline for found in analysis.bag]
    for file in render(analysis.plan):
        path = folder / file.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(file.text, encoding="utf-8")


def event_text(number: int) -> str:
    """Write one event: of every ten, six are the client's, three the server's and one hybrid."""
    step = number % 10
    template = _HYBRID if step == 9 else _SERVER if step in {2, 5, 8} else _CLIENT
    return template.format(n=number, area=number // EVENTS_PER_FILE, kind=_KINDS[number % len(_KINDS)])


def event_texts(first: int, after: int) -> Iterator[str]:
    """Write the section that holds some events."""
    yield "events:\n\n"
    for number in range(first, after):
        yield event_text(number)


def write_plan(folder: Path, events: int, *, split: bool = False) -> Path:
    """Write a plan into a folder, as one file or split by `include:`, and return the plan's path."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "tracking_plan.yaml"
    head = _HEAD.format(events=events)
    if not split:
        path.write_text(head + "".join(event_texts(0, events)), encoding="utf-8")
        return path
    path.write_text(head + "include: [plan/*.yaml]\n", encoding="utf-8")
    (folder / "plan").mkdir(exist_ok=True)
    for first in range(0, events, EVENTS_PER_FILE):
        part = folder / "plan" / f"part_{first // EVENTS_PER_FILE:04}.yaml"
        part.write_text("".join(event_texts(first, min(first + EVENTS_PER_FILE, events))), encoding="utf-8")
    return path


if __name__ == "__main__":
    if len(sys.argv) not in {3, 4} or not sys.argv[2].isdigit():
        sys.exit("usage: python bench/plans.py FOLDER EVENTS [split]")
    print(write_plan(Path(sys.argv[1]), int(sys.argv[2]), split=sys.argv[3:] == ["split"]))
