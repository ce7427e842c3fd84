"""It cannot be told when an event expires.

## What it finds

`expires:` that is neither a day that exists (`2027-01-31`) nor a version of the plan (`2.0.0`).

## Why it matters

The expiry is there to make a build speak up. One that cannot be read never does.

## Example

```yaml
banner_test_seen:
  kind: exposure
  expires: end of summer
```

## Instead

```yaml
banner_test_seen:
  kind: exposure
  expires: "2027-09-22"
```

## When to allow it

Hardly ever: a date is short.
"""

from __future__ import annotations

import re
from datetime import date
from typing import TYPE_CHECKING, Final

from trackside.diagnostics import Diagnostic, finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from trackside.ir import Plan

_VERSION: Final = re.compile(r"(?:0|[1-9][0-9]*)\.(?:0|[1-9][0-9]*)\.(?:0|[1-9][0-9]*)(?:[-+][0-9A-Za-z.+-]+)?")
_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def check(plan: Plan) -> Iterator[Diagnostic]:
    """Look for expiries that are neither day nor version."""
    for event in plan.events.values():
        if event.expires is not None and not _VERSION.fullmatch(event.expires) and not _is_day(event.expires):
            yield finding(
                "unreadable-expiry",
                event.place.at("expires").span,
                f"the expiry of `{event.name}` wants a day such as `2027-01-31`, or a plan version such as `2.0.0`",
                label="neither a day nor a version",
                help='write a day in quotes: `expires: "2027-01-31"`',
            )


def _is_day(text: str) -> bool:
    if not _DAY.fullmatch(text):
        return False
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True
