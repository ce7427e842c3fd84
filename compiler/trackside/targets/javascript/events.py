"""Events as JavaScript: the binding that a page imports, and its declaration."""

from __future__ import annotations

from typing import Final, NamedTuple

from trackside.ir import (
    AnyValue,
    ClientCopy,
    DedupeKey,
    ListOf,
    MapOf,
    Object,
    Plan,
    Revenue,
    Scalar,
    Type,
    View,
    ViewProperty,
)
from trackside.targets.escape import js_doc, js_string
from trackside.targets.javascript.types import (
    PURE,
    JsCode,
    Member,
    Types,
    comment_of,
    indented,
    sentence,
    shape,
)
from trackside.targets.names import JsName, js_name

_DAY: Final = 86_400
"""By so many seconds an event with a key dies before its key does."""
_GRACE: Final = 30
"""What the runtime takes where an event says nothing, in seconds."""
_SHAPED: Final = frozenset({"date", "datetime", "uuid"})
"""Bases whose wire form differs from what a call may pass: unchecked code still brings them into it."""


class EventCode(NamedTuple):
    """What the templates print of one event."""

    name: JsName
    maker: JsCode
    wire_name: JsCode
    shapes: JsCode
    interface: JsName
    comment: JsCode
    members: tuple[JsCode, ...]
    declaration: JsCode


class Events:
    """Prints the events of one source."""

    def __init__(
        self, plan: Plan, types: Types, interfaces: dict[str, JsName], context: tuple[ViewProperty, ...]
    ) -> None:
        self._plan = plan
        self._types = types
        self._interfaces = interfaces
        self._context = context

    def of(self, view: View, *, checked: bool = True) -> EventCode:
        """Print one event.

        Without checks, only the properties stay that need a wire form or make the key: enough for the code, not for
        the declaration.
        """
        event = view.event
        properties = view.properties if checked else [prop for prop in view.properties if _is_needed(prop, view)]
        members = [self._types.member(prop) for prop in properties]
        wire_name = js_string(event.name)
        interface = self._interfaces[event.name]
        is_hybrid = sends_pending_copy(view)
        called = [member for member in members if member.in_call]
        name = js_name(event.name, event.code_name)
        return EventCode(
            name,
            JsCode("hybrid" if is_hybrid else "event"),
            JsCode(wire_name),
            JsCode(_arguments(members, self._options(view, wire_name))),
            interface,
            self._comment(view, is_hybrid),
            tuple([member.member for member in called]),
            JsCode(_declaration(name, view, interface, called, is_hybrid)),
        )

    def _options(self, view: View, wire_name: str) -> list[str]:
        event = view.event
        options: list[str] = []
        if view.dedupe is not None:
            options.append(f"key: {PURE}{_key(view.dedupe, event.name)}")
        if view.context != self._context:
            options.append(f"context: {context_shapes([self._types.member(prop) for prop in view.context])}")
        if event.consent != "analytics":
            options.append(f'category: "{event.consent}"')
        way = "endpoint" if view.source.through == "endpoint" else "sdk"
        is_pending = sends_pending_copy(view)
        if event.identity.mode == "named":
            without = [name for name in ("user_id", "device_id") if name not in event.identity.ids]
            if view.dedupe is not None and without:
                options.append(f"without: [{', '.join([js_string(name) for name in without])}]")
        if view.sets_user and is_pending:
            options.append(f"signsIn: {way}.signIn")
        if view.clears_user:
            options.append(f"signOut: {way}.reset")
        adds = []
        if view.revenue is not None:
            adds.append(f"{PURE}{_revenue(view.revenue)}")
        if event.time is not None and has_time(view):
            adds.append(f"{PURE}timeOf({js_string(event.time)})")
        if needs_user(view):
            adds.append("needsUser")
        if view.sets_user and not is_pending:
            adds.append(f"{way}.signIn")
        if adds:
            options.append(f"adds: [{', '.join(adds)}]")
        if view.dedupe is not None and (is_pending or way == "endpoint"):
            options.append(f"life: {(view.dedupe.window - _DAY) * 1000}")
        if is_pending:
            copy = event.client_copy or ClientCopy()
            if copy.grace != _GRACE:
                options.append(f"grace: {copy.grace * 1000}")
            if self._plan.endpoint is None and copy.on_unknown == "send":
                options.append("sendUnknown: true")
        return options

    def _comment(self, view: View, is_hybrid: bool) -> JsCode:
        event = view.event
        notes: list[str] = []
        if event.trigger:
            notes.append(f"Fires when: {sentence(event.trigger)}")
        if is_hybrid:
            notes.append(
                "Hybrid: the server owns the fact. Make the browser's copy before the request leaves, then\n"
                "`settle` it with the response, or with the error in its place."
            )
        elif event.placement == "hybrid":
            notes.append("Hybrid: the server sends this event too, under the same insert_id.")
        if view.dedupe is not None:
            parts = [js_doc(part) for part in view.dedupe.by] or ["the attempt"]
            notes.append(f"Dedupe key: {', '.join(parts)}.")
        if view.sets_user:
            notes.append("Signs the person in.")
        if view.clears_user:
            notes.append("Signs the person out once it is sent.")
        about = []
        if event.owners:
            about.append(f"Owner: {js_doc(', '.join(event.owners))}.")
        if event.since:
            about.append(f"Since {js_doc(event.since)}.")
        if about:
            notes.append(" ".join(about))
        lines = [sentence(event.description)]
        if notes:
            lines += [""] if lines[0] else []
            lines += notes
        if event.status == "deprecated":
            lines.append(f"\n@deprecated {self._successor(view)}".rstrip())
        return comment_of("\n".join(lines).strip("\n"))

    def _successor(self, view: View) -> str:
        """Name what took an event's place, if this source may know of it."""
        name = view.event.replaced_by
        if name is None or (name, view.source.name) not in self._plan.views:
            return ""
        return f"Use `{js_name(name, self._plan.events[name].code_name)}`."


