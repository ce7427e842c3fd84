"""A part of a dedupe key is personal data.

## What it finds

A property named in `dedupe:` with `pii: personal` or `pii: sensitive`.

## Why it matters

The key is sent with every copy as its insert_id, from the browser too. A hash of an e-mail address or a phone number
is no secret: whoever has a list of them computes the same keys and knows who did what. In a template the value even
stands in the clear.

## Example

```yaml
newsletter_joined:
  kind: state_change
  identity: [user_id]
  dedupe: [email]
  properties:
    email: {type: string, pii: personal}
```

## Instead

```yaml
newsletter_joined:
  kind: state_change
  identity: [user_id]
  dedupe: [subscription_id]
  properties:
    subscription_id: string
    email: {type: string, pii: personal}
```

## When to allow it

Where the event is sent by your servers only, the destination may have the value anyway, and no other id exists.
"""

from __future__ import annotations

from collections.abc import Iterator

from trackside.diagnostics import Diagnostic, Label, finding
from trackside.ir import Plan
from trackside.rules.written import part_of, value_of


def check(plan: Plan) -> Iterator[Diagnostic]:
    """Look for key parts that tell who a person is."""
    for event in plan.events.values():
        key = event.dedupe
        if key is None:
            continue
        for index, name in enumerate(key.by):
            prop = event.property(name)
            if prop is None or not prop.is_personal:
                continue
            in_the_clear = "and a template writes it in the clear" if key.form == "template" else "and its hash is too"
            yield finding(
                "key-part-personal",
                part_of(key, index),
                f"the key of `{event.name}` wants parts that tell nothing of a person: `{name}` is {prop.pii} data, "
                f"{in_the_clear}",
                label=f"{prop.pii} data",
                secondary=[Label(value_of(prop.place, "pii"), "said here")],
                help="name an id of the fact, such as an order number, or a pseudonymous id",
            )
