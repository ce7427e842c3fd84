"""The browser gives every value the compiler's verdict and wire form."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from tests import node

from trackside.ir import Json, Plan
from trackside.ir.keys import namespace_uuid
from trackside.ir.values import (
    DATE_PATTERN,
    URL_PATTERN,
    WrongValueError,
    same,
    wire_value,
)
from trackside.pipeline import analyse_text
from trackside.targets.javascript import render
from trackside.targets.names import js_name
from trackside.targets.samples import Samples
from trackside.targets.test_vectors import arguments
from trackside.targets.test_vectors import render as render_vectors
from trackside.targets.value_candidates import candidates

HERE = Path(__file__).parent
ROOT = HERE.parents[2]

TEXTS = [
    "2026-01-31T12:00:00Z", "2026-01-31T12:00:00.1Z", "2026-01-31T12:00:00.1239999+23:59",
    "0001-01-01T00:00:00+00:01", "0000-12-31T23:59:00-23:59", "9999-12-31T23:59:59-00:01", "2026-01-31T24:00:00Z",
    "2026-01-31T12:60:00Z", "2026-01-31T12:00:60Z", "2026-02-29T12:00:00Z", "2024-02-29T12:00:00Z",
    "2026-01-31T12:00:00", "2026-01-31T12:00Z", "2026-01-31t12:00:00z", "2026-01-31 12:00:00Z",
    "2026-01-31T12:00:00.Z", "2026-01-31T12:00:00.1234567890Z", "2026-01-31T12:00:00+24:00",
    "2026-01-31T12:00:00+01:60", "2026-01-31T12:00:00-00:00", "2026-1-31T12:00:00Z", "0000-01-01T00:00:00Z",
    "2026-13-01", "2026-02-30", "2024-02-29", "2023-02-29", "1900-02-29", "2000-02-29", "0001-01-01", "0000-01-01",
    "9999-12-31", "10000-01-01", "2026-01-31\n", " 2026-01-31", "２０２６-01-31", "1969-12-31T23:59:59.9999Z",
    "ABCDEF01-2345-6789-ABCD-EF0123456789", "abcdef01-2345-6789-abcd-ef0123456789",
    "{abcdef01-2345-6789-abcd-ef0123456789}", "abcdef0123456789abcdef0123456789", "https://a.example",
    "HTTP://a.example:8080/x?y#z", "https://a.example/ü", "https://user@a.example", "https://", "ftp://a.example",
    "//a.example", "https://[::1]:80/", "https://a.example/<", "https://a.example\n", "https://a_b.example",
    "https://a.example:123456", "", "a", "ab", "abcd", "abcde", "😀", "😀😀", "😀😀😀😀", "😀😀😀😀😀", "e\u0301",
    "\u2028", "</script>", "A", "b", "a/b", "ab-12", "ab-1", "-12", "a\n", "\x00\x00", "true", "null", "NaN", "1",
    "__proto__",
]  # fmt: skip
NUMBERS: list[Json] = [
    0, -0.0, 1, 1.0, 2, 5, 7, -1, 0.1, 9.999, 10, 10.0, 1.5, 3.0, 2**53 - 1, 2**53, -(2**53), 1 - 2**53, 1e21, 1e300,
    5e-324, True, False, None,
]  # fmt: skip


def ask(web: Path, plan: Plan, cases: list[tuple[str, str, str, Any]]) -> list[Any]:
    """Judge values in one process: (event, property, how, value)."""
    samples = Samples(plan, "client")
    asked = []
    for event, prop, how, value in cases:
        view = plan.views[event, "web"]
        asked.append([js_name(event, view.event.code_name), arguments(view, samples), prop, how, value])
    found = node.answer(HERE / "values.mjs", given=asked, GENERATED=web)
    assert isinstance(found, list)
    return found


def plan_of(text: str) -> Plan:
    plan = analyse_text(text).plan
    assert plan is not None
    return plan


def judge(plan: Plan, event: str, prop: str, value: Json) -> dict[str, Json]:
    """Let the compiler judge."""
    found = plan.views[event, "web"].property(prop)
    assert found is not None
    try:
        return {"wire": wire_value(found.type, value, "client")}
    except WrongValueError as error:
        return {"reason": str(error)}


def check(web: Path, plan: Plan, cases: list[tuple[str, str, str, Any]]) -> None:
    """Hold the browser to the compiler's verdicts on JSON values."""
    for (event, prop, _, value), verdict in zip(cases, ask(web, plan, cases), strict=True):
        expected = judge(plan, event, prop, value)
        about = f"{event}.{prop}: {value!r}: {verdict} is not {expected}"
        assert verdict.keys() == expected.keys(), about
        if "wire" in expected:
            assert same(verdict["wire"], expected["wire"]), about
        else:
            assert prop in verdict["reason"], about