def sends_pending_copy(view: View) -> bool:
    """Tell whether the client's copy waits for an answer before it is sent."""
    event = view.event
    return event.placement == "hybrid" and (event.client_copy is None or event.client_copy.mode == "pending")


def has_time(view: View) -> bool:
    """Tell whether a property of this source is the event's own time."""
    return view.event.time is not None and view.property(view.event.time) is not None


def needs_user(view: View) -> bool:
    """Tell whether an event is nobody's without a user, where it does not bring one."""
    identity = view.event.identity
    return identity.mode == "named" and "user_id" in identity.ids and not view.sets_user


def context_shapes(members: list[Member]) -> str:
    """Print the required and the optional properties of the context."""
    return f"[{', '.join(_shapes(members)) or '{}'}]"


def _shapes(members: list[Member]) -> list[str]:
    shapes = [shape([member for member in members if member.required])]
    optional = [member for member in members if not member.required]
    return [*shapes, shape(optional)] if optional else shapes


def _arguments(members: list[Member], options: list[str]) -> str:
    shapes = _shapes(members)
    if options:
        shapes += ["{}"] * (2 - len(shapes))
        shapes.append("{\n" + "".join([f"  {indented(option)},\n" for option in options]) + "}")
    elif shapes == ["{}"]:
        return ""
    return "".join([f", {one}" for one in shapes])


def _declaration(name: JsName, view: View, interface: JsName, called: list[Member], is_hybrid: bool) -> str:
    needed = view.sets_user and not is_hybrid
    mark = "" if needed or any(member.required for member in called) else "?"
    properties = f"properties{mark}: {interface}" if called or needed else ""
    if is_hybrid:
        return f"const {name}: Hybrid<[{properties}]{', [call: SignIn]' if view.sets_user else ''}>;"
    return f"function {name}({properties}{', call: SignIn' if needed else ''}): Receipt;"


def _key(key: DedupeKey, event: str) -> str:
    parts = f"[{', '.join([js_string(part) for part in key.by])}]"
    if key.template is not None:
        return f"textKey([{', '.join([js_string(text) for text in key.template.texts])}], {parts})"
    name = "" if key.key_name == event else f", {js_string(key.key_name)}"
    return f"attemptKey(plan{name})" if key.form == "attempt" else f"keyOf(plan, {parts}{name})"


def _revenue(revenue: Revenue) -> str:
    """Name the properties that the revenue is made of; the last three are called as the vendor's fields are."""
    fields = {
        "amount": revenue.amount,
        "unit_price": revenue.unit_price,
        "quantity": revenue.quantity,
        "currency": revenue.currency,
        "productId": revenue.product_id,
        "revenueType": revenue.type,
    }
    named = ", ".join([f"{field}: {js_string(name)}" for field, name in fields.items() if name is not None])
    return f"revenueOf({{ {named} }}{', -1' if revenue.negate else ''})"


def _is_needed(prop: ViewProperty, view: View) -> bool:
    if view.dedupe is not None and prop.name in view.dedupe.by:
        return True
    return prop.name == view.event.time or _has_form(prop.type)


def _has_form(type: Type) -> bool:
    """Tell whether a check changes or makes values of a type, rather than only judging them."""
    if isinstance(type, Scalar):
        return type.has_const or type.base in _SHAPED
    if isinstance(type, ListOf):
        return _has_form(type.item)
    if isinstance(type, MapOf):
        return _has_form(type.value)
    return (
        not isinstance(type, AnyValue)
        and isinstance(type, Object)
        and any(_has_form(prop.type) for prop in type.properties)
    )
