"""The Python target: a package with one plain typed function for each event that a server source sends.

Gives `track.py` (or, where the plan is split over files, `_events/<file>.py` for each file and a `track.py` that brings
them together), `testing.py`, `types.py`, `_values.py`, `_client.py`, `__init__.py`, `py.typed`, and the runtime as
`_runtime/`, copied as it is.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from trackside.targets.base import File
from trackside.targets.environment import environment
from trackside.targets.escape import python_docstring, python_string
from trackside.targets.names import NoIdentifierError, PythonName, python_name
from trackside.targets.python.aio import aio_context, twins
from trackside.targets.python.client import (
    answers,
    client_context,
    commands_context,
    front_page,
    look_ups,
    middleware_context,
)
from trackside.targets.python.declarations import types_context, values_context
from trackside.targets.python.endpoint import VALUES, endpoint_context, serves
from trackside.targets.python.events import Function, Names, function
from trackside.targets.python.imports import block, standard, together
from trackside.targets.python.layout import Code, Group
from trackside.targets.python.testing import testing_context
from trackside.targets.python.types import Types
from trackside.targets.templates import templates_root

if TYPE_CHECKING:
    from collections.abc import Iterator

    from trackside.ir import Plan, Source, View

_SURFACE = "_events"


def render(plan: Plan, source: Source) -> Iterator[File]:
    """Print the package of one server source."""
    if source.out is None:
        return
    out = source.out
    views = plan.views_of(source.name)
    types = Types(source.side)
    found = look_ups(plan, views)
    types.keep(one.class_name for one in found)
    modules = _modules(views)
    awaited = twins(plan, views)
    single = len(modules) == 1
    functions: dict[str, list[PythonName]] = {}
    made_of: list[tuple[View, Function]] = []
    for name, own in modules.items():
        path = f"{out}/track.py" if single else f"{out}/{_SURFACE}/{name}.py"
        made = _Module(plan, source, types, own, surface=single, aio=bool(awaited))
        functions[name] = made.exported()
        yield File(path, _print("events", made.context()))
        made_of += zip(own, made.functions, strict=True)
    if not single:
        yield File(f"{out}/{_SURFACE}/__init__.py", '"""The events, one module for each file of the plan."""\n')
        yield File(f"{out}/track.py", _print("track", _track_context(plan, source, functions, aio=bool(awaited))))
    if awaited:
        yield File(f"{out}/aio.py", _print("aio", aio_context(awaited, types)))
    yield File(f"{out}/_client.py", _print("client", client_context(plan, source, found, types)))
    extra = answers(types, found)
    if types.declared or extra:
        title = f"The types of {python_docstring(plan.name)}, for annotations."
        yield File(f"{out}/types.py", _print("types", types_context(types, title, extra)))
    if types.declared:
        yield File(f"{out}/_values.py", _print("values", values_context(types)))
    package = PurePosixPath(out).as_posix().replace("/", ".")
    yield File(f"{out}/testing.py", _print("testing", testing_context(plan, source, package, made_of)))
    yield File(f"{out}/__init__.py", _print("init", {**front_page(plan, source, found), "package": Code(package)}))
    middleware = {**middleware_context(plan, source), "package": Code(package)}
    yield File(f"{out}/middleware.py", _print("middleware", middleware))
    if serves(plan, source):
        client_types = Types("client")
        context = endpoint_context(plan, source, client_types)
        yield File(f"{out}/endpoint.py", _print("endpoint", {**context, "package": Code(package)}))
        if client_types.declared:
            yield File(f"{out}/{VALUES}.py", _print("values", values_context(client_types)))
    yield File(f"{out}/__main__.py", _print("main", {**commands_context(plan, source), "package": Code(package)}))
    yield File(f"{out}/py.typed", "")
    for name, text in _runtime():
        yield File(f"{out}/_runtime/{name}", text)


def _print(template: str, context: dict[str, Any]) -> str:
    return environment(Code, PythonName).get_template(f"python/{template}.py.j2").render(context)


@lru_cache(maxsize=1)
def _runtime() -> tuple[tuple[str, str], ...]:
    folder = templates_root() / "python" / "runtime"
    return tuple([(path.name, path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*.py"))])


def _modules(views: list[View]) -> dict[str, list[View]]:
    """Divide the events by the file of the plan that has them; each file's stem names its module."""
    files: dict[str, list[View]] = {}
    for view in views:
        files.setdefault(view.event.place.span.file, []).append(view)
    modules: dict[str, list[View]] = {}
    for path, own in files.items():
        try:
            name = str(python_name(PurePosixPath(path).stem))
        except NoIdentifierError:
            name = "events"
        while name in modules:
            name += "_"
        modules[name] = own
    return modules or {"track": []}


