"""From a call to a sink: identity, consent, context, look-ups, key, revenue, receipt.

A call never raises in production, whatever it is given. In strict mode every breach
raises: under pytest, or as TRACKSIDE_STRICT says.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Generator, Iterable, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime, timedelta
from math import isfinite
from time import time_ns
from typing import Any, Final, Literal, NamedTuple

from . import keys
from .context import Context, set_current
from .counts import Counts, Stats
from .events import (
    Enrichment,
    Event,
    Provider,
    Receipt,
    Report,
    Revenue,
    TrackingError,
    Violation,
    look_again,
    violation,
)
from .sinks import RecordingSink, Sink, WireEvent
from .values import Flaw, Json, flaw_of

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND: Final = timedelta(milliseconds=1)
_captured: ContextVar[RecordingSink | None] = ContextVar(
    "trackside_capture", default=None
)


class Consent(NamedTuple):
    """What holds where nothing is known about a person's choice: with a browser, and
    without one.
    """

    default: Literal["granted", "denied"] = "granted"
    without_browser: Literal["allow", "deny", "lookup"] = "allow"


class Settings(NamedTuple):
    """What `configure` sets, replaced as a whole."""

    sink: Sink | None = None
    providers: Mapping[str, Provider] = {}
    consent: Callable[[str], Iterable[str] | None] | None = None
    strict: bool | None = None
    on_violation: Callable[[Report], object] | None = None


class _Refusal(Exception):
    """Ends a call whose event is not sent; `violation` is None where the plan itself
    says so.
    """

    def __init__(self, dropped: str, found: Violation | None = None) -> None:
        super().__init__(dropped)
        self.dropped = dropped
        self.found = found


class Tracker:
    """Sends the events of one source of one plan."""

    def __init__(
        self,
        *,
        plan: str,
        version: str,
        source: str,
        namespace: str,
        session_timeout: int,
        consent: Consent | None = None,
        required_context: tuple[str, ...] = (),
        enrichments: tuple[Enrichment, ...] = (),
    ) -> None:
        self.settings = Settings()
        self.counts = Counts()
        self._source_name = f"{plan}/{source}"
        self._source_version = version
        self._system_id = f"system:{plan}:{source}"
        self._namespace = namespace
        self._session_timeout = session_timeout * 1000
        self._consent = consent
        self._required_context = frozenset(required_context)
        self._enrichments = {enrichment.name: enrichment for enrichment in enrichments}
        self._context: dict[str, Json] = {}

    # --- set-up ---

    def configure(self, settings: Settings) -> None:
        """Take new settings; what a former sink still holds is sent first."""
        report_to: Any = getattr(settings.sink, "report_to", None)
        if report_to is not None:
            report_to(self.counts.outcome)
        former, self.settings = self.settings.sink, settings
        if former is not None and former is not settings.sink:
            former.close(5.0)

    def set_context(self, *rows: tuple[Any, ...]) -> None:
        """Check context properties and keep them: for the active context if there is
        one, else for the whole process.
        """
        wire, found = look_again(*rows)
        if found:
            self._report("set_context", False, None, found, wire)
        active = Context.current()
        if active is None:
            self._context = {**self._context, **wire}
        else:
            set_current(active.with_properties(wire))

    @contextmanager
    def capture(self) -> Generator[list[WireEvent], None, None]:
        """Record events instead of sending them, in this thread or task and what it
        starts.
        """
        sink = RecordingSink()
        token = _captured.set(sink)
        try:
            yield sink.events
        finally:
            try:
                _captured.reset(token)
            except (
                ValueError
            ):  # left in another task than it was entered in, as some fixtures do
                _captured.set(None)

    def stats(self) -> Stats:
        """Give the counts since the start of the process."""
        return self.counts.read()

    def flush(self, timeout: float) -> bool:
        """Send what is queued; tell whether nothing is left."""
        sink = self.settings.sink
        return sink is None or sink.flush(timeout)

    def close(self, timeout: float) -> bool:
        """Flush and let go of the sink; events after that are dropped and counted."""
        sink = self.settings.sink
        return sink is None or sink.close(timeout)

    # --- calls ---

    def emit(
        self,
        event: Event,
        properties: dict[str, Json],
        found: tuple[Violation, ...],
        context: Context | None,
        time: datetime | None = None,
    ) -> Receipt:
        """Send one event whose properties have been read; `found` is what was wrong
        with them.
        """
        insert_id: str | None = None
        try:
            for flaw in found:
                if flaw.effect == "refused":
                    raise _Refusal("violation")
            now = time_ns() // 1_000_000
            record: WireEvent = {
                "event_type": event.name,
                "time": now,
                "insert_id": "",
                "event_properties": properties,
                "ingestion_metadata": {
                    "source_name": self._source_name,
                    "source_version": self._source_version,
                },
            }
            if time is not None or event.time is not None:
                record["time"], found = _time_of(event, properties, time, now, found)
            if context is None:
                context = Context.current()
            self._identify(event.ids, event.system, context, record)
            if self._consent is not None and event.consent != "necessary":
                self._ask_consent(event.consent, event.system, context)
            insert_id = self._insert_id(event, properties, context)
            record["insert_id"] = insert_id
            if event.context:
                found += self._add_context(event.context, context, properties)
            if event.enrich:
                found += self._enrich(event.enrich, context, properties)
            if event.attribution and context is not None:
                for name in event.attribution:
                    value = context.attribution.get(name)
                    if value is not None:
                        properties[name] = value
            if event.revenue is not None:
                _add_revenue(event.revenue, properties, record)
            if found:
                self._report(event.name, True, insert_id, found, properties)
            return self._send(record, insert_id, found)
        except _Refusal as refusal:
            return self._refused(event.name, refusal, insert_id, found, properties)
        except TrackingError:
            raise
        except Exception as error:
            return self._broken(event.name, error, insert_id, found)

    def identify(self, context: Context | None, *rows: tuple[Any, ...]) -> Receipt:
        """Send user properties; a row is `(name, operation, value, read, *limits)`."""
        insert_id: str | None = None
        found: tuple[Violation, ...] = ()
        changes: dict[str, Json] = {}
        try:
            operations = {row[0]: row[1] for row in rows}
            wire, found = look_again(*[(name, False, *rest) for name, _, *rest in rows])
            for name, value in wire.items():
                group: Any = changes.setdefault(operations[name], {})
                group[name] = "-" if operations[name] == "$unset" else value
            if not changes:
                raise _Refusal("violation" if found else "nothing_to_identify")
            if context is None:
                context = Context.current()
            insert_id = keys.random_id()
            record: WireEvent = {
                "event_type": "$identify",
                "time": time_ns() // 1_000_000,
                "insert_id": insert_id,
                "event_properties": {},
                "user_properties": changes,
                "ingestion_metadata": {
                    "source_name": self._source_name,
                    "source_version": self._source_version,
                },
            }
            self._identify((), False, context, record)
            if self._consent is not None:
                self._ask_consent("analytics", False, context)
            if found:
                self._report("$identify", True, insert_id, found, changes)
            return self._send(record, insert_id, found)
        except _Refusal as refusal:
            return self._refused("$identify", refusal, insert_id, found, changes)
        except TrackingError:
            raise
        except Exception as error:
            return self._broken("$identify", error, insert_id, found)

    # --- parts of a call ---

    def _identify(
        self,
        ids: tuple[str, ...],
        system: bool,
        context: Context | None,
        record: WireEvent,
    ) -> None:
        """Write who the event is about: exactly `ids` where the plan names them, else
        all that is known.
        """
        if system:
            record["device_id"] = self._system_id
            return
        if context is None:
            raise _Refusal(
                "violation",
                _refused(
                    "", "has no identity: no context is active and none was passed"
                ),
            )
        if context.is_system and not ids:
            record["device_id"] = self._system_id
            return
        for name in ids or ("user_id", "device_id"):
            value, flaw = (
                (context.user_id, context.user_flaw)
                if name == "user_id"
                else (context.device_id, context.device_flaw)
            )
            if flaw is not None:
                raise _Refusal("violation", _refused(name, flaw))
            if value is not None:
                record[name] = value  # type: ignore[literal-required]
            elif ids:
                raise _Refusal(
                    "violation",
                    _refused(name, "is not in the context, and the plan wants it here"),
                )
        if not ids and "user_id" not in record and "device_id" not in record:
            raise _Refusal(
                "violation",
                _refused(
                    "", "has no identity: the context has neither user_id nor device_id"
                ),
            )
        if context.session_id is not None and (
            context.seen_at is None
            or abs(record["time"] - context.seen_at) <= self._session_timeout
        ):
            record["session_id"] = context.session_id
        if context.ip is not None:
            record["ip"] = context.ip
        if context.user_agent is not None:
            record["user_agent"] = context.user_agent

    def _ask_consent(
        self, category: str, system: bool, context: Context | None
    ) -> None:
        assert self._consent is not None
        if context is not None and context.consent is not None:
            granted = category in context.consent
        elif not system and context is not None and context.device_id is not None:
            granted = self._consent.default == "granted"
        elif self._consent.without_browser != "lookup":
            granted = self._consent.without_browser == "allow"
        else:
            granted = self._look_up_consent(category, context)
        if not granted:
            raise _Refusal("consent")

    def _look_up_consent(self, category: str, context: Context | None) -> bool:
        assert self._consent is not None
        look_up = self.settings.consent
        answer: Iterable[str] | None = None
        if look_up is None:
            self.counts.problem("consent_provider_missing")
        elif context is not None and context.user_id is not None:
            try:
                answer = look_up(context.user_id)
            except Exception:
                self.counts.problem("consent_provider_failed")
        return (
            self._consent.default == "granted" if answer is None else category in answer
        )

    def _insert_id(
        self, event: Event, properties: Mapping[str, Json], context: Context | None
    ) -> str:
        key = event.key
        if key is None:
            return keys.random_id()
        parts: list[Any] = []
        for name in key.parts:
            part = properties.get(name)
            if part is None or part == "":
                raise _Refusal(
                    "violation",
                    _refused(
                        name, "is part of the dedupe key, and is missing or empty"
                    ),
                )
            parts.append(part)
        if key.texts is not None:
            return keys.in_the_clear(key.texts, parts)
        if key.attempt:
            if context is None or context.attempt is None:
                return keys.random_id()  # no copy of the client's is on its way
            parts.append(context.attempt)
        start = event.key_start
        if start is None:
            start = event.key_start = keys.prefix(self._namespace, key.name)
        return keys.hashed(start, parts)

    def _add_context(
        self,
        names: tuple[str, ...],
        context: Context | None,
        properties: dict[str, Json],
    ) -> tuple[Violation, ...]:
        own = self._context if context is None else context.properties
        missing: list[Violation] = []
        for name in names:
            if name in own:
                properties[name] = own[name]
            elif name in self._context:
                properties[name] = self._context[name]
            elif name in self._required_context:
                missing.append(
                    Violation(
                        name,
                        name,
                        "is missing: set_context was not given it",
                        "flagged",
                    )
                )
        return tuple(missing)

    def _enrich(
        self,
        names: tuple[str, ...],
        context: Context | None,
        properties: dict[str, Json],
    ) -> tuple[Violation, ...]:
        found: list[Violation] = []
        for name in names:
            enrichment = self._enrichments[name]
            properties.update(enrichment.defaults)
            provider = self.settings.providers.get(name)
            subject = None if context is None else getattr(context, enrichment.by)
            if provider is None:
                self.counts.problem(f"enrichment_missing:{name}")
                continue
            if subject is None:
                self.counts.problem(f"enrichment_skipped:{name}")
                continue
            try:
                answer = provider(subject)
            except Exception:
                self.counts.problem(f"enrichment_failed:{name}")
                continue
            if answer is None:
                continue
            for row in enrichment.rows:
                value = answer.get(row[0])
                if value is None:
                    continue
                try:
                    properties[row[0]] = row[1](value, *row[2:])
                except Exception as error:
                    found.append(violation(row[0], flaw_of(error), "left_out"))
        return tuple(found)

    def _send(
        self, record: WireEvent, insert_id: str, found: tuple[Violation, ...]
    ) -> Receipt:
        sink = _captured.get() or self.settings.sink
        if sink is None:
            self.counts.dropped("not_configured")
            return Receipt(False, insert_id, found, "not_configured")
        outcome = sink.accept((record,))
        if self.counts.taken(outcome):
            return Receipt(True, insert_id, found)
        return Receipt(
            False,
            insert_id,
            found,
            outcome.dropped[0][0] if outcome.dropped else "sink",
        )

    # --- what went wrong ---

    def _refused(
        self,
        event: str,
        refusal: _Refusal,
        insert_id: str | None,
        found: tuple[Violation, ...],
        properties: Mapping[str, Json],
    ) -> Receipt:
        if refusal.found is not None:
            found = (*found, refusal.found)
        self.counts.dropped(refusal.dropped)
        if found:
            self._report(event, False, insert_id, found, properties)
        return Receipt(False, insert_id, found, refusal.dropped)

    def _broken(
        self,
        event: str,
        error: Exception,
        insert_id: str | None,
        found: tuple[Violation, ...],
    ) -> Receipt:
        """Answer for an error that is ours or a sink's: it is counted, and surfaces in
        strict mode only.
        """
        kind = f"error:{type(error).__name__}"
        self.counts.dropped(kind)
        if self._strict():
            raise error
        if _is_round(self.counts.problem(kind)):
            _warn(f"{event}: {error!r}")
        return Receipt(False, insert_id, found, kind)

    def _report(
        self,
        event: str,
        accepted: bool,
        insert_id: str | None,
        found: tuple[Violation, ...],
        properties: Mapping[str, Json],
    ) -> None:
        """Count breaches and tell whoever wants to know; raises TrackingError in strict
        mode.
        """
        times = [
            self.counts.violated(f"{event}.{breach.property}".removesuffix("."))
            for breach in found
        ]
        on_violation = self.settings.on_violation
        if on_violation is not None:
            try:
                on_violation(Report(event, accepted, insert_id, found, properties))
            except Exception:
                self.counts.problem("on_violation_failed")
                if self._strict():
                    raise
        if self._strict():
            raise TrackingError(event, found)
        if on_violation is None and any(map(_is_round, times)):
            _warn(f"{event}: {'; '.join(map(str, found))}")

    def _strict(self) -> bool:
        strict = self.settings.strict
        if strict is not None:
            return strict
        asked = os.environ.get("TRACKSIDE_STRICT")
        if asked:
            return asked not in {"0", "false", "no"}
        return "PYTEST_CURRENT_TEST" in os.environ


def _refused(name: str, reason: str) -> Violation:
    return Violation(name, name, reason, "refused")


def _time_of(
    event: Event,
    properties: Mapping[str, Json],
    time: datetime | None,
    now: int,
    found: tuple[Violation, ...],
) -> tuple[int, tuple[Violation, ...]]:
    """Take the event's time, in ms, from the property that the plan names, else from
    the call.
    """
    if event.time is not None:
        written = properties.get(event.time)
        if not isinstance(written, str):
            return now, found
        time = datetime.fromisoformat(f"{written[:-1]}+00:00")
    try:
        if not isinstance(time, datetime):
            raise Flaw("is not a datetime")
        if time.utcoffset() is None:
            raise Flaw("has no offset: give it a time zone")
        return (time - _EPOCH) // _MILLISECOND, found
    except Exception as error:
        return now, (*found, violation("time", flaw_of(error), "left_out"))


def _add_revenue(
    revenue: Revenue, properties: Mapping[str, Json], record: WireEvent
) -> None:
    """Write the destination's revenue, a float; what it is made of stays among the
    properties.
    """
    if revenue.amount is not None:
        total = properties.get(revenue.amount)
    else:
        price, quantity = properties.get(revenue.unit_price or ""), properties.get(
            revenue.quantity or ""
        )
        total = (
            price * quantity
            if isinstance(price, int | float) and isinstance(quantity, int | float)
            else None
        )
    if not isinstance(total, int | float) or not isfinite(total):
        return
    record["revenue"] = 0.0 - total if revenue.negate else total + 0.0
    if revenue.currency is not None and isinstance(
        currency := properties.get(revenue.currency), str
    ):
        record["currency"] = currency
    if (
        revenue.product_id is not None
        and (product_id := properties.get(revenue.product_id)) is not None
    ):
        record["productId"] = str(product_id)
    if revenue.type is not None and isinstance(
        kind := properties.get(revenue.type), str
    ):
        record["revenueType"] = kind


def _is_round(number: int) -> bool:
    """Tell whether a count is worth a line in the log: 1, 10, 100 and so on."""
    return str(number).rstrip("0") == "1"


def _warn(text: str) -> None:
    import logging

    logging.getLogger("trackside").warning(text)
