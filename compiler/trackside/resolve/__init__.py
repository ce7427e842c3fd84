"""Stage 3: the raw plan gets its meaning: references, groups, defaults, dedupe keys, views.

The passes below run in order over one draft; each reads what the ones before it filled in.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from trackside.diagnostics import Bag
from trackside.ir import Naming, Plan
from trackside.resolve.draft import Draft, extensions_of
from trackside.resolve.events import EventResolver, check_references
from trackside.resolve.properties import PropertyResolver
from trackside.resolve.settings import (
    resolve_destinations,
    resolve_endpoint,
    resolve_outputs,
    resolve_people,
    resolve_sources,
)
from trackside.resolve.types import TypeResolver
from trackside.resolve.views import cut_views
from trackside.schema.load import RawPlan


def _resolve_entries(draft: Draft) -> None:
    types = TypeResolver(draft)
    properties = PropertyResolver(draft, types)
    types.declare()
    properties.declare_groups()
    properties.declare_enrichments()
    properties.declare_user_properties()
    EventResolver(draft, properties).declare()


PASSES: Final[tuple[Callable[[Draft], None], ...]] = (
    resolve_destinations,
    resolve_sources,
    resolve_outputs,
    resolve_endpoint,
    resolve_people,
    _resolve_entries,
    check_references,
    cut_views,
)


def resolve(raw: RawPlan, bag: Bag) -> Plan:
    """Give a raw plan its meaning. What cannot be resolved is reported and left out; its name is a hole of the plan."""
    draft = Draft(raw, bag, set(raw.holes))
    for run in PASSES:
        run(draft)
    top = raw.top
    return Plan(
        name=top.plan.name,
        version=top.plan.version,
        description=top.plan.description,
        namespace=top.plan.namespace,
        owner=top.plan.owner,
        place=raw.node,
        destinations=draft.destinations,
        sources=draft.sources,
        outputs=draft.outputs,
        endpoint=draft.endpoint,
        identity=draft.identity,
        attribution=draft.attribution,
        consent=draft.consent,
        types=draft.types,
        used_types=frozenset(draft.used_types),
        groups=draft.groups,
        context=draft.context,
        enrichments=draft.enrichments,
        user_properties=draft.user_properties,
        naming=Naming(events=top.naming.events, properties=top.naming.properties),
        retired_keys=top.retired_keys,
        events=draft.events,
        views=draft.views,
        user_views=draft.user_views,
        context_views=draft.context_views,
        enrichment_views=draft.enrichment_views,
        extensions=_extensions(raw),
        holes=frozenset(draft.holes),
    )


def _extensions(raw: RawPlan) -> dict[str, object]:
    """Collect the `x-` keys of all that is neither an event nor a property, each by the path at which it stands."""
    found: dict[str, object] = {}
    for document in raw.documents:
        found.update(extensions_of(document, "" if document is raw.node else f"{document.file.path}: "))
    for section, entries in (
        ("destinations", raw.destinations),
        ("sources", raw.sources),
        ("outputs", raw.outputs),
        ("enrichments", raw.enrichments),
    ):
        for name, entry in entries.items():
            found.update(extensions_of(entry.node, f"{section}.{name}."))
    for name, node in raw.types.items():
        found.update(extensions_of(node, f"types.{name}."))
    return found
