"""When two JSON values are one: 1 is 1.0, true is not 1, and members have no order."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .values import Json


def stand_in(value: Json) -> object:
    """Make something that has a hash, equal for two values exactly when they are one
    JSON value.
    """
    if isinstance(value, bool):
        return ("boolean", value)
    if isinstance(value, list):
        return ("list", *map(stand_in, value))
    if isinstance(value, dict):
        return (
            "object",
            frozenset((key, stand_in(item)) for key, item in value.items()),
        )
    return value
