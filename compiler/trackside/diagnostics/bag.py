"""Where the stages put their findings: sorted, without doubles."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from trackside.diagnostics.codes import Severity
from trackside.diagnostics.model import Diagnostic, Fix, Label, finding
from trackside.diagnostics.span import Span


class Bag:
    """Collects findings over all stages of one run."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, Span, str], Diagnostic] = {}

    def add(self, diagnostic: Diagnostic) -> None:
        """Keep one finding; the same code, place and headline is kept once."""
        self._found.setdefault((diagnostic.slug, diagnostic.primary.span, diagnostic.headline), diagnostic)

    def extend(self, diagnostics: Iterable[Diagnostic]) -> None:
        """Keep several findings."""
        for diagnostic in diagnostics:
            self.add(diagnostic)

    def report(
        self,
        slug: str,
        span: Span,
        headline: str,
        *,
        label: str = "",
        secondary: Iterable[Label] = (),
        notes: Iterable[str] = (),
        help: str | None = None,
        fix: Fix | None = None,
    ) -> None:
        """Make a finding of the code with this slug and keep it."""
        self.add(finding(slug, span, headline, label=label, secondary=secondary, notes=notes, help=help, fix=fix))

    @property
    def has_errors(self) -> bool:
        """Tell whether anything found so far is an error."""
        return any(diagnostic.severity is Severity.ERROR for diagnostic in self._found.values())

    def __len__(self) -> int:
        return len(self._found)

    def __iter__(self) -> Iterator[Diagnostic]:
        """Yield the findings by file, line, column, then code."""
        return iter(sorted(self._found.values(), key=lambda found: (found.primary.span, found.code.id, found.headline)))
