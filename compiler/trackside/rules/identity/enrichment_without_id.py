"""An enrichment looks something up by an id that the event does not have.

## What it finds

An event with `enrich:` whose identity is `system`, or an enrichment `by: device_id` where nothing brings the device's
id to the server.

## Why it matters

A look-up without its id is skipped and counted. Here every one of them would be, so the enriched properties are
promised and never come.

## Example

```yaml
enrichments:
  customer: {by: user_id, properties: {customer_segment: string}}
events:
  stock_counted:
    kind: batch_job
    enrich: [customer]
```

## Instead

```yaml
enrichments:
  customer: {by: user_id, properties: {customer_segment: string}}
events:
  account_reviewed:
    kind: batch_job
    identity: [user_id]
    enrich: [customer]
```

A job about nobody has nobody to look up: leave the enrichment out.

## When to allow it

Where every call passes the id in a context of its own (`context=`).
"""

from __future__ import annotations

from collections.abc import Iterator

from trackside.diagnostics import Diagnostic, Label, finding
from trackside.ir import Plan
from trackside.rules.written import value_of, was_left_out


def check(plan: Plan) -> Iterator[Diagnostic]:
    """Look for look-ups whose id is never there."""
    if not plan.enrichments:
        return
    device = plan.identity["device_id"]
    device_is_known = bool(device.carried_in) or device.created_by == "server" or was_left_out(plan, "identity")
    for event in plan.events.values():
        for index, name in enumerate(event.enrich):
            enrichment = plan.enrichments[name]
            if event.identity.mode == "system":
                cause = Label(value_of(event.place, "identity"), "about nobody")
                why = "is about the system itself"
            elif enrichment.by == "device_id" and not device_is_known:
                cause = Label(value_of(enrichment.place, "by"), "looked up by this")
                why = "is sent by a server that nothing brings the device's id to"
            else:
                continue
            yield finding(
                "enrichment-without-id",
                value_of(event.place, "enrich", index),
                f"`{name}` is looked up by `{enrichment.by}`, and `{event.name}` {why}",
                label=f"no `{enrichment.by}` to look up by",
                secondary=[cause],
                help=f"leave `{name}` out, or name the id: `identity: [{enrichment.by}]`"
                if event.identity.mode == "system"
                else "let the device's id be carried: `device_id: {carried_in: [header, cookie]}` under `identity`",
            )
