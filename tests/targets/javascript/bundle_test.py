"""What a site ships: bundled by esbuild, what is not imported leaves no byte, and what is imported is small."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest
from bench.plans import write_plan
from tests import node

from trackside.pipeline import analyse
from trackside.targets.javascript import render

HERE = Path(__file__).parent

SHA1_START = ("1732584193", "0x67452301")


class Bundle(NamedTuple):
    """The minified code of an entry, and its size in bytes, gzipped; `ours` leaves out the list of what a page uses."""

    code: str
    size: int
    ours: int


def bundle(folder: Path, *entries: str, **variables: str) -> list[Bundle]:
    node.tools()
    found = node.answer(HERE / "bundle.mjs", given=entries, GENERATED=folder, **variables)
    return [Bundle(one["code"], one["size"], one["ours"]) for one in found]


def importing(*names: str, path: str = "./index.js") -> str:
    """Write a module that imports some names and uses them in a way that no bundler sees through."""
    listed = ", ".join(names)
    return f'import {{ {listed} }} from "{path}"; globalThis.used = [{listed}];' if names else f'import "{path}";'


def events_of(folder: Path) -> dict[str, str]:
    """Map the functions of a generated folder to the code that declares them."""
    code = (folder / "index.js").read_text(encoding="utf-8")
    parts = re.split(r"(?m)^export const (\w+) = /\*#__PURE__\*/ (?=event|hybrid)", code)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def test_importing_nothing_costs_nothing(web: Path) -> None:
    (nothing,) = bundle(web, importing())
    assert nothing.code.strip() == ""


def test_an_event_that_is_not_imported_leaves_no_byte(web: Path) -> None:
    events = events_of(web)
    assert len(events) >= 12
    words = {name: set(re.findall(r"\w{4,}", code)) for name, code in events.items()}
    bundles = dict(zip(events, bundle(web, *[importing(name) for name in events]), strict=True))
    for name, one in bundles.items():
        assert re.search(r'"([^"]+)"', events[name])[1] in one.code  # type: ignore[index]
        for other in events.keys() - {name}:
            wire_name = re.search(r'"([^"]+)"', events[other])
            assert wire_name is not None
            assert f'"{wire_name[1]}"' not in one.code
            own = words[other] - words[name]
            left = {word for word in own if re.search(rf"\b{word}\b", one.code)}
            runtime = {word for path in (web / "runtime").glob("*.js") for word in re.findall(r"\w+", path.read_text())}
            assert left <= runtime, (name, other, left - runtime)


def test_a_part_that_no_imported_event_needs_costs_nothing(web: Path) -> None:
    plain, keyed, hybrid, login = bundle(
        web, importing("heartBeat"), importing("orderStarted"), importing("orderPaid"), importing("loggedIn")
    )
    for word in ("pending", "$set", "$identify", "not a UUID", "not a date", "anonymous"):
        assert word not in plain.code
    assert not any(constant in plain.code for constant in SHA1_START)
    assert any(constant in keyed.code for constant in SHA1_START)
    assert "not a UUID" in keyed.code
    assert "pending" in hybrid.code
    assert "pending" not in keyed.code
    assert "anonymous" in login.code


def test_nothing_runs_when_a_module_is_imported(web: Path) -> None:
    """A page that is rendered on a server imports the modules without a browser's globals."""
    script = 'for (const name of ["crypto", "fetch", "navigator"]) delete globalThis[name];\n'
    script += 'await import("./index.js");'
    node.run("--input-type=module", "--eval", script, cwd=web)


