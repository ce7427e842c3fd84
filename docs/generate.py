"""Write the pages of docs/ that the compiler's own tables give: `make reference` runs this, a test holds it."""

from __future__ import annotations

from pathlib import Path

from trackside.diagnostics import CODES
from trackside.schema.reference import reference

HERE = Path(__file__).resolve().parent

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


PAGES = {"language.md": reference, "rules.md": rules}

if __name__ == "__main__":
    for name, page in PAGES.items():
        (HERE / name).write_text(page(), encoding="utf-8")
