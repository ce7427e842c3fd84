"""Every code, declared once.

The number tells the stage: 1xx source, 2xx schema, 3xx resolve, 4xx rules, 5xx changes, 6xx targets, 7xx output.
A code is never used again: a retired one stays in `RETIRED` and points to what took its place.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Final


class Severity(Enum):
    """How much a finding weighs: an error stops the build, a warning does not."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Code:
    """A kind of finding.

    `rule` is the module below `trackside.rules` that looks for it, where a rule does. `firm` marks a rule that no
    comment allows, since generated code relies on it.
    """

    id: str
    slug: str
    severity: Severity
    summary: str
    rule: str | None = None
    firm: bool = False

    @property
    def can_be_allowed(self) -> bool:
        """Tell whether an allow comment may silence it: what a rule finds, if it is not firm."""
        return self.rule is not None and not self.firm


_E: Final = Severity.ERROR
_W: Final = Severity.WARNING

_TABLE: Final[tuple[Code, ...]] = (
    # 1xx source
    # 2xx schema
    Code("TS201", "missing-key", _E, "A mapping lacks a key that it needs."),
    Code("TS202", "unknown-key", _E, "A key is not one of the plan language's."),
    Code("TS203", "reserved-key", _E, "A key is kept for a later version of the plan language."),
    Code("TS204", "wrong-shape", _E, "A mapping, a list or text stands where another of them belongs."),
    Code("TS205", "wrong-value", _E, "A value is not one that its place takes."),
    Code("TS206", "empty-text", _E, "Text is empty where it has to say something."),
    Code("TS207", "ambiguous-scalar", _E, "YAML parsers do not agree on what unquoted text is."),
    Code("TS208", "unknown-language-version", _E, "The plan is written in a version of the language that is not known."),
    Code("TS209", "unusable-name", _E, "A name is empty, too long, or holds what cannot be sent."),
    # 3xx resolve
    Code("TS301", "defined-twice", _E, "Two files of a plan define the same name."),
    Code("TS302", "unknown-reference", _E, "A name is used that the plan does not define."),
    Code("TS303", "type-cycle", _E, "A type contains itself."),
    Code("TS304", "duplicate-property", _E, "An event gets one property from two places."),
    Code("TS305", "missing-placement", _E, "Nothing says which side emits an event."),
    Code("TS306", "unreadable-type", _E, "A type cannot be understood."),
    Code("TS307", "unreadable-template", _E, "A key's template cannot be understood."),
    Code("TS308", "pattern-not-portable", _E, "A pattern means different things in different languages."),
    Code("TS309", "value-breaks-type", _E, "A value of the plan is not one that its type allows."),
    Code("TS310", "no-source", _E, "No source emits an event from the side that its placement names."),
    Code("TS311", "misplaced-key", _E, "A key stands where it has no meaning."),
    Code("TS312", "conflicting-keys", _E, "Two keys that exclude each other stand side by side."),
    Code("TS313", "overlapping-outputs", _E, "Two outputs share a folder."),
    # 4xx rules
    Code("TS400", "unknown-allow", _E, "An allow comment names what no comment can allow."),
    Code("TS401", "unused-allow", _W, "An allow comment silences nothing."),
    Code("TS402", "allow-without-reason", _W, "An allow comment gives no reason."),
    Code("TS403", "unreadable-allow", _E, "A comment to the compiler cannot be read."),
    # 6xx targets
    # 7xx output
)

RETIRED: Final[dict[str, str]] = {}
"""Retired slug -> the slug that took its place."""

CODES: Final[dict[str, Code]] = {entry.slug: entry for entry in _TABLE}


def code(slug: str) -> Code:
    """Look a code up by its slug; an unknown slug is a mistake in the compiler and raises KeyError."""
    return CODES[slug]