@pytest.fixture(scope="session")
def package(web: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder from which the generated one is found by its package name."""
    folder = tmp_path_factory.mktemp("site")
    (folder / "node_modules").mkdir()
    (folder / "node_modules" / "plan-of-tests-web").symlink_to(web)
    return folder


def test_the_development_condition(package: Path) -> None:
    entry = importing("heartBeat", path="plan-of-tests-web")
    (production,), (development,) = bundle(package, entry), bundle(package, entry, CONDITIONS="development")
    assert re.search(r"\(\{strict:(!0|true)\}\)", development.code)
    assert not re.search(r"\(\{strict:(!0|true)\}\)", production.code)
    call = 'import { pageViewed } from "plan-of-tests-web"; pageViewed({});'
    (package / "call.mjs").write_text(call, encoding="utf-8")
    node.run(package / "call.mjs")
    said = node.run(
        "--conditions=development",
        "--eval",
        'import("./call.mjs").catch((error) => console.log(error.message))',
        cwd=package,
    )
    assert said == "page_viewed: page_path missing, page_type missing\n"


# --- checks: development ---


@pytest.fixture(scope="session")
def unchecked(compile_plan: Callable[[str], Path], plan_text: str) -> Path:
    return compile_plan(plan_text.replace("out: web,", "out: web, checks: development,"))


def test_without_checks_wire_forms_and_keys_stay(unchecked: Path, web: Path) -> None:
    script = (
        "const results = [];\n"
        "for (const path of [process.env.GENERATED, process.env.CHECKED]) {\n"
        "  const web = await import(path + '/index.js');\n"
        "  const { events } = web.capture();\n"
        "  web.everythingSeen({ text: 'x'.repeat(99), datetime: new Date(0),"
        " uuid: 'A0000000-0000-0000-0000-00000000000A', any: undefined, moments: [new Date(1)], words: ['a'] });\n"
        "  web.orderStarted({ order_id: 'cafe\\u0301', count: 1, gift: true, size: 'S', day: '2026-01-31',"
        " reference: 'A0000000-0000-0000-0000-00000000000A' });\n"
        "  web.pageViewed({ page_path: 1n, page_type: 'garden', page_title: undefined });\n"
        "  web.orderStarted({ order_id: '' });\n"
        "  results.push(events.map((event) => [event.event_type, event.event_properties, event.insert_id]));\n"
        "}\n"
        "console.log(JSON.stringify(results));\n"
    )
    (found, checked) = node.answer("--input-type=module", "--eval", script, GENERATED=unchecked, CHECKED=web)
    everything, order, page = found
    assert everything[1] == {
        "text": "x" * 99,
        "datetime": "1970-01-01T00:00:00.000Z",
        "uuid": "a0000000-0000-0000-0000-00000000000a",
        "moments": ["1970-01-01T00:00:00.001Z"],
        "words": ["a"],
        "fixed": 7,
    }
    assert order == checked[1]
    assert page[1] == {"page_type": "garden"}  # not JSON: left out all the same
    assert len(found) == 3


def test_without_checks_the_development_module_still_checks(unchecked: Path) -> None:
    names = sorted(path.name for path in unchecked.glob("*.js"))
    assert names == ["checked.js", "development.js", "index.js"]
    production, development = bundle(
        unchecked, importing("pageViewed"), importing("pageViewed", path="./development.js")
    )
    assert "garden" not in development.code
    assert '"product"' in development.code
    assert '"product"' not in production.code


# --- sizes, in bytes, gzipped ---

LIMITS = {"core": 2_970, "more": 3_470, "event": 4_190, "copy": 5_900, "all": 8_860}


def benchmark(folder: Path, events: int, checks: str) -> tuple[Path, list[str]]:
    """Compile the benchmark's plan; of its events, seven in ten are sent by the browser."""
    path = write_plan(folder, events)
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("through: sdk", f"through: sdk, checks: {checks}"), encoding="utf-8")
    plan = analyse(path).plan
    assert plan is not None
    for file in render(plan, plan.sources["web"]):
        target = folder / file.path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(file.text, encoding="utf-8")
    web = folder / "generated" / "web"
    return web, list(events_of(web))


@pytest.mark.parametrize(
    ("events", "checks", "limit"),
    [(1_430, "always", 10_700), (1_430, "development", 9_820), (1_000, "development", 8_320)],
)
def test_many_events(tmp_path: Path, events: int, checks: str, limit: int) -> None:
    """Hold the benchmark's bundle, all of its events imported: what is ours, and with the page's own list of them."""
    web, names = benchmark(tmp_path, events, checks)
    assert len(names) in {700, 1_001}
    (one,) = bundle(web, importing("configure", *names))
    assert len(re.findall(r'"area_\w+_(?:viewed|placed)"', one.code)) == len(names)
    print(f"{len(names):,} events, checks: {checks}: {one.ours:,} B, with a list of them {one.size:,} B")
    assert one.ours <= limit
    assert one.size <= limit + 2.3 * len(names)


def test_each_event_of_the_shop(shop: Path) -> None:
    names = list(events_of(shop))
    entries = [importing("configure", *names), importing("configure")]
    entries += [importing("configure", *[other for other in names if other != name]) for name in names]
    whole, core, *others = bundle(shop, *entries)
    margins = {name: whole.size - other.size for name, other in zip(names, others, strict=True)}
    print(f"configure {core.size} B, {len(names)} events {whole.size} B, at the margin {margins}")
    assert sum(margins.values()) / len(margins) <= 120
    assert whole.size <= 8_000


def test_the_whole_runtime(web: Path) -> None:
    modules = [path.name for path in sorted((web / "runtime").glob("*.js"))]
    lines = [f'import * as part{index} from "./runtime/{name}";' for index, name in enumerate(modules)]
    everything = "".join(lines) + f"globalThis.used = [{', '.join(f'part{index}' for index in range(len(modules)))}];"
    (one,) = bundle(web, everything)
    print(f"all of the runtime: {one.size} B")
    assert one.size <= LIMITS["all"]


# --- through the endpoint, without an SDK ---

