"""A key template prints one text for two facts.

## What it finds

`dedupe: {template: ...}` with two placeholders between which no character stands that tells where the left value
ends: by its type or pattern, the left value may contain whatever stands between them.

## Why it matters

Two facts whose keys are one text are one fact to the destination: it keeps the first and drops the second.

## Example

```yaml
item_shipped:
  kind: state_change
  identity: [user_id]
  dedupe: {template: "{order_id}-{line}"}
  properties:
    order_id: string
    line: string
```

Order `a`, line `-a` and order `a-`, line `a` both print `a--a`.

## Instead

```yaml
item_shipped:
  kind: state_change
  identity: [user_id]
  dedupe: {template: "{order_id}-{line}"}
  properties:
    order_id: {type: string, pattern: '[A-Z0-9]{3,32}'}
    line: string
```

Or without a template: `dedupe: [order_id, line]` keeps its parts apart whatever they hold.

## When to allow it

Where keys of this form were sent already, have to be matched, and never held such values.
"""

from __future__ import annotations

from collections.abc import Iterator

from trackside.diagnostics import Diagnostic, Label, finding
from trackside.ir import Event, KeyTemplate, Plan, Scalar
from trackside.rules.dedupe.texts import Facts, SearchTooLongError, may_contain, two_readings, types_of
from trackside.rules.written import value_of


def check(plan: Plan) -> Iterator[Diagnostic]:
    """Look for templates that two facts can print alike."""
    for event in plan.events.values():
        if event.dedupe is None or event.dedupe.template is None or len(event.dedupe.template.parts) == 1:
            continue
        template = event.dedupe.template
        types = types_of(event, template)
        if types is None:
            continue
        gap = _open_gap(template, types)
        if gap is None:
            continue
        try:
            facts = two_readings(template, types)
        except SearchTooLongError:
            pass
        else:
            if facts is None:
                continue
            if facts.are_possible(types, types):
                yield _finding(event, template, gap, facts)
                continue
        yield _finding(event, template, gap, None)


def _open_gap(template: KeyTemplate, types: tuple[Scalar, ...]) -> int | None:
    """Find the first part after which stands no character that the part cannot contain."""
    for index, type in enumerate(types[:-1]):
        if all(may_contain(type, character) for character in template.texts[index + 1]):
            return index
    return None


def _finding(event: Event, template: KeyTemplate, gap: int, facts: Facts | None) -> Diagnostic:
    left, right, between = template.parts[gap], template.parts[gap + 1], template.texts[gap + 1]
    prop = event.property(left)
    assert prop is not None
    assert event.dedupe is not None
    notes = []
    if facts is not None:
        one, other = (_fact(template, values) for values in (facts.first, facts.second))
        notes = [f"{one} and {other} both print `{facts.text}`"]
    apart = f"give `{left}` a pattern without `{between}`" if between else "put a character between the two"
    return finding(
        "ambiguous-template",
        value_of(event.dedupe.place, "template"),
        f"the template of `{event.name}` wants a character between `{left}` and `{right}` that `{left}` cannot contain",
        label=f"`{left}` may contain the `{between}`" if between else "nothing stands between the two",
        secondary=[Label(prop.place.key_span, "any such text is a value")],
        notes=notes,
        help=f"{apart}, or write `dedupe: [{', '.join(dict.fromkeys(template.parts))}]`",
    )


def _fact(template: KeyTemplate, values: tuple[str, ...]) -> str:
    return ", ".join(f"{name} `{value}`" for name, value in zip(template.parts, values, strict=True))
