"""Templates, and how they are filled in.

A template is layout only. Every value that it prints was made by `targets/names` or `targets/escape`, or by the target
itself as code of its language; an environment that is made with `printable` refuses any other text.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

from jinja2 import BaseLoader, Environment, StrictUndefined, TemplateNotFound
from jinja2.bccache import Bucket, BytecodeCache

from trackside.targets.templates import templates_root, verbatim


class _Folder(BaseLoader):
    """Reads templates by their path below the root; what is installed does not change while it is used."""

    def get_source(self, environment: Environment, template: str) -> tuple[str, str | None, Callable[[], bool] | None]:
        try:
            return verbatim(template), str(templates_root() / template), None
        except OSError:
            raise TemplateNotFound(template) from None


class _Compiled(BytecodeCache):
    """Keeps compiled templates in `__pycache__`, as Python does with modules and under the same switches.

    A folder that cannot be written is no fault: the templates are compiled anew each time then.
    """

    def _path(self, bucket: Bucket) -> Path:
        return Path(__file__).parent / "__pycache__" / f"{bucket.key}.{sys.implementation.cache_tag}.jinja"

    def load_bytecode(self, bucket: Bucket) -> None:
        with contextlib.suppress(OSError), self._path(bucket).open("rb") as file:
            bucket.load_bytecode(file)

    def dump_bytecode(self, bucket: Bucket) -> None:
        if sys.dont_write_bytecode:
            return
        path = self._path(bucket)
        own = path.with_suffix(f".{os.getpid()}")
        with contextlib.suppress(OSError):
            path.parent.mkdir(exist_ok=True)
            own.write_bytes(bucket.bytecode_to_string())
            # By one rename, so that a build beside this one never reads half of it.
            own.replace(path)


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
        bytecode_cache=_Compiled(),
        finalize=_only(printable) if printable else None,
    )