CORE = ("configure", "setConsent", "trackedFetch")
MORE = ("login", "reset", "optOut", "carry", "flush", "stats")
QUEUE = 'import { send } from "./runtime/beacon.js"; globalThis.queue = send;'
"""What every event comes with: the core without it could hold and send nothing."""


@pytest.fixture(scope="session")
def beacon(compile_plan: Callable[[str], Path]) -> Path:
    """The folder that the shop's plan compiles to, as it is."""
    return compile_plan((HERE.parents[2] / "tracking_plan.yaml").read_text(encoding="utf-8"))


def test_the_beacon(beacon: Path) -> None:
    """Session, attribution, carriers, queue and consent; then one typed event; then keys, copies and checks."""
    core, more, event, copy, both = bundle(
        beacon,
        importing(*CORE) + QUEUE,
        importing(*CORE, *MORE) + QUEUE,
        importing(*CORE, "buttonClicked"),
        importing(*CORE, "purchaseCompleted"),
        importing(*CORE, *MORE, "purchaseCompleted"),
    )
    print(f"core {core.size} B, with {', '.join(MORE)} {more.size} B, with an event {event.size} B")
    print(f"with keys, copies and checks {copy.size} B, with all of these {both.size} B")
    assert core.size <= LIMITS["core"]
    assert more.size <= LIMITS["more"]
    assert event.size <= LIMITS["event"]
    assert copy.size <= LIMITS["copy"]
    assert not any(constant in core.code for constant in SHA1_START)
    for word in ("trackside_ok", "known", "refused", "16777619", "not a user id"):
        assert word not in core.code
    assert "trackside_ok" in copy.code
    assert "not a user id" not in copy.code


SMALL_PLAN = """\
trackside: 1
plan: {name: small, version: 1.0.0, namespace: "https://small.example"}
destinations:
  amplitude: {project: small, api_key: SMALL_KEY}
sources:
  web:     {side: client, target: javascript, out: web, through: endpoint}
  backend: {side: server, target: python, out: backend}
endpoint: {route: /t, served_by: backend}
identity:
  device_id:  {created_by: client, carried_in: [header]}
  session_id: {created_by: client, carried_in: [header]}
  user_id:    {created_by: server}
consent: {default: denied, pending: queue, stores: analytics, carried_in: [header]}
events:
  button_clicked: {kind: click, properties: {button_id: string}}
"""
ATTRIBUTION = "attribution: {parameters: [utm_source, utm_medium, utm_campaign], carried_in: [header], keep: 90d}\n"


@pytest.mark.parametrize(
    ("with_cookie", "attribution", "limit"), [(False, "", 2_450), (True, "", 2_670), (True, ATTRIBUTION, 2_950)]
)
def test_what_the_plan_does_not_want_costs_nothing(
    compile_plan: Callable[[str], Path], with_cookie: bool, attribution: str, limit: int
) -> None:
    text = SMALL_PLAN + attribution
    folder = compile_plan(text.replace("[header]", "[header, cookie]") if with_cookie else text)
    (core,) = bundle(folder, importing(*CORE) + QUEUE)
    print(f"core {core.size} B, cookie: {with_cookie}, attribution: {attribution != ''}")
    assert core.size <= limit
    assert ("samesite" in core.code) == with_cookie
    assert ("referring_domain" in core.code) == (attribution != "")


def test_the_beacon_needs_no_eval_and_touches_nothing_when_it_is_imported(beacon: Path) -> None:
    (whole,) = bundle(beacon, 'import * as web from "./index.js"; globalThis.used = web;')
    assert not re.search(r"\beval\(|\bFunction\(|createElement", whole.code)
    script = 'for (const name of ["crypto", "fetch", "navigator", "performance"]) delete globalThis[name];\n'
    script += 'const web = await import("./index.js");\n'
    script += "const receipt = web.capture && web.stats();\nconsole.log(JSON.stringify(receipt));"
    said = node.answer("--input-type=module", "--eval", script, cwd=beacon)
    assert said == {"accepted": 0, "sent": 0, "waiting": 0, "dropped": {}}


@pytest.mark.parametrize("through", ["endpoint", "sdk"])
def test_what_is_rendered_on_a_server_sends_nothing(beacon: Path, shop: Path, through: str) -> None:
    script = 'import * as web from "./index.js";\n'
    script += "web.configure(); web.login('person-a'); web.setConsent({ analytics: true });\n"
    script += "web.buttonClicked({ button_id: 'a' }); web.reset(); await web.flush();\n"
    script += "const init = web.carry('/api', { method: 'PUT' });\n"
    script += "console.log(JSON.stringify([web.stats().dropped, init, web.stats().waiting]));"
    folder = beacon if through == "endpoint" else shop
    assert node.answer("--input-type=module", "--eval", script, cwd=folder) == [{"no_page": 1}, {"method": "PUT"}, 0]
