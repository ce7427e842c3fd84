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
    """A kind of finding. `rule` is the module below `trackside.rules` that looks for it, where a rule does."""

    id: str
    slug: str
    severity: Severity
    summary: str
    rule: str | None = None


_E: Final = Severity.ERROR
_W: Final = Severity.WARNING

_TABLE: Final[tuple[Code, ...]] = (
    # 1xx source
    # 2xx schema
    # 3xx resolve
    # 4xx rules
    # 6xx targets
    # 7xx output
)

RETIRED: Final[dict[str, str]] = {}
"""Retired slug -> the slug that took its place."""

CODES: Final[dict[str, Code]] = {entry.slug: entry for entry in _TABLE}


def code(slug: str) -> Code:
    """Look a code up by its slug; an unknown slug is a mistake in the compiler and raises KeyError."""
    return CODES[slug]
