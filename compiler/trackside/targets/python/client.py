"""What a package has beside its events: set-up, context, the person, look-ups, and its front page."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from trackside.ir import Scalar
from trackside.targets.escape import python_docstring, python_string
from trackside.targets.names import python_class_name, python_look_up
from trackside.targets.python.declarations import Members
from trackside.targets.python.docstrings import argument_lines, sentence
from trackside.targets.python.events import Argument, Names, argument, constant_of, parameters, rows
from trackside.targets.python.imports import block, standard, together
from trackside.targets.python.layout import Code, Group, is_too_long, statement, wrap
from trackside.targets.python.types import json_literal

if TYPE_CHECKING:
    from collections.abc import Iterable

    from trackside.ir import Destination, Enrichment, Plan, Source, View, ViewProperty
    from trackside.targets.python.types import Types

OPERATIONS = {
    "set": "$set",
    "set_once": "$setOnce",
    "add": "$add",
    "append": "$append",
    "unset": "$unset",
}
"""How the destination spells what happens to a user property (Amplitude, Identify API)."""


_WHEN_ASKED = (
    ("http_sink", "HttpSink"),
    ("outbox", "OutboxSink"),
    ("outbox_postgres", "PostgreSQL"),
    ("outbox_sqlite", "SQLite"),
    ("request", "Request"),
)
"""What the package exports and does not import by itself: the runtime's module, and the name."""


class Signature(NamedTuple):
    """A function of the set-up module: its arguments, what is said of them, and what is printed of its body."""

    parameters: Code
    docstring: Code
    rows: Code
    body: Code
    off: bool = False


_NONE = Signature(Code(""), Code(""), Code(""), Code(""))


class LookUp(NamedTuple):
    """An enrichment that some event of the source wants."""

    enrichment: Enrichment
    properties: tuple[ViewProperty, ...]
    class_name: str


def look_ups(plan: Plan, views: Iterable[View]) -> list[LookUp]:
    """List the enrichments that the source's events want, in the plan's order."""
    wanted = {name for view in views for name in view.enrich}
    taken = {python_class_name(name) for name in plan.types} if wanted else set()
    found: list[LookUp] = []
    for one in plan.enrichments.values():
        if one.name in wanted:
            class_name = f"{python_class_name(one.name)}Enrichment"
            while class_name in taken:
                class_name += "_"
            found.append(LookUp(one, plan.enrichment_views.get(one.name, ()), class_name))
    return found


def answers(types: Types, found: Iterable[LookUp]) -> list[Members]:
    """Describe what each provider may answer, as a TypedDict whose members may all be absent."""
    made: list[Members] = []
    for one in found:
        annotations = [
            (prop, types.annotation(prop.type, f"{one.enrichment.name} {prop.name}")) for prop in one.properties
        ]
        about = one.enrichment.description
        first = sentence(about) if about else f"What the look-up `{python_docstring(one.enrichment.name)}` knows."
        doc = f"{wrap(first, 7, 4)}\n\n    Found by {one.enrichment.by}; what is not known may be left out.\n    "
        made.append(
            Members(
                one.class_name,
                f'"""{doc}"""',
                tuple([(prop.name, annotation.text) for prop, annotation in annotations]),
                frozenset([name for _, annotation in annotations for name in annotation.names]),
                False,
            )
        )
    return made


