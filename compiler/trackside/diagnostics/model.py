"""The one shape of every finding, from a syntax error to a privacy rule."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from trackside.diagnostics.codes import Code, Severity, code
from trackside.diagnostics.span import Span


@dataclass(frozen=True, slots=True)
class Label:
    """A span with a few words that say what is to be seen there."""

    span: Span
    text: str = ""


@dataclass(frozen=True, slots=True)
class Edit:
    """Replace the text of `span` by `text`."""

    span: Span
    text: str


@dataclass(frozen=True, slots=True)
class Fix:
    """A change that mends the finding; `safe` when it cannot alter what the plan means."""

    title: str
    edits: tuple[Edit, ...]
    safe: bool = False


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One finding.

    `headline` is one sentence without a final stop that names the thing and gives the wanted value. `primary` is the
    key or value at fault, not the block around it.
    """

    code: Code
    headline: str
    primary: Label
    secondary: tuple[Label, ...] = ()
    notes: tuple[str, ...] = ()
    help: str | None = None
    fix: Fix | None = None

    @property
    def severity(self) -> Severity:
        """The severity that the codes table gives this finding."""
        return self.code.severity

    @property
    def slug(self) -> str:
        """The name of the defect, as `allow` and `explain` take it."""
        return self.code.slug


def finding(
    slug: str,
    span: Span,
    headline: str,
    *,
    label: str = "",
    secondary: Iterable[Label] = (),
    notes: Iterable[str] = (),
    help: str | None = None,
    fix: Fix | None = None,
) -> Diagnostic:
    """Make a finding of the code with this slug; an unknown slug raises KeyError."""
    return Diagnostic(code(slug), headline, Label(span, label), tuple(secondary), tuple(notes), help, fix)
