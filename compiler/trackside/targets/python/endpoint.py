"""The endpoint of the plan's clients, for the server source that serves it: a table of what each may send."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from trackside.targets.escape import python_docstring, python_string
from trackside.targets.names import NoIdentifierError, python_name
from trackside.targets.python.client import OPERATIONS, middleware_context
from trackside.targets.python.events import Names, same_facts, texts
from trackside.targets.python.imports import block, together
from trackside.targets.python.layout import Code, Group, is_too_long
from trackside.targets.python.types import Types

if TYPE_CHECKING:
    from trackside.ir import Event, Plan, Source, View, ViewProperty

VALUES: Final = "_client_values"
"""The module that reads the clients' types: cut for their side, they are not the server's."""


@dataclass(slots=True)
class _Variant:
    """One event as one source may send it, or several that may send the same of it."""

    view: View
    rows: tuple[str | Group, ...]
    sources: list[str] = field(default_factory=list)

    @property
    def shown(self) -> tuple[str, ...]:
        return tuple([row if isinstance(row, str) else row.flat for row in self.rows])


def serves(plan: Plan, source: Source) -> bool:
    """Tell whether a source serves the plan's endpoint, and there is a client to send to it."""
    return plan.endpoint is not None and plan.endpoint.served_by == source.name and bool(_clients(plan))


def endpoint_context(plan: Plan, source: Source, types: Types) -> dict[str, object]:
    """Make what the template of `endpoint.py` prints; `types` gathers the clients' types."""
    assert plan.endpoint is not None
    names = Names()
    events = [_event(plan, variant, names) for variant in _variants(plan, types, names)]
    people = _people(plan, types, names)
    facts: list[str | Group] = [
        f"plan={python_string(plan.name)}",
        f"namespace={python_string(plan.namespace)}",
        f"route={python_string(plan.endpoint.route)}",
    ]
    if plan.endpoint.origins:
        facts.append(Group("origins=(", [python_string(one) for one in plan.endpoint.origins], ")"))
    if plan.endpoint.sdk_extras != "strip":
        facts.append(f"sdk_extras={python_string(plan.endpoint.sdk_extras)}")
    if plan.consent is not None:
        choices = [python_string(plan.consent.default), python_string(plan.consent.without_browser)]
        facts.append(Group("consent=_Consent(", choices, ")"))
    if events:
        facts.append(Group("events=(", events, ")"))
    if people:
        facts.append(Group("people=(", people, ")"))
    server = [event.name for event in plan.events.values() if not _client_views(plan, event)]
    if server:
        facts.append(Group("server_events=(", [python_string(name) for name in server], ")"))
    table = Code(Group("_ClientPlan(", facts, ")").exploded(0))
    runtime = block(
        [
            ("._client", ["TRACKER as _tracker"]),
            ("._runtime.consent", ["Consent as _Consent"] if plan.consent is not None else []),
            ("._runtime.endpoint_asgi", ["AsgiEndpoint as _AsgiEndpoint"]),
            (
                "._runtime.endpoint_events",
                [
                    "ClientPlan as _ClientPlan",
                    *(["ClientEvent as _ClientEvent"] if events else []),
                    *(["ClientPerson as _ClientPerson"] if people else []),
                ],
            ),
            ("._runtime.endpoint_limits", ["Rate as Rate"]),
            ("._runtime.endpoint_wsgi", ["WsgiEndpoint as _WsgiEndpoint"]),
            ("._runtime.events", [f"{name} as _{name}" for name in names.facts]),
            ("._runtime.values", [f"{name} as _{name}" for name in names.readers]),
        ]
    )
    own = f"from . import {VALUES} as _values\n" if names.values else ""
    return {
        "imports": together(own + runtime),
        "clients": Code(", ".join([f"`{python_docstring(one.name)}`" for one in _clients(plan)])),
        "route": Code(python_string(plan.endpoint.route)),
        "table": table,
        "off": is_too_long(table),
        "variable": middleware_context(plan, source)["variable"],
    }


def _clients(plan: Plan) -> list[Source]:
    return [source for source in plan.sources.values() if source.side == "client"]


