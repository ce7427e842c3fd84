"""From a call to a sink: identity, consent, context, look-ups, key, revenue, receipt.

A call never raises in production, whatever it is given. In strict mode every breach
raises: under pytest, or as TRACKSIDE_STRICT says.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from time import time_ns
from typing import Any

from .capture import captured, capturing
from .consent import Consent, is_granted, is_looked_up
from .context import Context, add_properties
from .counts import Counts, Stats
from .enrichment import Enricher, Enrichment, Need, Providers, using
from .events import Event, Receipt, TrackingError, Violation, look_again
from .keys import random_id
from .process import after_fork
from .promises import Promises
from .record import Refusal, add_context, add_revenue, identify, time_of
from .record import insert_id as insert_id_of
from .settings import Settings
from .sinks import Outcome, Sink, WireEvent
from .troubles import Troubles
from .values import Json


class Tracker(Troubles):
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
        self._enricher = Enricher(self.counts, enrichments)
        self._promises = Promises(self.counts)
        self.counts.before_reading = self._promises.review
        self._context: dict[str, Json] = {}
        self._observed = False
        after_fork(self._restart)

    # --- set-up ---

    def configure(self, settings: Settings) -> None:
        """Take new settings; what a former sink still holds is sent first."""
        report_to: Any = getattr(settings.sink, "report_to", None)
        if report_to is not None:
            report_to(self.counts.outcome)
        self._enricher.configure(settings.enrich or Providers())
        former, self.settings = self.settings.sink, settings
        if former is not None and former is not settings.sink:
            self._ended(former.close, 5.0)
        if not self._observed:
            self._observed = True
            try:
                from .otel import observe

                observe(
                    self.counts,
                    source=self._source_name,
                    version=self._source_version,
                )
            except Exception as error:
                self.counts.problem("metrics_failed", error)

    def set_context(self, *rows: tuple[Any, ...]) -> None:
        """Check context properties and keep them: for the active context if there is
        one, else for the whole process.
        """
        wire, found = look_again(*rows)
        if found:
            self._report("set_context", False, None, found, wire)
        if not add_properties(wire):
            self._context = {**self._context, **wire}

    def capture(self) -> AbstractContextManager[list[WireEvent]]:
        """Record events instead of sending them, while the block runs."""
        return capturing()

    def stats(self) -> Stats:
        """Give the counts since the start of the process."""
        return self.counts.read()

    def sink(self) -> Sink | None:
        """Give where events go here: the capture that is on, else what is set."""
        return captured.get() or self.settings.sink

    def flush(self, timeout: float) -> bool:
        """Send what is queued; tell whether nothing is left."""
        sink = self.settings.sink
        return sink is None or self._ended(sink.flush, timeout)

    def close(self, timeout: float) -> bool:
        """Flush and let go of the sink; events after that are dropped and counted."""
        sink = self.settings.sink
        closed = sink is None or self._ended(sink.close, timeout)
        self.counts.write_rest()
        return closed

    def _ended(self, end: Callable[[float], bool], timeout: float) -> bool:
        """Flush or close a sink; an error of it surfaces in strict mode only."""
        try:
            return end(timeout)
        except Exception as error:
            if self._strict():
                raise
            self.counts.problem(f"error:{type(error).__name__}", error)
            return False

    def _restart(self) -> None:
        """Begin to count anew in a child process; its locks may be held for ever."""
        self.counts.restart()
        self._promises.restart()

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
                    raise Refusal("violation")
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
                record["time"], found = time_of(event, properties, time, now, found)
            if context is None:
                context = Context.current()
            if event.system:
                record["device_id"] = self._system_id
                if event.consent != "necessary":
                    self._ask_consent(event.consent, None)
            else:
                self._identify(record, event.ids, event.consent, context)
            insert_id = insert_id_of(event, properties, context, self._namespace)
            record["insert_id"] = insert_id
            if event.context:
                own = self._context if context is None else context.properties
                found += add_context(
                    event.context,
                    (own, self._context),
                    self._required_context,
                    properties,
                )
            needs: Sequence[Need] = ()
            if event.enrich:
                wrong, needs = self._enricher.at_call(
                    event.enrich,
                    context,
                    properties,
                    self._may_hold(),
                    captured.get() is None,
                )
                found += tuple(wrong)
            if event.attribution and context is not None:
                for name in event.attribution:
                    value = context.attribution.get(name)
                    if value is not None:
                        properties[name] = value
            if event.revenue is not None:
                add_revenue(event.revenue, properties, record)
            receipt = self._send(record, insert_id, found, properties, needs)
            if event.hybrid and receipt.accepted:
                self._came(insert_id)
                _confirm(self.sink(), event.name, insert_id)
            return receipt
        except Refusal as refusal:
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
                raise Refusal("violation" if found else "nothing_to_identify")
            if context is None:
                context = Context.current()
            insert_id = random_id()
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
            self._identify(record, (), "analytics", context)
            return self._send(record, insert_id, found, changes)
        except Refusal as refusal:
            return self._refused("$identify", refusal, insert_id, found, changes)
        except TrackingError:
            raise
        except Exception as error:
            return self._broken("$identify", error, insert_id, found)

    def promise(
        self,
        event: Event,
        properties: dict[str, Json],
        found: tuple[Violation, ...],
        context: Context | None,
        within: float,
    ) -> Receipt:
        """Confirm a fact that a job or a webhook will send within so many seconds;
        `properties` are the parts of its key.

        It is refused where the event itself would be. What cannot be remembered is not
        confirmed.
        """
        insert_id: str | None = None
        try:
            if context is None:
                context = Context.current()
            about: Any = {"time": 0}
            self._identify(about, event.ids, event.consent, context)
            attempt = None if context is None else context.attempt
            if attempt is None and event.key is not None and event.key.attempt:
                raise Refusal("no_attempt")  # so no client has a copy
            if found:
                raise Refusal("violation")
            insert_id = insert_id_of(event, properties, context, self._namespace)
            refused = self._remember(event.name, insert_id, within)
            if refused is not None:
                raise Refusal(refused)
            _confirm(self.sink(), event.name, insert_id)
            return Receipt(True, insert_id, found)
        except Refusal as refusal:
            if refusal.found is not None:
                found = (*found, refusal.found)
            self.counts.problem(f"promise_refused:{refusal.dropped}", None, event.name)
            if found:
                self._report(event.name, False, insert_id, found, properties)
            return Receipt(False, insert_id, found, refusal.dropped)
        except TrackingError:
            raise
        except Exception as error:
            if self._strict():
                raise
            kind = f"error:{type(error).__name__}"
            self.counts.problem(kind, error, event.name)
            return Receipt(False, insert_id, found, kind)

    def promised(self, insert_id: str) -> bool:
        """Tell whether this process has promised a fact that has not come."""
        return insert_id in self._promises

    def _came(self, insert_id: str) -> None:
        """Note that a fact is here, where no sink remembers promises."""
        if getattr(self.settings.sink, "promise", None) is None:
            self._promises.keep(insert_id)

    def _remember(self, event: str, insert_id: str, within: float) -> str | None:
        """Remember a promise; say why it could not be."""
        if captured.get() is not None:
            return None
        sink: Any = self.settings.sink
        if sink is None:
            return "not_configured"
        promise = getattr(sink, "promise", None)
        if promise is None:
            self._promises.make(event, insert_id, within)
            return None
        outcome: Outcome = promise(event, insert_id, within)
        if not outcome.dropped:
            return None
        self._raise_loss(event, outcome)
        return outcome.dropped[0][0]

    def complete(self, event: WireEvent, needs: Sequence[Need]) -> WireEvent | None:
        """Add what an event was held for, when it is delivered; None while a required
        look-up has no answer.
        """
        properties = dict(event["event_properties"])
        wrong = self._enricher.at_delivery(needs, properties)
        if wrong is None:
            return None
        if wrong:
            name, insert_id = event["event_type"], event["insert_id"]
            self._report(name, True, insert_id, tuple(wrong), properties)
        return {**event, "event_properties": properties}

    async def looked_up(
        self, names: tuple[str, ...], context: Context | None
    ) -> AbstractContextManager[None]:
        """Ask, without holding the event loop, what a call asks; the call inside the
        `with` block takes the answers.
        """
        if context is None:
            context = Context.current()
        asks = is_looked_up(self._consent, context)
        look_up = self.settings.consent if asks else None
        held = self._may_hold()
        return using(await self._enricher.ready(names, context, held, look_up))

    # --- parts of a call ---

    def _identify(
        self,
        record: WireEvent,
        ids: tuple[str, ...],
        category: str,
        context: Context | None,
    ) -> None:
        """Write who an event is about, if its category allows it.

        A choice that somebody has made goes first: who refuses has no ids here, and
        that is nobody's mistake.
        """
        asks = category != "necessary"
        chosen = context is not None and (
            context.consent is not None or context.opted_out
        )
        if asks and chosen:
            self._ask_consent(category, context)
        identify(record, ids, context, self._system_id, self._session_timeout)
        if asks and not chosen:
            self._ask_consent(category, context)

    def _ask_consent(self, category: str, context: Context | None) -> None:
        if context is not None and context.opted_out:
            raise Refusal("opted_out")
        consent = self._consent
        if consent is not None and not is_granted(
            consent, category, context, self._consent_of
        ):
            raise Refusal("consent")

    def _consent_of(self, user_id: str) -> Iterable[str] | None:
        look_up = self.settings.consent
        if look_up is None:
            self.counts.problem("consent_provider_missing")
            return None
        return self._enricher.consent_of(user_id, look_up)

    def _may_hold(self) -> bool:
        """Tell whether an event can wait for a look-up."""
        sink = self.sink()
        return getattr(sink, "hold", None) is not None

    def _send(
        self,
        record: WireEvent,
        insert_id: str,
        found: tuple[Violation, ...],
        properties: Mapping[str, Json],
        needs: Sequence[Need] = (),
    ) -> Receipt:
        """Hand an event to the sink, and tell what was wrong with it and whether it was
        taken; in strict mode an event with a flaw is not handed on.
        """
        event = record["event_type"]
        if not found:
            return self._hand(record, insert_id, found, needs)
        if self._strict():
            self._report(event, False, insert_id, found, properties)
        try:
            receipt = self._hand(record, insert_id, found, needs)
        except Exception as error:
            receipt = self._broken(event, error, insert_id, found)
        self._report(event, receipt.accepted, insert_id, found, properties)
        return receipt

    def _hand(
        self,
        record: WireEvent,
        insert_id: str,
        found: tuple[Violation, ...],
        needs: Sequence[Need],
    ) -> Receipt:
        sink: Any = captured.get() or self.settings.sink
        if sink is None:
            self.counts.dropped("not_configured")
            return Receipt(False, insert_id, found, "not_configured")
        outcome: Outcome = sink.hold(record, needs) if needs else sink.accept((record,))
        accepted = self.counts.taken(outcome)
        if not outcome.dropped:
            return Receipt(accepted, insert_id, found, None if accepted else "sink")
        self._raise_loss(record["event_type"], outcome)
        dropped = None if accepted else outcome.dropped[0][0]
        return Receipt(accepted, insert_id, found, dropped)


def _confirm(sink: Sink | None, event: str, insert_id: str) -> None:
    """Let the answer to the present request tell the client that a fact is here."""
    from .request import confirm  # few programs have hybrid events

    confirm(sink, event, insert_id)
