"""How each source sends an event: a short call with the plan's examples, in the source's own language."""

from __future__ import annotations

from collections.abc import Callable
from keyword import iskeyword

from trackside.ir import Json, Scalar, View, ViewProperty
from trackside.targets.docs.wording import codes
from trackside.targets.escape import js_key, js_string, markdown_block, markdown_code, python_string
from trackside.targets.names import NoIdentifierError, js_name, python_argument, python_name
from trackside.targets.samples import NoSampleError, Samples
from trackside.targets.type_words import value_words

_PERSON = "user-20417"


class Calls:
    """Prints the calls of one side's sources; a property that events share is printed once."""

    def __init__(self, samples: Samples) -> None:
        self._samples = samples
        self._python: dict[int, str] = {}
        self._javascript: dict[int, str] = {}

    def of(self, view: View) -> str:
        """Show the call of one source, or say why there is none."""
        source = view.source
        if source.target == "none":
            return (
                f"Nothing is generated for {markdown_code(source.name)}: its own code sends the event type "
                f"{markdown_code(view.event.name)} with the properties as they are called above."
            )
        try:
            code = self._python_call(view) if source.target == "python" else self._javascript_call(view)
        except NoIdentifierError:
            return (
                f"The event's name gives {markdown_code(source.name)} no identifier: the plan must give a `code_name`."
            )
        return f"```{'python' if source.target == 'python' else 'js'}\n{markdown_block(code)}\n```"

    def _python_call(self, view: View) -> str:
        event = view.event
        lines = self._lines(view, self._python, _python_line)
        package = (view.source.out or "").replace("/", ".")
        name = python_name(event.name, event.code_name)
        call = f"track.{name}(\n" + "".join([f"    {line},\n" for line in lines]) + ")" if lines else f"track.{name}()"
        return f"from {package} import track\n\n{call}" if _is_module(package) else call

    def _javascript_call(self, view: View) -> str:
        event = view.event
        lines = self._lines(view, self._javascript, _javascript_line)
        name = js_name(event.name, event.code_name)
        properties = "{\n" + "".join([f"  {line},\n" for line in lines]) + "}" if lines else ""
        module = js_string(f"./{view.source.out}/index.js")
        head = f"import {{ {name} }} from {module};\n\n"
        who = f'{{ userId: "{_PERSON}" }}' if view.sets_user else ""
        if event.placement == "hybrid" and (event.client_copy is None or event.client_copy.mode == "pending"):
            call = f", {who}" if who else ""
            return (
                f"import {{ {name}, trackedFetch }} from {module};\n\n"
                f"const copy = {name}.pending({properties}); // before the request leaves\n\n"
                f'await copy.settle(trackedFetch(url, {{ method: "POST", headers: copy.headers, body }}){call});'
            )
        arguments = ", ".join([part for part in (properties or ("{}" if who else ""), who) if part])
        return f"{head}{name}({arguments});"

    def _lines(self, view: View, known: dict[int, str], line_of: Callable[[ViewProperty, Json], str]) -> list[str]:
        lines: list[str] = []
        for prop in view.properties:
            if not prop.required:
                continue
            line = known.get(id(prop))
            if line is None:
                line = known[id(prop)] = self._line(prop, line_of)
            if line:
                lines.append(line)
        return lines

    def _line(self, prop: ViewProperty, line_of: Callable[[ViewProperty, Json], str]) -> str:
        if isinstance(prop.type, Scalar) and prop.type.has_const:
            return ""
        try:
            value = self._samples.of_view(prop)
        except NoSampleError:
            value = "..."
        return line_of(prop, value)


def fixed(view: View) -> str:
    """Say which properties are constants, and so no arguments."""
    names = [prop.name for prop in view.properties if isinstance(prop.type, Scalar) and prop.type.has_const]
    return f"Sent by itself: {codes(names)}." if names else ""


def _is_module(package: str) -> bool:
    return all(part.isidentifier() and not iskeyword(part) for part in package.split("."))


def _python_line(prop: ViewProperty, value: Json) -> str:
    return f"{python_argument(prop.name, prop.declared.code_name)}={_python(value)}"


def _javascript_line(prop: ViewProperty, value: Json) -> str:
    return f"{js_key(prop.name)}: {_javascript(value)}"


def _python(value: Json) -> str:
    if isinstance(value, str):
        return python_string(value)
    if isinstance(value, list):
        return f"[{', '.join([_python(item) for item in value])}]"
    if isinstance(value, dict):
        return f"{{{', '.join([f'{python_string(key)}: {_python(item)}' for key, item in value.items()])}}}"
    return str(value) if isinstance(value, bool) or value is None else value_words(value)


def _javascript(value: Json) -> str:
    if isinstance(value, str):
        return js_string(value)
    if isinstance(value, list):
        return f"[{', '.join([_javascript(item) for item in value])}]"
    if isinstance(value, dict):
        inside = ", ".join([f"{js_key(key)}: {_javascript(item)}" for key, item in value.items()])
        return f"{{ {inside} }}" if inside else "{}"
    return value_words(value)
