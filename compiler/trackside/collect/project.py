"""What the local destination holds: one project, from the first request to the last.

Takes uploads; sorts their events into good, bad and duplicate; counts; tells. Bodies are kept as they came and are read
again when somebody asks for events: that is a tenth of the memory of the events themselves, and nothing is copied while
requests come in.
"""

from __future__ import annotations

import json
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal, NamedTuple, TypeAlias

from trackside.collect.upload import (
    LONGEST_TEXT,
    Event,
    RefusedError,
    Upload,
    plain_bytes,
    shallow,
    stored_form,
    with_ids,
)

Check: TypeAlias = Callable[[Event], Sequence[str]]
"""Judges an event, without ids that are too short: the reasons why it breaks the plan, none when it does not."""

Sort: TypeAlias = Literal["good", "bad", "duplicates"]

WINDOW: Final = 7 * 24 * 3600.0
"""Seconds in which a second event with the same insert_id on the same device is ignored (HTTP V2 API)."""

_BAD, _DUPLICATE = 1, 2
SORTS: Final[tuple[Sort, ...]] = ("good", "bad", "duplicates")

_NO_REASONS: Final[Mapping[int, Sequence[str]]] = {}


class Arrival(NamedTuple):
    """One event as it came: the how manyth of this process, counted from 0; when, in seconds since 1970."""

    number: int
    at: float
    sort: Sort
    refused: bool
    event: Event
    reasons: Sequence[str]


@dataclass(frozen=True, slots=True)
class _Kept:
    """A body, and one byte for each event in it that says where the event belongs; `bare` is a list of events alone.

    `first` is the number of its first event.
    """

    body: bytes
    encoding: str
    min_id_length: int
    verdicts: bytes
    reasons: Mapping[int, Sequence[str]]
    first: int
    at: float
    refused: bool = False
    bare: bool = False

    def events(self) -> list[Event]:
        """Read the events again."""
        read = json.loads(plain_bytes(self.body, self.encoding))
        events: list[Event] = read if self.bare else read["events"]
        return events


