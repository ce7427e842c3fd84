"""Findings for editors and logs: one line each, in the form that tools read places from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from trackside.diagnostics.model import Diagnostic
from trackside.diagnostics.render import Lines
from trackside.diagnostics.render.visible import visible


def render(findings: Iterable[Diagnostic], files: Mapping[str, Lines], *, color: bool) -> str:
    """Print `file:line:column: severity[code] slug: headline` for each finding. `files` and `color` change nothing."""
    del files, color
    return "".join(
        f"{visible(finding.primary.span.file)}:{finding.primary.span.line}:{finding.primary.span.column}: "
        f"{finding.severity.value}[{finding.code.id}] {finding.slug}: {visible(finding.headline)}\n"
        for finding in findings
    )
