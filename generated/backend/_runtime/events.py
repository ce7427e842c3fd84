"""What a generated module knows about an event beside its properties, and what a call
answers.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal, NamedTuple, TypeAlias

from .values import UNSET, Flaw, Json, flaw_of, or_null

Effect: TypeAlias = Literal["left_out", "flagged", "refused"]


class Violation(NamedTuple):
    """One breach of the plan by one call.

    `effect`: an optional property was `left_out`; a required one was left out and the
    event is `flagged`; or the whole event was `refused`. `property` is empty where no
    property is at fault.
    """

    property: str
    path: str
    reason: str
    effect: Effect

    def __str__(self) -> str:
        return f"{self.path} {self.reason}" if self.path else self.reason


SOUND: Final[tuple[Violation, ...]] = ()
"""No violations."""


class Receipt(NamedTuple):
    """What became of one call. `accepted` tells that a sink has the event; `dropped`
    says why it has not.
    """

    accepted: bool
    insert_id: str | None = None
    violations: tuple[Violation, ...] = ()
    dropped: str | None = None

    @property
    def flagged(self) -> bool:
        """Tell whether the event went out without something that it has to have."""
        return self.accepted and any(one.effect == "flagged" for one in self.violations)


class Report(NamedTuple):
    """What `on_violation` is given: the whole event as far as it could be read, and
    what is wrong with it.
    """

    event: str
    accepted: bool
    insert_id: str | None
    violations: tuple[Violation, ...]
    properties: Mapping[str, Json]


class TrackingError(Exception):
    """A breach of the plan, or an event that a sink has not taken; raised in strict
    mode only.
    """

    def __init__(self, event: str, violations: Sequence[Violation]) -> None:
        super().__init__(f"{event}: {'; '.join(map(str, violations))}")
        self.event = event
        self.violations = tuple(violations)


def is_strict_by_default() -> bool:
    """Tell whether breaches raise where `configure` does not say: as TRACKSIDE_STRICT
    says, else under pytest.
    """
    asked = os.environ.get("TRACKSIDE_STRICT")
    if asked:
        return asked not in {"0", "false", "no"}
    return "PYTEST_CURRENT_TEST" in os.environ


class Key(NamedTuple):
    """How the insert_id comes about. `texts` is set for a key in the clear, `attempt`
    where the request brings the key.
    """

    name: str
    parts: tuple[str, ...] = ()
    texts: tuple[str, ...] | None = None
    attempt: bool = False


class Revenue(NamedTuple):
    """Which properties make the destination's revenue: `amount` is the total, else
    `unit_price` times `quantity`.
    """

    amount: str | None = None
    unit_price: str | None = None
    quantity: str | None = None
    currency: str | None = None
    product_id: str | None = None
    type: str | None = None
    negate: bool = False


class Event:
    """The plan's facts about one event, as far as this code base may know them.

    `hybrid` tells that a client keeps a copy until it learns that the fact is here.
    """

    __slots__ = (
        "attribution",
        "consent",
        "context",
        "enrich",
        "hybrid",
        "ids",
        "key",
        "key_start",
        "name",
        "revenue",
        "system",
        "time",
    )

    def __init__(
        self,
        name: str,
        *,
        ids: tuple[str, ...] = (),
        system: bool = False,
        key: Key | None = None,
        revenue: Revenue | None = None,
        time: str | None = None,
        context: tuple[str, ...] = (),
        attribution: tuple[str, ...] = (),
        enrich: tuple[str, ...] = (),
        consent: str = "analytics",
        hybrid: bool = False,
    ) -> None:
        self.name = name
        self.ids = ids
        self.system = system
        self.key = key
        self.key_start: bytes | None = None
        self.revenue = revenue
        self.time = time
        self.context = context
        self.attribution = attribution
        self.enrich = enrich
        self.consent = consent
        self.hybrid = hybrid


def look_again(*rows: tuple[Any, ...]) -> tuple[dict[str, Json], tuple[Violation, ...]]:
    """Read properties one by one after they could not be read at once; a row is `(name,
    required, value, read, *limits)`.

    What is wrong is left out. An optional property is absent when it is None; where
    null is one of its values, when it is UNSET.
    """
    wire: dict[str, Json] = {}
    found: list[Violation] = []
    for name, required, value, read, *limits in rows:
        if value is UNSET or (value is None and not required and read is not or_null):
            continue
        try:
            wire[name] = read(value, *limits)
        except Exception as error:
            found.append(
                violation(name, flaw_of(error), "flagged" if required else "left_out")
            )
    return wire, tuple(found)


def violation(name: str, flaw: Flaw, effect: Effect) -> Violation:
    """Describe a flaw of a property."""
    path = name + "".join(
        [f"[{step}]" if isinstance(step, int) else f".{step}" for step in flaw.path]
    )
    return Violation(name, path, flaw.reason, "refused" if flaw.refuses else effect)
