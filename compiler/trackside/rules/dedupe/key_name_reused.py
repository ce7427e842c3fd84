"""Two events hash their dedupe keys under one name.

## What it finds

A key name that a second event has, or that `retired_keys:` lists. An event's key is called like the event, unless
`dedupe: {by: [...], name: ...}` says otherwise. Names that differ only in how an accent is encoded are one name.

## Why it matters

The name is part of what is hashed: it keeps order 7 that was paid apart from order 7 that was refunded. Two events
with one key name and one order get one insert_id, and the destination drops the second of them as a copy of the
first.

## Example

```yaml
purchase_completed:
  kind: purchase
  identity: [user_id]
  dedupe: [order_id]
  properties: {order_id: string}
order_shipped:
  kind: state_change
  identity: [user_id]
  dedupe: {by: [order_id], name: purchase_completed}
  properties: {order_id: string}
```

## Instead

```yaml
purchase_completed:
  kind: purchase
  identity: [user_id]
  dedupe: [order_id]
  properties: {order_id: string}
order_shipped:
  kind: state_change
  identity: [user_id]
  dedupe: [order_id]
  properties: {order_id: string}
```

`name:` is for an event that was renamed: it keeps the old name, which no other event has any more.

## When to allow it

Where the two events never have the same parts, and an old key has to be kept as it is.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator

from trackside.diagnostics import Diagnostic, Label, Span, finding
from trackside.ir import Event, Plan
from trackside.rules.written import key_of, value_of


def check(plan: Plan) -> Iterator[Diagnostic]:
    """Look for key names that are taken already."""
    taken: dict[str, Event | int] = {_hashed(name): index for index, name in enumerate(plan.retired_keys)}
    hashing = [event for event in plan.events.values() if event.dedupe is not None and event.dedupe.template is None]
    # An event keeps its own name before another one may take it by `name:`, whichever stands first in the plan.
    for event in sorted(hashing, key=_is_renamed):
        name = _key_name(event)
        first = taken.setdefault(_hashed(name), event)
        if first is event:
            continue
        if isinstance(first, Event):
            owner, there = f"belongs to the event `{first.name}`", _place_of(first)
        else:
            owner, there = "is retired", value_of(plan.place, "retired_keys", first)
        yield finding(
            "key-name-reused",
            _place_of(event),
            f"the key of `{event.name}` wants a name of its own: `{name}` {owner}",
            label="this name is taken",
            secondary=[Label(there, "here")],
            notes=["two facts with the same parts would get one insert_id, and the second would be dropped"],
            help="leave `name` out, or choose one that no event has had"
            if _is_renamed(event)
            else "give the key another name: `dedupe: {by: […], name: …}`",
        )


def _key_name(event: Event) -> str:
    assert event.dedupe is not None
    return event.dedupe.key_name


def _is_renamed(event: Event) -> bool:
    return _key_name(event) != event.name


def _hashed(name: str) -> str:
    return name if name.isascii() else unicodedata.normalize("NFC", name)


def _place_of(event: Event) -> Span:
    assert event.dedupe is not None
    return value_of(event.dedupe.place, "name") if event.dedupe.place.has("name") else key_of(event.place)
