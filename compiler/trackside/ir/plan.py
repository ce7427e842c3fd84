"""The whole plan, resolved: what rules judge and targets print."""

from __future__ import annotations

from dataclasses import field
from typing import Literal, TypeAlias

from trackside.diagnostics.span import Place
from trackside.ir.events import Event, View
from trackside.ir.properties import Property, Side, ViewProperty
from trackside.ir.types import Json, Type
from trackside.record import record

Carrier: TypeAlias = Literal["header", "cookie", "stored"]
ConsentCategory: TypeAlias = Literal["necessary", "analytics", "marketing"]


@record
class Destination:
    """Where events end up. `kind` is the vendor; `api_key` names an environment variable, never a key."""

    name: str
    kind: Literal["amplitude"]
    project: str
    region: Literal["us", "eu"]
    api_key: str | None
    place: Place


@record
class Source:
    """A code base that emits. `out` is relative to the plan's folder, with forward slashes; None without a target.

    `session_timeout` and `delivery` (server: the longest time from the call until the destination has the event, when
    all is well) are in seconds.
    """

    name: str
    side: Side
    target: Literal["python", "javascript", "none"]
    out: str | None
    through: Literal["sdk", "endpoint"]
    destinations: tuple[str, ...]
    session_timeout: int
    delivery: int
    checks: Literal["development", "always"]
    autocapture: tuple[str, ...]
    description: str | None
    place: Place


@record
class Output:
    """A folder of files that belongs to no source: docs, schemas, vectors."""

    name: str
    target: Literal["docs", "schema", "test_vectors"]
    out: str
    place: Place


@record
class Endpoint:
    """The first-party endpoint. `origins` are the foreign origins that may post to it."""

    route: str
    served_by: str
    origins: tuple[str, ...]
    sdk_extras: Literal["strip", "keep"]
    place: Place


@record
class Identifier:
    """One of device_id, session_id and user_id: who creates it and how it travels from client to server.

    `timeout` is in seconds (session_id only). `set_on` and `cleared_on` name events (user_id only).
    """

    name: Literal["device_id", "session_id", "user_id"]
    created_by: Side
    carried_in: tuple[Carrier, ...]
    timeout: int | None = None
    set_on: tuple[str, ...] = ()
    cleared_on: tuple[str, ...] = ()
    place: Place


@record
class Attribution:
    """Which marketing parameters are kept, for how long (`keep`, seconds), and how they reach the server."""

    parameters: tuple[str, ...]
    touch: tuple[Literal["first", "last"], ...]
    carried_in: tuple[Carrier, ...]
    keep: int
    by_sdk: bool
    place: Place

    @property
    def property_names(self) -> tuple[str, ...]:
        """The properties that an event gets: last touch under the plain name, first touch as `initial_…`."""
        last = self.parameters if "last" in self.touch else ()
        first = tuple(f"initial_{name}" for name in self.parameters) if "first" in self.touch else ()
        return (*last, *first)


@record
class Consent:
    """What may be sent and stored before a person has chosen, and without a browser."""

    default: Literal["granted", "denied"]
    pending: Literal["queue", "drop"]
    stores: ConsentCategory
    carried_in: tuple[Carrier, ...]
    without_browser: Literal["allow", "deny", "lookup"]
    place: Place


@record
class Group:
    """Properties that several events share."""

    name: str
    properties: tuple[Property, ...]
    place: Place


@record
class Enrichment:
    """A server-side look-up: given the id `by`, a provider answers `properties`."""

    name: str
    by: Literal["user_id", "device_id"]
    at: Literal["call", "delivery"]
    required: bool
    properties: tuple[Property, ...]
    description: str | None
    place: Place


@record
class Naming:
    """The convention for names: a convention's name, or `pattern:` a whole-match expression."""

    events: str
    properties: str


@record
class NamedType:
    """A type that the plan names, with the example that all who use it share."""

    name: str
    type: Type
    place: Place
    example: Json = None
    has_example: bool = False


@record
class Plan:
    """The meaning of a whole plan. Mappings keep the plan's order.

    `views` has one entry for each event and each source that emits it. `user_properties` maps a source to what its
    `identify` takes. `context_views` maps a source to all that its `set_context` takes. `used_types` names the types
    that something is made of, also where narrowing took the name away. `holes` names what could not be read and was
    left out, as (section, name). `extensions` are the `x-` keys of all that is neither an event nor a property, by the
    path at which they stand, such as `identity.device_id.x-note`.
    """

    name: str
    version: str
    description: str | None
    namespace: str
    owner: str | None
    place: Place
    destinations: dict[str, Destination] = field(default_factory=dict)
    sources: dict[str, Source] = field(default_factory=dict)
    outputs: dict[str, Output] = field(default_factory=dict)
    endpoint: Endpoint | None = None
    identity: dict[str, Identifier] = field(default_factory=dict)
    attribution: Attribution | None = None
    consent: Consent | None = None
    types: dict[str, NamedType] = field(default_factory=dict)
    used_types: frozenset[str] = frozenset()
    groups: dict[str, Group] = field(default_factory=dict)
    context: tuple[str, ...] = ()
    enrichments: dict[str, Enrichment] = field(default_factory=dict)
    user_properties: tuple[Property, ...] = ()
    naming: Naming = Naming(events="any", properties="any")
    retired_keys: tuple[str, ...] = ()
    events: dict[str, Event] = field(default_factory=dict)
    views: dict[tuple[str, str], View] = field(default_factory=dict)
    user_views: dict[str, tuple[ViewProperty, ...]] = field(default_factory=dict)
    context_views: dict[str, tuple[ViewProperty, ...]] = field(default_factory=dict)
    enrichment_views: dict[str, tuple[ViewProperty, ...]] = field(default_factory=dict)
    extensions: dict[str, object] = field(default_factory=dict)
    holes: frozenset[tuple[str, str]] = frozenset()

    def views_of(self, source: str) -> list[View]:
        """List what one source may send, in the plan's order."""
        return [view for (_, name), view in self.views.items() if name == source]

    def views_for(self, event: str) -> list[View]:
        """List the views that sources have of one event, in the plan's order of sources."""
        return [self.views[event, source] for source in self.events[event].sources]
