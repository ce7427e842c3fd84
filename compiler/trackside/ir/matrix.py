"""The decision matrix: which side each kind of event belongs on, and why."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from trackside.ir.events import Kind, Placement


@dataclass(frozen=True, slots=True)
class MatrixRow:
    """What fits one kind. `also` maps a placement to the condition under which it fits as well."""

    recommended: Placement | None
    reason: str
    also: dict[Placement, str] = field(default_factory=dict)
    unfit: frozenset[Placement] = frozenset()

    def fits(self, placement: Placement) -> bool:
        """Tell whether the placement needs no reason of the plan's own."""
        return self.recommended == placement or placement in self.also


_UI: Final = MatrixRow("client", "Only the client sees it, with device and session at hand.", {}, frozenset({"server"}))
_BACKEND: Final = MatrixRow(
    "server", "It happens behind the scenes: the server is the only witness.", {}, frozenset({"client"})
)

MATRIX: Final[dict[Kind, MatrixRow]] = {
    "page_view": _UI,
    "screen_view": _UI,
    "click": _UI,
    "engagement": _UI,
    "exposure": _UI,
    "feature_use": _UI,
    "intent": MatrixRow(
        "client", "It is what the person set out to do; the outcome is a fact of its own.", {}, frozenset({"server"})
    ),
    "form_submit": MatrixRow(
        "client", "The form is filled in on the client.", {"server": "the value must be validated"}
    ),
    "add_to_cart": MatrixRow("client", "The client is enough for a cart.", {"server": "it must be authoritative"}),
    "login": MatrixRow("client", "The client sees the person arrive.", {"server": "enrichment is needed"}),
    "search": MatrixRow("client", "The client has what was typed.", {"server": "results are logged"}),
    "video_play": MatrixRow("client", "Media plays on the client.", {}, frozenset({"server"})),
    "purchase": MatrixRow(
        "server",
        "The server has the authoritative amount.",
        {"hybrid": "the client can witness the outcome"},
        frozenset({"client"}),
    ),
    "refund": _BACKEND,
    "subscription_change": MatrixRow("server", "The billing system is the authority.", {}, frozenset({"client"})),
    "state_change": _BACKEND,
    "batch_job": MatrixRow("server", "A job runs without a client.", {}, frozenset({"client"})),
    "webhook": MatrixRow("server", "Another system tells the server, and no client.", {}, frozenset({"client"})),
    "signup": MatrixRow(
        "hybrid",
        "The client has the attribution, the server has the confirmation.",
        {"server": "attribution is carried"},
        frozenset({"client"}),
    ),
    "other": MatrixRow(None, "The plan says why."),
}
"""A row for each kind. `recommended` is None where the plan has to say."""
