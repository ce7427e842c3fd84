"""A plan over several files."""

from __future__ import annotations

from pathlib import Path

from trackside.pipeline import analyse

HEAD = """\
trackside: 1
plan: {name: shop, version: 1.0.0, namespace: "https://shop.example"}
destinations: {amplitude: {project: shop}}
sources: {web: {side: client, target: javascript, out: generated/web}}
include: [plan/*.yaml]
"""


def write(folder: Path, **files: str) -> Path:
    """Write a plan and its parts."""
    (folder / "plan").mkdir()
    for name, text in files.items():
        path = folder / "tracking_plan.yaml" if name == "plan" else folder / "plan" / f"{name}.yaml"
        path.write_text(text, encoding="utf-8")
    return folder / "tracking_plan.yaml"


def test_parts_are_merged_in_the_order_of_their_names(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        plan=HEAD + "events: {opened: {kind: click}}\n",
        b="events: {b_seen: {kind: click, property_groups: [app]}}\nuser_properties: {tier: string}\n",
        a="types: {money: {type: number}}\nproperty_groups: {app: {price: money}}\nevents: {a_seen: {kind: click}}\n",
    )
    analysis = analyse(path)
    assert not list(analysis.bag)
    assert analysis.plan is not None
    assert list(analysis.plan.events) == ["opened", "a_seen", "b_seen"]
    assert [prop.name for prop in analysis.plan.events["b_seen"].properties] == ["price"]
    assert [prop.name for prop in analysis.plan.user_properties] == ["tier"]


def test_what_a_part_adds_is_kept_under_its_file(tmp_path: Path) -> None:
    path = write(tmp_path, plan=HEAD + "x-team: one\nevents: {}\n", a="x-team: two\nevents: {opened: {kind: click}}\n")
    plan = analyse(path).plan
    assert plan is not None
    assert plan.extensions == {"x-team": "one", "plan/a.yaml: x-team": "two"}


def test_a_name_defined_in_two_files_is_reported_at_both(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        plan=HEAD,
        a="events:\n  seen: {kind: click}\ntypes: {t: {type: string}}\nproperty_groups: {g: {p: string}}\n",
        b="\nevents:\n  seen: {kind: click}\ntypes: {t: {type: string}}\nproperty_groups: {g: {p: string}}\n",
    )
    analysis = analyse(path)
    found = [
        (item.slug, item.primary.span.file, item.primary.span.line, item.secondary[0].span.file)
        for item in analysis.bag
        if item.slug == "defined-twice"
    ]
    assert found == [
        ("defined-twice", "plan/b.yaml", 3, "plan/a.yaml"),
        ("defined-twice", "plan/b.yaml", 4, "plan/a.yaml"),
        ("defined-twice", "plan/b.yaml", 5, "plan/a.yaml"),
    ]


def test_a_part_holds_parts_only(tmp_path: Path) -> None:
    path = write(tmp_path, plan=HEAD, a="sources: {ios: {side: client}}\nevents: {seen: {kind: click}}\n")
    analysis = analyse(path)
    assert [(item.slug, item.primary.span.file) for item in analysis.bag] == [("unknown-key", "plan/a.yaml")]
    assert analysis.plan is not None
    assert list(analysis.plan.events) == ["seen"]