def client_context(plan: Plan, source: Source, found: list[LookUp], types: Types) -> dict[str, object]:
    """Make what the template of `_client.py` prints; `found` are the look-ups of the source."""
    names = Names()
    enrichments = _enrichments(found, types, names)
    context = _signature(plan.context_views.get(source.name, ()), types, names, "context", operations=False)
    person = _signature(plan.user_views.get(source.name, ()), types, names, "user", operations=True)
    consent_look_up = plan.consent is not None and plan.consent.without_browser == "lookup"
    destinations = _destinations(plan, source)
    tracker = _tracker(plan, source, enrichments)
    runtime_values = [f"{name} as _{name}" for name in names.readers]
    if names.unset:
        runtime_values.append("UNSET")
        names.typing.add("Unset")
    enrichment = ["Enrichment as _Enrichment", "Providers as _Providers"] if found else []
    consent = ["Consent as _Consent"] if plan.consent is not None else []
    sinks = ["Tee as _Tee"] if len(destinations) > 1 else []
    vendor = ["AmplitudeSink as _AmplitudeSink", "key_for as _key_for"] if destinations else []
    runtime = block(
        [
            ("._runtime.amplitude_sink", vendor),
            ("._runtime.consent", consent),
            ("._runtime.enrichment", enrichment),
            ("._runtime.sinks", sinks),
            ("._runtime.settings", ["Settings as _Settings"]),
            ("._runtime.tracker", ["Tracker as _Tracker"]),
            ("._runtime.values", runtime_values),
        ]
    )
    names.typing.update(("AbstractContextManager", "Callable"))
    if consent_look_up:
        names.typing.add("Iterable")
    if len(destinations) > 1:
        names.typing.add("Mapping")
    own_types = sorted({*names.types, *[one.class_name for one in found]})
    local = block(
        [
            ("._runtime.context", ["Context"] if person.rows else []),
            ("._runtime.counts", ["Stats"]),
            ("._runtime.enrichment", ["Provider"] if found else []),
            ("._runtime.events", ["Report", *(["Receipt"] if person.rows else [])]),
            ("._runtime.sinks", ["Sink", "WireEvent"]),
            ("._runtime.values", ["Unset"] if names.unset else []),
            (".types", own_types),
        ],
        4,
    )
    own = "from . import _values\n" if names.values else ""
    return {
        "imports": together("from typing import TYPE_CHECKING\n", own + runtime),
        "typing": together(standard(names.typing, 4), local),
        "constants": Code(""),
        "tracker": tracker,
        "providers": _providers(found),
        "configure": _configure(destinations, bool(found), consent_look_up),
        "context": context,
        "person": person,
    }


def _tracker(plan: Plan, source: Source, enrichments: Group | None) -> Code:
    session = plan.identity.get("session_id")
    timeout = session.timeout if session is not None and session.timeout is not None else source.session_timeout
    facts: list[str | Group] = [
        f"plan={python_string(plan.name)}",
        f"version={python_string(plan.version)}",
        f"source={python_string(source.name)}",
        f"namespace={python_string(plan.namespace)}",
        f"session_timeout={timeout}",
    ]
    if plan.consent is not None:
        choices = [python_string(plan.consent.default), python_string(plan.consent.without_browser)]
        facts.append(Group("consent=_Consent(", choices, ")"))
    required = [
        python_string(prop.name)
        for prop in plan.context_views.get(source.name, ())
        if prop.required and constant_of(prop) is None
    ]
    if required:
        facts.append(Group("required_context=(", required, ")"))
    if enrichments is not None:
        facts.append(enrichments)
    return Code(Group("_Tracker(", facts, ")").exploded(0))


def _enrichments(found: list[LookUp], types: Types, names: Names) -> Group | None:
    made: list[str | Group] = []
    for one in found:
        table: list[str | Group] = []
        for prop in one.properties:
            reader = types.reader(prop.type, f"{one.enrichment.name} {prop.name}")
            names.read(reader)
            table.append(Group("(", [python_string(prop.name), reader.function, *reader.limits], ")"))
        defaults = {prop.name: prop.declared.default for prop in one.properties if prop.declared.has_default}
        made.append(
            Group(
                "_Enrichment(",
                [
                    python_string(one.enrichment.name),
                    python_string(one.enrichment.by),
                    Group("rows=(", table, ")"),
                    _with_head("defaults=", json_literal(defaults)),
                    *(['at="delivery"'] if one.enrichment.at == "delivery" else []),
                    *(["required=True"] if one.enrichment.required else []),
                ],
                ")",
            )
        )
    return Group("enrichments=(", made, ")") if made else None


