"""Sets of characters as sorted ranges of code points: what the analysis of patterns computes with.

A set is a tuple of (first, last) pairs in order, both ends included, never touching each other.
"""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING, Final, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterable

CharacterSet: TypeAlias = tuple[tuple[int, int], ...]

EMPTY: Final[CharacterSet] = ()
DIGITS: Final[CharacterSet] = ((0x30, 0x39),)
WORD: Final[CharacterSet] = ((0x30, 0x39), (0x41, 0x5A), (0x5F, 0x5F), (0x61, 0x7A))
ALL: Final[CharacterSet] = ((0, 0xD7FF), (0xE000, 0x10FFFF))
"""Every character that text can hold: all code points but the surrogates."""


def merge(ranges: Iterable[tuple[int, int]]) -> CharacterSet:
    """Sort ranges and join those that overlap or touch.

    >>> merge([(98, 99), (97, 97), (120, 122), (121, 121)])
    ((97, 99), (120, 122))
    """
    merged: list[tuple[int, int]] = []
    for first, last in sorted(ranges):
        if merged and first <= merged[-1][1] + 1:
            if last > merged[-1][1]:
                merged[-1] = (merged[-1][0], last)
        else:
            merged.append((first, last))
    return tuple(merged)


def union(left: CharacterSet, right: CharacterSet) -> CharacterSet:
    """Join two sets."""
    if not left or left == right:
        return right
    return merge((*left, *right)) if right else left


def complement(members: CharacterSet) -> CharacterSet:
    """List every character that text can hold and the set does not.

    >>> complement(((0, 0xD7FF), (0xE000, 0x10FFFE)))
    ((1114111, 1114111),)
    """
    holes: list[tuple[int, int]] = []
    for low, high in ALL:
        start = low
        for first, last in members:
            if last < start or first > high:
                continue
            if first > start:
                holes.append((start, first - 1))
            start = last + 1
        if start <= high:
            holes.append((start, high))
    return tuple(holes)


def overlap(left: CharacterSet, right: CharacterSet) -> bool:
    """Tell whether two sets share a character."""
    i = j = 0
    while i < len(left) and j < len(right):
        if left[i][1] < right[j][0]:
            i += 1
        elif right[j][1] < left[i][0]:
            j += 1
        else:
            return True
    return False


def contains(members: CharacterSet, character: str) -> bool:
    """Tell whether a character is in the set."""
    point = ord(character)
    index = bisect_right(members, (point, 0x110000)) - 1
    return index >= 0 and members[index][1] >= point


_PLEASANT: Final[tuple[tuple[int, int], ...]] = ((0x61, 0x7A), (0x41, 0x5A), (0x30, 0x39), (0x21, 0x7E))


def pick(members: CharacterSet) -> str:
    """Choose one character, a letter, a digit or another printable ASCII character where there is one.

    >>> pick(DIGITS), pick(WORD), pick(((0x1F600, 0x1F600),))
    ('0', 'a', '😀')
    """
    for low, high in _PLEASANT:
        for first, last in members:
            if first <= high and last >= low:
                return chr(max(first, low))
    return chr(members[0][0])
