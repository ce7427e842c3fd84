"""The assertions for tests: one typed method for each event, and the pytest fixture that captures what they look at."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from trackside.ir import Scalar
from trackside.targets.escape import python_docstring
from trackside.targets.names import PythonName, python_assertion
from trackside.targets.python.docstrings import sentence
from trackside.targets.python.events import Names, rows
from trackside.targets.python.imports import block, standard, together
from trackside.targets.python.layout import LIMIT, Code, Group, is_too_long, width, wrap
from trackside.targets.python.types import literal

if TYPE_CHECKING:
    from collections.abc import Iterable

    from trackside.ir import Plan, Source, View
    from trackside.targets.python.events import Argument, Function


class Assertion(NamedTuple):
    """What the template prints of one event; `receiver` is `self`, or another name where an argument is called so."""

    name: PythonName
    receiver: Code
    parameters: Code
    docstring: Code
    event: Code
    rows: Code
    off: bool


def testing_context(
    plan: Plan, source: Source, package: str, made: Iterable[tuple[View, Function]]
) -> dict[str, object]:
    """Make what the template of `testing.py` prints; `made` are the functions of all modules."""
    names = Names()
    assertions = [_assertion(view, function, names) for view, function in made]
    values = [f"{name} as _{name}" for name in names.readers]
    unset = ["Unset"] if names.unset else []
    own = "from . import _values\n" if names.values else ""
    assertion = ["Assertions as _Assertions", "fixture as _fixture"]
    if any(one.parameters for one in assertions):
        assertion.append("ANY")
    whose = f"{python_docstring(plan.name)} that `{python_docstring(source.name)}` sends"
    return {
        "title": Code(f"Assertions about the events of {whose}."),
        "package": Code(package),
        "imports": together(
            "from typing import TYPE_CHECKING\n" if assertions else "",
            own
            + block(
                [
                    ("._client", ["TRACKER as _tracker"]),
                    ("._runtime.assertions", assertion),
                    ("._runtime.values", values),
                ]
            ),
        ),
        "typing": together(
            standard(names.typing, 4),
            block(
                [
                    ("._runtime.sinks", ["WireEvent"] if assertions else []),
                    ("._runtime.values", unset),
                    (".types", names.types),
                ],
                4,
            ),
        ),
        "assertions": assertions,
    }


def _assertion(view: View, function: Function, names: Names) -> Assertion:
    event = view.event
    arguments = function.arguments
    receiver = "_self" if any(one.name == "self" for one in arguments) else "self"
    for one in arguments:
        names.add(one.annotation)
        names.read(one.reader)
        names.unset = names.unset or one.default == "UNSET"
    first = f"Expect `{python_docstring(event.name)}`"
    first += f": {sentence(event.description)}" if event.description else "."
    text = wrap(first, 11, 8)
    parts = Assertion(
        name=python_assertion(event.name, event.code_name),
        receiver=Code(receiver),
        parameters=Code("".join([_parameter(one) for one in arguments])),
        docstring=Code(f'{text}\n        """' if "\n" in text else f'{text}"""'),
        event=Code(literal(event.name)),
        rows=rows(arguments, 12),
        off=False,
    )
    shown = f"    def {parts.name}({receiver}) -> WireEvent:\n{parts.parameters}{parts.rows}            {parts.event},"
    return parts._replace(off=is_too_long(shown))


def _parameter(one: Argument) -> str:
    """Declare an argument as the event's function does; all may be left out."""
    null = {"": "", "None": " | None", "UNSET": " | Unset"}[one.default]
    head = f"        {one.name}: "
    line = f"{head}{one.annotation.text}{null} = ANY,\n"
    type = one.prop.type
    is_long = width(line) > LIMIT + 1 and one.annotation.text.startswith("Literal[")
    if not is_long or not isinstance(type, Scalar) or len(type.enum) < 2 or type.nullable:
        return line
    values = [literal(allowed.value) for allowed in type.enum]
    return f"{head}{Group('Literal[', [*values, *(['None'] if null else [])], ']').exploded(8)} = ANY,\n"
