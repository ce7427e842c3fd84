"""Each command: what it prints where, and its exit code."""

from __future__ import annotations

import json
import shlex

import pytest
from tests.cli.calling import STARTER, Caller

import trackside as package
from trackside.diagnostics import CODES
from trackside.schema.json_schema import plan_schema
from trackside.targets import OUTPUT_TARGETS

COMMANDS = ("init", "check", "build", "explain", "schema")
WARNING = ("because: The server knows", "because: TODO because the server knows")
ERROR = ("kind: page_view", "kind: page_veiw")


# --- the call itself ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", COMMANDS)
def test_the_help_of_each_command_shows_how_it_is_used(trackside: Caller, command: str) -> None:
    said = trackside(command, "--help")
    assert said.code == 0
    assert said.err == ""
    assert f"usage: trackside {command}" in said.out
    assert f"\nexamples:\n  trackside {command}" in said.out


def test_the_help_lists_every_command_and_the_exit_codes(trackside: Caller) -> None:
    said = trackside("--help")
    assert said.code == 0
    for words in (*COMMANDS, "exit codes:", "NO_COLOR", "standard output"):
        assert words in said.out


def test_a_call_without_a_command_shows_the_help(trackside: Caller) -> None:
    assert trackside() == (2, "", trackside("--help").out)


def test_the_version_is_the_one_that_is_packaged(trackside: Caller) -> None:
    assert trackside("--version") == (0, f"trackside {package.__version__}\n", "")


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["bild"],
        ["check", "--formt", "short"],
        ["check", "--format", "xml"],
        ["check", "--form", "short"],
        ["check", "a", "b"],
        ["build", "--check", "--watch"],
        ["build", "--check", "--force"],
        ["build", "--only"],
        ["build", "--only", "nobody"],
        ["build", "--check", "--only", "nobody"],
        ["build", "nowhere.yaml"],
        ["build", "--check", "nowhere.yaml"],
        ["build", "--watch", "nowhere.yaml"],
        ["check", "nowhere/"],
        ["explain", "no-such-thing"],
        ["explain", "a", "b"],
        ["schema", "x"],
        ["init"],
        ["init", "tracking_plan.yaml"],
    ],
    ids=" ".join,
)
def test_a_wrong_call_is_2_and_says_so_on_standard_error_alone(trackside: Caller, arguments: list[str]) -> None:
    before = trackside.files()
    said = trackside(*arguments)
    assert said.code == 2
    assert said.out == ""
    assert "trackside" in said.err
    assert "Traceback" not in said.err
    assert trackside.files() == before


def test_a_missing_plan_says_how_to_get_one(trackside: Caller) -> None:
    trackside.plan.unlink()
    for command in (["check"], ["build"], ["build", "--check"]):
        said = trackside(*command)
        assert said.code == 2
        assert "trackside init" in said.err


