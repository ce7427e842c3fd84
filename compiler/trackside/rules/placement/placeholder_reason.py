"""A reason is still to be written.

## What it finds

`because:` that holds a placeholder: `TODO`, `TBD`, `FIXME`, dots or question marks, alone or followed by a note.

## Why it matters

The reason is printed in the docs and in the generated code, where readers take it for an answer.

## Example

```yaml
invoice_viewed:
  placement: client
  because: TODO
```

## Instead

```yaml
invoice_viewed:
  placement: client
  because: Invoices are opened in the browser; the server only hands out the file.
```

## When to allow it

While a plan is being written.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from trackside.diagnostics import Diagnostic, finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from trackside.ir import Plan

_PLACEHOLDER: Final = re.compile(
    r"""\s*(?:
        (?:TODO|TBD|TBA|FIXME|XXX)\b.*                           # shouted, whatever follows
        | (?i:to-?do|tbd|tba|fixme|xxx) (?:\s*[:.!?…(-].*)?      # as a word of its own: "todo lists" are none
        | (?i:because|reason|n/?a)
        | [.?…\s-]+
    )\s*""",
    re.DOTALL | re.VERBOSE,
)


def check(plan: Plan) -> Iterator[Diagnostic]:
    """Look for reasons that are placeholders."""
    for event in plan.events.values():
        if event.because is not None and len(event.because) < 200 and _PLACEHOLDER.fullmatch(event.because):
            yield finding(
                "placeholder-reason",
                event.place.at("because").span,
                f"event `{event.name}` wants a reason for being sent by the {event.placement}",
                label="says nothing yet",
                help="write in one sentence why on this side",
            )
