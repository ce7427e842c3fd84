"""Views: what each source may send of each event, cut at any depth."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from trackside.ir import ListOf, MapOf, Object, Property, Source, Type, View, ViewProperty
from trackside.ir.properties import Side
from trackside.ir.types import AnyValue, Scalar
from trackside.resolve.draft import Draft

_NOWHERE: Final[frozenset[Side]] = frozenset()
_EVERYWHERE: Final[frozenset[Side]] = frozenset(("client", "server"))


class _Cutter:
    """Cuts types and properties for one source; what two events share is cut once."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self._types: dict[int, Type] = {}
        self._properties: dict[int, ViewProperty] = {}

    def may_send(self, prop: Property) -> bool:
        source = self.source
        return (prop.only is None or prop.only == source.side) and (prop.sources is None or source.name in prop.sources)

    def cut(self, properties: Iterable[Property]) -> tuple[ViewProperty, ...]:
        return tuple([self._cut_property(prop) for prop in properties if self.may_send(prop)])

    def _cut_property(self, prop: Property) -> ViewProperty:
        known = self._properties.get(id(prop))
        if known is None:
            known = self._properties[id(prop)] = ViewProperty(
                name=prop.name,
                type=self._cut_type(prop.type),
                required=self._required(prop),
                declared=prop,
            )
        return known

    def _required(self, prop: Property) -> bool:
        side = self.source.side
        return side not in prop.optional_on and not (prop.known == "response" and side == "client")

    def _cut_type(self, whole: Type) -> Type:
        if isinstance(whole, (Scalar, AnyValue)):
            return whole
        known = self._types.get(id(whole))
        if known is None:
            known = self._types[id(whole)] = self._cut_container(whole)
        return known

    def _cut_container(self, whole: ListOf | MapOf | Object) -> Type:
        if isinstance(whole, ListOf):
            item = self._cut_type(whole.item)
            return whole if item is whole.item else replace(whole, item=item)
        if isinstance(whole, MapOf):
            value = self._cut_type(whole.value)
            return whole if value is whole.value else replace(whole, value=value)
        kept = []
        for prop in whole.properties:
            if self.may_send(prop):
                inner = self._cut_type(prop.type)
                # Inside a value there is no view property: what is optional on this side is optional in the cut type.
                optional_on = _NOWHERE if self._required(prop) else _EVERYWHERE
                same = inner is prop.type and optional_on == prop.optional_on
                kept.append(prop if same else replace(prop, type=inner, optional_on=optional_on))
        properties = tuple(kept)
        return whole if properties == whole.properties else replace(whole, properties=properties)


def cut_views(draft: Draft) -> None:
    """Derive the view of every event for every source that emits it, and of users, context and enrichments."""
    cutters = {source.name: _Cutter(source) for source in draft.sources.values()}
    user_id = draft.identity["user_id"]
    sets, clears = frozenset(user_id.set_on), frozenset(user_id.cleared_on)
    attribution = draft.attribution.property_names if draft.attribution is not None else ()
    in_context = dict.fromkeys(draft.context)
    for event in draft.events.values():
        in_context.update(dict.fromkeys(event.context))
        for name in event.sources:
            cutter = cutters[name]
            on_server = cutter.source.side == "server"
            properties = cutter.cut(event.properties)
            names = {prop.name for prop in properties}
            dedupe = event.dedupe
            if dedupe is not None and not names.issuperset(dedupe.by):
                dedupe = None
            revenue = event.revenue
            if revenue is not None:
                parts = (
                    revenue.amount,
                    revenue.unit_price,
                    revenue.quantity,
                    revenue.currency,
                    revenue.product_id,
                    revenue.type,
                )
                if not (on_server or revenue.from_client) or not names.issuperset(part for part in parts if part):
                    revenue = None
            draft.views[event.name, name] = View(
                event=event,
                source=cutter.source,
                properties=properties,
                context=tuple([prop for group in event.context for prop in cutter.cut(draft.groups[group].properties)]),
                dedupe=dedupe,
                revenue=revenue,
                attribution=attribution if on_server and event.attribution else (),
                enrich=event.enrich if on_server else (),
                sets_user=event.name in sets,
                clears_user=event.name in clears,
            )
    for source in draft.sources.values():
        cutter = cutters[source.name]
        draft.user_views[source.name] = cutter.cut(draft.user_properties)
        members: dict[str, ViewProperty] = {}
        for group in in_context:
            for prop in cutter.cut(draft.groups[group].properties):
                members.setdefault(prop.name, prop)
        draft.context_views[source.name] = tuple(members.values())
    server = next((cutters[source.name] for source in draft.sources.values() if source.side == "server"), None)
    for enrichment in draft.enrichments.values():
        if server is not None:
            draft.enrichment_views[enrichment.name] = server.cut(enrichment.properties)
