"""The key templates of two events can print one text.

## What it finds

Two events of one project with `dedupe: {template: ...}` such that some value of the one and some value of the other
give the same key.

## Why it matters

A destination tells copies by the insert_id alone, whatever the event is called: within one project, a refund whose
key reads like a purchase's is dropped as its copy.

## Example

```yaml
purchase_completed:
  kind: purchase
  identity: [user_id]
  dedupe: {template: "order_{order_id}"}
  properties: {order_id: string}
order_refunded:
  kind: refund
  identity: [user_id]
  dedupe: {template: "{refund_id}"}
  properties: {refund_id: string}
```

## Instead

```yaml
purchase_completed:
  kind: purchase
  identity: [user_id]
  dedupe: {template: "order_{order_id}"}
  properties: {order_id: string}
order_refunded:
  kind: refund
  identity: [user_id]
  dedupe: {template: "refund_{refund_id}"}
  properties: {refund_id: string}
```

A beginning of its own for each template keeps them apart; so does `dedupe: [refund_id]`, which hashes the event's
name.

## When to allow it

Where keys of this form were sent already, have to be matched, and never held such values.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from trackside.diagnostics import Diagnostic, Label, finding
from trackside.ir import Event, KeyTemplate, Plan, Scalar
from trackside.rules.dedupe.texts import Facts, SearchTooLongError, common_text, types_of
from trackside.rules.written import value_of

_LOOKED_AT: Final = 60
"""How many characters of a template's beginning and end tell which others it is compared with."""


class _Keyed(NamedTuple):
    order: int
    event: Event
    template: KeyTemplate
    types: tuple[Scalar, ...]
    projects: frozenset[tuple[str, str, str]]

    @property
    def begin(self) -> str:
        return self.template.texts[0][:_LOOKED_AT]

    @property
    def end(self) -> str:
        return self.template.texts[-1][-_LOOKED_AT:]


def check(plan: Plan) -> Iterator[Diagnostic]:
    """Look for pairs of templates that can print one text."""
    reported: set[str] = set()
    for first, second in _candidates(list(_keyed(plan))):
        if second.event.name in reported or first.projects.isdisjoint(second.projects):
            continue
        try:
            facts = common_text(first.template, first.types, second.template, second.types)
        except SearchTooLongError:
            reported.add(second.event.name)
            yield _finding(first, second, None)
            continue
        if facts is not None:
            reported.add(second.event.name)
            yield _finding(first, second, facts if facts.are_possible(first.types, second.types) else None)


def _candidates(keyed: list[_Keyed]) -> Iterator[tuple[_Keyed, _Keyed]]:
    """List the pairs that begin and end alike, in the plan's order within a pair; each is found by a look-up."""
    by_end: dict[tuple[str, str], list[_Keyed]] = {}
    by_tail: dict[tuple[str, str], list[_Keyed]] = {}
    # From short beginnings to long ones: what another begins with is known before it.
    for entry in sorted(keyed, key=lambda one: len(one.begin)):
        begin, end = entry.begin, entry.end
        for length in range(len(begin) + 1):
            start = begin[:length]
            others = list(by_tail.get((start, end), ()))
            for cut in range(1, len(end) + 1):
                others += by_end.get((start, end[cut:]), ())
            for other in others:
                yield (entry, other) if entry.order < other.order else (other, entry)
        by_end.setdefault((begin, end), []).append(entry)
        for cut in range(len(end) + 1):
            by_tail.setdefault((begin, end[cut:]), []).append(entry)


def _keyed(plan: Plan) -> Iterator[_Keyed]:
    for order, event in enumerate(plan.events.values()):
        if event.dedupe is None or event.dedupe.template is None:
            continue
        template = event.dedupe.template
        types = types_of(event, template)
        if types is not None:
            yield _Keyed(order, event, template, types, _projects(plan, event))


def _projects(plan: Plan, event: Event) -> frozenset[tuple[str, str, str]]:
    destinations = (plan.destinations[name] for source in event.sources for name in plan.sources[source].destinations)
    return frozenset((one.kind, one.project, one.region) for one in destinations)


def _finding(first: _Keyed, second: _Keyed, facts: Facts | None) -> Diagnostic:
    assert first.event.dedupe is not None
    assert second.event.dedupe is not None
    notes = []
    if facts is not None:
        one, other = (
            f"`{entry.event.name}` of "
            + ", ".join(f"{name} `{value}`" for name, value in zip(names, values, strict=True))
            for entry, names, values in (
                (first, first.template.parts, facts.first),
                (second, second.template.parts, facts.second),
            )
        )
        notes = [f"{one} and {other} both print `{facts.text}`"]
    return finding(
        "overlapping-templates",
        value_of(second.event.dedupe.place, "template"),
        f"the template of `{second.event.name}` wants texts of its own: "
        f"that of `{first.event.name}` can print the same one",
        label="can print what the other prints",
        secondary=[Label(value_of(first.event.dedupe.place, "template"), "the other")],
        notes=notes,
        help=f"let the template begin with a text of its own, such as `{second.event.name}_`",
    )
