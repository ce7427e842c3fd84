"""The `javascript` target: ES modules that a page imports, with declarations for TypeScript.

`index.js` holds one exported binding for each event that the source emits, marked pure so that a bundler drops what is
not imported; `index.d.ts` says the same to editors and to TypeScript, with the plan's words. `runtime/` is the same in
every generated folder. `development.js` is `index.js` in strict mode, for the `development` condition of bundlers; with
`checks: development` it is `checked.js`, and `index.js` leaves checking to the endpoint.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Final

from trackside.ir import Plan, Source, View, ViewProperty
from trackside.ir.keys import namespace_uuid
from trackside.targets.base import File
from trackside.targets.environment import environment
from trackside.targets.escape import js_doc, js_key, js_string
from trackside.targets.javascript.events import EventCode, Events, context_shapes, has_time, needs_user
from trackside.targets.javascript.types import PURE, JsCode, Member, Types, indented, shape
from trackside.targets.names import JsName, js_type_name, words
from trackside.targets.templates import verbatim

RUNTIME: Final = (
    "adds.js",
    "api.d.ts",
    "attributed.js",
    "attribution.js",
    "beacon.js",
    "beside.js",
    "capture.js",
    "carry.js",
    "context.js",
    "cookie.js",
    "event.js",
    "flush.js",
    "identify.js",
    "identity.js",
    "keys.js",
    "pending.js",
    "state.js",
    "stats.js",
    "store.js",
    "upload.js",
    "uuid.js",
    "values.js",
    "vendor.js",
    "visit.js",
    "wire.js",
)
"""The files that every generated folder gets as they are."""

_OPERATIONS: Final = {"set_once": "$setOnce", "add": "$add", "append": "$append", "unset": "$unset"}
_CAPTURES: Final = ("fileDownloads", "formInteractions", "pageUrlEnrichment", "pageViews", "elementInteractions")
"""What the vendor's SDK would record by itself beside sessions and attribution; the plan has its own events for it."""
_QUOTED_KEY: Final = re.compile(r'"(\w+)":')


def render(plan: Plan, source: Source) -> Iterator[File]:
    """Yield the modules of one source."""
    folder = source.out
    module = _Module(plan, source)
    templates = environment(JsName, JsCode)
    index = templates.get_template("javascript/index.js.j2")
    main = "checked" if source.checks == "development" else "index"
    yield File(f"{folder}/{main}.js", index.render(module.values()))
    if main == "checked":
        yield File(f"{folder}/index.js", index.render(_Module(plan, source, checked=False).values()))
    values = module.values() | {"main": JsCode(main)}
    yield File(f"{folder}/index.d.ts", templates.get_template("javascript/index.d.ts.j2").render(values))
    yield File(f"{folder}/development.js", templates.get_template("javascript/development.js.j2").render(values))
    yield File(f"{folder}/package.json", _package(plan, source))
    for name in RUNTIME:
        yield File(f"{folder}/runtime/{name}", _runtime_file(name))


@lru_cache(maxsize=len(RUNTIME))
def _runtime_file(name: str) -> str:
    return verbatim(f"javascript/runtime/{name}")


