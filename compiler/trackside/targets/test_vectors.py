"""The `test_vectors` target: what every language must compute, as JSON that tests replay.

Both files are ASCII, one vector to a line. Values compare as `ir.values.same` does: 1 is 1.0, true is not 1.

`keys.json`, the golden dedupe keys:

    {"format": 1, "namespace": "https://…",
     "events":  {"<event>": {"key_name", "form": "properties|template|attempt", "by": ["<property>", …],
                             "arguments": {"<source>": {"<property>": value, …}}}},
     "vectors": [{"event", "key_name", "scheme", "parts": […], "insert_id"}, …],
     "refused": [{"event", "key_name", "scheme", "parts": […]}, …]}

`scheme` is 1 for a hashed key and "template" for a key in the clear. `parts` go with `by`, in order, in wire form; an
`attempt` key has one part, the attempt's UUID. `given`, where it stands, holds the same parts as a caller may pass them
(a UUID in upper case); the key is the same. `refused` parts never become a key. `arguments` is one valid call for each
source that emits the event, without constants, optional properties and, where the plan gives no way to make a value,
events: such an event has no arguments for that source.

`values.json`, the verdicts:

    {"format": 1,
     "arguments": {"<source>": {"<event>": {"<property>": value, …}}},
     "types": [{"type": "<words>",
                "uses": [{"source", "event", "property", "required": true|false, "part": true|false}, …],
                "accept": [{"value", "wire"}, …], "reject": [{"value", "reason"}, …]}, …]}

Each type that a call of some source takes stands once for each side, with one use for each source: pass `arguments`,
with the property set to `value`, and compare what is sent under the property's name with `wire`. Types that differ in
words about them only are one. Of a refused value nothing is sent; where it is a `part` of the key (or an accepted text
that is empty is one) the whole event is refused. A reject with `"required": true` is meant for required uses only: null
for an optional property means that it is absent in some languages.

`value` is JSON, or, where JSON cannot say it, `make` and `text` say what to build: `float` (nan, inf, -inf; in both
languages), `integer` (Python, digits), `decimal`, `datetime`, `date`, `uuid` (Python objects from their text), `Date`
(JavaScript, from ISO text or "invalid"), `bigint` (JavaScript, digits), `undefined` (JavaScript, in a list). `only`
names the language, `python` or `javascript`, where just one has such a value.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, TypeAlias

from trackside.ir import DedupeKey, Event, Json, ListOf, MapOf, Object, Output, Plan, Scalar, Side, Type, View
from trackside.ir.keys import SCHEME, insert_id, template_text
from trackside.ir.values import WrongValueError, wire_value
from trackside.targets.base import File
from trackside.targets.samples import NoSampleError, Samples
from trackside.targets.type_words import type_words
from trackside.targets.value_candidates import Candidate, candidates

Part: TypeAlias = str | int | bool

ATTEMPT = "0b6f1f04-6f2c-4f0e-8d53-5d0a3a1f9c11"
_TEXT_PARTS = (
    "caf\u00e9",
    "cafe\u0301",
    "\U0001f9fe \u202e\u05d0",
    'a"b\\c',
    "</script>\u2028\u2029",
    "\x00\x07\t\n\r\x1f\x7f",
    "a,b",
    " ",
)
_INTEGER_PARTS = (0, -1, 42, 2**53 - 1, 1 - 2**53)
_REFERENCE_UUID = "ABCDEF01-2345-6789-ABCD-EF0123456789"


def render(plan: Plan, output: Output) -> Iterator[File]:
    """Yield `keys.json` and `values.json`."""
    samples: dict[Side, Samples] = {side: Samples(plan, side) for side in ("client", "server")}
    yield File(f"{output.out}/keys.json", _keys(plan, samples))
    yield File(f"{output.out}/values.json", _values(plan, samples))


def _line(value: object) -> str:
    return json.dumps(value, separators=(", ", ": "))


def _block(name: str, brackets: str, lines: list[str]) -> str:
    inside = ",\n".join(lines)
    return f'  "{name}": {brackets[0]}\n{inside}\n  {brackets[1]}' if lines else f'  "{name}": {brackets}'


def arguments(view: View, samples: Samples) -> dict[str, Json]:
    """Make a valid call: every required property that is no constant; raises NoSampleError."""
    return {
        prop.name: samples.of_view(prop)
        for prop in view.properties
        if prop.required and not (isinstance(prop.type, Scalar) and prop.type.has_const)
    }


def _keys(plan: Plan, samples: dict[Side, Samples]) -> str:
    events: list[str] = []
    vectors: list[str] = []
    refused: list[str] = []
    tried: dict[int, list[tuple[Part, Part]]] = {}
    for event in plan.events.values():
        key = event.dedupe
        if key is None:
            continue
        calls: dict[str, dict[str, Json]] = {}
        for view in plan.views_for(event.name):
            try:
                calls[view.source.name] = arguments(view, samples[view.source.side])
            except NoSampleError:
                continue
        head = {"key_name": key.key_name, "form": key.form, "by": key.by, "arguments": calls}
        events.append(f"    {_line(event.name)}: {_line(head)}")
        named: dict[str, Any] = {
            "event": event.name,
            "key_name": key.key_name,
            "scheme": "template" if key.form == "template" else SCHEME,
        }
        for given, parts in _part_lists(event, key, samples["server"], tried):
            vector = {**named, "parts": parts}
            if any(part == "" for part in parts):
                refused.append(f"    {_line(vector)}")
                continue
            vector["insert_id"] = key_of(plan.namespace, key, parts)
            if given != parts:
                vector["given"] = given
            vectors.append(f"    {_line(vector)}")
    blocks = (
        '  "format": 1',
        f'  "namespace": {_line(plan.namespace)}',
        _block("events", "{}", events),
        _block("vectors", "[]", vectors),
        _block("refused", "[]", refused),
    )
    return "{\n" + ",\n".join(blocks) + "\n}\n"


def key_of(namespace: str, key: DedupeKey, parts: list[Part]) -> str:
    """Compute the insert_id from parts in wire form; for an `attempt` key, from the attempt's UUID alone."""
    if key.template is not None:
        return template_text(key.template.texts, parts)
    return insert_id(namespace, key.key_name, parts)


