"""One event logs the person in and out.

## What it finds

An event named in both `set_on` and `cleared_on` of `identity.user_id`.

## Why it matters

A function of `set_on` sets the user and then sends; one of `cleared_on` sends and then forgets the user. A function
that does both leaves nobody logged in after every log-in.

## Example

```yaml
identity:
  user_id: {set_on: [user_logged_in], cleared_on: [user_logged_in]}
events:
  user_logged_in: {kind: login}
  user_logged_out: {kind: login}
```

## Instead

```yaml
identity:
  user_id: {set_on: [user_logged_in], cleared_on: [user_logged_out]}
events:
  user_logged_in: {kind: login}
  user_logged_out: {kind: login}
```

## When to allow it

Never: no comment allows it.
"""

from __future__ import annotations

from collections.abc import Iterator

from trackside.diagnostics import Diagnostic, Label, finding
from trackside.ir import Plan
from trackside.rules.written import value_of


def check(plan: Plan) -> Iterator[Diagnostic]:
    """Look for events that set the user and clear it."""
    user = plan.identity["user_id"]
    for index, name in enumerate(user.cleared_on):
        if name in user.set_on:
            yield finding(
                "user-set-and-cleared",
                value_of(user.place, "cleared_on", index),
                f"`{name}` logs the person in and cannot log them out as well",
                label="logs out",
                secondary=[Label(value_of(user.place, "set_on", user.set_on.index(name)), "logs in")],
                help="take it out of one of the two lists",
            )
