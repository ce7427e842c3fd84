"""Events: placement, identity, properties, revenue, and what they refer to."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, cast

from trackside.diagnostics import Label
from trackside.ir import ClientCopy, Event, EventIdentity, Kind, Outcome, Placement, Property, Revenue
from trackside.ir.events import IdField
from trackside.ir.matrix import MATRIX
from trackside.resolve.draft import Draft, extensions_of
from trackside.resolve.keys import resolve_key
from trackside.resolve.properties import PropertyResolver
from trackside.schema.events import RawEvent
from trackside.schema.load import Entry
from trackside.source.node import Node


class EventResolver:
    """Resolves one event after another into the draft."""

    def __init__(self, draft: Draft, properties: PropertyResolver) -> None:
        self._draft = draft
        self._properties = properties

    def declare(self) -> None:
        """Resolve all events; one whose placement cannot be told becomes a hole."""
        for name, entry in self._draft.raw.events.items():
            event = self._event(name, entry)
            if event is None:
                self._draft.holes.add(("events", name))
            else:
                self._draft.events[name] = event

    def _event(self, name: str, entry: Entry[RawEvent]) -> Event | None:
        raw, node = entry.raw, entry.node
        user = f"event `{name}`"
        # Where nobody can tell the side, the rest is read all the same: what is wrong there is no consequence of it.
        unplaced = bool(entry.holes & {"kind", "placement"})
        placement = None if unplaced else self._placement(name, raw.kind, raw.placement, node)
        holes = set(entry.holes)
        groups = self._properties.known_groups(raw.property_groups, node, "property_groups", user)
        if len(groups) < len(set(raw.property_groups)):
            holes.add("property_groups")
        own = self._properties.properties(raw.properties, user, "event's property", None, holes)
        for group in groups:
            holes |= {hole for section, hole in self._draft.holes if section == f"property_groups.{group}"}
        context = self._draft.context
        if raw.context is not None:
            context = self._properties.known_groups(raw.context, node, "context", user)
            if len(context) < len(set(raw.context)):
                holes.add("context")
        enrich = self._draft.known(
            raw.enrich,
            node,
            "enrich",
            what="enrichment",
            section="enrichments",
            defined=self._draft.enrichments,
            user=user,
        )
        if len(enrich) < len(set(raw.enrich)):
            holes.add("enrich")
        attribution = raw.attribution
        if attribution is None:
            attribution = raw.kind in ("signup", "purchase") and self._draft.attribution is not None
        properties = self._without_doubles(name, node, own, groups, context, enrich, attribution)
        known = {prop.name for prop in properties}
        dedupe = resolve_key(name, raw.dedupe, node, known, holes, self._draft)
        revenue = self._revenue(raw, node, known, holes, user)
        time = self._known_property(raw.time, node.at("time"), known, holes, f"`time` of {user}")
        if placement is None:
            return None
        row = MATRIX[raw.kind]
        also = row.also.get(placement)
        client_copy = None
        if placement == "hybrid":
            client_copy = ClientCopy()
            if raw.client_copy is not None:
                client_copy = ClientCopy(
                    mode=raw.client_copy.mode, grace=raw.client_copy.grace, on_unknown=raw.client_copy.on_unknown
                )
        self._check_place(user, placement, node)
        return Event(
            name=name,
            place=node,
            kind=raw.kind,
            placement=placement,
            reason=raw.because or (f"{row.reason[:-1]}; fits when {also}." if also else row.reason),
            because=raw.because,
            code_name=raw.code_name,
            description=raw.description,
            trigger=raw.trigger,
            owners=raw.owner,
            route=raw.route,
            identity=self._identity(user, raw, placement, node),
            attribution=attribution,
            dedupe=dedupe,
            client_copy=client_copy,
            emitted=raw.emitted,
            revenue=revenue,
            outcome=Outcome(event=raw.outcome.event, by=raw.outcome.by, place=node.at("outcome"))
            if raw.outcome
            else None,
            enrich=enrich,
            groups=groups,
            context=context,
            properties=properties,
            consent=raw.consent,
            time=time,
            status=raw.status,
            since=raw.since,
            replaced_by=raw.replaced_by,
            expires=raw.expires,
            tags=raw.tags,
            links=tuple(raw.links.items()),
            sources=self._sources(raw, node, placement, user),
            extensions=extensions_of(node),
            holes=frozenset(holes),
        )

    def _placement(self, name: str, kind: Kind, placement: Placement | None, node: Node) -> Placement | None:
        if placement is not None:
            return placement
        recommended = MATRIX[kind].recommended
        if recommended is None:
            self._draft.bag.report(
                "missing-placement",
                node.key_span,
                f"event `{name}` wants `placement`: its kind does not say which side sends it",
                label="no kind and no placement",
                help="write `kind:`, or `placement: client`, `server` or `hybrid` with a `because:`",
            )
        return recommended

    def _identity(self, user: str, raw: RawEvent, placement: Placement, node: Node) -> EventIdentity:
        if raw.identity:
            words = raw.identity
            if len(words) > 1 and {"any", "system"} & set(words):
                word = next(word for word in words if word in ("any", "system"))
                self._draft.bag.report(
                    "conflicting-keys",
                    node.at("identity").span,
                    f"`{word}` stands alone: `identity` of {user} cannot name ids beside it",
                    help=f"write `identity: {word}`, or a list of `user_id` and `device_id`",
                )
            if "any" in words or "system" in words:
                mode: Literal["any", "system"] = "any" if "any" in words else "system"
                if mode == "system" and placement != "server":
                    self._draft.bag.report(
                        "conflicting-keys",
                        node.at("identity").span,
                        f"`system` is for events that only a server sends, and {user} is {placement}",
                        help="leave `identity` out, or name ids",
                    )
                    return EventIdentity(mode="any")
                return EventIdentity(mode=mode, stated=True)
            return EventIdentity(
                mode="named", ids=cast("tuple[IdField, ...]", tuple(dict.fromkeys(words))), stated=True
            )
        if raw.identity is not None:
            self._draft.bag.report(
                "empty-text",
                node.at("identity").span,
                f"`identity` of {user} is empty: an event is about somebody",
                help="write `identity: any`, `[user_id]`, `[device_id]` or `system`",
            )
        if placement == "hybrid":
            return EventIdentity(mode="named", ids=("device_id",))
        if raw.kind == "batch_job" and placement == "server":
            return EventIdentity(mode="system")
        return EventIdentity(mode="any")

    def _check_place(self, user: str, placement: Placement, node: Node) -> None:
        """Refuse keys that have no meaning for the event's placement."""
        wants = {"client_copy": ("hybrid",), "emitted": ("server", "hybrid"), "enrich": ("server", "hybrid")}
        for key, placements in wants.items():
            if node.has(key) and placement not in placements:
                self._draft.bag.report(
                    "misplaced-key",
                    node.at(key).key_span,
                    f"`{key}` is for {' and '.join(placements)} events, and {user} is {placement}",
                    help=f"leave `{key}` out",
                )

    def _sources(self, raw: RawEvent, node: Node, placement: Placement, user: str) -> tuple[str, ...]:
        draft = self._draft
        sides = ("client", "server") if placement == "hybrid" else (placement,)
        wanted: list[str] | None = None
        if raw.sources is not None:
            wanted = []
            for index, name in enumerate(raw.sources):
                source = draft.sources.get(name)
                span = node.at("sources", index).span
                if source is None:
                    draft.unknown(span, "source", name, "sources", draft.sources, user)
                elif source.side not in sides:
                    draft.bag.report(
                        "no-source",
                        span,
                        f"source `{name}` is a {source.side}, and {user} is sent by the {placement}",
                        label=f"a {source.side}",
                        help="name a source of the right side, or change `placement`",
                    )
                else:
                    wanted.append(name)
        emitting = tuple(
            source.name
            for source in draft.sources.values()
            if source.side in sides and (wanted is None or source.name in wanted)
        )
        if any(section == "sources" for section, _ in draft.holes):
            return emitting
        for side in sides:
            if not any(draft.sources[name].side == side for name in emitting) and (wanted is None or wanted):
                draft.bag.report(
                    "no-source",
                    node.at("placement").span if node.has("placement") else node.key_span,
                    f"{user} is sent by the {side}, and no {side} source emits it",
                    label=f"wants a source with `side: {side}`",
                    help=f"add a source with `side: {side}`, or change `placement`",
                )
        return emitting

    def _without_doubles(
        self,
        event: str,
        node: Node,
        own: tuple[Property, ...],
        groups: tuple[str, ...],
        context: tuple[str, ...],
        enrich: tuple[str, ...],
        attribution: bool,
    ) -> tuple[Property, ...]:
        """Put the groups' properties before the event's own; what comes from two places is reported at both."""
        draft = self._draft
        seen: dict[str, tuple[Label, str]] = {}

        def offer(names: Iterator[tuple[str, Label, str]]) -> None:
            for name, label, origin in names:
                first = seen.setdefault(name, (label, origin))
                if first[0] is not label:
                    draft.bag.report(
                        "duplicate-property",
                        label.span,
                        f"event `{event}` gets `{name}` twice: from {first[1]} and from {origin}",
                        label="once more",
                        secondary=[Label(first[0].span, "it has it from here")],
                        help="keep one of the two, or give one another name",
                    )

        properties: list[Property] = []
        members = own if not groups else (*(prop for group in groups for prop in draft.groups[group].properties), *own)
        names = [prop.name for prop in members]
        names += [prop.name for group in context for prop in draft.groups[group].properties]
        names += [prop.name for name in enrich for prop in draft.enrichments[name].properties]
        if attribution and draft.attribution is not None:
            names += draft.attribution.property_names
        if len(set(names)) == len(names):
            return members
        for group in groups:
            members = draft.groups[group].properties
            properties.extend(members)
            offer((prop.name, Label(prop.place.key_span), f"the group `{group}`") for prop in members)
        properties.extend(own)
        offer((prop.name, Label(prop.place.key_span), "its own properties") for prop in own)
        for group in context:
            if group in groups:
                draft.bag.report(
                    "duplicate-property",
                    node.at("property_groups", groups.index(group)).span,
                    f"event `{event}` has the group `{group}` twice: by itself and as context",
                    help="leave one of the two out",
                )
                continue
            members = draft.groups[group].properties
            offer((prop.name, Label(prop.place.key_span), f"the context group `{group}`") for prop in members)
        for name in enrich:
            members = draft.enrichments[name].properties
            offer((prop.name, Label(prop.place.key_span), f"the enrichment `{name}`") for prop in members)
        if attribution and draft.attribution is not None:
            place = draft.attribution.place.key_span
            offer((name, Label(place), "attribution") for name in draft.attribution.property_names)
        return tuple({prop.name: prop for prop in reversed(properties)}.values())[::-1]

    def _revenue(self, raw: RawEvent, node: Node, known: set[str], holes: set[str], user: str) -> Revenue | None:
        revenue = raw.revenue
        if revenue is None:
            return None
        place = node.at("revenue")
        bag = self._draft.bag
        if revenue.amount and (revenue.unit_price or revenue.quantity):
            bag.report(
                "conflicting-keys",
                place.at("amount").key_span,
                f"revenue of {user} has both forms: `amount` is a total already",
                label="a total",
                secondary=[
                    Label(place.at("unit_price" if revenue.unit_price else "quantity").key_span, "times a quantity")
                ],
                help="keep `amount`, or keep `unit_price` and `quantity`",
            )
            return None
        if not revenue.amount and not (revenue.unit_price and revenue.quantity):
            bag.report(
                "missing-key",
                place.key_span,
                f"revenue of {user} wants `amount`, or `unit_price` and `quantity`",
                label="no amount",
                help="name the property that is the total: `amount: total_amount`",
            )
            return None
        for key in ("amount", "unit_price", "quantity", "currency", "product_id", "type"):
            name = getattr(revenue, key)
            if (
                name is not None
                and self._known_property(name, place.at(key), known, holes, f"revenue of {user}") is None
            ):
                return None
        return Revenue(
            amount=revenue.amount,
            unit_price=revenue.unit_price,
            quantity=revenue.quantity,
            currency=revenue.currency,
            product_id=revenue.product_id,
            type=revenue.type,
            from_client=revenue.from_client == "allow",
            negate=raw.kind == "refund",
            place=place,
        )

    def _known_property(self, name: str | None, place: Node, known: set[str], holes: set[str], user: str) -> str | None:
        if name is None or name in known:
            return name
        if name not in holes and "property_groups" not in holes and "properties" not in holes:
            self._draft.no_property(place.span, user, name, known)
        return None