class _Module:
    """One module of events, and what it imports."""

    def __init__(
        self, plan: Plan, source: Source, types: Types, views: list[View], *, surface: bool, aio: bool
    ) -> None:
        self._plan = plan
        self._source = source
        self._surface = surface
        self._aio = surface and aio
        self._names = Names()
        self._contexts: dict[tuple[str, ...], str] = {}
        self.functions: list[Function] = [function(view, types, self._names, self._contexts) for view in views]

    def context(self) -> dict[str, object]:
        """Give what the template prints."""
        names = self._names
        dots = "." if self._surface else ".."
        runtime = f"{dots}_runtime"
        facts = ["Event as _Event", "SOUND as _sound"] if self.functions else []
        facts += [f"{name} as _{name}" for name in names.facts if name != "attribution"]
        if any(one.rows for one in self.functions):
            facts.append("look_again as _look_again")
        values = [f"{name} as _{name}" for name in names.readers]
        if names.unset:
            values.append("UNSET")
        own = f"from {dots} import _values\n" if names.values else ""
        timed = any("time: datetime" in one.parameters for one in self.functions)
        typing = {
            *names.typing,
            *(["datetime"] if timed else []),
            *(["AbstractContextManager"] if self._surface else []),
        }
        wire = ["Wire as _Wire"] if self.functions else []
        unset = ["Unset"] if names.unset else []
        return {
            "title": Code(_title(self._plan, self._source)),
            "imports": together(
                "from typing import TYPE_CHECKING\n",
                own
                + block(
                    [
                        (f"{dots}_client", ["TRACKER as _tracker"]),
                        (f"{runtime}.events", facts),
                        (f"{runtime}.values", values),
                    ]
                ),
            ),
            "typing": together(
                standard(typing, 4),
                ("    from . import aio as aio\n" if self._aio else "")
                + block(
                    [
                        (f"{runtime}.context", ["Context"] if self.functions else []),
                        (f"{runtime}.events", ["Receipt"] if self.functions else []),
                        (f"{runtime}.sinks", ["WireEvent"] if self._surface else []),
                        (f"{runtime}.values", [*wire, *unset]),
                        (f"{dots}types", names.types),
                    ],
                    4,
                ),
            ),
            "constants": self._constants(),
            "functions": self.functions,
            "surface": self._surface,
            "aio": self._aio,
        }

    def exported(self) -> list[PythonName]:
        """List the functions by name."""
        promises = [one.promise.name for one in self.functions if one.promise is not None]
        return [*(one.name for one in self.functions), *promises]

    def _constants(self) -> Code:
        """Write the sets of properties that many events share."""
        found = [(name, properties) for properties, name in self._contexts.items()]
        if "attribution" in self._names.facts and self._plan.attribution is not None:
            found.append(("_ATTRIBUTION", self._plan.attribution.property_names))
        return Code(
            "\n".join(
                [
                    f"{name} = {Group('(', [python_string(one) for one in values], ')').lines(0, len(name) + 3, 0)}"
                    for name, values in found
                ]
            )
        )


def _title(plan: Plan, source: Source) -> str:
    return f"The events of {python_docstring(plan.name)} that `{python_docstring(source.name)}` sends."


def _track_context(
    plan: Plan, source: Source, functions: dict[str, list[PythonName]], *, aio: bool
) -> dict[str, object]:
    events = [(f".{_SURFACE}.{name}", [f"{one} as {one}" for one in own]) for name, own in functions.items() if own]
    imports = block([("._client", ["TRACKER as _tracker"]), *sorted(events), ("._runtime.sinks", ["WireEvent"])])
    return {"title": Code(_title(plan, source)), "imports": Code(imports), "aio": aio}