@dataclass(slots=True)
class Project:
    """One project of the destination. `clock` gives seconds since 1970; `keep` bounds the bytes of bodies kept.

    `check` is None where events are not compared with a plan. `arrived` counts all events since the process began, over
    all `resets`: it numbers them. The first after the last reset has the number `begun`.
    """

    check: Check | None = None
    keys: frozenset[str] = frozenset()
    keep: int = 256_000_000
    clock: Callable[[], float] = time.time
    ahead: float = 0.0
    arrived: int = 0
    resets: int = 0
    begun: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    requests: Counter[int] = field(default_factory=Counter)
    _counted: Counter[tuple[str, int]] = field(default_factory=Counter)
    _seen: set[str] = field(default_factory=set)
    _seen_at: deque[tuple[float, tuple[str, ...]]] = field(default_factory=deque)
    _kept: deque[_Kept] = field(default_factory=deque)
    _kept_bytes: int = 0

    def now(self) -> float:
        """Give the destination's time, in seconds since 1970."""
        return self.clock() + self.ahead

    def take(self, upload: Upload, body: bytes, encoding: str) -> dict[str, Any]:
        """Take what the request holds, and give the answer to it: all of it, or by an error nothing."""
        now = self.now()
        answer = {
            "code": 200,
            "events_ingested": len(upload.events),
            "payload_size_bytes": upload.size,
            "server_upload_time": int(now * 1000),
        }
        self._forget_keys(now)
        fresh: set[str] = set()
        verdicts = bytearray(len(upload.events))
        reasons: dict[int, Sequence[str]] = {}
        shortest = upload.min_id_length
        for index, event in enumerate(upload.events):
            if self._is_copy(event, shortest, fresh):
                verdicts[index] = _DUPLICATE
            elif self.check is not None:
                found = self.check(with_ids(event, shortest))
                if found:
                    verdicts[index] = _BAD
                    reasons[index] = found
        bare = upload.endpoint == "identify"
        if bare:  # a form; what it says is kept as events
            body, encoding = json.dumps(upload.events).encode(), ""
        kept = _Kept(body, encoding, shortest, bytes(verdicts), reasons or _NO_REASONS, self.arrived, now, bare=bare)
        # All has been judged, and nothing recorded yet: what follows cannot fail half way.
        self._seen |= fresh
        self._seen_at.append((now, tuple(fresh)))
        self._record(upload.events, kept)
        return answer

    def refuse(self, refused: RefusedError) -> None:
        """Keep the events that a refusal names, with the reasons."""
        if not refused.faulty:
            return
        named = sorted(refused.faulty)
        events = [{name: shallow(value) for name, value in refused.events[index].items()} for index in named]
        reasons = {place: refused.faulty[index] for place, index in enumerate(named)}
        body = json.dumps(events).encode()
        verdicts = bytes([_BAD]) * len(events)
        kept = _Kept(body, "", 0, verdicts, reasons, self.arrived, self.now(), refused=True, bare=True)
        self._record(events, kept)
        self.counts["refused"] += len(events)

    def answered(self, status: int) -> None:
        """Count a request by the status it was answered with, 0 for none."""
        self.requests[status] += 1

    def listed(
        self, sort: Sort, *, event_type: str | None = None, fields: Sequence[str] = ()
    ) -> Iterator[list[dict[str, Any]]]:
        """Yield the events of one sort in the order in which they came, in lists; with `fields`, those members alone.

        Bad events come as `{"event", "reasons", "refused"}`.
        """
        code = SORTS.index(sort)
        for kept in tuple(self._kept):
            if code not in kept.verdicts:
                continue
            rows: list[dict[str, Any]] = []
            for index, (event, verdict) in enumerate(zip(kept.events(), kept.verdicts, strict=True)):
                if verdict != code or (event_type is not None and event.get("event_type") != event_type):
                    continue
                row = event if kept.refused else stored_form(event, kept.min_id_length)
                if fields:
                    row = {name: row[name] for name in fields if name in row}
                if sort == "bad":
                    row = {"event": row, "reasons": list(kept.reasons[index]), "refused": kept.refused}
                rows.append(row)
            if rows:
                yield rows

    def arrivals(self, start: int, stop: int | None = None) -> Iterator[Arrival]:
        """Yield the events that are kept from number `start` on, before `stop`, in the order in which they came."""
        later: list[_Kept] = []
        for kept in reversed(self._kept):
            if kept.first + len(kept.verdicts) <= start:
                break
            if stop is None or kept.first < stop:
                later.append(kept)
        for kept in reversed(later):
            for index, (event, verdict) in enumerate(zip(kept.events(), kept.verdicts, strict=True)):
                number = kept.first + index
                if number < start:
                    continue
                if number == stop:
                    return
                stored = event if kept.refused else stored_form(event, kept.min_id_length)
                yield Arrival(number, kept.at, SORTS[verdict], kept.refused, stored, kept.reasons.get(index, ()))

    def stats(self) -> dict[str, Any]:
        """Count what came, by what became of it."""
        by_event: dict[str, dict[str, int]] = {}
        for (name, verdict), number in self._counted.items():
            by_event.setdefault(name, {})[SORTS[verdict]] = number
        return {
            "good": self.counts["good"],
            "bad": self.counts["bad"],
            "duplicates": self.counts["duplicates"],
            "refused": self.counts["refused"],
            "forgotten": self.counts["forgotten"],
            "requests": {str(status): number for status, number in sorted(self.requests.items())},
            "by_event": by_event,
        }

    def reset(self) -> None:
        """Forget everything, and go back to the present."""
        self.ahead = 0.0
        self.resets += 1
        self.begun = self.arrived
        for store in (self.counts, self.requests, self._counted, self._seen, self._seen_at, self._kept):
            store.clear()
        self._kept_bytes = 0

    def _is_copy(self, event: Event, shortest: int, fresh: set[str]) -> bool:
        insert_id = event.get("insert_id")
        if not insert_id:
            return False
        name, sign = event.get("device_id"), "d"
        if not name or len(name) < shortest:
            # Where no device is stated, the vendor makes one of the user.
            name, sign = event["user_id"], "u"
        key = f"{sign}{len(name)} {name[:LONGEST_TEXT]}{insert_id[:LONGEST_TEXT]}"
        if key in self._seen or key in fresh:
            return True
        fresh.add(key)
        return False

    def _forget_keys(self, now: float) -> None:
        """Forget the keys whose window has ended."""
        while self._seen_at and self._seen_at[0][0] <= now - WINDOW:
            self._seen.difference_update(self._seen_at.popleft()[1])

    def _record(self, events: Sequence[Event], kept: _Kept) -> None:
        names = [str(event.get("event_type")) for event in events]
        self._counted.update(zip(names, kept.verdicts, strict=True))
        for verdict, sort in enumerate(SORTS):
            self.counts[sort] += kept.verdicts.count(verdict)
        self._kept.append(kept)
        self.arrived += len(kept.verdicts)
        self._kept_bytes += len(kept.body)
        while self._kept_bytes > self.keep and len(self._kept) > 1:
            dropped = self._kept.popleft()
            self._kept_bytes -= len(dropped.body)
            self.counts["forgotten"] += len(dropped.verdicts)
