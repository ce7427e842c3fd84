"""What goes wrong in a call: counted, told to whoever wants to know, answered with a
receipt; raised in strict mode.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextvars import ContextVar

from .counts import Counts
from .events import Receipt, Report, TrackingError, Violation, is_strict_by_default
from .record import Refusal
from .settings import Settings
from .sinks import Outcome
from .values import Json

_telling: ContextVar[bool] = ContextVar("trackside_telling", default=False)


class Troubles:
    """The side of a tracker that answers for what went wrong."""

    counts: Counts
    settings: Settings

    def _refused(
        self,
        event: str,
        refusal: Refusal,
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
        self.counts.problem(kind, error, event)
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
        strict = self._strict()
        on_violation = None if _telling.get() else self.settings.on_violation
        for breach in found:
            place = f"{event}.{breach.property}".removesuffix(".")
            told = strict or on_violation is not None
            self.counts.violated(place, None if told else f"{event}: {breach}")
        if on_violation is not None:
            # What the hook itself sends is not told to the hook: it might never end.
            token = _telling.set(True)
            try:
                on_violation(Report(event, accepted, insert_id, found, properties))
            except Exception as error:
                self.counts.problem("on_violation_failed", error, event)
                if strict:
                    raise
            finally:
                _telling.reset(token)
        if strict:
            raise TrackingError(event, found)

    def _strict(self) -> bool:
        strict = self.settings.strict
        return is_strict_by_default() if strict is None else strict

    def _raise_loss(self, event: str, outcome: Outcome) -> None:
        """Let what a sink did not take surface, in strict mode only."""
        if self._strict():
            reasons = ", ".join([reason for reason, _ in outcome.dropped])
            breach = Violation(
                "", "", f"was not taken by the sink: {reasons}", "refused"
            )
            raise TrackingError(event, (breach,))