def _client_views(plan: Plan, event: Event) -> list[View]:
    return [view for view in plan.views_for(event.name) if view.source.side == "client"]


def _variants(plan: Plan, types: Types, names: Names) -> list[_Variant]:
    """List what clients may send, sources that may send the same of an event together."""
    found: list[_Variant] = []
    for event in plan.events.values():
        mine: list[_Variant] = []
        for view in _client_views(plan, event):
            made = _Variant(view, _rows(view, types, names))
            same = next((one for one in mine if one.shown == made.shown and _alike(one.view, view)), None)
            if same is None:
                mine.append(made)
                same = made
            same.sources.append(view.source.name)
        found += mine
    return found


def _alike(left: View, right: View) -> bool:
    return left.dedupe == right.dedupe and left.revenue == right.revenue


def _rows(view: View, types: Types, names: Names) -> tuple[str | Group, ...]:
    try:
        place = str(python_name(view.event.name, view.event.code_name))
    except NoIdentifierError:
        place = "event"
    rows: list[str | Group] = [
        _row(prop, "True" if prop.required else "False", types, names, place)
        for prop in (*view.properties, *view.context)
    ]
    for name in view.attribution:
        names.readers.add("text")
        rows.append(Group("(", [python_string(name), "False", "_text", "0", "1024"], ")"))
    return tuple(rows)


def _row(prop: ViewProperty, second: str, types: Types, names: Names, place: str) -> Group:
    group = prop.declared.group
    where = f"{group or place} {prop.name}"
    types.annotation(prop.type, where)
    reader = types.reader(prop.type, where)
    names.read(reader)
    return Group("(", [python_string(prop.name), second, reader.function, *reader.limits], ")")


def _event(plan: Plan, variant: _Variant, names: Names) -> Group:
    """Write what the endpoint knows of an event; what is the runtime's default is left out."""
    view = variant.view
    event = view.event
    facts: list[str | Group] = [python_string(event.name), texts("sources=", variant.sources)]
    if variant.rows:
        facts.append(Group("rows=(", variant.rows, ")"))
    if event.identity.mode == "named":
        facts.append(texts("ids=", event.identity.ids))
    facts += same_facts(view, names)
    if event.consent != "analytics":
        facts.append(f"consent={python_string(event.consent)}")
    if event.placement == "hybrid":
        copy = event.client_copy
        facts.append(f"copy={python_string('pending' if copy is None else copy.mode)}")
        if copy is not None and copy.on_unknown != "drop":
            facts.append(f"on_unknown={python_string(copy.on_unknown)}")
        if event.revenue is not None and view.revenue is None:
            facts.append("earns=True")
    others = _server_only(plan, view)
    if others:
        facts.append(texts("server_only=", others))
    return Group("_ClientEvent(", facts, ")")


def _server_only(plan: Plan, view: View) -> list[str]:
    """List what the event has and this client may not send, so that a forgery is called by its name."""
    event = view.event
    mine = {prop.name for prop in (*view.properties, *view.context)}.union(view.attribution)
    looked_up = [prop.name for name in event.enrich for prop in plan.enrichments[name].properties]
    return [name for name in dict.fromkeys([*(prop.name for prop in event.properties), *looked_up]) if name not in mine]


def _people(plan: Plan, types: Types, names: Names) -> list[Group]:
    """List what clients may say about a person, sources that may say the same together."""
    found: list[tuple[tuple[Group, ...], list[str]]] = []
    for source in _clients(plan):
        rows = tuple(
            [
                _row(prop, python_string(OPERATIONS[prop.declared.operation or "set"]), types, names, "user")
                for prop in plan.user_views.get(source.name, ())
            ]
        )
        if not rows:
            continue
        shown = [row.flat for row in rows]
        same = next((sources for known, sources in found if [row.flat for row in known] == shown), None)
        if same is None:
            found.append((rows, [source.name]))
        else:
            same.append(source.name)
    return [
        Group("_ClientPerson(", [texts("sources=", sources), Group("rows=(", rows, ")")], ")")
        for rows, sources in found
    ]
