"""The two copies of a hybrid event's fact: which pairs of sources make them, and where each goes."""

from __future__ import annotations

from collections.abc import Iterator

from trackside.ir import Event, Plan, Source


def hybrids(plan: Plan) -> Iterator[Event]:
    """List the events that both sides send."""
    return (event for event in plan.events.values() if event.placement == "hybrid")


def pairs(plan: Plan) -> list[tuple[Source, Source, list[Event]]]:
    """List every pair of a client and a server that send one event, with all the events that they both send."""
    found: dict[tuple[str, str], tuple[Source, Source, list[Event]]] = {}
    for event in hybrids(plan):
        sources = [plan.sources[name] for name in event.sources]
        for client in sources:
            if client.side != "client":
                continue
            for server in sources:
                if server.side == "server":
                    found.setdefault((client.name, server.name), (client, server, []))[2].append(event)
    return list(found.values())


def projects(plan: Plan, source: Source) -> dict[tuple[str, str, str], str]:
    """Map each project that a source reaches, as (vendor, project, region), to the name of a destination there."""
    destinations = [plan.destinations[name] for name in source.destinations]
    return {(one.kind, one.project, one.region): one.name for one in destinations}