class _Module:
    """What `index.js` and `index.d.ts` of one source hold, in the form that the templates print."""

    def __init__(self, plan: Plan, source: Source, *, checked: bool = True) -> None:
        self._plan = plan
        self._source = source
        self._checked = checked
        self._views = plan.views_of(source.name)
        interfaces = {view.event.name: js_type_name(view.event.name, view.event.code_name) for view in self._views}
        self._types = Types(interfaces.values())
        self._context = _default_context(plan, self._views)
        self._events = Events(plan, self._types, interfaces, self._context)
        self._values: dict[str, object] | None = None

    def values(self) -> dict[str, object]:
        """Give what the templates are filled with; made once."""
        if self._values is None:
            self._values = self._make_values()
        return self._values

    def _make_values(self) -> dict[str, object]:
        plan, source = self._plan, self._source
        events = [self._events.of(view, checked=self._checked) for view in self._views]
        context_view = plan.context_views.get(source.name, ())
        context = self._members(context_view)
        user_view = plan.user_views.get(source.name, ())
        user = [self._types.member(prop, optional=True) for prop in user_view]
        return {
            "header": JsCode(f"{js_doc(plan.name)} {js_doc(plan.version)}, source {js_doc(source.name)}"),
            "plan": JsCode(self._plan_literal()),
            "settings": JsCode(self._settings_literal()),
            "events": events,
            "imports": self._imports(events),
            "way_name": JsCode(self._way()),
            "way": JsCode("beacon" if source.through == "endpoint" else "vendor"),
            "page": JsCode("attributed" if self._is_attributed() else f"{self._way()}.page"),
            "types": self._types.declarations,
            "context": context,
            # The plan has the shape already, unless some events carry more.
            "context_shape": JsCode("" if context_view == self._context else f", {shape(context)}"),
            "user": user,
            "user_shape": JsCode(shape(user)),
            "operations": JsCode(_operations(user_view)),
            "sdk": JsCode(_sdk_options(plan, source)) if source.through == "sdk" else None,
        }

    def _members(self, properties: tuple[ViewProperty, ...]) -> list[Member]:
        return [self._types.member(prop) for prop in properties]

    def _way(self) -> str:
        """Name the module of the runtime that sends, as the code calls it."""
        return "endpoint" if self._source.through == "endpoint" else "sdk"

    def _is_attributed(self) -> bool:
        """Tell whether attribution is what an SDK leaves to us."""
        return self._source.through == "sdk" and self._keeps_attribution()

    def _carries(self) -> str:
        """Print whether the cookie carries the ids, and refusals; nothing where there is none of ours."""
        plan = self._plan
        if self._source.through == "sdk" and not self._keeps_attribution():
            return ""  # the SDK has its own
        ids = "cookie" in plan.identity["device_id"].carried_in
        refusals = plan.consent is not None and "cookie" in plan.consent.carried_in
        return f"{str(ids).lower()}, {str(refusals).lower()}" if ids or refusals else ""

    def _keeps_attribution(self) -> bool:
        attribution = self._plan.attribution
        return attribution is not None and not attribution.by_sdk

    def _imports(self, events: list[EventCode]) -> list[tuple[JsCode, JsCode]]:
        """List the runtime's modules and the names that the code takes from each."""
        used: dict[str, set[str]] = {}
        for event in events:
            if event.maker == "event":
                used["event"] = {"event"}
            elif self._source.through == "endpoint":
                used["pending"] = {"hybrid"}
            else:
                used["beside"] = {"throughSdk as hybrid" if self._plan.endpoint is None else "besideSdk as hybrid"}
        for view in self._views:
            key = view.dedupe
            if key is not None:
                maker = "textKey" if key.template is not None else "attemptKey" if key.form == "attempt" else "keyOf"
                used.setdefault("keys", set()).add(maker)
            if view.revenue is not None:
                used.setdefault("adds", set()).add("revenueOf")
            if has_time(view):
                used.setdefault("adds", set()).add("timeOf")
            if needs_user(view):
                used.setdefault("adds", set()).add("needsUser")
        if self._is_attributed():
            used["attributed"] = {"attributed"}
        if self._keeps_attribution():
            used["attribution"] = {"attributing"}
        if self._carries():
            used["cookie"] = {"inCookie"}
        return [(JsCode(", ".join(sorted(names))), JsCode(module)) for module, names in sorted(used.items())]

    def _plan_literal(self) -> str:
        """Print what events must know of the plan."""
        plan = self._plan
        name, version = js_string(f"{plan.name}/{self._source.name}"), js_string(plan.version)
        fields = {
            "who": f"{self._way()}.who",
            "send": f"{self._way()}.send",
            "from": f"{{ source_name: {name}, source_version: {version} }}",
        }
        if any(view.dedupe is not None and view.dedupe.template is None for view in self._views):
            uuid = namespace_uuid(plan.namespace)
            fields["namespace"] = f"/* {uuid} */ " + js_string("".join([f"%{byte:02x}" for byte in uuid.bytes]))
        if self._context:
            fields["context"] = indented(context_shapes(self._members(self._context)))
        if not self._checked:
            fields["rest"] = "t.any"
        return _object(fields)

    def _settings_literal(self) -> str:
        """Print how ids, consent and attribution are kept, and where events go."""
        plan, source = self._plan, self._source
        fields = {"name": js_string(f"{plan.name}/{source.name}")}
        if plan.consent is None or plan.consent.default != "denied":
            fields["consent"] = "true"
        elif plan.consent.pending == "drop":
            fields["consent"] = "false"
        stores = "necessary" if plan.consent is None else plan.consent.stores
        if stores != "analytics":
            fields["stores"] = js_string(stores)
        if plan.endpoint is not None:
            fields["route"] = js_string(plan.endpoint.route)
            if plan.endpoint.origins:
                fields["origins"] = _list(plan.endpoint.origins)
        if source.through == "endpoint":
            fields["timeout"] = str(source.session_timeout * 1000)
        if carried := self._carries():
            fields["cookie"] = f"{PURE}inCookie({carried})"
        if self._keeps_attribution() and plan.attribution is not None:
            touches = {"first": "initial_", "last": ""}
            kept = [
                _list(plan.attribution.parameters),
                _list(tuple(touches[name] for name in touches if name in plan.attribution.touch)),
                str(plan.attribution.keep * 1000),
            ]
            arguments = "".join([f"    {argument},\n" for argument in kept])
            fields["attribute"] = f"{PURE}attributing(\n{arguments}  )"
        return _object(fields)


