"""Which texts a key template can print: automata over the values of its parts.

Every character on the way through an automaton belongs to one element of the template: element 2n is its text number
n, element 2n + 1 its part number n. Two runs over one text that disagree on a character's element take it for two
facts. A search gives up after `MOST_PAIRS` pairs of states; bounds on length and size are not followed where that
would make the automaton large, so who shows a text to people checks its values first (`Facts.are_possible`).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from trackside.ir import Event, KeyTemplate, Scalar
from trackside.ir.character_sets import ALL, CharacterSet, pick
from trackside.ir.pattern_nodes import Chars, Choice, Node, Repeat, Sequence
from trackside.ir.patterns import parse_pattern
from trackside.ir.values import wire_value

MOST_PAIRS: Final = 20_000
MOST_POSITIONS: Final = 300
"""How many states one part may take; a longer one is read as any number of its characters."""
MOST_REPEATS: Final = 20
"""Beyond this, `[a-z]{1,200}` is read as `[a-z]+`: what two facts print alike does not hang on the last repeat."""

_FIXED: Final = {
    "date": "[0-9]{4}-[0-9]{2}-[0-9]{2}",
    "uuid": "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}",
    "boolean": "true|false",
}


class SearchTooLongError(Exception):
    """The automata are too large for an answer."""


@dataclass(frozen=True, slots=True)
class Facts:
    """A text, and the values that each of two templates (or one template twice) would print it from."""

    text: str
    first: tuple[str, ...]
    second: tuple[str, ...]

    def are_possible(self, first: tuple[Scalar, ...], second: tuple[Scalar, ...]) -> bool:
        """Tell whether the types allow all values."""
        return all(
            _is_value(type, value)
            for types, values in ((first, self.first), (second, self.second))
            for type, value in zip(types, values, strict=True)
        )


def types_of(event: Event, template: KeyTemplate) -> tuple[Scalar, ...] | None:
    """List the types of a template's parts, or None where one is no scalar: another rule's finding."""
    found = []
    for name in template.parts:
        prop = event.property(name)
        if prop is None or not isinstance(prop.type, Scalar):
            return None
        found.append(prop.type)
    return tuple(found)


def may_contain(type: Scalar, character: str) -> bool:
    """Tell whether a value of the type, printed, can hold the character."""
    if type.has_const or type.enum or type.base != "string":
        return any(_in(members, character) for members in _alphabet(_values(type)))
    return type.pattern is None or parse_pattern(type.pattern).may_contain(character)


def two_readings(template: KeyTemplate, types: tuple[Scalar, ...]) -> Facts | None:
    """Find one text that the template prints for two facts; None where there is none.

    Raises SearchTooLongError where that cannot be told.
    """
    automaton = _Automaton(template, types)
    return _search(automaton, automaton, same_template=True)


def common_text(
    first: KeyTemplate, first_types: tuple[Scalar, ...], second: KeyTemplate, second_types: tuple[Scalar, ...]
) -> Facts | None:
    """Find one text that both templates print; None where there is none.

    Raises SearchTooLongError where that cannot be told.
    """
    return _search(_Automaton(first, first_types), _Automaton(second, second_types), same_template=False)


def _is_value(type: Scalar, printed: str) -> bool:
    value: str | int | bool = printed
    try:
        if type.base == "boolean":
            value = {"true": True, "false": False}[printed]
        elif type.base == "integer":
            value = int(printed)
        wire_value(type, value)
    except (KeyError, ValueError):
        return False
    return printed != ""


def _values(type: Scalar) -> Node:
    """Describe what values of a type print."""
    if type.has_const or type.enum:
        values = [type.const] if type.has_const else [allowed.value for allowed in type.enum]
        return Choice(tuple(_literal(_printed(value)) for value in values), 0)
    if type.base == "integer":
        return parse_pattern(_digits(type)).root
    if type.base in _FIXED:
        return parse_pattern(_FIXED[type.base]).root
    if type.pattern is not None:
        node = parse_pattern(type.pattern).root
        if node.nullable or node.positions > MOST_POSITIONS:
            return Choice(tuple(Repeat(Chars(members, ""), 1, None, 0) for members in _alphabet(node)), 0)
        return node
    return Repeat(Chars(ALL, ""), min(type.min_length or 1, MOST_REPEATS), type.max_length, 0)


def _digits(type: Scalar) -> str:
    """Give a pattern for whole numbers that has a sign, and a zero, only where the bounds allow them."""
    lows = [low for low in (type.minimum, type.exclusive_minimum) if low is not None]
    highs = [high for high in (type.maximum, type.exclusive_maximum) if high is not None]
    negative = not lows or max(lows) < 0
    size = max((len(str(abs(int(bound)))) for bound in (*lows, *highs)), default=16) if lows and highs else 16
    number = f"[1-9][0-9]{{0,{size - 1}}}"
    zero = "0|" if negative or not type.minimum else ""
    return f"{zero}-?{number}" if negative else f"{zero}{number}"


def _printed(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _literal(text: str) -> Node:
    return Sequence(tuple(Chars(((ord(character), ord(character)),), "") for character in text))


def _alphabet(root: Node) -> Iterator[CharacterSet]:
    nodes = [root]
    while nodes:
        node = nodes.pop()
        if isinstance(node, Chars):
            yield node.members
        elif isinstance(node, Repeat):
            nodes.append(node.item)
        else:
            nodes.extend(node.items if isinstance(node, Sequence) else node.options)


def _in(members: CharacterSet, character: str) -> bool:
    return any(first <= ord(character) <= last for first, last in members)


def _shared(left: CharacterSet, right: CharacterSet) -> CharacterSet:
    return tuple(
        (max(first, low), min(last, high))
        for first, last in left
        for low, high in right
        if first <= high and low <= last
    )


class _Automaton:
    """Reads what a template prints. `moves[state]` lists (characters, element, next state)."""

    def __init__(self, template: KeyTemplate, types: tuple[Scalar, ...]) -> None:
        self._edges: list[list[tuple[CharacterSet, int, int]]] = []
        self._empties: list[list[int]] = []
        self._element = 0
        self.parts = len(types)
        state = self._state()
        for index, text in enumerate(template.texts):
            self._element = 2 * index
            state = self._add(_literal(text), state)
            if index < len(types):
                self._element = 2 * index + 1
                state = self._add(_values(types[index]), state)
        closures = [self._closure(start) for start in range(len(self._edges))]
        self.moves = [[edge for inner in closure for edge in self._edges[inner]] for closure in closures]
        self.accepts = [state in closure for closure in closures]

    def _state(self) -> int:
        self._edges.append([])
        self._empties.append([])
        return len(self._edges) - 1

    def _add(self, node: Node, start: int) -> int:
        """Add what the node reads, from a state on; give the state where it ends."""
        if isinstance(node, Chars):
            end = self._state()
            self._edges[start].append((node.members, self._element, end))
            return end
        if isinstance(node, Sequence):
            for item in node.items:
                start = self._add(item, start)
            return start
        end = self._state()
        if isinstance(node, Choice):
            for option in node.options:
                begin = self._state()
                self._empties[start].append(begin)
                self._empties[self._add(option, begin)].append(end)
            return end
        for _ in range(node.least):
            start = self._add(node.item, start)
        self._empties[start].append(end)
        endless = isinstance(node.item, Chars) and (node.most or 0) > max(node.least, MOST_REPEATS)
        if node.most is None or endless:
            begin = self._state()
            self._empties[start].append(begin)
            after = self._add(node.item, begin)
            self._empties[after].extend((begin, end))
        else:
            for _ in range(node.most - node.least):
                start = self._add(node.item, start)
                self._empties[start].append(end)
        return end

    def _closure(self, start: int) -> set[int]:
        reached, waiting = {start}, [start]
        while waiting:
            for state in self._empties[waiting.pop()]:
                if state not in reached:
                    reached.add(state)
                    waiting.append(state)
        return reached


_Pair = tuple[int, int, bool]


def _search(first: _Automaton, second: _Automaton, *, same_template: bool) -> Facts | None:
    """Find a shortest text that both read; in one template, one that they read differently."""
    origin: _Pair = (0, 0, not same_template)
    came: dict[_Pair, tuple[_Pair, str, int, int] | None] = {origin: None}
    waiting: deque[_Pair] = deque([origin])
    while waiting:
        pair = waiting.popleft()
        left, right, differs = pair
        if differs and first.accepts[left] and second.accepts[right]:
            return _facts(pair, came, first.parts, second.parts)
        for members, element, after in first.moves[left]:
            for others, other_element, other_after in second.moves[right]:
                after_pair = (after, other_after, differs or element != other_element)
                if after_pair in came:
                    continue
                shared = _shared(members, others)
                if shared:
                    came[after_pair] = (pair, pick(shared), element, other_element)
                    waiting.append(after_pair)
        if len(came) > MOST_PAIRS:
            raise SearchTooLongError
    return None


def _facts(pair: _Pair, came: dict[_Pair, tuple[_Pair, str, int, int] | None], left: int, right: int) -> Facts:
    first, second, text = [""] * left, [""] * right, ""
    step = came[pair]
    while step is not None:
        before, character, element, other_element = step
        text = character + text
        if element % 2:
            first[element // 2] = character + first[element // 2]
        if other_element % 2:
            second[other_element // 2] = character + second[other_element // 2]
        step = came[before]
    return Facts(text, tuple(first), tuple(second))
