"""Write the pages of docs/ that the compiler's own tables give: `make reference` runs this, a test holds it."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from pathlib import Path

from trackside.cli.call import parser
from trackside.diagnostics import CODES
from trackside.schema.json_schema import plan_schema
from trackside.schema.reference import reference

ROOT = Path(__file__).resolve().parent.parent

STAGES = {
    "1": ("Source", "reading the files"),
    "2": ("Schema", "the shape of the plan"),
    "3": ("Resolve", "what the parts of the plan say of each other"),
    "4": ("Rules", "what the plan would do in production"),
    "5": ("Changes", "what a new version breaks"),
    "6": ("Targets", "what a language cannot express"),
    "7": ("Output", "what is on disk"),
}


def rules() -> str:
    """Print the index of every code, by stage."""
    lines = [
        "# Every finding",
        "",
        "<!-- Written by `make reference` from the compiler's table of codes. Do not edit. -->",
        "",
        "`trackside explain SLUG` prints the page of one: what it finds, why it matters, an example, what to write",
        "instead, and when to allow it. An error stops the build; a warning does not.",
        "",
        "A finding of a rule is allowed on its own line, or above the node, with a reason:",
        "",
        "```yaml",
        "# trackside: allow SLUG -- the reason, for whoever reads this next",
        "```",
        "",
        "Findings marked *firm* cannot be allowed: the generated code relies on them.",
    ]
    for digit, (title, subject) in STAGES.items():
        entries = [entry for entry in CODES.values() if entry.id[2] == digit]
        if not entries:
            continue
        lines += ["", f"## {title}: {subject}", "", "| Code | Slug | | What it says |", "|---|---|---|---|"]
        for entry in entries:
            firm = " *firm*" if entry.rule is not None and not entry.can_be_allowed else ""
            lines.append(f"| {entry.id} | `{entry.slug}` | {entry.severity.value}{firm} | {entry.summary} |")
    return "\n".join(lines) + "\n"


def commands() -> str:
    """Print every command with its arguments, from the declarations that the command line itself reads."""
    top = parser()
    lines = [
        "# Commands",
        "",
        "<!-- Written by `make reference` from the command line's own declarations. Do not edit. -->",
        "",
        "`python -m trackside` is the same. `PLAN` is a file, or a folder that holds `tracking_plan.yaml`;",
        "left out, it is the folder you are in.",
    ]
    for name, command in _subcommands(top).items():
        lines += ["", f"## trackside {name}", "", command.description or ""]
        rows = list(_arguments(command))
        if rows:
            lines += ["", "| Argument | What it does |", "|---|---|", *rows]
        lines += ["", "```text", *_examples(command), "```"]
    lines += ["", "## Exit codes and streams", "", "```text", *_after(top, "exit codes:"), "```"]
    return "\n".join(lines) + "\n"


def _subcommands(top: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    (action,) = (action for action in top._actions if isinstance(action, argparse._SubParsersAction))
    return dict(action.choices)


def _arguments(command: argparse.ArgumentParser) -> Iterator[str]:
    for action in command._actions:
        if action.dest == "help":
            continue
        if action.choices is not None:
            value = " " + "\\|".join(map(str, action.choices))
        else:
            value = f" {action.metavar or action.dest.upper()}" if action.nargs != 0 else ""
        spelled = ", ".join(f"`{option}{value}`" for option in action.option_strings) or f"`{value.strip()}`"
        yield f"| {spelled} | {action.help} |"


def _examples(command: argparse.ArgumentParser) -> list[str]:
    return [line.removeprefix("  ") for line in (command.epilog or "").splitlines()[1:]]


def _after(top: argparse.ArgumentParser, heading: str) -> list[str]:
    return (top.epilog or "").partition(heading)[2].strip("\n").splitlines()


def editor_schema() -> str:
    """Print the JSON Schema of the plan language, which the compiler ships as a file."""
    return json.dumps(plan_schema(), indent=2) + "\n"


PAGES = {
    "docs/language.md": reference,
    "docs/rules.md": rules,
    "docs/commands.md": commands,
    "templates/schema/plan.schema.json": editor_schema,
}

if __name__ == "__main__":
    for name, page in PAGES.items():
        (ROOT / name).write_text(page(), encoding="utf-8")
