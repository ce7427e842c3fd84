"""Templates: where they are, and how they are filled in.

A template is layout only. Every value that it prints was made by `targets/names` or `targets/escape`, or by the target
itself as code of its language; an environment that is made with `printable` refuses any other text.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from jinja2 import BaseLoader, Environment, StrictUndefined, TemplateNotFound

_PACKAGE: Final = Path(__file__).resolve().parent.parent


@lru_cache(maxsize=1)
def templates_root() -> Path:
    """Find the templates: `_templates` inside an installed package, `templates/` at the root of a checkout."""
    installed = _PACKAGE / "_templates"
    return installed if installed.is_dir() else _PACKAGE.parent.parent / "templates"


class _Folder(BaseLoader):
    """Reads templates by their path below the root; what is installed does not change while it is used."""

    def get_source(
        self, environment: Environment, template: str
    ) -> tuple[str, str | None, Callable[[], bool] | None]:
        path = templates_root() / template
        try:
            return path.read_text(encoding="utf-8"), str(path), None
        except OSError:
            raise TemplateNotFound(template) from None


def _only(printable: tuple[type, ...]) -> Callable[[Any], Any]:
    def finalize(value: Any) -> Any:
        if isinstance(value, printable):
            return value
        raise TypeError(f"a template was handed a raw {type(value).__name__}: {value!r}")

    return finalize


@lru_cache(maxsize=8)
def environment(*printable: type) -> Environment:
    """Make the environment of a target; with `printable`, expressions may print values of these types only."""
    return Environment(
        loader=_Folder(),
        undefined=StrictUndefined,
        autoescape=False,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        auto_reload=False,
        finalize=_only(printable) if printable else None,
    )
