"""JSON values, and when two are one: 1 is 1.0, true is not 1, members have no order."""

from __future__ import annotations

from typing import TypeAlias

Json: TypeAlias = "str | int | float | bool | list[Json] | dict[str, Json] | None"
"""A value as it is sent."""


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
