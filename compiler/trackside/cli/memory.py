"""How memory is kept while a plan is compiled."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def uncollected() -> Iterator[None]:
    """Look for no garbage meanwhile: a compilation drops little, and the search takes a tenth of its time."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.freeze()  # or the first search would go through all that is left of the plan
            gc.enable()


_left: list[object] = []


def leave(thing: object) -> None:
    """Keep one thing until the process ends, or until the next one: what ends at once need not be taken apart."""
    _left[:] = [thing]