def _part_lists(
    event: Event, key: DedupeKey, samples: Samples, tried: dict[int, list[tuple[Part, Part]]]
) -> Iterator[tuple[list[Part], list[Part]]]:
    """Yield parts as given and in wire form: first the plan's own examples, then nasty ones, one part at a time."""
    if key.form == "attempt":
        for attempt in (ATTEMPT, _REFERENCE_UUID):
            yield [attempt], [attempt.lower()]
        return
    base: list[Part] = []
    for name in key.by:
        prop = event.property(name)
        if prop is None:
            return
        try:
            base.append(_as_part(samples.of_property(prop)))
        except NoSampleError:
            return
    yield base, base
    for position, name in enumerate(key.by):
        prop = event.property(name)
        if prop is None or not isinstance(prop.type, Scalar):
            continue
        if id(prop.type) not in tried:
            tried[id(prop.type)] = list(_nasty(prop.type))
        for given, wire in tried[id(prop.type)]:
            if not (type(wire) is type(base[position]) and wire == base[position]) or given != wire:
                yield (
                    [*base[:position], given, *base[position + 1 :]],
                    [*base[:position], wire, *base[position + 1 :]],
                )


def _nasty(type: Scalar) -> Iterator[tuple[Part, Part]]:
    tries: list[Part] = [allowed.value for allowed in type.enum[:3] if not isinstance(allowed.value, float)]
    if not tries:
        match type.base:
            case "string":
                tries = [*_TEXT_PARTS, ""]
            case "integer":
                tries = [*_INTEGER_PARTS]
            case "boolean":
                tries = [False, True]
            case "uuid":
                tries = [_REFERENCE_UUID]
            case "date":
                tries = ["0001-01-01", "9999-12-31"]
            case _:
                tries = []
    for given in tries:
        try:
            wire = wire_value(type, given)
        except WrongValueError:
            continue
        yield given, _as_part(wire)


def _as_part(value: Json) -> Part:
    if isinstance(value, str | int):
        return value
    raise NoSampleError("a key part is text, a whole number or a boolean")


