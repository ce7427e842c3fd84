"""Where events go: one small protocol, and the sinks that need nothing but the standard
library.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from threading import RLock
from typing import (
    Any,
    Final,
    NamedTuple,
    NotRequired,
    Protocol,
    TypeAlias,
    TypedDict,
    cast,
)

from .process import after_fork
from .values import Json


class WireEvent(TypedDict):
    """One event as the destination takes it (Amplitude, HTTP V2 API); what is not known
    is absent.
    """

    event_type: str
    time: int
    insert_id: str
    event_properties: dict[str, Json]
    ingestion_metadata: dict[str, str]
    user_id: NotRequired[str]
    device_id: NotRequired[str]
    session_id: NotRequired[int]
    user_properties: NotRequired[dict[str, Json]]
    revenue: NotRequired[float]
    currency: NotRequired[str]
    productId: NotRequired[str]
    revenueType: NotRequired[str]
    ip: NotRequired[str]
    user_agent: NotRequired[str]


class Outcome(NamedTuple):
    """What became of some events: in the sink's hands, at the destination, or lost, by
    reason.
    """

    queued: int = 0
    sent: int = 0
    dropped: tuple[tuple[str, int], ...] = ()


Listener: TypeAlias = Callable[[Outcome], object]


class Sink(Protocol):
    """Takes events. `accept` returns at once and never waits for a network; it may be
    called from any thread.

    A sink that learns later what became of what it queued has a method
    `report_to(listener)` as well. One whose attribute `durable` is False keeps what it
    takes in memory, so that `accept` waits for no disk either.
    """

    def accept(self, events: Sequence[WireEvent]) -> Outcome:
        """Take events, which are the sink's own from now on."""
        ...

    def flush(self, timeout: float) -> bool:
        """Send what is queued, for at most `timeout` seconds; tell whether nothing is
        left.
        """
        ...

    def close(self, timeout: float) -> bool:
        """Flush, then let go of threads and files; tell whether nothing was lost."""
        ...


_SENT_ONE: Final = Outcome(sent=1)


class RecordingSink:
    """Keeps events in memory, in `events`."""

    def __init__(self) -> None:
        self.events: list[WireEvent] = []

    def accept(self, events: Sequence[WireEvent]) -> Outcome:
        """Keep the events."""
        self.events.extend(events)
        return _SENT_ONE if len(events) == 1 else Outcome(sent=len(events))

    def flush(self, timeout: float) -> bool:
        """Do nothing: all is kept."""
        return True

    def close(self, timeout: float) -> bool:
        """Do nothing: all is kept."""
        return True


