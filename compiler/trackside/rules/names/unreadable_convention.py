"""A naming convention is neither known nor a pattern.

## What it finds

`naming:` that is none of `snake_case`, `camelCase`, `PascalCase`, `Title Case`, `kebab-case`, `dot.case` and `any`, and
no pattern of the portable subset either. One or two plain words are taken for a misspelled convention.

## Why it matters

No name could be checked by it.

## Example

```yaml
naming: {events: snakecase}
```

## Instead

```yaml
naming: {events: snake_case}
```

Or a pattern that a whole name matches: `naming: {events: '[a-z]+_[a-z]+ed'}`.

## When to allow it

Never: no comment allows it. Leave `naming` out where names are free.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from trackside.diagnostics import Diagnostic, Edit, Fix, finding
from trackside.diagnostics.nearest import nearest
from trackside.ir.patterns import PatternError
from trackside.rules.names.conventions import NAMES, convention

if TYPE_CHECKING:
    from collections.abc import Iterator

    from trackside.ir import Plan


def check(plan: Plan) -> Iterator[Diagnostic]:
    """Look for conventions that say nothing."""
    for key, text in (("events", plan.naming.events), ("properties", plan.naming.properties)):
        try:
            convention(text)
        except PatternError as error:
            place = plan.place.at("naming", key)
            guess = nearest(text, NAMES)
            yield finding(
                "unreadable-convention",
                place.span,
                f"`naming` of {key} wants a convention or a portable pattern: {error.message}",
                label="neither a convention nor a pattern",
                help=f"did you mean `{guess}`?" if guess else error.help or f"one of {', '.join(NAMES)}, or a pattern",
                fix=Fix(f"write `{guess}`", (Edit(place.span, guess),)) if guess else None,
            )
