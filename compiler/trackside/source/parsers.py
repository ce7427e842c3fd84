"""The two YAML parsers, each as a stream of events: the C one, and the pure one that stands in for it.

Only events are taken from them. What their messages say never reaches a user.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Protocol

from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

CParser: Any
try:
    from _ruamel_yaml import CParser  # type: ignore[import-not-found,no-redef]
except ImportError:
    CParser = None

__all__ = [
    "AliasEvent",
    "DocumentStartEvent",
    "Events",
    "MappingEndEvent",
    "MappingStartEvent",
    "ScalarEvent",
    "SequenceEndEvent",
    "SequenceStartEvent",
    "YAMLError",
    "c_events",
    "error_place",
    "has_c_parser",
    "pure_events",
]


class Events(Protocol):
    """A parser: from text to its events, in order. Raises YAMLError, at the latest where the text cannot be read on."""

    def __call__(self, text: str) -> Iterable[Any]: ...


has_c_parser: Final = CParser is not None


def c_events(text: str) -> Iterable[Any]:
    """Parse with the C parser. Its marks count code points from 0, like the pure parser's."""
    return iter(CParser(text).get_event, None)


def pure_events(text: str) -> Iterable[Any]:
    """Parse with the pure parser, some 30 times slower."""
    from ruamel.yaml.main import YAML

    yaml = YAML(typ="safe", pure=True)
    try:
        _, parser = yaml.get_constructor_parser(text)
        while parser.check_event():
            yield parser.get_event()
    except (IndexError, TypeError, ValueError, AttributeError) as error:
        # Some text makes the pure parser stumble instead of complain.
        raise YAMLError(str(error)) from error


def error_place(error: BaseException) -> int | None:
    """Give the offset at which a parser stopped, where it says."""
    if isinstance(error, MarkedYAMLError):
        mark = error.problem_mark or error.context_mark
        return None if mark is None else int(mark.index)
    return None
