"""Where the templates are, and the files among them that are copied as they stand."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Final

_PACKAGE: Final = Path(__file__).resolve().parent.parent


@lru_cache(maxsize=1)
def templates_root() -> Path:
    """Find the templates: `_templates` inside an installed package, `templates/` at the root of a checkout."""
    installed = _PACKAGE / "_templates"
    return installed if installed.is_dir() else _PACKAGE.parent.parent / "templates"


def verbatim(path: str) -> str:
    """Read a file that targets copy as it stands, by its path below the templates."""
    return (templates_root() / path).read_text(encoding="utf-8")


def plan_schema_text() -> str:
    """Read the editor's JSON Schema of the plan language.

    It is the same for every plan, so it is a file, which `make reference` writes from the schema's models: to build it
    takes longer than to print the code of a hundred events.
    """
    return verbatim("schema/plan.schema.json")
