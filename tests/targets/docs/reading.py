"""Plans and the pages that they make: what the tests of the docs share."""

from __future__ import annotations

import re
from pathlib import Path

from trackside.ir import Plan
from trackside.pipeline import analyse_text
from trackside.targets.docs import render

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