def _with_head(head: str, code: str | Group) -> str | Group:
    return head + code if isinstance(code, str) else Group(head + code.head, code.items, code.close)


def _providers(found: list[LookUp]) -> Signature:
    if not found:
        return _NONE
    takes: list[str] = []
    keeps: list[str] = []
    for one in found:
        name = python_look_up(one.enrichment.name)
        takes.append(f"        {name}: Provider[{one.class_name}] | None = None,\n")
        keeps.append(
            f"        if {name} is not None:\n"
            f"            self.providers[{python_string(one.enrichment.name)}] = {name}\n"
        )
    given, body = Code("".join(takes)), Code("".join(keeps).rstrip("\n"))
    return Signature(given, Code(""), Code(""), body, off=is_too_long(given + body))


def _configure(destinations: list[Destination], enriches: bool, asks_consent: bool) -> Signature:
    takes: list[str] = []
    about: list[str] = []
    if len(destinations) == 1:
        takes.append("api_key: str | None = None")
        variable = destinations[0].api_key
        where = f" When left out, it is read from {python_docstring(variable)}." if variable else ""
        about.append(f"api_key: The key of the Amplitude project.{where}")
        takes.append("sink: Sink | None = None")
        about.append("sink: Where events go instead: a file, a recording, several sinks.")
    elif destinations:
        takes.append("api_keys: Mapping[str, str] | None = None")
        about.append(
            "api_keys: The key of each destination by its name; what is left out is read from the environment."
        )
        takes.append("sink: Sink | None = None")
        about.append("sink: Where events go instead: a file, a recording, several sinks.")
    else:
        takes.append("sink: Sink")
        about.append("sink: Where events go.")
    settings = ["sink"]
    if enriches:
        takes.append("enrich: Enrichers | None = None")
        about.append("enrich: The look-ups of the plan.")
        settings.append("enrich=enrich")
    if asks_consent:
        takes.append("consent: Callable[[str], Iterable[str] | None] | None = None")
        about.append("consent: Gives the categories that a user_id has granted; None when nothing is known.")
        settings.append("consent=consent")
    takes.append("strict: bool | None = None")
    about.append("strict: Raise on every breach of the plan. When left out: under pytest, or as TRACKSIDE_STRICT says.")
    settings.append("strict=strict")
    takes.append("on_violation: Callable[[Report], object] | None = None")
    about.append("on_violation: Is given every breach. When left out, they are logged.")
    settings.append("on_violation=on_violation")
    doc = ["Say where events go, at the start of the process.", "", "    Args:"]
    doc += [f"        {wrap(line, 8, 12)}" for line in about]
    body = ""
    if destinations:
        body = "    if sink is None:\n" + "".join(_sink(destinations))
    body += statement("", Group("TRACKER.configure(", (Group("_Settings(", settings, ")"),), ")"), 4)
    return Signature(Code("".join([f"    {one},\n" for one in takes])), Code("\n".join(doc)), Code(""), Code(body))


def _sink(destinations: list[Destination]) -> Iterable[str]:
    made: list[str | Group] = []
    for one in destinations:
        variable = "None" if one.api_key is None else python_string(one.api_key)
        if len(destinations) == 1:
            given = "api_key"
        else:
            given = f"(api_keys or {{}}).get({python_string(one.name)})"
        key = Group("_key_for(", [python_string(one.name), given, variable], ")")
        made.append(Group("_AmplitudeSink(", [key, f"zone={python_string(one.region.upper())}"], ")"))
    whole = made[0] if len(made) == 1 else Group("_Tee(", made, ")")
    yield f"{statement('sink = ', whole, 8)}\n"


