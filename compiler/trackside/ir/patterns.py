"""The part of regular expressions that Python's `re`, ECMAScript (with the `u` or `v` flag) and RE2 read alike.

Takes a pattern as the plan has it and gives it back in a spelling that means the same to all three: `\\d` and `\\w` are
spelled out as ASCII, what one of them would read otherwise is escaped. What they do not read alike is refused by name,
with the way out. A pattern always matches a whole value, so consumers anchor it themselves: `re.fullmatch(text)`,
`new RegExp("^(?:" + text + ")$", "u")`, `\\A(?:text)\\z`.

What is accepted is safe on engines that backtrack: no repeat without an end stands in another one, every repeated group
matches at least one character, and the ways through the pattern are bounded (see `pattern_ways`), so matching n
characters never takes more than in the order of n squared steps.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Final

from trackside.ir.character_sets import CharacterSet, complement, contains, merge, pick
from trackside.ir.pattern_nodes import Chars, Node, Repeat, Sequence
from trackside.ir.pattern_parser import PatternError, PatternParser, quantifier_at
from trackside.ir.pattern_ways import TooManyWaysError, count_ways

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Pattern", "PatternError", "parse_pattern"]

MAX_LENGTH: Final = 2_000
"""Characters of a pattern."""
MAX_POSITIONS: Final = 5_000
"""Characters of a pattern with every bounded repeat written out, so that RE2 fits it into its memory."""


@dataclass(frozen=True)
class Pattern:
    """A pattern in its portable spelling, without anchors."""

    text: str
    root: Node

    def may_contain(self, character: str) -> bool:
        """Tell whether some matching text holds the character."""
        return contains(self._alphabet, character)

    def matches(self, value: str) -> bool:
        """Tell whether the pattern matches the whole value."""
        return self._compiled.fullmatch(value) is not None

    def example(self) -> str:
        """Give a shortest text that matches."""
        return self.root.shortest

    def counterexample(self) -> str | None:
        """Give a short text that does not match, or None where every text that was tried does."""
        return next((value for value in self._candidates() if not self.matches(value)), None)

    def _candidates(self) -> Iterator[str]:
        outside = complement(self._alphabet)
        shortest = self.root.shortest
        if outside:
            yield pick(outside)
            yield shortest + pick(outside)
        yield ""
        for character in ("-", "a", "A", "0", " ", "é", "\n", "😀"):
            yield character
            yield shortest + character
        yield shortest[:-1]
        yield shortest * 2
        yield "a" * (self.root.positions + 1)

    @cached_property
    def _alphabet(self) -> CharacterSet:
        members: set[tuple[int, int]] = set()
        nodes = [self.root]
        while nodes:
            node = nodes.pop()
            if isinstance(node, Chars):
                members.update(node.members)
            elif isinstance(node, Repeat):
                nodes.append(node.item)
            else:
                nodes.extend(node.items if isinstance(node, Sequence) else node.options)
        return merge(members)

    @cached_property
    def _compiled(self) -> re.Pattern[str]:
        return re.compile(self.text)


@lru_cache(maxsize=4096)
def parse_pattern(text: str) -> Pattern:
    r"""Read a pattern; raises PatternError for what the portable subset refuses.

    >>> parse_pattern(r"^SKU-\d{5}$").text
    'SKU-[0-9]{5}'
    """
    if len(text) > MAX_LENGTH:
        raise PatternError(
            f"it has {len(text):,} characters, and {MAX_LENGTH:,} is the most",
            0,
            text[:20],
            "list the values in an `enum`",
        )
    root = PatternParser(text).parse()
    if root.positions > MAX_POSITIONS:
        raise PatternError(
            f"written out, it has {root.positions:,} characters, and RE2 takes about {MAX_POSITIONS:,}",
            0,
            text,
            "make its counts smaller, and bound the length by `max_length`",
        )
    try:
        count_ways(root)
    except TooManyWaysError as error:
        raise PatternError(
            "from here on it can match one text in so many ways that a hostile value could stall it",
            error.offset,
            quantifier_at(text, error.offset),
            "put a character between the parts that neither of them can take, or repeat less often",
        ) from None
    return Pattern(root.text, root)
