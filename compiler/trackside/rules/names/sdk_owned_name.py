"""A property or an event has the name of one that the vendor's SDK sends by itself.

## What it finds

Where a browser source sends through the official SDK and its attribution capture is on (`attribution: {as: sdk}`, or no
`attribution:` and the SDK's default): user properties and event properties called as those that it writes, such as
`utm_source`, `initial_utm_source`, `referrer` or `gclid`. Where its session tracking is on: the events `session_start`
and `session_end`.

## Why it matters

The SDK writes to the same name whenever it sees fit, and the last to write wins: your value and its value alternate,
and nobody can tell which one a chart shows.

## Example

```yaml
user_properties:
  utm_source: string
attribution: {as: sdk}
```

## Instead

```yaml
attribution: {parameters: [utm_source, utm_medium], touch: [first, last]}
```

The plan's own attribution turns the SDK's capture off. Or give the property another name.

## When to allow it

Where the SDK's capture is turned off by hand, outside of the plan.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from trackside.diagnostics import Diagnostic, Label, finding
from trackside.rules.written import value_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from trackside.ir import Plan, Property, Source

_CAPTURED: Final = """
    utm_campaign utm_content utm_id utm_medium utm_source utm_term referrer referring_domain
    dclid gbraid gclid fbclid ko_click_id li_fat_id msclkid rdt_cid ttclid twclid wbraid
"""
CAMPAIGN: Final = frozenset(_CAPTURED.split())
"""What @amplitude/analytics-browser 2.47 captures; as user properties also with `initial_` before it."""
_SESSION_EVENTS: Final = frozenset({"session_start", "session_end"})


def check(plan: Plan) -> Iterator[Diagnostic]:
    """Look for names that the SDK writes to as well."""
    browsers = [
        source
        for source in plan.sources.values()
        if source.target == "javascript" and source.through == "sdk" and source.destinations
    ]
    for source in browsers:
        if "sessions" in source.autocapture:
            for name in _SESSION_EVENTS & plan.events.keys():
                place = plan.events[name].place
                yield finding(
                    "sdk-owned-name",
                    place.key_span,
                    f"event `{name}` wants another name: the SDK of `{source.name}` sends it for its sessions",
                    label="the SDK's own event",
                    secondary=[Label(value_of(source.place, "sdk", "autocapture"), "sessions are captured here")],
                    help="choose another name, or leave `sessions` out of the source's `sdk: {autocapture: [...]}`",
                )
    if plan.attribution is None or plan.attribution.by_sdk:
        for source in browsers:
            if "attribution" in source.autocapture:
                yield from _attribution(plan, source)
                return


def _attribution(plan: Plan, source: Source) -> Iterator[Diagnostic]:
    for prop in plan.user_properties:
        if prop.name.removeprefix("initial_") in CAMPAIGN:
            yield _finding("user property", prop, source)
    for view in plan.views.values():
        if view.source.name == source.name:
            for member in (*view.properties, *view.context):
                if member.name in CAMPAIGN:
                    yield _finding(f"`{view.event.name}`: property", member.declared, source)


def _finding(what: str, prop: Property, source: Source) -> Diagnostic:
    return finding(
        "sdk-owned-name",
        prop.place.key_span,
        f"{what} `{prop.name}` wants another name: the SDK of `{source.name}` writes it for attribution",
        label="the SDK's own",
        secondary=[Label(source.place.key_span, "captures attribution")],
        help="let the plan do attribution (`attribution: {parameters: [...]}`), or choose another name",
    )
