"""Findings for programs: one JSON object with everything that is known of each.

The form has a version of its own: within one, members are added and never changed. Lines and columns count from 1,
columns count code points, and an end is just past the last character.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any, Final

from trackside.diagnostics.model import Diagnostic, Label
from trackside.diagnostics.render import Lines
from trackside.diagnostics.span import Span

VERSION: Final = 1


def render(findings: Iterable[Diagnostic], files: Mapping[str, Lines], *, color: bool) -> str:
    """Print `{"version": 1, "findings": [...]}`. `files` and `color` change nothing."""
    del files, color
    document = {"version": VERSION, "findings": [_finding(finding) for finding in findings]}
    return json.dumps(document, ensure_ascii=True, indent=2) + "\n"


def _finding(finding: Diagnostic) -> dict[str, Any]:
    fix = finding.fix
    return {
        "code": finding.code.id,
        "slug": finding.slug,
        "severity": finding.severity.value,
        "headline": finding.headline,
        "primary": _label(finding.primary),
        "secondary": [_label(label) for label in finding.secondary],
        "notes": list(finding.notes),
        "help": finding.help,
        "fix": fix
        and {
            "title": fix.title,
            "safe": fix.safe,
            "edits": [{**_span(edit.span), "text": edit.text} for edit in fix.edits],
        },
    }


def _label(label: Label) -> dict[str, Any]:
    return {**_span(label.span), "text": label.text}


def _span(span: Span) -> dict[str, Any]:
    return span._asdict()
