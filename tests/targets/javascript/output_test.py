"""What is written: read back by parsers of the language, it declares exactly what the plan implies."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from tests import node
from tests.fuzz.plans import plans, to_yaml

from trackside.ir import Plan, Scalar
from trackside.pipeline import analyse, analyse_text
from trackside.targets.javascript import RUNTIME, render
from trackside.targets.names import js_name, js_type_name
from trackside.targets.templates import templates_root

HERE = Path(__file__).parent
CASES = HERE.parents[1] / "cases"
SHARED = {"flush", "login", "optOut", "reset", "setConsent", "stats"}
BOUND = {"capture", "carry", "configure", "trackedFetch"}


def read_back(folder: Path) -> dict[str, Any]:
    node.tools()
    found = node.answer(HERE / "parse.mjs", GENERATED=folder)
    assert isinstance(found, dict)
    return found


def write(plan: Plan, source: str, folder: Path) -> Path:
    for file in render(plan, plan.sources[source]):
        path = folder / file.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(file.text, encoding="utf-8")
    return folder / str(plan.sources[source].out)


def check(plan: Plan, source: str, folder: Path) -> dict[str, Any]:
    """Hold the modules of a source to its views."""
    found = read_back(write(plan, source, folder))
    views = plan.views_of(source)
    names = {view.event.name: js_name(view.event.name, view.event.code_name) for view in views}
    extra = {*BOUND, "sdkOptions"} if plan.sources[source].through == "sdk" else {*BOUND}
    extra |= {"setContext"} if plan.context_views.get(source) else set()
    extra |= {"identify"} if plan.user_views.get(source) else set()
    assert set(found["exports"]) == {*names.values(), *extra}
    assert set(found["passedOn"]) == SHARED
    assert set(found["functions"]) | set(found["values"]) == {*names.values(), *extra} - BOUND
    assert set(found["pure"]) >= set(names.values())
    types = {entry["name"]: entry for entry in found["types"]}
    assert len(types) == len(found["types"])
    for view in views:
        call = found["exports"][names[view.event.name]]
        copies = view.event.client_copy
        is_pending = view.event.placement == "hybrid" and (copies is None or copies.mode == "pending")
        assert call["call"] == ("hybrid" if is_pending else "event")
        plan_name, event_name, *shapes = call["of"]
        assert plan_name == {"name": "plan"}
        assert event_name == view.event.name
        required = [name for name, _ in shapes[0]] if shapes else []
        optional = [name for name, _ in shapes[1]] if len(shapes) > 1 else []
        assert required == [prop.name for prop in view.properties if prop.required]
        assert optional == [prop.name for prop in view.properties if not prop.required]
        interface = types[js_type_name(view.event.name, view.event.code_name)]
        assert [(member["name"], member["optional"]) for member in interface["members"]] == [
            (prop.name, not prop.required)
            for prop in view.properties
            if not (isinstance(prop.type, Scalar) and prop.type.has_const)
        ]
    # Everything that stands at the top of the module has a name of its own.
    bound = [*found["imports"], *found["constants"], *found["exports"]]
    assert len(bound) == len(set(bound))
    return found


STORIES = sorted(path.name for path in CASES.iterdir() if (path / "plan.yaml").is_file())


@pytest.mark.parametrize("story", STORIES)
def test_stories(story: str, tmp_path: Path) -> None:
    analysis = analyse(CASES / story / "plan.yaml")
    if analysis.plan is None or analysis.bag.has_errors:
        return
    for source in analysis.plan.sources.values():
        if source.target == "javascript":
            check(analysis.plan, source.name, tmp_path)


@given(drawn=plans())
@settings(max_examples=15)
def test_random_plans(drawn: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> None:
    analysis = analyse_text(to_yaml(drawn))
    if analysis.plan is None or analysis.bag.has_errors:
        return
    for source in analysis.plan.sources.values():
        if source.target == "javascript":
            check(analysis.plan, source.name, tmp_path_factory.mktemp("random"))


def test_the_plan_of_these_tests(plan_text: str, tmp_path: Path) -> None:
    plan = analyse_text(plan_text).plan
    assert plan is not None
    found = check(plan, "web", tmp_path)
    started = found["exports"]["orderStarted"]["of"]
    parts = ["order_id", "count", "gift", "size", "day", "reference"]
    assert ["key", {"call": "keyOf", "of": [{"name": "plan"}, parts, "first_name"]}] in started[4]
    booked = found["exports"]["slotBooked"]["of"]
    assert ["adds", [{"call": "timeOf", "of": ["booked_at"]}]] in booked[4]
    assert ["category", "marketing"] in booked[4]


def test_the_runtime_is_copied_as_it_is(web: Path) -> None:
    templates = templates_root() / "javascript" / "runtime"
    assert sorted(path.name for path in templates.iterdir()) == sorted(RUNTIME)
    for name in RUNTIME:
        assert (web / "runtime" / name).read_bytes() == (templates / name).read_bytes()


def test_the_package(web: Path, compile_plan: Callable[[str], Path], plan_text: str) -> None:
    package = json.loads((web / "package.json").read_text(encoding="utf-8"))
    assert package["type"] == "module"
    assert package["sideEffects"] == ["./development.js"]
    assert package["name"] == "plan-of-tests-web"
    for target in package["exports"]["."].values():
        assert (web / target).is_file()
    beacon = compile_plan(plan_text.replace("out: web, sdk: {autocapture: [sessions]}", "out: web, through: endpoint"))
    package = json.loads((beacon / "package.json").read_text(encoding="utf-8"))
    assert "peerDependencies" not in package
    assert "sdkOptions" not in (beacon / "index.js").read_text(encoding="utf-8")


def test_the_same_bytes_twice(plan_text: str) -> None:
    first, second = analyse_text(plan_text).plan, analyse_text(plan_text).plan
    assert first is not None
    assert second is not None
    assert list(render(first, first.sources["web"])) == list(render(second, second.sources["web"]))


# --- hostile names and texts ---

HOSTILE_NAMES = [
    "__proto__", "constructor", "prototype", "arguments", "eval", "await", "async", "then", "default", "class",
    "import", "undefined", "null", "true", "NaN", "Infinity", "let", "static", "yield", "enum", "None", "event",
    "plan", "t", "hybrid", "configure", "capture", "identify", "stats", "login", "reset", "track", "date", "Date",
    "record", "receipt", "json", "client", "Array", "object", "string", "number", "404 seen", "a b", "A-b_c",
    "</script>", "*/x", "x\u2028y", 'q"q', "b\\b", "émission", "שלום a", "\u202eevil a", "x ${b}", "`y` z",
    "hasOwnProperty", "toString", "valueOf", "line", "Line",
]  # fmt: skip
HOSTILE_TEXT = "*/ alert(1) /* </script><!-- ${x} `y` \\ \u2028 \u2029 \u202e @deprecated {@link x}\n@internal\r\x00 é"


def hostile_plan() -> str:
    """Write a plan whose names and texts are all of them hostile."""
    events = {}
    for index, name in enumerate(HOSTILE_NAMES):
        events[name] = {
            "code_name": f"event_{index}" if name in {"A-b_c", "Date", "Line"} else None,
            "description": HOSTILE_TEXT,
            "trigger": HOSTILE_TEXT,
            "owner": HOSTILE_TEXT.replace("\x00", ""),
            "kind": "engagement",
            "properties": {
                name: {"type": "string", "description": HOSTILE_TEXT, "example": HOSTILE_TEXT, "unit": HOSTILE_TEXT},
                "line": "line",
                "choice": "optional choice",
                "constructor": "optional string",
                "__proto__": "optional string",
            },
        }
        events[name] = {key: value for key, value in events[name].items() if value is not None}
    plan = {
        "trackside": 1,
        "plan": {"name": "hostile", "version": "1.0.0", "namespace": "https://hostile.example"},
        "destinations": {"amplitude": {"project": "p", "api_key": "KEY"}},
        "sources": {"web": {"side": "client", "target": "javascript", "out": "web"}},
        "types": {
            "line": {
                "type": "object",
                "description": HOSTILE_TEXT,
                "properties": {"a b": "string", "__proto__": "integer"},
            },
            "choice": {"enum": dict.fromkeys(("*/", "</script>", "<!--", "\u2028", '"', "\\", "${x}"), HOSTILE_TEXT)},
        },
        "events": events,
    }
    # The plan language keeps to the escapes that every parser of YAML knows.
    return json.dumps(plan, ensure_ascii=True).replace("\\r", "\\x0D")


def test_hostile_names_and_texts(tmp_path: Path) -> None:
    analysis = analyse_text(hostile_plan())
    assert analysis.plan is not None
    plan = analysis.plan
    missing = [name for name in HOSTILE_NAMES if name not in plan.events]
    assert not missing
    assert not analysis.bag.has_errors, [found.headline for found in analysis.bag if found.severity.value == "error"]
    folder = tmp_path / "out"
    found = check(plan, "web", folder)
    calls = found["exports"]
    assert {calls[js_name(event.name, event.code_name)]["of"][1] for event in plan.events.values()} == set(
        HOSTILE_NAMES
    )
    for name in ("await", "then", "default", "constructor", "arguments", "eval", "undefined", "plan", "t", "hybrid"):
        assert name not in calls
        assert f"{name}_" in calls
    # No tag of a description became a tag of the comment, and no text got out of its comment.
    for entry in [*found["functions"].values(), *found["values"].values()]:
        assert entry["tags"] == []
    for entry in found["types"]:
        for member in entry.get("members", ()):
            assert member["tags"] == []
            if member["name"] not in {"line", "choice", "a b", "__proto__", "constructor"} and entry["name"] != "Line":
                assert "alert(1)" in member["words"]
    for path in (folder / "web").rglob("*"):
        if path.is_file():
            text = path.read_text(encoding="utf-8")
            assert not set(text) & set("\x00\r\u2028\u2029\u202e"), path
            if path.name == "index.js":
                assert "</" not in text.split("\n", 1)[1]
                assert "alert" not in text


def test_hostile_names_work(tmp_path: Path) -> None:
    """The events of those names can be called, under those names, with those properties."""
    plan = analyse_text(hostile_plan()).plan
    assert plan is not None
    folder = write(plan, "web", tmp_path)
    script = tmp_path / "call.mjs"
    script.write_text(
        'import * as web from "./web/index.js";\n'
        "const { events } = web.capture();\n"
        "const asked = JSON.parse((await import('node:fs')).readFileSync(0, 'utf8'));\n"
        'const given = JSON.parse(\'{"a b": "x", "__proto__": 1}\');\n'
        "for (const [name, property] of asked) {\n"
        "  const properties = Object.fromEntries([[property, 'x'], ['line', given]]);\n"
        "  const receipt = web[name](properties);\n"
        "  if (receipt.problems.length) throw new Error(name + JSON.stringify(receipt.problems));\n"
        "}\n"
        "console.log(JSON.stringify(events.map((event) => [event.event_type, event.event_properties])));\n",
        encoding="utf-8",
    )
    asked = [
        [js_name(name, plan.events[name].code_name), name if name != "line" else "constructor"]
        for name in HOSTILE_NAMES
    ]
    sent = node.answer(script, given=asked)
    line = {"a b": "x", "__proto__": 1}
    for (_, prop), name, (event_type, properties) in zip(asked, HOSTILE_NAMES, sent, strict=True):
        assert event_type == name
        assert properties == {prop: "x", "line": line}
    assert folder.is_dir()


# --- what a browser must never learn ---


def test_nothing_of_the_server_reaches_the_browser(web: Path, plan_text: str) -> None:
    assert plan_text.count("SECRET") >= 8
    assert plan_text.count("secret") >= 6
    for path in web.rglob("*"):
        if path.is_file():
            text = path.read_text(encoding="utf-8").lower()
            assert "secret" not in text, path
            assert "margin" not in text, path


def test_nothing_of_the_shops_server_reaches_the_browser(shop: Path) -> None:
    plan = analyse(HERE.parents[2] / "tracking_plan.yaml").plan
    assert plan is not None
    seen = {prop.name for view in plan.views_of("web") for prop in view.properties}
    hidden = {event.name for event in plan.events.values() if (event.name, "web") not in plan.views}
    hidden |= {prop.name for event in plan.events.values() for prop in event.properties} - seen
    hidden |= {prop.name for enrichment in plan.enrichments.values() for prop in enrichment.properties} - seen
    hidden |= {"warehouse", "HAM-2", "vip"}
    assert len(hidden) > 20
    text = "".join(path.read_text(encoding="utf-8") for path in shop.glob("*.*"))
    for name in hidden:
        assert f'"{name}"' not in text, name
        assert f"{name}:" not in text, name
        assert f"{name}?:" not in text, name
        assert js_name(name) not in text or js_name(name) == name, name