def _values(plan: Plan, samples: dict[Side, Samples]) -> str:
    found: dict[tuple[Side, object], _Use] = {}
    shapes: dict[int, object] = {}
    calls: dict[tuple[str, str], dict[str, Json] | None] = {}
    for view in plan.views.values():
        source = view.source
        parts = view.dedupe.by if view.dedupe is not None else ()
        for prop in view.properties:
            if (isinstance(prop.type, Scalar) and prop.type.has_const) or prop.name == view.event.time:
                continue
            if id(prop.type) not in shapes:
                shapes[id(prop.type)] = shape(prop.type, source.side)
            use = found.setdefault((source.side, shapes[id(prop.type)]), _Use(prop.type, source.side))
            is_part = prop.name in parts
            if use.wants(source.name, is_part) and _call(view, samples[source.side], calls) is not None:
                place: dict[str, Json] = {"source": source.name, "event": view.event.name, "property": prop.name}
                use.places[source.name] = {**place, "required": prop.required, "part": is_part}
    types = [_verdicts(use, samples[use.side]) for use in found.values() if use.places]
    needed: dict[str, dict[str, Json]] = {}
    for use in found.values():
        for name, place in use.places.items():
            event = str(place["event"])
            needed.setdefault(name, {})[event] = calls[name, event]
    argument_lines = [f"    {_line(name)}: {_line(needed[name])}" for name in plan.sources if name in needed]
    blocks = ('  "format": 1', _block("arguments", "{}", argument_lines), _block("types", "[]", types))
    return "{\n" + ",\n".join(blocks) + "\n}\n"


def _call(view: View, samples: Samples, calls: dict[tuple[str, str], dict[str, Json] | None]) -> dict[str, Json] | None:
    key = (view.source.name, view.event.name)
    if key not in calls:
        try:
            calls[key] = arguments(view, samples)
        except NoSampleError:
            calls[key] = None
    return calls[key]


class _Use:
    """A type, and the first place of each source that takes it; one that is no key part is preferred."""

    __slots__ = ("places", "side", "type")

    def __init__(self, type: Type, side: Side) -> None:
        self.type = type
        self.side: Side = side
        self.places: dict[str, dict[str, Json]] = {}

    def wants(self, source: str, is_part: bool) -> bool:
        return source not in self.places or (self.places[source]["part"] is True and not is_part)


def shape(type: Type, side: Side) -> object:
    """Make a hashable stand-in that two types share when they take the same values."""
    if isinstance(type, Scalar):
        return (
            type.base,
            type.nullable,
            tuple([(allowed.value.__class__.__name__, allowed.value) for allowed in type.enum]),
            (type.const.__class__.__name__, type.const) if type.has_const else None,
            (type.minimum, type.maximum, type.exclusive_minimum, type.exclusive_maximum),
            (type.min_length, type.max_length, type.pattern),
        )
    if isinstance(type, ListOf):
        return ("list", type.nullable, shape(type.item, side), type.min_items, type.max_items, type.unique_items)
    if isinstance(type, MapOf):
        return ("map", type.nullable, shape(type.value, side), type.min_items, type.max_items)
    if isinstance(type, Object):
        members = [(prop.name, side in prop.optional_on, shape(prop.type, side)) for prop in type.properties]
        return ("object", type.nullable, tuple(members))
    return ("any", type.nullable)


def _verdicts(use: _Use, samples: Samples) -> str:
    accept: list[str] = []
    reject: list[str] = []
    for candidate in candidates(use.type, samples):
        verdict = _judge(use, candidate)
        (accept if "wire" in verdict else reject).append(f"        {_line(verdict)}")
    uses = ", ".join(map(_line, use.places.values()))
    return (
        f'    {{"type": {_line(type_words(use.type))}, "uses": [{uses}],\n'
        f'      "accept": [\n{_joined(accept)}],\n      "reject": [\n{_joined(reject)}]}}'
    )


def _joined(lines: list[str]) -> str:
    return ",\n".join(lines)


def _judge(use: _Use, candidate: Candidate) -> dict[str, Any]:
    """Let the compiler's own reading decide."""
    vector: dict[str, Any] = {}
    if candidate.make is None:
        vector["value"] = candidate.value
    else:
        vector |= {"make": candidate.make, "text": candidate.text}
        if candidate.only is not None:
            vector["only"] = candidate.only
    if candidate.reason is not None:
        return {**vector, "reason": candidate.reason}
    if candidate.value is None and not use.type.nullable:
        vector["required"] = True
    try:
        return {**vector, "wire": wire_value(use.type, candidate.value, use.side)}
    except WrongValueError as error:
        return {**vector, "reason": str(error)}
