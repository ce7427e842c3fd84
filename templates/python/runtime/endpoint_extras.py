"""What the vendor's browser SDK adds by itself to what a page sends
(@amplitude/analytics-browser 2.47).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

_EVENTS: Final = frozenset(("session_start", "session_end"))
_PREFIX: Final = "[Amplitude] "
_CAMPAIGN: Final = frozenset(
    (
        "utm_campaign",
        "utm_content",
        "utm_id",
        "utm_medium",
        "utm_source",
        "utm_term",
        "referrer",
        "referring_domain",
        "dclid",
        "fbclid",
        "gbraid",
        "gclid",
        "ko_click_id",
        "li_fat_id",
        "msclkid",
        "rdt_cid",
        "ttclid",
        "twclid",
        "wbraid",
    )
)
_TEXTS: Final = (
    "app_version",
    "carrier",
    "device_brand",
    "device_manufacturer",
    "device_model",
    "language",
    "library",
    "os_name",
    "os_version",
    "partner_id",
    "platform",
)
"""Fields beside the properties. What says where or who somebody is stays out: the ip
is the request's, and the ids are read with care.
"""


def is_extra_event(name: str) -> bool:
    """Tell whether the SDK sends such an event by itself."""
    return name in _EVENTS or name.startswith(_PREFIX)


def is_extra_property(name: str) -> bool:
    """Tell whether the SDK adds such a property to an event or to a person."""
    return name.startswith(_PREFIX) or name.removeprefix("initial_") in _CAMPAIGN


def fields_of(members: Mapping[str, Any]) -> dict[str, Any]:
    """Give the fields that the SDK sets beside the properties, those that are sound."""
    found: dict[str, Any] = {}
    for name in _TEXTS:
        value = members.get(name)
        if isinstance(value, str) and 0 < len(value) <= 128 and value.isprintable():
            found[name] = value
    number = members.get("event_id")
    if type(number) is int and 0 <= number < 2**31:
        found["event_id"] = number
    return found