def _signature(
    properties: Iterable[ViewProperty], types: Types, names: Names, place: str, *, operations: bool
) -> Signature:
    """Lay out `set_context` or `identify`: every argument may be left out."""
    arguments: list[Argument] = []
    table: list[str] = []
    for prop in properties:
        if isinstance(prop.type, Scalar) and prop.type.has_const:
            continue
        one = argument(types, names, prop, place, optional=True)
        arguments.append(one)
        if operations:
            operation = OPERATIONS[prop.declared.operation or "set"]
            table.append(one.reader.row(8, one.key, python_string(operation), one.name))
    if not arguments:
        return _NONE
    about = argument_lines([(one.name, one.prop) for one in arguments])
    doc = "\n    Args:\n" + "".join([f"        {line}\n" for line in about]) if about else ""
    given = parameters(arguments)
    printed = Code("".join(table)) if operations else rows(arguments, 8)
    return Signature(given, Code(doc), printed, Code(""))


def front_page(plan: Plan, source: Source, found: list[LookUp]) -> dict[str, object]:
    """Make what the template of `__init__.py` prints; `found` are the look-ups of the source."""
    client = ["capture", "close", "configure", "flush", "stats"]
    if found:
        client.append("Enrichers")
    if any(constant_of(prop) is None for prop in plan.context_views.get(source.name, ())):
        client.append("set_context")
    if any(constant_of(prop) is None for prop in plan.user_views.get(source.name, ())):
        client.append("identify")
    runtime = [
        ("._runtime.amplitude_sink", ["AmplitudeSink"]),
        ("._runtime.context", ["Context"]),
        ("._runtime.counts", ["Stats"]),
        ("._runtime.events", ["Receipt", "Report", "TrackingError", "Violation"]),
        ("._runtime.sinks", ["NdjsonSink", "Outcome", "RecordingSink", "Sink", "Tee", "WireEvent"]),
        ("._runtime.values", ["UNSET", "Unset"]),
    ]
    exported = ["track", *client, *[name for _, names in runtime for name in names], *[name for _, name in _WHEN_ASKED]]
    listed = "".join([f"    {python_string(name)},\n" for name in sorted(exported)])
    return {
        "title": Code(f"Typed tracking of {python_docstring(plan.name)} for `{python_docstring(source.name)}`."),
        "imports": together(
            "from typing import TYPE_CHECKING\n",
            "from . import track\n" + block([("._client", client), *runtime]),
        ),
        "typing": Code(block([(f"._runtime.{module}", [name]) for module, name in _WHEN_ASKED], 4)),
        "when_asked": Code("".join([f'        "{name}": "{module}",\n' for module, name in _WHEN_ASKED])),
        "all": Code(f"__all__ = [\n{listed}]"),
    }


def middleware_context(plan: Plan, source: Source) -> dict[str, object]:
    """Make what the template of `middleware.py` prints."""
    variable = _key_variable(plan, source)
    runtime = [
        ("._client", ["TRACKER as _tracker"]),
        ("._runtime.asgi", ["AsgiMiddleware as _AsgiMiddleware"]),
        ("._runtime.django", ["DjangoMiddleware as _DjangoMiddleware"]),
        ("._runtime.wsgi", ["WsgiMiddleware as _WsgiMiddleware"]),
    ]
    return {
        "imports": Code(block(runtime)),
        "variable": Code("" if variable is None else f"    api_key_variable = {python_string(variable)}"),
    }


def commands_context(plan: Plan, source: Source) -> dict[str, object]:
    """Make what the template of `__main__.py` prints; a worker sends to the first destination."""
    variable = _key_variable(plan, source)
    region = next((one.region for one in _destinations(plan, source)), "us")
    return {
        "variable": Code("None" if variable is None else python_string(variable)),
        "zone": Code(python_string(region.upper())),
    }


def _destinations(plan: Plan, source: Source) -> list[Destination]:
    return [plan.destinations[name] for name in source.destinations if name in plan.destinations]


def _key_variable(plan: Plan, source: Source) -> str | None:
    return next((one.api_key for one in _destinations(plan, source)), None)
