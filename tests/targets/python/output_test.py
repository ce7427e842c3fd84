"""What is printed: black's own fixed point, the declarations that the plan implies, the same bytes each time."""

from __future__ import annotations

import ast
import asyncio
import importlib
import json
import keyword
import unicodedata
from pathlib import Path
from typing import Any

import black
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from trackside.ir import Plan, Scalar
from trackside.pipeline import analyse
from trackside.targets.names import python_argument, python_name
from trackside.targets.python import render

from .conftest import ROOT, plan_of, write_package

HEAD = """\
trackside: 1
plan: {name: names, version: 1.0.0, namespace: "https://names.example"}
destinations:
  amplitude: {project: names, region: us, api_key: KEY}
sources:
  backend: {side: server, target: python, out: generated/backend}
naming: {events: any, properties: any}
"""
HOSTILE = [
    "*/", '"""', "'''", '"', "'", "\\", "\\\\", '\\"', "${x}", "{{ x }}", "{% raw %}", "{# x #}", "</script>",
    "\u2028", "\u2029", "\x85", "\n", "\r", "\r\n", "\t", "\x0c", "\x00", "\x1b", "\x7f", "\u202e", "\ufeff", "\u200b",
    "\u0301", "\U0001f600", "\U0001f468\u200d\U0001f469", "\u4ef7\u683c", "\u05e9\u05dc\u05d5\u05dd", "# fmt: on",
    "# type: ignore", "%s", "{0}", "  ", "Args:",
]  # fmt: skip
"""Pieces of text that end a string, a comment, a line or a template somewhere, or are wider than they look."""


def files(plan: Plan) -> dict[str, str]:
    """Print the package, less the runtime."""
    found = render(plan, plan.sources["backend"])
    return {file.path.removeprefix("generated/backend/"): file.text for file in found if "/_runtime/" not in file.path}


def check_layout(plan: Plan) -> dict[str, str]:
    """Hold every file to black and to Python's grammar, and give the files."""
    found = files(plan)
    for path, text in found.items():
        if text:
            assert black.format_str(text, mode=black.Mode()) == text, path
            ast.parse(text)
            text.encode()
    return found


def yaml(value: Any) -> str:
    """Write YAML: JSON, with what is not plain ASCII as YAML's escapes."""
    text = json.dumps(value, ensure_ascii=False)
    text = text.replace("\\\\", "\0").replace("\\r", "\r").replace("\0", "\\\\")
    return "".join([one if " " <= one < "\x7f" else f"\\U{ord(one):08x}" for one in text])


def plan_with(events: dict[str, Any], **rest: Any) -> Plan:
    """Make a plan of server events."""
    for event in events.values():
        event.update({"kind": "state_change"})
    return plan_of(HEAD + "\n".join(f"{key}: {yaml(value)}" for key, value in {**rest, "events": events}.items()))


def test_the_tests_plan_is_black_s_fixed_point(plan_text: str) -> None:
    check_layout(plan_of(plan_text))


def test_the_runtime_is_black_s_fixed_point() -> None:
    for path in sorted((ROOT / "templates" / "python" / "runtime").glob("*.py")):
        text = path.read_text(encoding="utf-8")
        assert black.format_str(text, mode=black.Mode()) == text, path
        assert max(map(len, text.split("\n"))) <= 88, path


@pytest.mark.parametrize(
    "path", sorted((ROOT / "tests" / "cases").glob("*/plan.yaml")), ids=lambda path: path.parent.name
)
def test_stories_are_black_s_fixed_point(path: Path) -> None:
    analysis = analyse(path)
    if analysis.plan is not None and not analysis.bag.has_errors and "backend" in analysis.plan.sources:
        check_layout(analysis.plan)


