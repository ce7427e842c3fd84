"""A required enrichment is used where nothing can hold the event until it is answered.

## What it finds

An event with an enrichment that is `required: true`, where none of the servers that send it has generated code
(`target: none`).

## Why it matters

`required: true` holds the event in the generated code's outbox until the provider has answered. A server that sends
by code of its own has no such outbox, so the event goes out without the properties that were required.

## Example

```yaml
sources:
  web: {side: client, target: javascript, out: generated/web}
  backend: {side: server, target: python, out: generated/backend}
  billing: {side: server}
enrichments:
  customer: {by: user_id, required: true, properties: {customer_segment: string}}
events:
  invoice_paid:
    kind: state_change
    sources: [billing]
    enrich: [customer]
```

## Instead

```yaml
sources:
  web: {side: client, target: javascript, out: generated/web}
  backend: {side: server, target: python, out: generated/backend}
  billing: {side: server, target: python, out: generated/billing}
enrichments:
  customer: {by: user_id, required: true, properties: {customer_segment: string}}
events:
  invoice_paid:
    kind: state_change
    sources: [billing]
    enrich: [customer]
```

Or leave `required: true` out: the properties are then sent when they are known.

## When to allow it

Where that server holds the event by itself until the look-up is answered.
"""

from __future__ import annotations

from collections.abc import Iterator

from trackside.diagnostics import Diagnostic, Label, finding
from trackside.ir import Plan
from trackside.rules.written import key_of, listed, value_of


def check(plan: Plan) -> Iterator[Diagnostic]:
    """Look for required enrichments that no generated server code holds the event for."""
    required = {enrichment.name for enrichment in plan.enrichments.values() if enrichment.required}
    if not required:
        return
    for event in plan.events.values():
        if not event.enrich or required.isdisjoint(event.enrich):
            continue
        servers = [plan.sources[name] for name in event.sources if plan.sources[name].side == "server"]
        if not servers or any(server.target != "none" for server in servers):
            continue
        for index, name in enumerate(event.enrich):
            if name in required:
                yield finding(
                    "required-enrichment-not-held",
                    value_of(event.place, "enrich", index),
                    f"`{name}` is required and wants generated code that holds `{event.name}` until it is answered",
                    label="nothing holds the event",
                    secondary=[
                        Label(value_of(plan.enrichments[name].place, "required"), "required here"),
                        Label(key_of(servers[0].place), "nothing is generated for it"),
                    ],
                    help=f"leave `required: true` out, or generate code for {listed(one.name for one in servers)}",
                )
