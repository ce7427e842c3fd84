"""What goes wrong with the next requests, as somebody asked for it.

A fault holds for a number of requests, or until it is taken away. Those that are set form a queue: the first that is
about a request has it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, fields
from typing import Any, Final, Literal, TypeAlias, TypeGuard, cast, get_args

from trackside.collect.upload import Endpoint, Event

Answer: TypeAlias = Literal["garbage", "empty", "half", "nothing", "close", "reset"]
"""How an answer is spoiled: bytes that are no JSON; no body; half of the body, then the end of the connection; no
answer on an open connection; the end of the connection instead of an answer; its reset."""

_UNANSWERED: Final = frozenset({"nothing", "close", "reset"})

EPS_THRESHOLD: Final[dict[Endpoint, int]] = {"httpapi": 30, "batch": 1000, "identify": 30}
"""Events a second that one user or device may send."""

_ERRORS: Final = {
    400: "Invalid field values on some events",
    403: "Forbidden",
    413: "Payload too large",
    429: "Too many requests for some devices and users",
}


class WrongFaultError(ValueError):
    """A fault that cannot be set; the message says why."""


@dataclass(slots=True, kw_only=True)
class Fault:
    """One fault.

    `status` replaces the answer by that of the vendor for the status, `json` its body by another. `answer` spoils it.
    `delay` waits before it, `trickle` between any two bytes of it, in seconds. `throttle`, `quota` and `silence` are
    user_ids and device_ids: only requests that hold one of them are answered with 429 (too fast), 429 (over the daily
    quota) or 400 (silenced). `requests` is how many requests it is for. `take` tells whether the request's events are
    taken nevertheless: else they are where the answer is a success and reaches the client.
    """

    status: int | None = None
    json: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    answer: Answer | None = None
    delay: float = 0.0
    trickle: float = 0.0
    throttle: list[str] = field(default_factory=list)
    quota: list[str] = field(default_factory=list)
    silence: list[str] = field(default_factory=list)
    endpoint: Endpoint | None = None
    requests: int | None = None
    take: bool | None = None

    @property
    def takes(self) -> bool:
        """Tell whether the events of a request are taken."""
        if self.take is not None:
            return self.take
        return (self.status is None or self.status < 400) and self.answer not in _UNANSWERED

    def is_about(self, endpoint: Endpoint, events: list[Event]) -> bool:
        """Tell whether the fault is for this request."""
        if self.endpoint not in {None, endpoint}:
            return False
        named = [*self.throttle, *self.quota, *self.silence]  # no set: an id of a refused event may be anything
        return not named or any(event.get(name) in named for event in events for name in ("user_id", "device_id"))

    def body(self, endpoint: Endpoint, events: list[Event]) -> dict[str, Any] | None:
        """Give the status and body that the vendor has for it; None where the ordinary answer stands."""
        if self.throttle or self.quota:
            return self._too_fast(endpoint, events)
        if self.silence:
            return self._silenced(endpoint, events)
        if self.status is None or self.status < 400:
            return None
        answer: dict[str, Any] = {"code": self.status, "error": _ERRORS.get(self.status, "Server error")}
        if self.status == 429:
            answer |= {"eps_threshold": EPS_THRESHOLD[endpoint], "throttled_devices": {}, "throttled_users": {}}
            answer["throttled_events"] = []
        return answer

    def _too_fast(self, endpoint: Endpoint, events: list[Event]) -> dict[str, Any]:
        limit = EPS_THRESHOLD[endpoint]
        return {
            "code": 429,
            "error": _ERRORS[429],
            "eps_threshold": limit,
            "throttled_devices": dict.fromkeys(_named(events, "device_id", self.throttle), limit + 1),
            "throttled_users": dict.fromkeys(_named(events, "user_id", self.throttle), limit + 1),
            "exceeded_daily_quota_devices": dict.fromkeys(_named(events, "device_id", self.quota), 500_001),
            "exceeded_daily_quota_users": dict.fromkeys(_named(events, "user_id", self.quota), 500_001),
            "throttled_events": _holding(events, [*self.throttle, *self.quota]),
        }

    def _silenced(self, endpoint: Endpoint, events: list[Event]) -> dict[str, Any]:
        return {
            "code": 400,
            "error": "Events silenced for device_id",
            "eps_threshold": EPS_THRESHOLD[endpoint],
            "exceeded_daily_quota_devices": {},
            "silenced_devices": _named(events, "device_id", self.silence),
            "silenced_events": _holding(events, self.silence),
            "throttled_devices": {},
            "throttled_events": [],
        }


class Faults:
    """The faults that are set, in order."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []

    def set(self, stated: object) -> None:
        """Replace all faults by those stated: one object or a list of them. Raises WrongFaultError."""
        self._faults = [read_fault(one) for one in (stated if isinstance(stated, list) else [stated])]

    def clear(self) -> None:
        """Take all faults away."""
        self._faults = []

    def next(self, endpoint: Endpoint, events: list[Event]) -> Fault | None:
        """Find the fault that a request meets, and count the request on it."""
        for fault in self._faults:
            if fault.requests != 0 and fault.is_about(endpoint, events):
                if fault.requests is not None:
                    fault.requests -= 1
                return fault
        return None

    def stated(self) -> list[dict[str, Any]]:
        """Give the faults that still stand, with the requests that are left to each."""
        return [
            {name.name: getattr(fault, name.name) for name in fields(Fault) if getattr(fault, name.name) not in _UNSET}
            for fault in self._faults
            if fault.requests != 0
        ]


