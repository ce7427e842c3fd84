"""The tree of a pattern: four kinds of node, each printed so that Python, ECMAScript and RE2 read it alike."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

from trackside.ir.character_sets import CharacterSet, pick


@dataclass(frozen=True)
class Chars:
    """One character out of a set. `text` is its portable spelling."""

    members: CharacterSet
    text: str

    @property
    def grouped(self) -> str:
        return self.text

    @property
    def nullable(self) -> bool:
        return False

    @property
    def positions(self) -> int:
        return 1

    @cached_property
    def shortest(self) -> str:
        return pick(self.members)


@dataclass(frozen=True)
class Sequence:
    """One node after the other."""

    items: tuple[Node, ...]

    @cached_property
    def text(self) -> str:
        return "".join(item.grouped if isinstance(item, Choice) else item.text for item in self.items)

    @property
    def grouped(self) -> str:
        return f"(?:{self.text})"

    @cached_property
    def nullable(self) -> bool:
        return all(item.nullable for item in self.items)

    @cached_property
    def positions(self) -> int:
        return sum(item.positions for item in self.items)

    @cached_property
    def shortest(self) -> str:
        return "".join(item.shortest for item in self.items)


@dataclass(frozen=True)
class Choice:
    """One of several nodes. `offset` is where the first of them stands."""

    options: tuple[Node, ...]
    offset: int

    @cached_property
    def text(self) -> str:
        return "|".join(option.text for option in self.options)

    @property
    def grouped(self) -> str:
        return f"(?:{self.text})"

    @cached_property
    def nullable(self) -> bool:
        return any(option.nullable for option in self.options)

    @cached_property
    def positions(self) -> int:
        return sum(option.positions for option in self.options)

    @cached_property
    def shortest(self) -> str:
        return min((option.shortest for option in self.options), key=len)


@dataclass(frozen=True)
class Repeat:
    """A node several times over. `most` is None where there is no end; `offset` is where the quantifier stands."""

    item: Node
    least: int
    most: int | None
    offset: int

    @cached_property
    def text(self) -> str:
        return self.item.grouped + _QUANTIFIERS.get((self.least, self.most), self._braces)

    @property
    def _braces(self) -> str:
        if self.most is None:
            return f"{{{self.least},}}"
        return f"{{{self.least}}}" if self.least == self.most else f"{{{self.least},{self.most}}}"

    @property
    def grouped(self) -> str:
        return f"(?:{self.text})"

    @property
    def nullable(self) -> bool:
        return self.least == 0

    @cached_property
    def positions(self) -> int:
        return self.item.positions * max(self.most or self.least, 1)

    @cached_property
    def shortest(self) -> str:
        return self.item.shortest * self.least


_QUANTIFIERS = {(0, None): "*", (1, None): "+", (0, 1): "?"}

Node: TypeAlias = Chars | Sequence | Choice | Repeat
