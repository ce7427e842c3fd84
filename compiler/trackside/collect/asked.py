"""What somebody asks of the destination itself: read, and refused where it cannot be done.

Takes bodies and queries and gives values in their ranges, or raises WrongAskingError, whose message says what would be
right. What got past here could end an answer in the middle, or every answer after it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, NoReturn, cast

from trackside.collect.faults import is_within
from trackside.collect.project import SORTS, Sort
from trackside.collect.upload import MOST_LAYERS, is_too_deep

LARGEST_BODY: Final = 1_000_000
"""Bytes."""

LONGEST_WAIT: Final = 600
"""Seconds."""

MOST_AWAITED: Final = 1_000_000_000
"""Events."""

FURTHEST_AHEAD: Final = 20 * 366 * 24 * 3600
"""Seconds, in either direction: about 20 years."""


class WrongAskingError(ValueError):
    """What was asked for cannot be done; the message says why."""


@dataclass(frozen=True, slots=True)
class Wait:
    """For how many events of a sort somebody waits, and for how many seconds at most."""

    sort: Sort
    count: int
    timeout: float


def read_json(body: bytes) -> Any:
    """Read a body as JSON. Raises WrongAskingError."""
    if len(body) > LARGEST_BODY:
        raise WrongAskingError(f"the body has at most {LARGEST_BODY:,} bytes")
    try:
        value = json.loads(body, parse_constant=_no_constant)
        is_deep = is_too_deep((value,))
    except (ValueError, RecursionError):
        raise WrongAskingError("the body is no JSON, or has a number that is not finite") from None
    if is_deep:
        raise WrongAskingError(f"the body has at most {MOST_LAYERS} objects and lists within each other")
    return value


def read_ahead(body: bytes) -> float:
    """Read how many seconds the destination's clock is to be ahead. Raises WrongAskingError."""
    stated = read_json(body)
    ahead = cast("Mapping[str, Any]", stated).get("ahead") if isinstance(stated, dict) else None
    if not is_within(ahead, -FURTHEST_AHEAD, FURTHEST_AHEAD):
        raise WrongAskingError(
            f'the body is {{"ahead": seconds}}, a number between -{FURTHEST_AHEAD:,} and {FURTHEST_AHEAD:,}'
        )
    return float(ahead)


def read_wait(query: Mapping[str, str]) -> Wait:
    """Read for what somebody waits: one good event for ten seconds, unless stated. Raises WrongAskingError."""
    sort = query.get("sort", "good")
    if sort not in SORTS:
        raise WrongAskingError(f"sort is one of {', '.join(SORTS)}")
    count = _number(query.get("count", "1"))
    if not is_within(count, 0, MOST_AWAITED) or count != int(count):
        raise WrongAskingError(f"count is a whole number between 0 and {MOST_AWAITED:,}")
    timeout = _number(query.get("timeout", "10"))
    if not is_within(timeout, 0, LONGEST_WAIT):
        raise WrongAskingError(f"timeout is a number of seconds between 0 and {LONGEST_WAIT}")
    return Wait(sort, int(count), timeout)


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return float("nan")


def _no_constant(name: str) -> NoReturn:
    raise ValueError(name)
