"""One event as Python: the parts of its function, each laid out for its place in the template."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from trackside.ir import Property, Scalar, ViewProperty
from trackside.targets.escape import python_string
from trackside.targets.names import PythonName, python_argument, python_name, python_promise, python_promised
from trackside.targets.python.docstrings import argument_lines, event_lines, promise_lines
from trackside.targets.python.layout import LIMIT, Code, Group, is_too_long, width
from trackside.targets.python.types import Annotation, Types, literal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from trackside.ir import View
    from trackside.targets.python.types import Reader


class Names:
    """The names that one module imports, gathered while its parts are made."""

    def __init__(self) -> None:
        self.typing: set[str] = set()
        self.types: set[str] = set()
        self.readers: set[str] = set()
        self.facts: set[str] = set()
        self.values = False
        self.unset = False

    def add(self, annotation: Annotation) -> None:
        """Import what an annotation needs."""
        self.typing.update(annotation.names)
        self.types.update(annotation.types)

    def read(self, reader: Reader) -> None:
        """Import what reading a value needs."""
        self.readers.update(reader.runtime)
        self.values = self.values or reader.local


class Argument(NamedTuple):
    """One argument: its property, how it is declared and read. `default` is empty where it is required."""

    name: str
    key: str
    prop: ViewProperty
    declared: str
    reader: Reader
    default: str
    annotation: Annotation


class Function(NamedTuple):
    """What the template prints of one event. Every part begins after its indent and ends before its line end."""

    name: PythonName
    constant: Code
    facts: Code
    parameters: Code
    docstring: Code
    wire: Code
    optional: Code
    rows: Code
    emit: Code
    arguments: tuple[Argument, ...]
    off: bool
    promise: Promise | None = None


class Promise(NamedTuple):
    """What the template prints of the function that promises an event."""

    name: PythonName
    parameters: Code
    docstring: Code
    wire: Code
    rows: Code
    emit: Code
    off: bool


def constant_of(prop: ViewProperty | Property) -> str | None:
    """Give the literal of a constant, None for what is an argument."""
    type = prop.type
    return literal(type.const) if isinstance(type, Scalar) and type.has_const else None


def argument(
    types: Types,
    names: Names,
    prop: ViewProperty,
    place: str,
    *,
    optional: bool = False,
    spelled: Callable[[str, str | None], PythonName] = python_argument,
) -> Argument:
    """Decide how an argument is called, annotated, read and left out; `place` names a type without a name."""
    name = spelled(prop.name, prop.declared.code_name)
    group = prop.declared.group
    place = f"{group or place} {prop.name}"
    annotation = types.annotation(prop.type, place)
    reader = types.reader(prop.type, place)
    names.read(reader)
    default = ""
    if optional or not prop.required:
        default = "UNSET" if prop.type.nullable else "None"
        names.unset = names.unset or default == "UNSET"
    declared = f"    {name}: {annotation.text}{_DEFAULTS[default]},\n"
    if width(declared) > LIMIT + 1 and "Literal[" in annotation.text:
        annotation = types.declare_alias(prop.type, place)
        declared = f"    {name}: {annotation.text}{_DEFAULTS[default]},\n"
    names.add(annotation)
    return Argument(name, python_string(prop.name), prop, declared, reader, default, annotation)


_DEFAULTS: Final = {"": "", "None": " | None = None", "UNSET": " | Unset = UNSET"}


def parameters(arguments: list[Argument]) -> Code:
    """Lay the arguments out, required ones first."""
    needed = [one.declared for one in arguments if not one.default]
    return Code("".join(needed + [one.declared for one in arguments if one.default]))


def rows(arguments: Iterable[Argument], indent: int) -> Code:
    """Lay out the rows of the second look, one argument of the call each."""
    made = [one.reader.row(indent, one.key, "False" if one.default else "True", one.name) for one in arguments]
    return Code("".join(made))


def function(view: View, types: Types, names: Names, contexts: dict[tuple[str, ...], str]) -> Function:
    """Make the parts of the function of one event; `contexts` gathers the sets of context properties in use."""
    event = view.event
    name = python_name(event.name, event.code_name)
    constant = f"_{name.upper()}"
    arguments: list[Argument] = []
    required: list[str] = []
    optional: list[str] = []
    for prop in view.properties:
        fixed = constant_of(prop)
        if fixed is not None:
            required.append(f"{python_string(prop.name)}: {fixed}")
            continue
        one = argument(types, names, prop, name)
        arguments.append(one)
        if one.default:
            head = f"            _wire[{one.key}] = "
            call = one.reader.call(one.name, 12, width(head), 0)
            optional.append(f"        if {one.name} is not {one.default}:\n{head}{call}\n")
        else:
            required.append(f"{one.key}: {one.reader.call(one.name, 12, 14 + width(one.key), 1)}")
    for prop in view.context:
        fixed = constant_of(prop)
        if fixed is not None:
            required.append(f"{python_string(prop.name)}: {fixed}")
    timed = event.time is not None
    found = "_found" if arguments else "_sound"
    given = [constant, "_wire", found, "context", *(() if timed else ("time",))]
    parts = Function(
        name=name,
        constant=Code(constant),
        facts=_facts(view, names, contexts),
        parameters=Code(f"{parameters(arguments)}    context: Context | None = None,\n{time_parameter(timed)}"),
        docstring=docstring(event_lines(view, name), [(one.name, one.prop) for one in arguments]),
        wire=_wire(required, 8 if arguments else 4),
        optional=Code("".join(optional)),
        rows=rows(arguments, 12),
        emit=Code(Group("_tracker.emit(", given, ")").lines(4, 11, 0)),
        arguments=tuple(arguments),
        off=False,
        promise=promise(view, constant, types, names),
    )
    # The line with the constant begins with it; the last line of the function is indented.
    code = f"{constant} = {parts.facts}\n{parts.parameters}{parts.wire}\n{parts.optional}{parts.rows}    {parts.emit}"
    return parts._replace(off=True) if is_too_long(code) else parts


def waits_for_confirmation(view: View) -> bool:
    """Tell whether a client keeps a copy of the event until it learns that the server has it."""
    copy = view.event.client_copy
    return view.event.placement == "hybrid" and (copy is None or copy.mode == "pending")


def promise(view: View, constant: str, types: Types, names: Names) -> Promise | None:
    """Make the parts of the function that promises an event: of one that a client keeps a copy of and a job emits."""
    event, key = view.event, view.dedupe
    if key is None or event.emitted != "later" or not waits_for_confirmation(view):
        return None
    name = python_promise(event.name, event.code_name)
    parts = [prop for prop in map(view.property, key.by) if prop is not None]
    arguments: list[Argument] = []
    required: list[str] = []
    for prop in parts:
        fixed = constant_of(prop)
        if fixed is not None:
            required.append(f"{python_string(prop.name)}: {fixed}")
            continue
        one = argument(types, names, prop, python_name(event.name, event.code_name), spelled=python_promised)
        arguments.append(one)
        required.append(f"{one.key}: {one.reader.call(one.name, 12, 14 + width(one.key), 1)}")
    given = [constant, "_wire", "_found" if arguments else "_sound", "context", "within"]
    made = Promise(
        name=name,
        parameters=Code(f"{parameters(arguments)}    context: Context | None = None,\n    within: float = 3600.0,\n"),
        docstring=docstring(promise_lines(view), [(one.name, one.prop) for one in arguments], _WITHIN),
        wire=_wire(required, 8 if arguments else 4),
        rows=rows(arguments, 12),
        emit=Code(Group("_tracker.promise(", given, ")").lines(4, 11, 0)),
        off=False,
    )
    code = f"{made.parameters}{made.wire}\n{made.rows}    {made.emit}"
    return made._replace(off=True) if is_too_long(code) else made


_WITHIN: Final = ("within: Seconds after which it counts as not kept.",)


def docstring(lines: list[str], arguments: list[tuple[str, ViewProperty]], more: Iterable[str] = ()) -> Code:
    """Lay out a function's docstring: the lines, then what there is to say about its arguments."""
    about = [*argument_lines(arguments), *more]
    if about:
        lines = [*lines, "", "Args:", *[f"    {line}" for line in about]]
    return Code("\n".join([f"    {line}" if line and number else line for number, line in enumerate(lines)]))