def test_every_type_on_many_values(web: Path, plan_text: str) -> None:
    plan = plan_of(plan_text)
    view = plan.views["everything_seen", "web"]
    values: list[Json] = [*TEXTS, *NUMBERS, [], {}, [[]], [None], {"a": None}]
    cases: list[tuple[str, str, str, Any]] = []
    for prop in view.properties:
        if prop.name == "fixed":
            continue
        cases += [("everything_seen", prop.name, "json", value) for value in values]
        cases += [("everything_seen", prop.name, "json", [value]) for value in values]
        cases += [("everything_seen", prop.name, "json", {"a": value}) for value in values]
        for candidate in candidates(prop.type, Samples(plan, "client")):
            if candidate.make is None:
                cases.append(("everything_seen", prop.name, "json", candidate.value))
    check(web, plan, cases)


def test_what_only_javascript_can_say(web: Path, plan_text: str) -> None:
    plan = plan_of(plan_text)
    names = [prop.name for prop in plan.views["everything_seen", "web"].properties if prop.name != "fixed"]
    refused = [("float", "nan"), ("float", "inf"), ("bigint", "1"), ("Date", "invalid"), ("undefined", "")]
    cases: list[tuple[str, str, str, Any]] = [
        ("everything_seen", name, how, text) for name in names for how, text in refused
    ]
    for (_, name, how, text), verdict in zip(cases, ask(web, plan, cases), strict=True):
        assert "reason" in verdict, (name, how, text, verdict)
    dates = [
        "2026-01-31T12:00:00.123Z",
        "0001-01-01T00:00:00Z",
        "9999-12-31T23:59:59.999Z",
        "+010000-01-01T00:00:00Z",
        "-000001-01-01T00:00:00Z",
    ]
    cases = [("everything_seen", name, "Date", text) for name in names for text in dates]
    for (_, name, _, text), verdict in zip(cases, ask(web, plan, cases), strict=True):
        if name == "datetime" and text[0] not in "+-":
            assert verdict == {"wire": judge(plan, "everything_seen", "datetime", text)["wire"]}
        else:
            assert "reason" in verdict, (name, text)


def test_a_number_beyond_what_a_double_tells_apart(web: Path, plan_text: str) -> None:
    cases = [
        ("everything_seen", "integer", "integer", str(2**53)),
        ("everything_seen", "number", "integer", str(2**60)),
    ]
    integer, number = ask(web, plan_of(plan_text), cases)
    assert "reason" in integer
    assert float(number["wire"]) == 2.0**60


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.sampled_from(TEXTS)
    | st.text(max_size=6),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["sku", "quantity", "price", "note", "kind", "a", "__proto__", ""]), inner, max_size=5
        )
    ),
    max_leaves=8,
)
LINE = st.fixed_dictionaries(
    {
        "sku": st.sampled_from(["ABC", "ABC-1", "ab", "AB"]),
        "quantity": st.sampled_from([1, 2.0, 0, "1"]),
        "price": st.sampled_from([None, 0, 1.5, -1]),
    },
    optional={
        "note": st.sampled_from(["x", None]),
        "kind": st.sampled_from(["goods", "other"]),
        "secret_cost": st.just(1),
        "__proto__": st.just(1),
    },
)


