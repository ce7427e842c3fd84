"""Consent: what may be sent where a person has chosen, and where nobody knows."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Literal, NamedTuple, TypeAlias

from .context import Context

LookUp: TypeAlias = Callable[[str], Iterable[str] | None]
"""Gives the categories that a user_id has granted; None when nothing is known."""


class Consent(NamedTuple):
    """What holds where nothing is known about a person's choice: with a browser, and
    without one.
    """

    default: Literal["granted", "denied"] = "granted"
    without_browser: Literal["allow", "deny", "lookup"] = "allow"


def is_granted(
    consent: Consent,
    category: str,
    context: Context | None,
    look_up: LookUp,
) -> bool:
    """Tell whether an event of this category may be sent; `context` is None for the
    system's own events, which are nobody's to consent to. `look_up` does not raise.
    """
    if context is None or (context.is_system and context.consent is None):
        return consent.without_browser != "deny"
    if context.consent is not None:
        return category in context.consent
    if context.device_id is not None:
        return consent.default == "granted"
    if consent.without_browser != "lookup":
        return consent.without_browser == "allow"
    answer = None if context.user_id is None else look_up(context.user_id)
    return consent.default == "granted" if answer is None else category in answer


def is_looked_up(consent: Consent | None, context: Context | None) -> bool:
    """Tell whether `is_granted` asks its `look_up`."""
    return (
        consent is not None
        and consent.without_browser == "lookup"
        and context is not None
        and not context.is_system
        and context.consent is None
        and context.device_id is None
        and context.user_id is not None
    )
