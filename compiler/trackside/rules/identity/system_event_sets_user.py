"""An event about the system itself logs a person in or out.

## What it finds

An event named in `set_on` or `cleared_on` of `identity.user_id` whose identity is `system`.

## Why it matters

A system event has a fixed device, no session and no person. There is nobody to log in, and the job that sends it has
no browser whose user it could forget.

## Example

```yaml
identity:
  user_id: {set_on: [accounts_imported], cleared_on: [user_logged_out]}
events:
  accounts_imported: {kind: batch_job}
  user_logged_in: {kind: login}
  user_logged_out: {kind: login}
```

## Instead

```yaml
identity:
  user_id: {set_on: [user_logged_in], cleared_on: [user_logged_out]}
events:
  accounts_imported: {kind: batch_job}
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
    """Look for system events that change who the user is."""
    user = plan.identity["user_id"]
    for key, names in (("set_on", user.set_on), ("cleared_on", user.cleared_on)):
        for index, name in enumerate(names):
            event = plan.events.get(name)
            if event is not None and event.identity.mode == "system":
                yield finding(
                    "system-event-sets-user",
                    value_of(user.place, key, index),
                    f"`{key}` wants events about a person, and `{name}` is about the system itself",
                    label="no person is there",
                    secondary=[Label(value_of(event.place, "identity"), "its identity is `system`")],
                    help="take it out of the list, or give the event an `identity` that names ids",
                )