_UNSET: Final[tuple[object, ...]] = (None, [], {})

_KINDS: Final[dict[str, tuple[type, ...]]] = {
    "status": (int,), "headers": (dict,), "answer": (str,), "delay": (int, float), "trickle": (int, float),
    "throttle": (list,), "quota": (list,), "silence": (list,), "endpoint": (str,), "requests": (int,), "take": (bool,),
}  # fmt: skip
_RANGES: Final[dict[str, tuple[int, int]]] = {
    "status": (200, 599), "delay": (0, 3600), "trickle": (0, 3600), "requests": (0, 1_000_000_000),
}  # fmt: skip
_HEADER_NAME: Final = re.compile(r"[-!#$%&'*+.^_`|~0-9a-zA-Z]{1,100}")
_HEADER_TEXT: Final = re.compile(r"(?:[!-~](?:[ -~]{0,7998}[!-~])?)?")
_OWN_HEADERS: Final = frozenset({"content-length", "transfer-encoding"})
_CHOICES: Final[dict[str, tuple[object, ...]]] = {"answer": get_args(Answer), "endpoint": get_args(Endpoint)}


def read_fault(stated: object) -> Fault:
    """Read one fault from JSON. Raises WrongFaultError.

    >>> read_fault({"status": 503, "requests": 2}).takes
    False
    """
    if not isinstance(stated, dict):
        raise WrongFaultError(f"a fault is an object, not {_shown(stated)}")
    known = {name.name for name in fields(Fault)}
    for name, value in cast("dict[str, Any]", stated).items():
        if name not in known:
            raise WrongFaultError(f"a fault has no {_shown(name)}; it has {', '.join(sorted(known))}")
        if value is not None and name != "json":
            _check(name, value)
    return Fault(**{name: value for name, value in stated.items() if value is not None})


def is_within(value: object, least: float, most: float) -> TypeGuard[float]:
    """Tell whether a value is a number, neither a truth value nor beyond any bound.

    >>> is_within(5, 0, 10), is_within(float("nan"), 0, 10), is_within(True, 0, 10)
    (True, False, False)
    """
    return isinstance(value, int | float) and not isinstance(value, bool) and least <= value <= most


def _check(name: str, value: Any) -> None:
    if not isinstance(value, _KINDS[name]) or (isinstance(value, bool) and _KINDS[name] != (bool,)):
        raise WrongFaultError(f"{name} cannot be {_shown(value)}")
    if name in _CHOICES and value not in _CHOICES[name]:
        raise WrongFaultError(f"{name} is one of {', '.join(map(str, _CHOICES[name]))}, not {_shown(value)}")
    if name in _RANGES:
        least, most = _RANGES[name]
        if not is_within(value, least, most):
            raise WrongFaultError(f"{name} lies between {least} and {most}, not {_shown(value)}")
    if isinstance(value, list) and not all(isinstance(item, str) for item in value):
        raise WrongFaultError(f"{name} lists user_ids and device_ids, not {_shown(value)}")
    if isinstance(value, dict):
        _check_headers(value)


def _check_headers(headers: dict[str, Any]) -> None:
    """Refuse what no header can be: the server would end the connection instead of sending it."""
    for name, text in headers.items():
        if not _HEADER_NAME.fullmatch(name):
            raise WrongFaultError(f"headers cannot have the name {_shown(name)}")
        if name.lower() in _OWN_HEADERS:
            raise WrongFaultError(f"headers cannot have {name}: it follows from the body")
        if not isinstance(text, str) or not _HEADER_TEXT.fullmatch(text):
            raise WrongFaultError(
                f"the header {name} is a text of printable ASCII, at most 8,000 characters, not {_shown(text)}"
            )


def _shown(value: object) -> str:
    text = ascii(value)
    return text if len(text) <= 80 else f"{text[:77]}..."


def _named(events: list[Event], name: str, ids: list[str]) -> list[str]:
    return list(dict.fromkeys(event[name] for event in events if event.get(name) in ids))


def _holding(events: list[Event], ids: list[str]) -> list[int]:
    return [index for index, event in enumerate(events) if event.get("user_id") in ids or event.get("device_id") in ids]
