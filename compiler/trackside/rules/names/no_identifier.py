"""No identifier can be made of a name.

## What it finds

An event, an enrichment or an argument whose name has no ASCII letter or digit (an emoji, a word in another script), or
whose `code_name` has none.

## Why it matters

Identifiers are made of the ASCII letters and digits of a name, so that every language, editor and file system takes
them. Without one there is no function to call.

## Example

```yaml
events:
  注文完了: {kind: purchase}
```

## Instead

```yaml
events:
  注文完了: {kind: purchase, code_name: order_completed}
```

## When to allow it

Never: no comment allows it, since no code could be generated.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from trackside.diagnostics import Diagnostic, finding
from trackside.rules.names.identifiers import scopes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from trackside.ir import Plan


def check(plan: Plan) -> Iterator[Diagnostic]:
    """Look for names that no code can call."""
    for scope in scopes(plan):
        for one in scope.members:
            if one.identifier is not None or one.what == "type":  # a type without a name is printed in place
                continue
            span = one.place.key_span if one.code_name is None else one.place.at("code_name").span
            written = f"the `code_name` `{one.code_name}` of" if one.code_name is not None else ""
            yield finding(
                "no-identifier",
                span,
                f"{written} {one.what} `{one.name}` wants an ASCII letter or digit, to be called by in code".strip(),
                label="nothing to make an identifier of",
                help="add `code_name:` with a name for code; the name on the wire stays"
                if one.what in {"event", "property"}
                else f"give the {one.what} another name",
            )