def test_an_internal_error_is_2_and_says_what_to_report(trackside: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise KeyError("something\nof the compiler")

    monkeypatch.setattr("trackside.pipeline.analyse", broken)
    said = trackside("check")
    assert said.code == 2
    assert said.out == ""
    assert "Traceback" not in said.err
    for words in ("the compiler failed", "KeyError", "in `trackside check`", package.__version__, "TRACKSIDE_DEBUG=1"):
        assert words in said.err
    monkeypatch.setenv("TRACKSIDE_DEBUG", "1")
    said = trackside("check")
    assert said.code == 2
    assert "Traceback" in said.err


def test_an_internal_error_while_files_are_written_harms_nothing(
    trackside: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    trackside("build")
    before = trackside.files()
    trackside.edit("A page became visible.", "A page was seen.")

    def broken(*arguments: object) -> object:
        raise RecursionError

    monkeypatch.setitem(OUTPUT_TARGETS, "docs", broken)
    assert trackside("build").code == 2
    after = trackside.files()
    assert {**after, "tracking_plan.yaml": b""} == {**before, "tracking_plan.yaml": b""}


def test_ctrl_c_is_no_traceback(trackside: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("trackside.pipeline.analyse", interrupted)
    said = trackside("build")
    assert said == (130, "", "\ninterrupted\n")


# --- init --------------------------------------------------------------------------------------------------------


def test_init_writes_one_file_which_compiles_without_a_finding(trackside: Caller) -> None:
    trackside.plan.unlink()
    said = trackside("init")
    assert said.code == 0
    assert said.out == ""
    assert list(trackside.files()) == ["tracking_plan.yaml"]
    assert trackside("check", "--strict") == (0, "", "tracking_plan.yaml: no findings in 2 events\n")
    assert trackside("build", "--strict").code == 0
    text = trackside.plan.read_text(encoding="utf-8")
    assert text.count("#") > 8, "it is commented"
    assert "placement: hybrid" in text
    assert "kind: page_view" in text


def test_init_makes_the_folder_and_names_the_calls_that_follow(trackside: Caller) -> None:
    said = trackside("init", "new folder/shop")
    assert said.code == 0
    assert "trackside check 'new folder/shop'" in said.err
    assert (trackside.folder / "new folder/shop/tracking_plan.yaml").read_text(encoding="utf-8") == STARTER


def test_init_overwrites_nothing(trackside: Caller) -> None:
    trackside.plan.write_text("mine\n")
    said = trackside("init")
    assert said.code == 2
    assert "there already" in said.err
    assert trackside.plan.read_text() == "mine\n"
    trackside.plan.unlink()
    trackside.plan.symlink_to("nowhere.yaml")
    assert trackside("init").code == 2
    assert not (trackside.folder / "nowhere.yaml").exists()


# --- check -------------------------------------------------------------------------------------------------------


def test_check_of_a_clean_plan_prints_nothing_to_standard_output(trackside: Caller) -> None:
    assert trackside("check") == (0, "", "tracking_plan.yaml: no findings in 2 events\n")
    assert list(trackside.files()) == ["tracking_plan.yaml"], "and writes nothing"


def test_check_takes_a_file_or_a_folder(trackside: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(trackside.folder.parent)
    for plan in ("shop", "shop/", "shop/tracking_plan.yaml", str(trackside.folder)):
        assert trackside("check", plan).code == 0
    assert trackside("check").code == 2


def test_errors_are_1_and_printed_to_standard_output(trackside: Caller) -> None:
    trackside.edit(*ERROR)
    said = trackside("check")
    assert said.code == 1
    assert said.out.startswith("error[TS205] wrong-value: ")
    assert " --> tracking_plan.yaml:" in said.out
    assert said.err == "tracking_plan.yaml: 1 error in 2 events\n", "also in the one that could not be read"


def test_errors_are_counted_in_the_events_that_were_written(trackside: Caller) -> None:
    head = trackside.plan.read_text(encoding="utf-8").partition("events:")[0]
    trackside.plan.write_text(head + "events: {a: {kind: clik}, b: {kind: clik}}\n", encoding="utf-8")
    assert "in 2 events" in trackside("check").err
    trackside.plan.write_text(head + "events: []\n", encoding="utf-8")
    assert "event" not in trackside("check").err.partition(": ")[2]


def test_warnings_are_0_unless_strict(trackside: Caller) -> None:
    trackside.edit(*WARNING)
    said = trackside("check")
    assert said.code == 0
    assert said.out.startswith("warning[")
    assert "1 warning" in said.err
    assert trackside("check", "--strict") == said._replace(code=1)
    assert trackside("build").code == 0
    assert trackside("build", "--strict").code == 1


def test_short_findings_are_one_line_each(trackside: Caller) -> None:
    trackside.edit(*ERROR)
    (line,) = trackside("check", "--format", "short").out.splitlines()
    assert line.startswith("tracking_plan.yaml:")
    assert ": error[TS205] wrong-value: " in line


def test_json_is_all_there_is_on_standard_output(trackside: Caller) -> None:
    assert json.loads(trackside("check", "--format=json").out) == {"version": 1, "findings": []}
    trackside.edit(*ERROR)
    for command in (["check"], ["build"], ["build", "--check"]):
        said = trackside(*command, "--format=json")
        assert said.code == 1
        (found,) = json.loads(said.out)["findings"]
        assert found["slug"] == "wrong-value"


@pytest.mark.parametrize(
    ("content", "slug"),
    [(b"", "empty-file"), (b"\xff\xfe\x00", "not-utf-8"), (b"- a\n", "not-a-mapping"), (b"a: [\n", "unclosed")],
)
def test_a_file_that_is_no_plan_is_a_finding_with_a_place(trackside: Caller, content: bytes, slug: str) -> None:
    trackside.plan.write_bytes(content)
    for command in ("check", "build"):
        said = trackside(command, "--format", "short")
        assert said.code == 1
        assert f"] {slug}: " in said.out
        assert said.out.startswith("tracking_plan.yaml:")


def test_a_folder_in_the_plans_place_is_a_finding(trackside: Caller) -> None:
    trackside.plan.unlink()
    trackside.plan.mkdir()
    said = trackside("check", "--format", "short")
    assert said.code == 1
    assert "unreadable-file" in said.out


# --- build -------------------------------------------------------------------------------------------------------


def test_build_writes_and_says_what_it_did(trackside: Caller) -> None:
    said = trackside("build")
    assert said.code == 0
    assert said.out == ""
    count = sum(path.startswith("generated/") for path in trackside.files())
    assert said.err == f"tracking_plan.yaml: wrote {count} files, left 0 as they were\n"
    assert trackside("build") == (0, "", f"tracking_plan.yaml: all {count} files are what it compiles to\n")
    assert trackside("build", "--check") == (0, "", f"tracking_plan.yaml: all {count} files are what it compiles to\n")


def test_a_build_of_a_plan_with_errors_writes_nothing(trackside: Caller) -> None:
    trackside.edit(*ERROR)
    said = trackside("build")
    assert said.code == 1
    assert said.err == "tracking_plan.yaml: 1 error; nothing was written\n"
    assert list(trackside.files()) == ["tracking_plan.yaml"]


def test_a_build_that_would_overwrite_an_edit_is_1_and_writes_nothing(trackside: Caller) -> None:
    trackside("build")
    (trackside.folder / "generated/web/index.js").write_text("mine\n")
    trackside.edit("A page became visible.", "A page was seen.")
    before = trackside.files()
    said = trackside("build")
    assert said.code == 1
    assert "output-edited" in said.out
    assert "`trackside build --force`" in said.out
    assert trackside.files() == before
    assert trackside("build", "--force").code == 0
    assert trackside("build", "--check").code == 0


def test_one_source_or_output_is_built_alone(trackside: Caller) -> None:
    assert trackside("build", "--only", "web").code == 0
    assert {path.split("/")[1] for path in trackside.files() if path.startswith("generated")} == {"web"}
    assert trackside("build", "--check", "--only", "web").code == 0
    assert trackside("build", "--check", "--only", "docs").code == 1
    assert trackside("build", "--check").code == 1
    assert trackside("build", "--only", "docs").code == 0
    assert trackside("build", "--check", "--only", "docs").code == 0


def test_a_wrong_name_after_only_gets_the_right_one(trackside: Caller) -> None:
    assert "did you mean 'backend'?" in trackside("build", "--only", "bakend").err
    assert "web, backend, docs, schema" in trackside("build", "--only", "zzz").err
    trackside.edit("\nsources:\n", "\nsources:\n  ios: {side: client, target: none}\n")
    assert "nothing is generated for the source 'ios'" in trackside("build", "--only", "ios").err


# --- build --check -----------------------------------------------------------------------------------------------


def test_drift_is_listed_file_by_file_with_the_command_that_mends_it(trackside: Caller) -> None:
    trackside("build")
    generated = trackside.folder / "generated"
    (generated / "web/index.d.ts").unlink()
    trackside.edit("  page_viewed:", "  page_seen:")
    said = trackside("build", "--check")
    assert said.code == 1
    assert said.err == ""
    *lines, summary = said.out.splitlines()
    assert "missing     generated/web/index.d.ts" in lines
    assert "missing     generated/docs/events/page_seen.md" in lines
    assert "left over   generated/docs/events/page_viewed.md" in lines
    assert "outdated    generated/web/index.js" in lines
    assert summary.endswith("to mend it: trackside build")
    assert trackside("build").code == 0
    assert trackside("build", "--check").code == 0


@pytest.mark.parametrize("format", ["full", "short", "json"])
def test_the_command_that_mends_is_printed_as_it_has_to_be_typed(
    trackside: Caller, monkeypatch: pytest.MonkeyPatch, format: str
) -> None:
    folder = trackside.folder.rename(trackside.folder.with_name("my shop's"))
    monkeypatch.chdir(folder.parent)
    plan = f"{folder.name}/tracking_plan.yaml"
    trackside("build", plan)
    (folder / "generated/web/index.js").write_text("mine\n")
    said = trackside("build", "--check", "--format", format, "--only", "web", plan)
    assert said.code == 1
    call = (said.out + said.err).partition("to mend it: ")[2].splitlines()[0]
    assert shlex.split(call) == ["trackside", "build", plan, "--only", "web", "--force"]
    assert trackside(*shlex.split(call)[1:]).code == 0
    assert trackside("build", "--check", plan).code == 0


def test_drift_can_be_read_by_programs(trackside: Caller) -> None:
    trackside("build")
    (trackside.folder / "generated/web/index.js").write_text("mine\n")
    (trackside.folder / "generated/web/index.d.ts").unlink()
    said = trackside("build", "--check", "--format", "json")
    assert said.code == 1
    found = {one["primary"]["file"]: one["slug"] for one in json.loads(said.out)["findings"]}
    assert found == {"generated/web/index.js": "output-edited", "generated/web/index.d.ts": "output-missing"}
    lines = trackside("build", "--check", "--format", "short").out.splitlines()
    assert [line.partition(":")[0] for line in lines] == sorted(found)


def test_a_check_changes_nothing(trackside: Caller) -> None:
    assert trackside("build", "--check").code == 1
    assert list(trackside.files()) == ["tracking_plan.yaml"]
    trackside("build")
    (trackside.folder / "generated/web/index.js").write_text("mine\n")
    before = trackside.files()
    assert trackside("build", "--check").code == 1
    assert trackside.files() == before


def test_a_plan_that_was_edited_without_effect_is_no_drift(trackside: Caller) -> None:
    trackside("build")
    trackside.edit("# Where events go.", "# Where all events go.")
    assert trackside("build", "--check").code == 0


def test_a_check_says_nothing_of_warnings_unless_they_count(trackside: Caller) -> None:
    trackside.edit(*WARNING)
    trackside("build")
    for _ in range(2):
        assert trackside("build", "--check").out == ""
    said = trackside("build", "--check", "--strict")
    assert said.code == 1
    assert said.out.startswith("warning[")


# --- explain and schema ------------------------------------------------------------------------------------------


def test_explain_lists_every_code(trackside: Caller) -> None:
    said = trackside("explain")
    assert said.code == 0
    assert [line.split()[:3] for line in said.out.splitlines()] == [
        [entry.id, entry.severity.value, slug] for slug, entry in CODES.items()
    ]


def test_explain_prints_the_page_by_name_or_number(trackside: Caller) -> None:
    said = trackside("explain", "output-edited")
    assert said.code == 0
    assert said.out.startswith("# output-edited (TS703, error)\n")
    for heading in ("What it finds", "Why it matters", "Example", "Instead", "When to allow it"):
        assert f"\n## {heading}\n" in said.out
    for other in ("TS703", "ts703", "Output-Edited"):
        assert trackside("explain", other) == said


def test_explain_knows_what_was_meant(trackside: Caller) -> None:
    assert "did you mean `trackside explain output-edited`?" in trackside("explain", "output_editted").err
    assert "`trackside explain` lists all" in trackside("explain", "zzzzzz").err


def test_a_retired_name_leads_to_what_took_its_place(trackside: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("trackside.diagnostics.codes", "trackside.rules"):
        monkeypatch.setattr(f"{module}.RETIRED", {"changed-output": "output-edited"})
    assert trackside("explain", "changed-output") == trackside("explain", "output-edited")


def test_schema_prints_the_schema_of_the_language(trackside: Caller) -> None:
    said = trackside("schema")
    assert said.code == 0
    assert json.loads(said.out) == plan_schema()
    assert said.out.endswith("}\n")
