"""Frozen records that cost little to declare and little to make.

A compiler starts anew for every run and declares its records every time. What `dataclass(frozen=True)` writes and
compiles for each class, beside `__init__`, was a tenth of the time of a start, and its checked assignments were half of
the time in which a plan's records are made. So type checkers hold these records frozen, and nothing checks it again at
run time.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any, TypeVar, dataclass_transform

Record = TypeVar("Record")


@dataclass_transform(frozen_default=True, kw_only_default=True, eq_default=False, field_specifiers=(field,))
def record(cls: type[Record]) -> type[Record]:
    """Make a class of keyword-only, slotted, frozen records, each equal to itself alone."""
    cls.__repr__ = _repr  # type: ignore[method-assign]
    return dataclass(slots=True, kw_only=True, eq=False, repr=False, match_args=False)(cls)


def _repr(self: Any) -> str:
    shown = ", ".join(f"{one.name}={getattr(self, one.name)!r}" for one in fields(self))
    return f"{type(self).__name__}({shown})"
