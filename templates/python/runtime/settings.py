"""What `configure` sets."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from .consent import LookUp
from .enrichment import Providers
from .events import Report
from .sinks import Sink


class Settings(NamedTuple):
    """What `configure` sets, replaced as a whole."""

    sink: Sink | None = None
    enrich: Providers | None = None
    consent: LookUp | None = None
    strict: bool | None = None
    on_violation: Callable[[Report], object] | None = None
