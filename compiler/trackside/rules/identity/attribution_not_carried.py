"""Attribution is wanted on the server, and nothing brings it there.

## What it finds

An event that a server sends and that has attribution: because it says `attribution: true`, or because it is a signup
or a purchase of a plan that keeps attribution. It is found where the plan's `carried_in:` names no carrier that comes
with a request; where the event is emitted later, without `stored`; and, if it says `attribution: true`, in a plan
without an `attribution:` of its own, or where it is about the system itself, for which no request exists.

## Why it matters

Where a visitor came from is known to the browser. The server learns it from a header or a cookie of the request, or
from what was stored with a row. Without a carrier the parameters are in the plan, in the docs, and never in the data.

## Example

```yaml
attribution:
  parameters: [utm_source, utm_campaign]
events:
  purchase_completed: {kind: purchase}
```

## Instead

```yaml
attribution:
  parameters: [utm_source, utm_campaign]
  carried_in: [header, cookie]
events:
  purchase_completed: {kind: purchase}
```

## When to allow it

Where every call passes the attribution in a context of its own (`context=`).
"""

from __future__ import annotations

from collections.abc import Iterator

from trackside.diagnostics import Diagnostic, Label, finding
from trackside.ir import Event, Plan
from trackside.rules.written import key_of, listed, value_of, was_left_out


def check(plan: Plan) -> Iterator[Diagnostic]:
    """Look for server events whose attribution never gets there."""
    if was_left_out(plan, "attribution"):
        return
    wanting = [event for event in plan.events.values() if event.attribution and event.placement != "client"]
    attribution = plan.attribution
    if attribution is None:
        for event in wanting:
            yield _finding(event, "a plan with `attribution`", "nothing is kept", "add `attribution:` to the plan")
        return
    carriers = attribution.carried_in
    if wanting and not {"header", "cookie"} & set(carriers):
        yield finding(
            "attribution-not-carried",
            value_of(attribution.place, "carried_in"),
            "attribution wants `carried_in: [header, cookie]`: "
            f"{listed(event.name for event in wanting)} cannot have it otherwise",
            label="no request brings it",
            secondary=[Label(value_of(wanting[0].place, "attribution"), "wanted here")],
            help="write `carried_in: [header, cookie]`, and `stored` for what is emitted later",
        )
        return
    for event in wanting:
        if event.identity.mode == "system" and event.place.has("attribution"):
            yield _finding(event, "a request that brings it", "no request is there", "leave `attribution` out")
        elif event.emitted == "later" and "stored" not in carriers:
            yield finding(
                "attribution-not-carried",
                value_of(event.place, "attribution") if event.place.has("attribution") else key_of(event.place),
                f"`{event.name}` is emitted later and wants attribution carried in `stored`",
                label="no request brings it then",
                secondary=[Label(value_of(attribution.place, "carried_in"), "`stored` is missing here")],
                help=f"write `carried_in: [{', '.join((*carriers, 'stored'))}]` under `attribution`",
            )


def _finding(event: Event, wanted: str, label: str, help: str) -> Diagnostic:
    return finding(
        "attribution-not-carried",
        value_of(event.place, "attribution"),
        f"attribution of `{event.name}` wants {wanted}",
        label=label,
        help=help,
    )