def test_random_values(web: Path, plan_text: str) -> None:
    plan = plan_of(plan_text)
    drawn: list[tuple[str, str, str, Any]] = []

    @given(value=JSON, lines=st.lists(LINE, max_size=3), unique=st.lists(JSON, max_size=4))
    def draw(value: Json, lines: list[dict[str, Json]], unique: list[Json]) -> None:
        drawn.append(("everything_seen", "any", "json", value))
        drawn.append(("everything_seen", "lines", "json", lines))
        drawn.append(("everything_seen", "unique", "json", unique))
        drawn.append(("everything_seen", "unique", "json", [*unique, *unique[:1]]))

    draw()
    check(web, plan, drawn)


def _depth(levels: int, *, of_maps: bool) -> Json:
    value: Json = 1
    for _ in range(levels):
        value = {"a": value} if of_maps else [value]
    return value


def test_depth_of_any(web: Path, plan_text: str) -> None:
    cases = [
        ("everything_seen", "any", "json", _depth(levels, of_maps=maps))
        for levels in (39, 40, 41, 500)
        for maps in (True, False)
    ]
    check(web, plan_of(plan_text), cases)


def test_published_patterns_to_the_letter(web: Path) -> None:
    code = (web / "runtime" / "values.js").read_text(encoding="utf-8")
    for pattern in (URL_PATTERN.replace("//", r"\/\/"), DATE_PATTERN):
        assert f"/^{pattern}$/" in code


def test_vectors_of_the_shop(tmp_path: Path) -> None:
    """Replay the vectors that the plan's own target prints."""
    plan = plan_of((ROOT / "tracking_plan.yaml").read_text(encoding="utf-8"))
    for file in render(plan, plan.sources["web"]):
        path = tmp_path / file.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(file.text, encoding="utf-8")
    vectors = {
        Path(file.path).name: json.loads(file.text) for file in render_vectors(plan, plan.outputs["test_vectors"])
    }
    asked: list[Any] = []
    expected: list[dict[str, Json]] = []
    for entry in vectors["values.json"]["types"]:
        for use in entry["uses"]:
            if use["source"] != "web":
                continue
            event = plan.events[use["event"]]
            name = js_name(event.name, event.code_name)
            others = vectors["values.json"]["arguments"]["web"][event.name]
            for vector in [*entry["accept"], *entry["reject"]]:
                if vector.get("only", "javascript") == "javascript" and vector.get("make", "json") != "decimal":
                    asked.append(
                        [
                            name,
                            others,
                            use["property"],
                            vector.get("make", "json"),
                            vector.get("text", vector.get("value")),
                        ]
                    )
                    expected.append(vector)
    assert len(asked) > 300
    for case, vector, verdict in zip(
        asked,
        expected,
        node.answer(HERE / "values.mjs", given=asked, GENERATED=tmp_path / "generated/web"),
        strict=True,
    ):
        assert ("wire" in verdict) == ("wire" in vector), (case, vector, verdict)
        if "wire" in vector:
            assert same(verdict["wire"], vector["wire"]), (case, vector, verdict)
    keys = vectors["keys.json"]
    asked = []
    expected = []
    for vector in [*keys["vectors"], *keys["refused"]]:
        event = plan.events[vector["event"]]
        assert event.dedupe is not None
        if vector["scheme"] == 1 and "given" not in vector:
            asked.append(["hash", str(namespace_uuid(plan.namespace)), vector["key_name"], vector["parts"]])
            expected.append(vector.get("insert_id"))
    assert len(asked) > 10
    assert node.answer(HERE / "keys.mjs", given=asked, GENERATED=tmp_path / "generated/web") == expected
