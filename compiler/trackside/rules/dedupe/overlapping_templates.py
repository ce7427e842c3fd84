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
  dedupe: {template: "order_{order_id}"}
order_refunded:
  dedupe: {template: "{refund_id}"}
```

## Instead

```yaml
purchase_completed:
  dedupe: {template: "order_{order_id}"}
order_refunded:
  dedupe: {template: "refund_{refund_id}"}
```

A beginning of its own for each template keeps them apart; so does `dedupe: [refund_id]`, which hashes the event's
name.

## When to allow it

Where keys of this form were sent already, have to be matched, and never held such values.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from trackside.diagnostics import Diagnostic, Label, finding
from trackside.ir import Event, KeyTemplate, Plan, Scalar
from trackside.rules.dedupe.texts import Facts, SearchTooLongError, common_text, types_of
from trackside.rules.written import value_of


class _Keyed(NamedTuple):
    order: int
    event: Event
    template: KeyTemplate
    types: tuple[Scalar, ...]
    projects: frozenset[tuple[str, str, str]]


def check(plan: Plan) -> Iterator[Diagnostic]:
    """Look for pairs of templates that can print one text."""
    keyed = list(_keyed(plan))
    # By what they begin with: those that begin with all of another's beginning follow it directly.
    keyed.sort(key=lambda entry: (entry.template.texts[0], entry.order))
    reported: set[str] = set()
    for index, entry in enumerate(keyed):
        for other in keyed[index + 1 :]:
            if not other.template.texts[0].startswith(entry.template.texts[0]):
                break
            first, second = sorted((entry, other), key=lambda one: one.order)
            if second.event.name in reported or not _may_meet(first, second):
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


def _may_meet(first: _Keyed, second: _Keyed) -> bool:
    """Tell whether two templates reach one project and end alike: cheap, before the search."""
    end, other_end = first.template.texts[-1], second.template.texts[-1]
    return bool(first.projects & second.projects) and (end.endswith(other_end) or other_end.endswith(end))


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
