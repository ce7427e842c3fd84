"""What look-ups add to an event: what the plan says of each, and who answers."""

from __future__ import annotations

from collections.abc import (
    Awaitable,
    Callable,
    Generator,
    Iterable,
    Mapping,
    Sequence,
)
from contextlib import contextmanager
from contextvars import ContextVar
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple, TypeAlias, TypeVar

from .consent import LookUp
from .context import Context
from .counts import Counts
from .events import Violation, violation
from .record import Refusal
from .values import Json, flaw_of

if TYPE_CHECKING:
    from .look_ups import LookUps, Question

BUDGET: Final = 0.25
"""Seconds that one call waits for all its look-ups together."""
DELIVERY_BUDGET: Final = 10.0
"""Seconds that a delivery waits: it holds no request, but it holds other events."""
KEEP: Final = 5.0
"""Seconds that an answer is kept."""


class Need(NamedTuple):
    """A look-up that a held event waits for: which, by which id, and whether the event
    may go without.
    """

    enrichment: str
    subject: str
    required: bool


class Enrichment(NamedTuple):
    """A look-up by an id; `rows` are `(name, read, *limits)`, `defaults` what is sent
    when the provider has nothing. A `required` one holds its event until it is
    answered.
    """

    name: str
    by: Literal["user_id", "device_id"]
    rows: tuple[tuple[Any, ...], ...]
    defaults: Mapping[str, Json]
    at: Literal["call", "delivery"] = "call"
    required: bool = False


Answer: TypeAlias = Mapping[str, object]
"""What is known; an empty one tells that nothing is."""
_Known = TypeVar("_Known", bound=Answer)
Provider: TypeAlias = Callable[[str], _Known | Awaitable[_Known | None] | None]
"""Answers by an id; None where there is no answer, or not yet."""


class Providers:
    """The providers of a code base. `budget` is the seconds that one call waits for its
    look-ups; None asks in the caller's own thread, for as long as it takes. `keep` is
    the seconds that an answer is kept, 0 for not at all.
    """

    def __init__(self, budget: float | None = BUDGET, keep: float = KEEP) -> None:
        self.providers: dict[str, Provider[Answer]] = {}
        self.budget = budget
        self.keep = keep


def add_answer(
    enrichment: Enrichment, answer: Answer | None, properties: dict[str, Json]
) -> list[Violation]:
    """Write what a provider answered, and the defaults of what it did not; tell what
    was wrong with its answer.
    """
    properties.update(enrichment.defaults)
    found: list[Violation] = []
    if answer is None:
        return found
    for row in enrichment.rows:
        value = answer.get(row[0])
        if value is None:
            continue
        try:
            properties[row[0]] = row[1](value, *row[2:])
        except Exception as error:
            found.append(violation(row[0], flaw_of(error), "left_out"))
    return found


def _subject(context: Context | None, by: Literal["user_id", "device_id"]) -> Any:
    """Give the id to ask by; one that is no id is none."""
    if context is None:
        return None
    if by == "user_id":
        return None if context.user_flaw is not None else context.user_id
    return None if context.device_flaw is not None else context.device_id