def _object(fields: dict[str, str]) -> str:
    return "{\n" + "".join([f"  {name}: {value},\n" for name, value in fields.items()]) + "}"


def _list(texts: tuple[str, ...]) -> str:
    return f"[{', '.join([js_string(text) for text in texts])}]"


def _default_context(plan: Plan, views: list[View]) -> tuple[ViewProperty, ...]:
    """Find the context that events carry unless they say otherwise."""
    return next((view.context for view in views if view.event.context == plan.context), ())


def _operations(properties: tuple[ViewProperty, ...]) -> str:
    """Print the vendor's word for each user property that is not just set."""
    words_of = {prop.name: _OPERATIONS.get(prop.declared.operation or "set") for prop in properties}
    entries = [f"  {js_key(name)}: {js_string(word)},\n" for name, word in words_of.items() if word]
    return ", {\n" + "".join(entries) + "}" if entries else ""


def _sdk_options(plan: Plan, source: Source) -> str:
    """Print the options of the vendor's `init` that the plan decides."""
    sends_attribution = plan.attribution.by_sdk if plan.attribution is not None else "attribution" in source.autocapture
    captures = {
        "attribution": sends_attribution,
        "sessions": "sessions" in source.autocapture,
        **dict.fromkeys(_CAPTURES, False),
    }
    region = next((plan.destinations[name].region for name in source.destinations), "us")
    options = {
        "serverZone": region.upper(),
        "sessionTimeout": source.session_timeout * 1000,
        "autocapture": captures,
        # The vendor's remote settings could switch on what the plan leaves off.
        "remoteConfig": {"fetchRemoteConfig": False},
    }
    return _QUOTED_KEY.sub(r"\1:", json.dumps(options, indent=2))


def _package(plan: Plan, source: Source) -> str:
    package: dict[str, object] = {
        "name": "-".join([*words(plan.name), *words(source.name)]) or "tracking",
        "version": plan.version,
        "private": True,
        "type": "module",
        "sideEffects": ["./development.js"],
        "exports": {
            ".": {"types": "./index.d.ts", "development": "./development.js", "default": "./index.js"},
        },
    }
    if source.through == "sdk":
        package["peerDependencies"] = {"@amplitude/analytics-browser": "^2.0.0"}
    return json.dumps(package, indent=2) + "\n"