def time_parameter(timed: bool) -> str:
    """Write the argument for the event's time, where the plan names no property for it."""
    return "" if timed else "    time: datetime | None = None,\n"


def _wire(entries: list[str], indent: int) -> Code:
    """Lay the dict of required properties out; it is closed at `indent`."""
    if not entries:
        return Code("{}")
    pad = " " * indent
    return Code("{\n" + "".join([f"{pad}    {entry},\n" for entry in entries]) + pad + "}")


def _facts(view: View, names: Names, contexts: dict[tuple[str, ...], str]) -> Code:
    """Write what the runtime knows of the event beside its properties; what is the runtime's default is left out."""
    event = view.event
    facts: list[str | Group] = [python_string(event.name)]
    if event.identity.mode == "system":
        facts.append("system=True")
    elif event.identity.mode == "named":
        facts.append(texts("ids=", event.identity.ids))
    facts += same_facts(view, names)
    context = tuple([prop.name for prop in view.context if constant_of(prop) is None])
    if context:
        facts.append(
            f"context={contexts.setdefault(context, '_CONTEXT' if not contexts else f'_CONTEXT_{len(contexts) + 1}')}"
        )
    if view.attribution:
        facts.append("attribution=_ATTRIBUTION")
        names.facts.add("attribution")
    if view.enrich:
        facts.append(texts("enrich=", view.enrich))
    if event.consent != "analytics":
        facts.append(f"consent={python_string(event.consent)}")
    if waits_for_confirmation(view):
        facts.append("hybrid=True")
    return Code(Group("_Event(", facts, ")").lines(0, width(f"_{python_name(event.name, event.code_name)} = "), 0))


def same_facts(view: View, names: Names) -> list[str | Group]:
    """Write an event's key, revenue and time, which its function and the endpoint know alike."""
    facts: list[str | Group] = []
    key = view.dedupe
    if key is not None:
        names.facts.add("Key")
        parts: list[str | Group] = [python_string(key.key_name)]
        if key.by:
            parts.append(texts("", key.by))
        if key.template is not None:
            parts.append(texts("texts=", key.template.texts))
        if key.form == "attempt":
            parts.append("attempt=True")
        facts.append(Group("key=_Key(", parts, ")"))
    if view.revenue is not None:
        names.facts.add("Revenue")
        money = view.revenue
        members = ("amount", "unit_price", "quantity", "currency", "product_id", "type")
        named = [(member, getattr(money, member)) for member in members]
        given = [f"{member}={python_string(value)}" for member, value in named if value is not None]
        facts.append(Group("revenue=_Revenue(", [*given, *(["negate=True"] if money.negate else [])], ")"))
    if view.event.time is not None:
        facts.append(f"time={python_string(view.event.time)}")
    return facts


def texts(head: str, values: Iterable[str]) -> Group:
    """Write a tuple of texts behind a head such as `sources=`."""
    return Group(f"{head}(", [python_string(value) for value in values], ")")
