"""People are logged in, and nothing logs them out.

## What it finds

A `user_id` with `set_on` and without `cleared_on`.

## Why it matters

After a log-out the browser goes on sending the last person's id. On a shared computer the next person's events are
counted as theirs, and their profile is updated with somebody else's.

## Example

```yaml
identity:
  user_id: {set_on: [user_logged_in]}
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

Where nobody can log out, or the application calls `reset()` itself when they do.
"""

from __future__ import annotations

from collections.abc import Iterator

from trackside.diagnostics import Diagnostic, finding
from trackside.ir import Plan
from trackside.rules.written import key_of, listed, was_left_out


def check(plan: Plan) -> Iterator[Diagnostic]:
    """Look for a user that is set and never cleared."""
    user = plan.identity["user_id"]
    set_on = [name for name in user.set_on if name in plan.events]
    if set_on and not user.cleared_on and not was_left_out(plan, "identity"):
        yield finding(
            "user-never-cleared",
            key_of(user.place, "set_on"),
            f"`user_id` is set on {listed(set_on)} and wants a `cleared_on` that logs the person out",
            label="set, and never cleared",
            help="name the log-out: `cleared_on: [user_logged_out]`",
        )
