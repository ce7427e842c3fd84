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
    Code("TS100", "slow-yaml-parser", _W, "The C parser of YAML is not installed, so plans are read slowly."),
    Code("TS101", "unreadable-file", _E, "A file of the plan cannot be read."),
    Code("TS102", "not-utf-8", _E, "A file is not text in UTF-8."),
    Code("TS103", "file-too-large", _E, "The files of a plan hold more text than the compiler reads."),
    Code("TS104", "forbidden-character", _E, "A character stands raw in the text that parsers refuse or read differently."),
    Code("TS105", "empty-file", _E, "A file holds nothing but blank lines and comments."),
    Code("TS106", "not-a-mapping", _E, "A file is not a mapping of keys to values."),
    Code("TS107", "several-documents", _E, "A file holds more than one YAML document."),
    Code("TS110", "yaml-syntax", _E, "The text is not YAML."),
    Code("TS111", "yaml-indentation", _E, "A line's indentation fits none of the lines above it."),
    Code("TS112", "tab", _E, "A tab stands where only spaces mean the same to every parser."),
    Code("TS113", "unquoted-text", _E, "Text holds a character that wants quotes."),
    Code("TS114", "unquoted-comma", _E, "Text inside `{}` holds a comma, which ends it."),
    Code("TS115", "unclosed", _E, "A quote or a bracket is opened and not closed."),
    Code("TS116", "bad-escape", _E, "A backslash in double quotes begins no escape that every parser knows."),
    Code("TS117", "missing-colon", _E, "A line in a mapping is no `key: value`."),
    Code("TS118", "missing-value", _E, "A key or a list item has no value."),
    Code("TS119", "yaml-directive", _E, "A `%` line asks for another reading of YAML."),
    Code("TS120", "duplicate-key", _E, "A mapping has a key twice."),
    Code("TS121", "ambiguous-key", _E, "YAML parsers do not agree that an unquoted key is text."),
    Code("TS122", "complex-key", _E, "A key is a mapping, a list or an alias."),
    Code("TS123", "unknown-tag", _E, "A value carries a YAML tag that the plan language does not know."),
    Code("TS124", "bad-merge", _E, "What `<<` merges is no mapping."),
    Code("TS125", "duplicate-anchor", _E, "An anchor's name is used twice in a file."),
    Code("TS126", "unknown-alias", _E, "An alias names no anchor above it."),
    Code("TS127", "recursive-alias", _E, "An alias stands inside what it stands for."),
    Code("TS128", "too-many-aliases", _E, "The aliases of a file stand for more than the compiler reads."),
    Code("TS129", "too-deep", _E, "Collections stand inside each other deeper than the compiler reads."),
    Code("TS130", "bad-include", _E, "An `include:` pattern cannot be used."),
    Code("TS131", "include-finds-nothing", _E, "An `include:` pattern matches no file."),
    Code("TS132", "include-outside", _E, "An `include:` pattern leads out of the plan's folder."),
    Code("TS133", "included-twice", _E, "A file is included more than once."),
    Code("TS134", "nested-include", _E, "An included file includes others."),
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
