"""A client sends its copy to a project that the server's copy does not reach.

## What it finds

A client and a server that send the same hybrid event, where the client sends to a project or a region that the server
does not send to.

## Why it matters

Copies are one fact only within one project of one region. What only the client's copies reach counts facts that the
server never confirmed, and where both have a project of their own, every fact that both report counts once in each.

## Example

```yaml
destinations:
  amplitude: {project: shop, region: us}
  amplitude_eu: {kind: amplitude, project: shop, region: eu}
sources:
  web: {side: client, target: javascript, out: generated/web, destinations: [amplitude_eu]}
  backend: {side: server, target: python, out: generated/backend, destinations: [amplitude]}
events:
  purchase_completed:
    kind: purchase
    placement: hybrid
    dedupe: [order_id]
    properties: {order_id: string}
```

## Instead

```yaml
destinations:
  amplitude: {project: shop, region: us}
  amplitude_eu: {kind: amplitude, project: shop, region: eu}
sources:
  web: {side: client, target: javascript, out: generated/web, destinations: [amplitude]}
  backend: {side: server, target: python, out: generated/backend, destinations: [amplitude]}
events:
  purchase_completed:
    kind: purchase
    placement: hybrid
    dedupe: [order_id]
    properties: {order_id: string}
```

The server may send to more projects than the client: there its copy is the only one.

## When to allow it

Where the client's project is a trial whose numbers nobody adds to the server's.
"""

from __future__ import annotations

from collections.abc import Iterator

from trackside.diagnostics import Diagnostic, Label, finding
from trackside.ir import Plan
from trackside.rules.hybrid.copies import pairs, projects
from trackside.rules.written import listed, value_of, was_left_out


def check(plan: Plan) -> Iterator[Diagnostic]:
    """Look for pairs of a client and a server whose copies do not meet in one project."""
    if was_left_out(plan, "destinations"):
        return
    for client, server, events in pairs(plan):
        if not (client.destinations and server.destinations):
            continue
        reached = projects(plan, server)
        alone = {project: name for project, name in projects(plan, client).items() if project not in reached}
        if not alone:
            continue
        (_, project, region), name = next(iter(alone.items()))
        (_, other_project, other_region), other = next(iter(reached.items()))
        event = events[0].name
        yield finding(
            "copies-in-different-projects",
            value_of(client.place, "destinations"),
            f"`{client.name}` and `{server.name}` both send {listed(one.name for one in events)} and want one project: "
            f"`{server.name}` does not reach `{project}` in `{region}`",
            label=f"sends to `{name}`",
            secondary=[Label(value_of(server.place, "destinations"), f"sends to {listed(server.destinations)}")],
            notes=[
                f"one `{event}`, two copies: the client's in `{project}` ({region}), the server's in `{other_project}` "
                f"({other_region}), both with one insert_id; Amplitude compares insert_ids within one project only, "
                "so each project counts one"
            ],
            help=f"let `{server.name}` send to `{name}` too, or `{client.name}` to `{other}`",
        )