def name_of(length: int, word: str = "n") -> str:
    """Make a name of so many characters, in words of ten."""
    return "_".join([word * 9] * (length // 10 + 1))[:length].rstrip("_") or word


@settings(max_examples=15)
@given(
    event=st.integers(1, 256),
    prop=st.integers(1, 256),
    type_name=st.integers(1, 120),
    values=st.lists(st.integers(1, 100), min_size=1, max_size=9),
)
@example(event=60, prop=80, type_name=40, values=[10, 30])
@example(event=1, prop=60, type_name=100, values=[90])
@example(event=256, prop=256, type_name=100, values=[1])
def test_names_of_any_length_are_laid_out(event: int, prop: int, type_name: int, values: list[int]) -> None:
    """Wherever a line comes to its end, black would have ended it there too."""
    named = name_of(type_name, "t")
    enum = list(dict.fromkeys(f"{number}{'v' * length}" for number, length in enumerate(values)))
    base = name_of(prop, "p")
    properties: dict[str, Any] = {
        f"{base}{number}"[-256:]: {**kind, **more}
        for number, (kind, more) in enumerate(
            (kind, more)
            for kind in (
                {"type": "string"},
                {"enum": enum},
                {"type": "string", "pattern": "[a-z]{1,9}", "max_length": 100},
                {"type": f"list of {named}"},
                {"type": "map", "values": {"type": "integer", "minimum": 1, "maximum": 1_000_000}},
                {"type": "object", "properties": {base: named, f"{base[:250]} x": {"enum": enum}}},
                {"const": enum[0]},
            )
            for more in ({}, {"optional": True}, {"optional": True, "nullable": True})
            if not ("const" in kind and more)
        )
    }
    types = {named: {"type": "object", "properties": {"a": "string"}}}
    check_layout(plan_with({name_of(event, "e"): {"properties": properties}}, types=types))


@settings(max_examples=25)
@given(
    pieces=st.lists(st.sampled_from([*HOSTILE, "word", "a longer piece of text"]), min_size=1, max_size=30),
    glue=st.sampled_from(["", " "]),
)
@example(pieces=["x" * 90], glue="")
@example(pieces=['"'], glue="")
@example(pieces=["a", '"'], glue="")
@example(pieces=["a", "\\"], glue="")
def test_any_text_of_the_plan_stays_text(pieces: list[str], glue: str) -> None:
    """Descriptions, examples, enum values and names on the wire: none becomes code, and all arrive."""
    text = glue.join(pieces)[:250]
    if not text.strip():
        text = f"x{text}x"
    name = "a " + "".join(["?" if unicodedata.category(character) == "Cc" else character for character in text]).strip()
    properties = {
        name: {"type": "string", "description": text, "unit": text, "code_name": "first"},
        "second": {"enum": {text: text, "other": text}, "description": text},
        "third": {"const": text},
        "fourth": {"type": "object", "description": text, "properties": {name: "string", "plain": {"enum": [text]}}},
    }
    plan = plan_with({name: {"description": text, "trigger": text, "properties": properties, "code_name": "event"}})
    found = check_layout(plan)
    module = ast.parse(found["track.py"])
    literals = {node.value for node in ast.walk(module) if isinstance(node, ast.Constant)}
    assert {name, text} <= literals
    assert [node.name for node in module.body if isinstance(node, ast.FunctionDef)] == ["event", "capture"]


AWKWARD = [
    "class", "import", "None", "True", "str", "int", "float", "bool", "object", "dict", "list", "tuple", "date",
    "datetime", "track", "capture", "configure", "identify", "stats", "set_context", "context", "receipt", "types",
    "annotations", "__proto__", "constructor", "__init__", "__all__", "print", "type", "match", "case", "self", "404",
    "2fa", "async", "lambda", "UNSET", "Literal", "TYPE_CHECKING", "_text", "_values", "text", "number", "Exception",
    "wire", "_wire", "found", "time", "Über Größe", "\u4ef7\u683c x", "\U0001f600 smile", "e\u0301te", "a-b", "A B",
    "aB",
]  # fmt: skip
"""Names that mean something in Python, or in what is generated."""


@pytest.mark.parametrize("name", AWKWARD)
def test_awkward_names_compile_to_code_that_means_the_plan(name: str, load: Any) -> None:
    properties = {name: "string", "other": {"type": "optional integer", "minimum": 1}, "third": f"optional x {name}"}
    events = {name: {"kind": "state_change", "properties": properties}}
    text = f"{HEAD}types: {yaml({f'x {name}': {'type': 'integer'}})}\nevents: {yaml(events)}\n"
    check_layout(plan_of(text))
    package = load(text)
    function = getattr(package.track, python_name(name))
    with package.capture() as events, package.Context.anonymous("device-12345").activate():
        receipt = function(**{python_argument(name): "value"}, other=3)
    assert receipt.accepted
    assert events[0]["event_type"] == name
    assert events[0]["event_properties"] == {name: "value", "other": 3}


@pytest.mark.parametrize("name", [" x", "x ", "a  b", 'say """x""" ', "back\\slash "])
def test_a_name_is_told_as_it_is_sent(name: str) -> None:
    """Its spaces too: who searches the destination for the event has to write them."""
    event = {"kind": "state_change", "identity": "system", "code_name": "sent", "properties": {}}
    text = check_layout(plan_with({name: event}))["track.py"]
    (function,) = (node for node in ast.parse(text).body if isinstance(node, ast.FunctionDef) and node.name == "sent")
    assert f"Sent as `{name}`." in (ast.get_docstring(function) or "")


def test_the_declarations_are_those_of_the_plan(plan_text: str) -> None:
    plan = plan_of(plan_text)
    views = plan.views_of("backend")
    module = ast.parse(files(plan)["track.py"])
    functions = {node.name: node for node in module.body if isinstance(node, ast.FunctionDef)}
    names = [python_name(view.event.name, view.event.code_name) for view in views]
    names.insert(names.index("signed_up") + 1, "promise_signed_up")
    assert list(functions) == [*names, "capture"]
    for view in views:
        found = functions[python_name(view.event.name, view.event.code_name)]
        arguments = [argument.arg for argument in found.args.kwonlyargs]
        free = [prop for prop in view.properties if not (isinstance(prop.type, Scalar) and prop.type.has_const)]
        ordered = sorted(free, key=lambda prop: not prop.required)
        added = ["context"] if view.event.time else ["context", "time"]
        assert arguments == [python_argument(prop.name, prop.declared.code_name) for prop in ordered] + added
        required = [default is None for default in found.args.kw_defaults]
        assert required == [prop.required for prop in ordered] + [False] * len(added)
        assert not found.args.args and not found.args.posonlyargs and not found.args.vararg and not found.args.kwarg
        assert not found.decorator_list
        assert all(argument.annotation is not None for argument in found.args.kwonlyargs)
        assert ast.get_docstring(found)


def test_what_is_the_client_s_is_in_the_endpoint_alone(plan_text: str) -> None:
    found = files(plan_of(plan_text))
    endpoint = found.pop("endpoint.py")
    found.pop("_client_values.py", None)
    text = "".join(found.values())
    for word in ("clicked", "button"):
        assert word in endpoint
        assert word not in text


def test_a_plan_without_an_endpoint_has_none(plan_text: str) -> None:
    found = files(plan_of(plan_text.replace("endpoint: {route: /t, served_by: backend}\n", "")))
    assert not {"endpoint.py", "_client_values.py"} & found.keys()


def test_a_plan_in_several_files_has_a_module_for_each(tmp_path: Path) -> None:
    (tmp_path / "plan.yaml").write_text(HEAD + "include: [parts/*.yaml]\nevents:\n  top: {kind: state_change}\n")
    (tmp_path / "parts").mkdir()
    for name in ("Check-out", "class"):
        (tmp_path / "parts" / f"{name}.yaml").write_text(f"events:\n  in {name}: {{kind: state_change}}\n")
    analysis = analyse(tmp_path / "plan.yaml")
    assert analysis.plan is not None and not analysis.bag.has_errors
    found = check_layout(analysis.plan)
    assert [path for path in found if path.startswith("_events/")] == [
        "_events/plan.py", "_events/check_out.py", "_events/class_.py", "_events/__init__.py"
    ]  # fmt: skip
    assert not any(keyword.iskeyword(Path(path).stem) for path in found)
    assert "from ._events.check_out import in_check_out as in_check_out" in found["track.py"]


def test_a_source_without_events_is_a_package_too() -> None:
    found = check_layout(plan_of(HEAD + "events: {}\n"))
    assert "def capture(" in found["track.py"]


def test_the_same_plan_gives_the_same_bytes(plan_text: str) -> None:
    plan_of.cache_clear()
    first = files(plan_of(plan_text))
    plan_of.cache_clear()
    assert files(plan_of(plan_text)) == first


def test_a_flaw_deep_inside_objects_is_looked_for_once_a_level(load: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each level that read again what had failed below it would double the work."""
    kind: dict[str, Any] = {"type": "object", "properties": {"leaf": {"type": "integer"}, "other": "string"}}
    value: dict[str, Any] = {"leaf": "no", "other": ""}
    for level in range(12):
        kind = {"type": "object", "properties": {f"level_{level}": kind, "side": "string"}}
        value = {"side": "", f"level_{level}": value}
    events = {"nested": {"kind": "state_change", "properties": {"top": kind}}}
    package = load(f"{HEAD}events: {yaml(events)}\n")
    package.configure(sink=package.RecordingSink(), strict=False, on_violation=lambda _: None)
    count = 0
    find = package._values._member_flaw

    def counted(*arguments: Any) -> Any:
        nonlocal count
        count += 1
        return find(*arguments)

    monkeypatch.setattr(package._values, "_member_flaw", counted)
    receipt = package.track.nested(top=value, context=package.Context.anonymous("device-12345"))
    path = "".join(f".level_{level}" for level in reversed(range(12)))
    assert str(receipt.violations[0]) == f"top{path}.leaf is not a whole number"
    assert count == 2 * 13


LATER = """\
trackside: 1
plan: {name: names, version: 1.0.0, namespace: "https://names.example"}
destinations:
  amplitude: {project: names, region: us, api_key: KEY}
sources:
  web: {side: client, target: javascript, out: web}
  backend: {side: server, target: python, out: split_backend}
endpoint: {route: /t, served_by: backend}
identity:
  device_id: {carried_in: [header, cookie, stored]}
"""


@pytest.mark.parametrize("length", [1, 9, 12, 14, 17, 20, 24, 30, 40, 60, 90, 160])
def test_look_ups_and_promises_of_any_name_are_laid_out(length: int) -> None:
    name, other = name_of(length, "n"), name_of(length, "e")
    part = name_of(length, "p")
    event = {
        "kind": "purchase", "placement": "hybrid", "because": "Both.", "emitted": "later", "attribution": False,
        "client_copy": {"grace": "1m"}, "identity": ["device_id"], "dedupe": [part], "enrich": [name, other],
        "properties": {part: {"type": "string", "max_length": 9}, f"{part[:250]} x": "integer"},
    }  # fmt: skip
    answers = [{"properties": {name_of(length, word): "integer"}} for word in ("s", "t")]
    look_ups = dict(zip((name, other), answers, strict=True))
    text = f"{LATER}enrichments: {yaml(look_ups)}\nevents: {yaml({name_of(length, 'v'): event, 'plain': event})}\n"
    found = check_layout(plan_of(text.replace("split_backend", "generated/backend")))
    for path in ("aio.py", "track.py"):
        functions = [node for node in ast.walk(ast.parse(found[path])) if isinstance(node, ast.AsyncFunctionDef)]
        assert len(functions) == (2 if path == "aio.py" else 0)
    assert "def promise_plain(" in found["track.py"]


def test_awaited_calls_and_promises_of_a_plan_in_several_files(tmp_path: Path, monkeypatch: Any) -> None:
    parts = {
        "a": "enrichments: {customer: {properties: {segment: string}}}\nevents:\n  seen: {kind: state_change}\n",
        "b": "events:\n  paid:\n    kind: purchase\n    placement: hybrid\n    because: Both.\n    emitted: later\n"
        "    attribution: false\n    client_copy: {grace: 1m}\n    identity: [device_id]\n    dedupe: [order_id]\n"
        "    enrich: [customer]\n    properties: {order_id: string}\n",
    }
    (tmp_path / "plan.yaml").write_text(f"{LATER}include: [parts/*.yaml]\n")
    (tmp_path / "parts").mkdir()
    for name, text in parts.items():
        (tmp_path / "parts" / f"{name}.yaml").write_text(text)
    analysis = analyse(tmp_path / "plan.yaml")
    assert analysis.plan is not None and not analysis.bag.has_errors
    check_layout(analysis.plan)
    write_package(analysis.plan, tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    package = importlib.import_module("split_backend")
    package.configure(sink=package.RecordingSink(), enrich=package.Enrichers(customer=lambda _: {"segment": "vip"}))
    with package.capture() as events, package.Context.identified("user-12345", device_id="device-12345").activate():
        promised = package.track.promise_paid(order_id="ORD-1")
        receipt = asyncio.run(package.track.aio.paid(order_id="ORD-1"))
    assert promised.insert_id == receipt.insert_id == events[0]["insert_id"]
    assert events[0]["event_properties"] == {"order_id": "ORD-1", "segment": "vip"}
