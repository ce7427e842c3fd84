"""How many ways a backtracking engine can go through a pattern: what keeps a hostile value from stalling a match.

Python's and ECMAScript's engines try one way after the other. `count_ways` gives an upper bound of how many ways there
are on text of 1,000 characters, from which characters each choice may begin with: a choice that the next characters
decide is one way; a repeat that can go on or stop at the same character is as many ways as it has ends; a repeat
multiplies the ways of what it repeats. Linear in the size of the pattern.
"""

from __future__ import annotations

from typing import Final

from trackside.ir.character_sets import EMPTY, CharacterSet, merge, overlap, union
from trackside.ir.pattern_nodes import Chars, Choice, Node, Repeat, Sequence

LIMIT: Final = 10_000
"""More ways than this are refused."""
_ENDS: Final = 1_000
"""How many ends an unbounded repeat counts for."""
_AHEAD: Final = 32
"""How many characters ahead two options are compared."""


class TooManyWaysError(Exception):
    """A pattern that could take a backtracking engine very long. `offset` is where the repeat at fault stands."""

    def __init__(self, offset: int) -> None:
        super().__init__(offset)
        self.offset = offset


def count_ways(node: Node) -> int:
    """Bound the ways through a whole pattern, at most `LIMIT`; raises TooManyWaysError beyond."""
    return _Counter().ways(node, EMPTY)


class _Counter:
    def __init__(self) -> None:
        self._first: dict[int, CharacterSet] = {}
        self._blamed = 0

    def first(self, node: Node) -> CharacterSet:
        """List the characters that a match of the node can begin with."""
        if isinstance(node, Chars):
            return node.members
        known = self._first.get(id(node))
        if known is None:
            known = self._first[id(node)] = self._make_first(node)
        return known

    def _make_first(self, node: Sequence | Choice | Repeat) -> CharacterSet:
        if isinstance(node, Repeat):
            return self.first(node.item)
        if isinstance(node, Choice):
            return merge(span for option in node.options for span in self.first(option))
        first = EMPTY
        for item in node.items:
            first = union(first, self.first(item))
            if not item.nullable:
                break
        return first

    def ways(self, node: Node, follow: CharacterSet) -> int:
        """Bound the ways from one place through the node to where a character of `follow`, or the end, can come."""
        if isinstance(node, Chars):
            return 1
        if isinstance(node, Sequence):
            return self._sequence(node, follow)
        if isinstance(node, Choice):
            return self._choice(node, follow)
        return self._repeat(node, follow)

    def _sequence(self, node: Sequence, follow: CharacterSet) -> int:
        total = 1
        for item in reversed(node.items):
            total = self._within(total * self.ways(item, follow))
            follow = union(self.first(item), follow) if item.nullable else self.first(item)
        return total

    def _choice(self, node: Choice, follow: CharacterSet) -> int:
        ways = [self.ways(option, follow) for option in node.options]
        total = _undecided([_lead(option) for option in node.options], ways)
        if total > max(ways):
            self._blamed = node.offset
        return self._within(total)

    def _repeat(self, node: Repeat, follow: CharacterSet) -> int:
        first = self.first(node.item)
        once = self.ways(node.item, follow if node.most == 1 else union(first, follow))
        total = 1
        if node.least != node.most and overlap(first, follow):
            self._blamed = node.offset
            total = _ENDS if node.most is None else node.most - node.least + 1
        if once > 1:
            self._blamed = node.offset
            if node.most is None:
                raise TooManyWaysError(node.offset)
            total *= once ** min(node.most, 64)
        return self._within(total)

    def _within(self, total: int) -> int:
        if total > LIMIT:
            raise TooManyWaysError(self._blamed)
        return total


def _lead(node: Node) -> tuple[list[CharacterSet], bool]:
    """Spell the first characters of every match, set by set, and tell whether that is the whole node."""
    if isinstance(node, Chars):
        return [node.members], True
    if isinstance(node, Repeat):
        sets, whole = _lead(node.item)
        if not whole:
            return (sets, False) if node.least else ([], False)
        return (sets * min(node.least, _AHEAD))[:_AHEAD], node.least == node.most and node.least * len(sets) <= _AHEAD
    if isinstance(node, Sequence):
        spelled: list[CharacterSet] = []
        for item in node.items:
            sets, whole = _lead(item)
            spelled += sets
            if not whole or len(spelled) > _AHEAD:
                return spelled[:_AHEAD], False
        return spelled, True
    return _joined([_lead(option) for option in node.options])


def _joined(leads: list[tuple[list[CharacterSet], bool]]) -> tuple[list[CharacterSet], bool]:
    length = min(len(sets) for sets, _ in leads)
    joined = [merge(span for sets, _ in leads for span in sets[position]) for position in range(length)]
    return joined, all(whole and len(sets) == length for sets, whole in leads)


def _undecided(leads: list[tuple[list[CharacterSet], bool]], ways: list[int]) -> int:
    """Bound the ways through options, of which the next characters may rule out all but a few."""
    worst = 1
    groups = [(0, list(range(len(leads))))]
    while groups:
        position, members = groups.pop()
        if len(members) == 1:
            worst = max(worst, ways[members[0]])
        elif any(position >= len(leads[index][0]) for index in members):
            worst = max(worst, sum(ways[index] for index in members))
        else:
            groups.extend((position + 1, group) for group in _alike(leads, members, position))
    return worst


def _alike(leads: list[tuple[list[CharacterSet], bool]], members: list[int], position: int) -> list[list[int]]:
    """Part options into groups whose sets at one position share no character."""
    spans = sorted((first, last, index) for index in members for first, last in leads[index][0][position])
    parent = {index: index for index in members}

    def root(index: int) -> int:
        while parent[index] != index:
            parent[index] = parent[parent[index]]
            index = parent[index]
        return index

    reach, owner = -1, -1
    for first, last, index in spans:
        if first <= reach:
            parent[root(index)] = root(owner)
        if last > reach:
            reach, owner = last, index
    groups: dict[int, list[int]] = {}
    for index in members:
        groups.setdefault(root(index), []).append(index)
    return list(groups.values())
