"""An event has outlived the plan version at which it was to go.

## What it finds

`expires:` with a version that the plan has reached. (A day is not judged here: the compiler reads no clock, so that the
same plan always gives the same findings. What has passed by the calendar is for CI to ask.)

## Why it matters

Somebody decided that this event would be gone by now. Each release that keeps it adds callers that have to be found.

## Example

```yaml
plan: {name: shop, version: 2.0.0, namespace: "https://shop.example"}
events:
  banner_test_seen:
    kind: exposure
    expires: 2.0.0
```

## Instead

Remove the event, or give it the version at which it goes after all:

```yaml
plan: {name: shop, version: 2.0.0, namespace: "https://shop.example"}
events:
  banner_test_seen:
    kind: exposure
    expires: 3.0.0
```

## When to allow it

For the release in which the last callers go.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from trackside.diagnostics import Diagnostic, Label, finding
from trackside.rules.written import value_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from trackside.ir import Plan

_VERSION: Final = re.compile(r"([0-9]+)\.([0-9]+)\.([0-9]+)(-[^+]*)?(?:\+.*)?")


def check(plan: Plan) -> Iterator[Diagnostic]:
    """Look for events that were to be gone by this version."""
    now = _version(plan.version)
    for event in plan.events.values():
        until = _version(event.expires) if event.expires is not None else None
        if now is not None and until is not None and until <= now:
            yield finding(
                "expired-event",
                event.place.at("expires").span,
                f"event `{event.name}` was to be gone by version {event.expires}, and the plan is at {plan.version}",
                label="reached",
                secondary=[Label(value_of(plan.place, "plan", "version"), "the plan's version")],
                help="remove the event, or move its expiry",
            )


def _version(text: str) -> tuple[int, int, int, bool] | None:
    """Read a version so that it sorts; one that is only on its way comes before the release.

    >>> _version("2.0.0-rc.1") < _version("2.0.0") < _version("2.0.10")
    True
    """
    found = _VERSION.fullmatch(text)
    return (int(found[1]), int(found[2]), int(found[3]), found[4] is None) if found else None