class NdjsonSink:
    """Appends events to a file, one JSON text a line. A line is one write, so that
    several processes may share a file.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._path = path
        self._file: int | None = None
        self._is_torn = False
        self._closed = False
        self._unlock()
        after_fork(self._unlock)

    def accept(self, events: Sequence[WireEvent]) -> Outcome:
        """Write the events."""
        lines = "".join(
            [
                json.dumps(event, ensure_ascii=False, separators=(",", ":")) + "\n"
                for event in events
            ]
        )
        data = lines.encode()
        with self._lock:
            if self._closed:
                return Outcome(dropped=(("sink_closed", len(events)),))
            if self._file is None:
                self._file = os.open(
                    self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644
                )
            if self._is_torn:  # else the next event would be lost with the last
                data = b"\n" + data
            written = 0
            try:
                while written < len(data):
                    written += os.write(self._file, data[written:])
            finally:
                torn = written > 0 or self._is_torn
                self._is_torn = torn and written < len(data)
        return Outcome(sent=len(events))

    def _unlock(self) -> None:
        """Begin with a lock that no thread of a parent process holds. A signal handler
        or a finaliser may write a line while its own thread writes another.
        """
        self._lock = RLock()

    def flush(self, timeout: float) -> bool:
        """Do nothing: every line is written when it is accepted."""
        return True

    def close(self, timeout: float) -> bool:
        """Close the file."""
        with self._lock:
            self._closed = True
            if self._file is not None:
                os.close(self._file)
                self._file = None
        return True


class Tee:
    """Hands events to several sinks. Each gets its own copy; one that fails keeps
    nothing from the others.
    """

    def __init__(self, *sinks: Sink) -> None:
        self._sinks = sinks

    def accept(self, events: Sequence[WireEvent]) -> Outcome:
        """Hand the events on; the outcome is that of the first sink, with every sink's
        losses.
        """
        return self._each(
            len(events),
            lambda sink: sink.accept(
                [cast("WireEvent", _copy(event)) for event in events]
            ),
        )

    @property
    def hold(self) -> Callable[[WireEvent, Sequence[Any]], Outcome] | None:
        """Hold an event where a sink can; the others get it as it is. None where no
        sink can.
        """
        if not any(getattr(sink, "hold", None) for sink in self._sinks):
            return None

        def hold(event: WireEvent, needs: Sequence[Any]) -> Outcome:
            def one(sink: Any) -> Outcome:
                holds = getattr(sink, "hold", None)
                outcome: Outcome = (
                    sink.accept((_copy(event),))
                    if holds is None
                    else holds(_copy(event), needs)
                )
                return outcome

            return self._each(1, one)

        return hold

    @property
    def promise(self) -> Callable[[str, str, float], Outcome] | None:
        """Note a promise at the first sink that keeps them. None where no sink does."""
        for sink in self._sinks:
            promise: Callable[[str, str, float], Outcome] | None = getattr(
                sink, "promise", None
            )
            if promise is not None:
                return promise
        return None

    @property
    def ledger(self) -> Any:
        """Give the first sink that knows what it has sent, None where none does."""
        return next((sink for sink in self._sinks if hasattr(sink, "knows")), None)

    def accept_copy(self, event: WireEvent) -> Outcome:
        """Hand a client's copy on, as such to the sinks that tell it from a fact."""

        def one(sink: Any) -> Outcome:
            takes = getattr(sink, "accept_copy", None)
            outcome: Outcome = (
                sink.accept((_copy(event),)) if takes is None else takes(_copy(event))
            )
            return outcome

        return self._each(1, one)

    def _each(self, number: int, hand: Callable[[Sink], Outcome]) -> Outcome:
        outcomes: list[Outcome] = []
        for sink in self._sinks:
            try:
                outcomes.append(hand(sink))
            except Exception as error:
                outcomes.append(
                    Outcome(dropped=((f"sink_failed:{type(error).__name__}", number),))
                )
        if not outcomes:
            return Outcome(dropped=(("no_sink", number),))
        lost = tuple(loss for outcome in outcomes for loss in outcome.dropped)
        return Outcome(outcomes[0].queued, outcomes[0].sent, lost)

    def flush(self, timeout: float) -> bool:
        """Flush every sink; each may take the whole time. Raises what the first one
        that fails does, after the others.
        """
        return self._all([sink.flush for sink in self._sinks], timeout)

    def close(self, timeout: float) -> bool:
        """Close every sink; each may take the whole time. Raises as `flush` does."""
        return self._all([sink.close for sink in self._sinks], timeout)

    @staticmethod
    def _all(ends: Sequence[Callable[[float], bool]], timeout: float) -> bool:
        well = True
        failures: list[Exception] = []
        for end in ends:
            try:
                well = end(timeout) and well
            except Exception as error:
                failures.append(error)
        if failures:
            raise failures[0]
        return well

    def report_to(self, listener: Listener) -> None:
        """Let every sink that can report do so; what is sent counts once, at the first
        of them.
        """
        for number, sink in enumerate(self._sinks):
            report_to: Any = getattr(sink, "report_to", None)
            if report_to is not None:
                report_to(listener if number == 0 else _losses(listener))


def _losses(listener: Listener) -> Listener:
    return lambda outcome: listener(Outcome(dropped=outcome.dropped))


def _copy(value: Any) -> Any:
    if isinstance(value, dict):
        members = cast("dict[str, object]", value)
        return {key: _copy(item) for key, item in members.items()}
    if isinstance(value, list):
        elements = cast("list[object]", value)
        return [_copy(item) for item in elements]
    return value
