"""A name is taken in a language, so that its identifier gets a trailing underscore.

## What it finds

An event whose identifier is a word of the target's language (`class`, `import`) or a name that the generated code has
itself (`track`, `configure`), and that has no `code_name`.

## Why it matters

It works: the function is called `class_` or `track_`. But whoever looks for it will not find it at once, and each
language reserves other words, so that the same event is called differently on each side.

## Example

```yaml
events:
  import:
    placement: client
    because: The file is chosen in the browser.
```

## Instead

```yaml
events:
  import:
    placement: client
    because: The file is chosen in the browser.
    code_name: file_imported
```

## When to allow it

Where the underscore is fine. (`code_name: import` says so too.)
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from trackside.diagnostics import Diagnostic, finding
from trackside.rules.names.identifiers import scopes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from trackside.ir import Plan
    from trackside.rules.names.identifiers import Named


def check(plan: Plan) -> Iterator[Diagnostic]:
    """Look for names that a language keeps for itself."""
    found: dict[int, tuple[Named, dict[str, str]]] = {}
    for scope in scopes(plan):
        for one in scope.members:
            if (
                one.what == "event"
                and one.code_name is None
                and one.identifier is not None
                and one.identifier[-1] == "_"
            ):
                found.setdefault(id(one.place), (one, {}))[1][scope.language] = one.identifier
    for one, spelled in found.values():
        where = " and ".join(f"`{identifier}` in {language}" for language, identifier in spelled.items())
        yield finding(
            "reserved-name",
            one.place.key_span,
            f"event `{one.name}` wants another name in code: the word is reserved, so it becomes {where}",
            label="a reserved word",
            help="add `code_name:` with a name that is free; the name on the wire stays",
        )
