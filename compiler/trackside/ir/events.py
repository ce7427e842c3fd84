"""Events, their dedupe keys, and the views that sources have of them."""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING, Literal, TypeAlias

from trackside.diagnostics.span import Place
from trackside.ir.properties import Property, ViewProperty
from trackside.record import record

if TYPE_CHECKING:
    from trackside.ir.plan import Source

Placement: TypeAlias = Literal["client", "server", "hybrid"]
Kind: TypeAlias = Literal[
    "page_view",
    "screen_view",
    "click",
    "engagement",
    "exposure",
    "feature_use",
    "intent",
    "form_submit",
    "add_to_cart",
    "login",
    "search",
    "video_play",
    "purchase",
    "refund",
    "subscription_change",
    "state_change",
    "batch_job",
    "webhook",
    "signup",
    "other",
]
IdField: TypeAlias = Literal["user_id", "device_id"]


@record
class EventIdentity:
    """Who an event is about.

    `any`: at least one id. `named`: exactly `ids`, on every path. `system`: the fixed device_id
    `system:<plan>:<source>` and no session. `stated` tells whether the plan wrote it.
    """

    mode: Literal["any", "named", "system"]
    ids: tuple[IdField, ...] = ()
    stated: bool = False


@record
class KeyTemplate:
    """A key in the clear. `texts` and `parts` alternate and start and end with a text: len(texts) == len(parts) + 1."""

    text: str
    texts: tuple[str, ...]
    parts: tuple[str, ...]


@record
class DedupeKey:
    """How emissions of one fact get one insert_id.

    `scheme` 1 hashes `[1, key_name, *by]`; `attempt` hashes `[1, key_name, <attempt uuid>]`; `template` prints its
    text. `by` names the event's properties in order (also for a template; empty for attempt). `window` is in seconds.
    """

    form: Literal["properties", "template", "attempt"]
    key_name: str
    by: tuple[str, ...]
    template: KeyTemplate | None
    window: int
    place: Place


@record
class Revenue:
    """Which properties make the destination's top-level revenue. Exactly one of `amount` and `unit_price` is set.

    `amount` is the total; `unit_price` is multiplied by `quantity`. `product_id` and `type` name properties too.
    """

    amount: str | None
    unit_price: str | None
    quantity: str | None
    currency: str | None
    product_id: str | None
    type: str | None
    from_client: bool
    negate: bool
    place: Place


@record
class ClientCopy:
    """What a hybrid event's client copy does. `grace` is in seconds; `always` sends both copies at once."""

    mode: Literal["pending", "always"] = "pending"
    grace: int = 30
    on_unknown: Literal["drop", "send"] = "drop"


@record
class Outcome:
    """The event that an intent leads to, and the properties by which the two are joined."""

    event: str
    by: tuple[str, ...]
    place: Place


@record
class Event:
    """One event, resolved.

    `properties` holds the event's own and its groups' properties in the plan's order; `context` the groups that every
    emission carries. `sources` names the sources that emit it, in the plan's order. `because` is None where the plan
    gives no reason; `reason` is what readers see: the plan's reason, else the decision matrix's. `holes` names what
    the plan got wrong here and was left out: rules do not report what follows from it.
    """

    name: str
    place: Place
    kind: Kind
    placement: Placement
    reason: str
    because: str | None = None
    code_name: str | None = None
    description: str | None = None
    trigger: str | None = None
    owners: tuple[str, ...] = ()
    route: str | None = None
    identity: EventIdentity
    attribution: bool = False
    dedupe: DedupeKey | None = None
    client_copy: ClientCopy | None = None
    emitted: Literal["in_request", "later"] = "in_request"
    revenue: Revenue | None = None
    outcome: Outcome | None = None
    enrich: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    context: tuple[str, ...] = ()
    properties: tuple[Property, ...] = ()
    consent: Literal["necessary", "analytics", "marketing"] = "analytics"
    time: str | None = None
    status: Literal["planned", "live", "deprecated"] = "live"
    since: str | None = None
    replaced_by: str | None = None
    expires: str | None = None
    tags: tuple[str, ...] = ()
    links: tuple[tuple[str, str], ...] = ()
    sources: tuple[str, ...] = ()
    extensions: dict[str, object] = field(default_factory=dict)
    holes: frozenset[str] = frozenset()

    def property(self, name: str) -> Property | None:
        """Find a property of the event by its name on the wire."""
        return next((prop for prop in self.properties if prop.name == name), None)


@record
class View:
    """What one source may send of one event: all that a generator may know of it.

    `properties` are the call's arguments and consts; `context` what `set_context` brings. `dedupe`, `revenue`,
    `attribution` (names of the optional text properties) and `enrich` (names of enrichments) are set only where this
    source has them. `sets_user` / `clears_user` tell that the function logs the person in or out.
    """

    event: Event
    source: Source
    properties: tuple[ViewProperty, ...]
    context: tuple[ViewProperty, ...]
    dedupe: DedupeKey | None
    revenue: Revenue | None
    attribution: tuple[str, ...]
    enrich: tuple[str, ...]
    sets_user: bool
    clears_user: bool

    @property
    def required_ids(self) -> tuple[str, ...]:
        """The ids that the event has at the destination; where none is named, it has at least one of the two.

        What was meant for a person who has left, the endpoint forwards with its device alone. An event whose key holds
        only with the user_id it drops.
        """
        ids = self.event.identity.ids
        if self.source.through != "endpoint" or "user_id" not in ids:
            return ids
        if "device_id" in ids:
            return ("device_id",)
        return ids if self.dedupe is not None else ()

    def property(self, name: str) -> ViewProperty | None:
        """Find a property of the view by its name on the wire."""
        return next((prop for prop in self.properties if prop.name == name), None)
