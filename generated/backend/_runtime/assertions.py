"""Assertions about captured events, and what they say when they do not hold.

The generated `testing` has a method for each event of the plan; this is what they all
share. An expected value is read as the call reads its argument, so that what is
compared is what is sent: a Decimal with a number, a datetime with text in UTC.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from importlib import import_module
from importlib.util import find_spec
from typing import Any, Final, NamedTuple, TypeVar, cast

from .counts import Stats
from .sinks import WireEvent
from .tracker import Tracker
from .values import UNSET, Json, flaw_of, or_null

LONGEST: Final = 160
"""Characters of a value that a message shows."""


class _Whatever:
    def __repr__(self) -> str:
        return "ANY"


ANY: Any = _Whatever()
"""Stands for a value that an assertion does not look at."""


class _Absent:
    def __repr__(self) -> str:
        return "absent"


_ABSENT: Final = _Absent()


class _Difference(NamedTuple):
    path: str
    actual: object
    expected: object


class _Comparison(NamedTuple):
    """One captured event against what is expected, property by property."""

    event: WireEvent
    differences: dict[str, list[_Difference]]

    @property
    def matches(self) -> bool:
        return not self.differences

    @property
    def distance(self) -> tuple[int, int]:
        """Count the properties that differ, then the places in them."""
        return len(self.differences), sum(map(len, self.differences.values()))


class Assertions:
    """What was tracked since the test began, in this thread or task and what it starts.

    Each assertion takes one event, the first that matches and that none has taken
    before: asserting the same twice wants two events.
    """

    def __init__(
        self,
        events: list[WireEvent],
        stats: Callable[[], Stats] | None = None,
    ) -> None:
        self._events = events
        self._taken: set[int] = set()
        self._stats = stats
        self._before = None if stats is None else stats()

    @property
    def events(self) -> Sequence[WireEvent]:
        """All events that were tracked, in their order."""
        return tuple(self._events)

    def nothing(self) -> None:
        """Expect that nothing at all was tracked."""
        __tracebackhide__ = True
        if self._events:
            raise AssertionError(
                f"nothing should be tracked, but {_listed(self._events)}"
            )

    def only(self) -> None:
        """Expect that nothing was tracked but what this test has asserted before."""
        __tracebackhide__ = True
        rest = [event for event in self._events if id(event) not in self._taken]
        if rest:
            raise AssertionError(f"nothing else should be tracked, but {_listed(rest)}")

    def _tracked(self, name: str, *rows: tuple[Any, ...]) -> WireEvent:
        """Find and take an event; a row is `(property, required, value, read,
        *limits)`.
        """
        __tracebackhide__ = True
        expected = _expected(name, rows)
        compared = [
            _compared(event, expected)
            for event in self._events
            if event["event_type"] == name
        ]
        found = [one.event for one in compared if one.matches]
        for event in found:
            if id(event) not in self._taken:
                self._taken.add(id(event))
                return event
        if not compared:
            raise AssertionError(f"{name} was not tracked{self._others()}")
        free = [one for one in compared if id(one.event) not in self._taken]
        if found:
            what = (
                f"{name} was tracked like this {_times(len(found))}, and asserted as "
                "often before: each assertion takes one event"
            )
            number = "the other" if len(free) == 1 else "the nearest of the others"
        else:
            what = f"{name} was not tracked like this"
            number = f"the nearest of {len(compared)}"
            if len(compared) == 1:
                number = "what was"
        shown = ""
        if free or not found:
            nearest = min(free or compared, key=lambda one: one.distance)
            shown = f"; {number}:\n{_side_by_side(nearest, expected)}"
        raise AssertionError(f"{what}{shown}{self._others()}")

    def _others(self) -> str:
        """Say what else happened: other events, and calls that gave none."""
        lines: list[str] = []
        if self._events:
            names = Counter([event["event_type"] for event in self._events])
            lines.append(f"tracked: {_numbered(names)}")
        else:
            lines.append("tracked: nothing")
        if self._stats is not None and self._before is not None:
            now, then = self._stats(), self._before
            for title, after, before in (
                ("dropped", now.dropped, then.dropped),
                ("violations", now.violations, then.violations),
                ("problems", now.problems, then.problems),
            ):
                more = _more(after, before)
                if more:
                    lines.append(f"{title} since the test began: {_numbered(more)}")
            elsewhere = now.accepted - then.accepted - len(self._events)
            if elsewhere > 0:
                lines.append(
                    f"sent from where no capture holds: {elsewhere} (a thread that is "
                    "started by hand begins without one)"
                )
        return "".join([f"\n{line}" for line in lines])


_Made = TypeVar("_Made", bound=Assertions)


def fixture(
    tracker: Tracker,
    make: Callable[[list[WireEvent], Callable[[], Stats]], _Made],
) -> Any:
    """Make the pytest fixture that captures during a test; None where pytest is not
    installed, so that other test runners may use the assertions alone.
    """
    if find_spec("pytest") is None:
        return None
    pytest: Any = import_module("pytest")

    def assert_tracked() -> Iterator[_Made]:
        """Capture what the test tracks, and assert it: one typed method an event."""
        with tracker.capture() as events:
            yield make(events, tracker.stats)

    return pytest.fixture(assert_tracked)


# --- comparing ---


def _expected(name: str, rows: Iterable[tuple[Any, ...]]) -> dict[str, object]:
    """Read what is expected as a call would; what the plan refuses is never tracked."""
    __tracebackhide__ = True
    expected: dict[str, object] = {}
    for key, required, value, read, *limits in rows:
        if value is ANY:
            continue
        if value is UNSET or (value is None and not required and read is not or_null):
            expected[key] = _ABSENT
            continue
        try:
            expected[key] = read(value, *limits)
        except Exception as error:
            flaw = flaw_of(error)
            path = "".join(
                [
                    f"[{step}]" if isinstance(step, int) else f".{step}"
                    for step in flaw.path
                ]
            )
            raise AssertionError(
                f"{name} cannot be tracked like this: {key}{path} {flaw.reason}, "
                f"so the plan refuses {_shown(value)}"
            ) from None
    return expected


def _compared(event: WireEvent, expected: Mapping[str, object]) -> _Comparison:
    actual = event["event_properties"]
    found: dict[str, list[_Difference]] = {}
    for key, value in expected.items():
        differences = list(_differences(key, actual.get(key, _ABSENT), value))
        if differences:
            found[key] = differences
    return _Comparison(event, found)


def _differences(path: str, actual: object, expected: object) -> Iterator[_Difference]:
    """Compare two values of JSON; true is not 1, 1 is 1.0."""
    if isinstance(actual, dict) and isinstance(expected, dict):
        left = cast("dict[str, Json]", actual)
        right = cast("dict[str, Json]", expected)
        for key in {**right, **left}:
            yield from _differences(
                f"{path}.{key}", left.get(key, _ABSENT), right.get(key, _ABSENT)
            )
    elif isinstance(actual, list) and isinstance(expected, list):
        first, second = cast("list[Json]", actual), cast("list[Json]", expected)
        for number in range(max(len(first), len(second))):
            yield from _differences(
                f"{path}[{number}]",
                first[number] if number < len(first) else _ABSENT,
                second[number] if number < len(second) else _ABSENT,
            )
    elif isinstance(actual, bool) is not isinstance(expected, bool) or (
        actual != expected
    ):
        yield _Difference(path, actual, expected)


# --- messages ---


def _side_by_side(nearest: _Comparison, expected: Mapping[str, object]) -> str:
    """Show every property that was asked for, then the others; what differs has a `!`
    before it.
    """
    actual = nearest.event["event_properties"]
    lines: list[str] = []
    for key in expected:
        differences = nearest.differences.get(key)
        if differences is None:
            lines.append(f"  = {key}: {_shown(actual.get(key, _ABSENT))}")
            continue
        for one in differences:
            both = f"{_shown(one.actual)}, expected {_shown(one.expected)}"
            lines.append(f"  ! {one.path}: {both}")
    lines += [
        f"    {key}: {_shown(value)}"
        for key, value in actual.items()
        if key not in expected
    ]
    return "\n".join(lines)


def _listed(events: Sequence[WireEvent]) -> str:
    shown = [f"  {one['event_type']}({_arguments(one)})" for one in events[:20]]
    if len(events) > 20:
        shown.append(f"  and {len(events) - 20} more")
    number = f"{len(events)} events were" if len(events) > 1 else "one event was"
    return f"{number}:\n" + "\n".join(shown)


def _arguments(event: WireEvent) -> str:
    properties = event["event_properties"].items()
    text = ", ".join([f"{key}={value!r}" for key, value in properties])
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"


def _shown(value: object) -> str:
    text = repr(value)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"


def _numbered(numbers: Mapping[str, int]) -> str:
    return ", ".join(
        [
            f"{name} ({number})" if number > 1 else name
            for name, number in numbers.items()
        ]
    )


def _times(number: int) -> str:
    return "once" if number == 1 else f"{number} times"


def _more(after: Mapping[str, int], before: Mapping[str, int]) -> dict[str, int]:
    return {
        name: number - before.get(name, 0)
        for name, number in after.items()
        if number > before.get(name, 0)
    }