def check_references(draft: Draft) -> None:
    """Check the names of events and properties that events and identity refer to, once all are known."""
    for event in draft.events.values():
        user = f"event `{event.name}`"
        if event.outcome is not None:
            draft_event = draft.events.get(event.outcome.event)
            span = event.outcome.place.at("event").span
            if draft_event is None:
                draft.unknown(span, "event", event.outcome.event, "events", draft.events, f"the outcome of {user}")
            for index, name in enumerate(event.outcome.by):
                for side in (event, draft_event):
                    if side is None or side.property(name) is not None or name in side.holes:
                        continue
                    names = [prop.name for prop in side.properties]
                    span = event.outcome.place.at("by", index).span
                    draft.no_property(span, f"the outcome of {user}", name, names, whose=f"`{side.name}`'s")
        if event.replaced_by is not None and event.replaced_by not in draft.events:
            span = event.place.at("replaced_by").span
            draft.unknown(span, "event", event.replaced_by, "events", draft.events, f"`replaced_by` of {user}")
    user_id = draft.identity["user_id"]
    for key, listed in (("set_on", user_id.set_on), ("cleared_on", user_id.cleared_on)):
        for index, name in enumerate(listed):
            if name not in draft.events:
                span = user_id.place.at(key, index).span
                draft.unknown(span, "event", name, "events", draft.events, f"`{key}` of `user_id`")
