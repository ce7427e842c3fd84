"""The awaitable twins of the events that look something up at the call."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from trackside.targets.escape import python_string
from trackside.targets.names import PythonName, python_name
from trackside.targets.python.docstrings import twin_lines
from trackside.targets.python.events import Names, argument, constant_of, docstring, parameters, time_parameter
from trackside.targets.python.imports import block, standard, together
from trackside.targets.python.layout import Code, Group, is_too_long

if TYPE_CHECKING:
    from trackside.ir import Plan, View
    from trackside.targets.python.types import Types


class Twin(NamedTuple):
    """What the template prints of one event."""

    name: PythonName
    parameters: Code
    docstring: Code
    ready: Code
    given: Code
    off: bool


def twins(plan: Plan, views: list[View]) -> list[View]:
    """List the events that ask a look-up at the call."""
    at_call = {one.name for one in plan.enrichments.values() if one.at == "call"}
    return [view for view in views if not at_call.isdisjoint(view.enrich)]


def aio_context(views: list[View], types: Types) -> dict[str, object]:
    """Make what the template of `aio.py` prints; the functions of `views` are made before."""
    names = Names()
    functions = [_twin(view, types, names) for view in views]
    names.typing.update(["datetime"] if any(view.event.time is None for view in views) else [])
    unset = ["UNSET"] if names.unset else []
    return {
        "example": functions[0].name,
        "imports": together(
            "from typing import TYPE_CHECKING\n",
            "from . import track as _track\n"
            + block([("._client", ["TRACKER as _tracker"]), ("._runtime.values", unset)]),
        ),
        "typing": together(
            standard(names.typing, 4),
            block(
                [
                    ("._runtime.context", ["Context"]),
                    ("._runtime.events", ["Receipt"]),
                    ("._runtime.values", ["Unset"] if names.unset else []),
                    (".types", names.types),
                ],
                4,
            ),
        ),
        "functions": functions,
    }


def _twin(view: View, types: Types, names: Names) -> Twin:
    event = view.event
    name = python_name(event.name, event.code_name)
    arguments = [argument(types, names, prop, name) for prop in view.properties if constant_of(prop) is None]
    timed = event.time is not None
    asked = Group("(", [python_string(one) for one in view.enrich], ")")
    given = [one.name for one in arguments] + ["context", *([] if timed else ["time"])]
    made = Twin(
        name=name,
        parameters=Code(f"{parameters(arguments)}    context: Context | None = None,\n{time_parameter(timed)}"),
        docstring=docstring(twin_lines(view, name), []),
        ready=Code(Group("await _tracker.looked_up(", [asked, "context"], ")").lines(4, 9, 1)),
        given=Code("".join([f"            {one}={one},\n" for one in given])),
        off=False,
    )
    code = f"{made.parameters}        return _track.{name}(\n{made.given}    with {made.ready}:\nasync def {name}(\n"
    return made._replace(off=True) if is_too_long(code) else made