class Enricher:
    """Adds to events what providers know."""

    def __init__(self, counts: Counts, enrichments: tuple[Enrichment, ...]) -> None:
        self._counts = counts
        self._enrichments = {one.name: one for one in enrichments}
        self._providers = Providers()
        self._look_ups: LookUps | None = None

    def configure(self, providers: Providers) -> None:
        """Take other providers; what the former ones answered is forgotten."""
        self._providers = providers
        self._look_ups = None

    def at_call(
        self,
        names: tuple[str, ...],
        context: Context | None,
        properties: dict[str, Json],
        held: bool,
        refused: bool = True,
    ) -> tuple[list[Violation], list[Need]]:
        """Ask what is asked at the call, and write the answers. What is asked later is
        given back, as is what is required and has no answer; `held` tells that the
        event can wait for that, else all is asked now.

        Raises Refusal where the event may not go and cannot wait, if it is to be
        `refused` then.
        """
        asked: list[Need] = []
        later: list[Need] = []
        for name in names:
            enrichment = self._enrichments[name]
            subject = _subject(context, enrichment.by)
            waits = held and enrichment.at == "delivery"
            if subject is None:
                asks = waits or name in self._providers.providers
                why = "skipped" if asks else "missing"
                self._counts.problem(f"enrichment_{why}:{name}")
                properties.update(enrichment.defaults)
                continue
            need = Need(name, subject, enrichment.required)
            (later if waits else asked).append(need)
        found: list[Violation] = []
        for need, answer in zip(asked, self._ask(asked), strict=True):
            if answer is None and need.required and held:
                later.append(need)
            elif answer is not None or not need.required or not refused:
                found += self._add(need, answer, properties)
            else:
                raise Refusal(f"enrichment_required:{need.enrichment}")
        return found, later

    def at_delivery(
        self, needs: Sequence[Need], properties: dict[str, Json]
    ) -> list[Violation] | None:
        """Ask what an event was held for, and write the answers; None when a required
        one is missing.
        """
        known = [need for need in needs if need.enrichment in self._enrichments]
        found: list[Violation] = []
        for need, answer in zip(known, self._ask(known, DELIVERY_BUDGET), strict=True):
            if answer is None and need.required:
                return None
            found += self._add(need, answer, properties)
        return found

    async def ready(
        self,
        names: tuple[str, ...],
        context: Context | None,
        held: bool,
        consent: LookUp | None,
    ) -> Ready:
        """Ask what `at_call` would ask, and `consent_of` unless that is None, without
        holding the event loop; give the answers for `using`.
        """
        needs: list[Need] = []
        for name in names:
            enrichment = self._enrichments[name]
            subject = _subject(context, enrichment.by)
            if subject is not None and not (held and enrichment.at == "delivery"):
                needs.append(Need(name, subject, enrichment.required))
        questions = self._questions(needs)
        if consent is not None and context is not None and context.user_id is not None:
            questions.append(_question_of(context.user_id, consent))
        providers = self._providers
        answers = await self._asking().ask_async(
            questions, providers.budget, providers.keep
        )
        found: dict[tuple[str, str], Answer | None] = {
            (need.enrichment, need.subject): None for need in needs
        }
        for question, answer in zip(questions, answers, strict=True):
            found[question.name, question.subject] = answer
        return found

    def consent_of(self, user_id: str, look_up: LookUp) -> Iterable[str] | None:
        """Ask which categories a person has granted; None when nothing is known."""
        ready: Mapping[tuple[str, str], Any] = _ready.get()
        if (_CONSENT, user_id) in ready:
            granted: Iterable[str] | None = ready[_CONSENT, user_id]
            return granted
        providers = self._providers
        found: list[Iterable[str] | None] = self._asking().ask(
            [_question_of(user_id, look_up)], providers.budget, providers.keep
        )
        return found[0]

    def _ask(
        self, needs: Sequence[Need], budget: float | None = None
    ) -> list[Answer | None]:
        if not needs:
            return []
        answers = dict(_ready.get())
        questions = self._questions(
            [need for need in needs if (need.enrichment, need.subject) not in answers]
        )
        if questions:
            providers = self._providers
            found = self._asking().ask(
                questions, budget or providers.budget, providers.keep
            )
            for question, answer in zip(questions, found, strict=True):
                answers[question.name, question.subject] = answer
        return [answers.get((need.enrichment, need.subject)) for need in needs]

    def _questions(self, needs: Iterable[Need]) -> list[Question]:
        from .look_ups import Question

        questions: list[Question] = []
        for name, subject, _ in needs:
            provider = self._providers.providers.get(name)
            if provider is None:
                self._counts.problem(f"enrichment_missing:{name}")
            else:
                questions.append(
                    Question(name, subject, provider, f"enrichment_{{}}:{name}")
                )
        return questions

    def _add(
        self, need: Need, answer: Answer | None, properties: dict[str, Json]
    ) -> list[Violation]:
        try:
            return add_answer(self._enrichments[need.enrichment], answer, properties)
        except Exception as error:  # the answer is no mapping
            self._counts.problem(f"enrichment_failed:{need.enrichment}", error)
            return []

    def _asking(self) -> LookUps:
        if self._look_ups is None:
            from .look_ups import LookUps

            self._look_ups = LookUps(self._counts)
        return self._look_ups


_CONSENT: Final = ""
"""What consent is asked as; no enrichment is called so."""


def _question_of(user_id: str, look_up: LookUp) -> Question:
    from .look_ups import Question

    def asked(user_id: str) -> frozenset[str] | None:
        granted = look_up(user_id)
        return None if granted is None else frozenset(granted)

    return Question(_CONSENT, user_id, asked, "consent_provider_{}")


Ready: TypeAlias = Mapping[tuple[str, str], Answer | None]
"""Answers by enrichment and subject; None where there was none in time."""

_ready: ContextVar[Ready] = ContextVar("trackside_ready", default=MappingProxyType({}))


@contextmanager
def using(ready: Ready) -> Generator[None, None, None]:
    """Let the calls inside the `with` block take these answers instead of asking."""
    token = _ready.set(ready)
    try:
        yield
    finally:
        _ready.reset(token)
