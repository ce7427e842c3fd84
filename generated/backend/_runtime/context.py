"""Whom events are about, and what they carry from the request: set by middleware,
passed by hand, or loaded from a row.
"""

from __future__ import annotations

import json
from collections.abc import Generator, Iterable, Mapping
from contextlib import contextmanager
from contextvars import ContextVar, Token
from time import time_ns
from typing import Any, Final, Protocol, cast

from .values import LARGEST_INTEGER, Json, uuid
from .values import text as text_of

SHORTEST_ID: Final = 5
LONGEST_ID: Final = 1024
REFUSED_IDS: Final = frozenset(
    (
        "anonymous",
        "nil",
        "none",
        "null",
        "n/a",
        "na",
        "undefined",
        "unknown",
        "",
        "{}",
        "lmy47d",
        "0",
        "-1",
        "00000000-0000-0000-0000-000000000000",
    )
)
"""What the destination takes for no id at all (Amplitude, HTTP V2 API)."""

NO_TEXT: Final = "is not text"
_VERSION: Final = 1


class ContextSource(Protocol):
    """What gives the context of the moment: a request, whose person may log in or out
    while it lasts.
    """

    def context(self) -> Context:
        """Give the context as it is now."""
        ...

    def add_properties(self, properties: Mapping[str, Json]) -> None:
        """Add context properties to what `context` gives from now on."""
        ...


_current: ContextVar[Context | ContextSource | None] = ContextVar(
    "trackside_context", default=None
)


def id_flaw(value: object) -> str | None:
    """Say what is wrong with a user_id or device_id; None when nothing is."""
    if type(value) is not str:
        return NO_TEXT
    if len(value) < SHORTEST_ID:
        return f"is shorter than {SHORTEST_ID} characters"
    if len(value) > LONGEST_ID:
        return f"is longer than {LONGEST_ID} characters"
    if value.lower() in REFUSED_IDS:
        return "is one that the destination refuses"
    if not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError:
            return "holds a lone surrogate"
    return None


class Context:
    """Whom events are about. Make one with `identified`, `anonymous` or `system`; it
    never changes.

    `session_id` is the session's start in ms, `seen_at` the time of its last event;
    `attribution` maps an event's attribution properties to their values; `consent`
    names the granted categories, None when nothing is known; `opted_out` tells that the
    person does not want to be counted; `attempt` is the UUID that came with the
    request.
    """

    __slots__ = (
        "attempt",
        "attribution",
        "consent",
        "device_flaw",
        "device_id",
        "ip",
        "is_system",
        "opted_out",
        "properties",
        "seen_at",
        "session_id",
        "user_agent",
        "user_flaw",
        "user_id",
    )

    def __init__(
        self,
        *,
        user_id: str | None = None,
        device_id: str | None = None,
        session_id: int | None = None,
        seen_at: int | None = None,
        attribution: Mapping[str, str] | None = None,
        consent: Iterable[str] | None = None,
        attempt: str | None = None,
        ip: str | None = None,
        user_agent: str | None = None,
        properties: Mapping[str, Json] | None = None,
        is_system: bool = False,
        opted_out: bool = False,
    ) -> None:
        self.user_id = user_id
        self.device_id = device_id
        # Judged once, not at every event; a bad id refuses the events that need it.
        self.user_flaw = None if user_id is None else id_flaw(user_id)
        self.device_flaw = None if device_id is None else id_flaw(device_id)
        self.session_id = _moment(session_id)
        self.seen_at = _moment(seen_at)
        self.attribution: Mapping[str, str] = _texts(attribution)
        self.consent = None if consent is None else _categories(consent)
        self.attempt = _attempt(attempt)
        self.ip = _line(ip)
        self.user_agent = _line(user_agent)
        self.properties: Mapping[str, Json] = _named(properties)
        self.is_system = is_system
        self.opted_out = opted_out

    @classmethod
    def identified(
        cls,
        user_id: str,
        *,
        device_id: str | None = None,
        session_id: int | None = None,
        attribution: Mapping[str, str] | None = None,
        consent: Iterable[str] | None = None,
        attempt: str | None = None,
        ip: str | None = None,
        user_agent: str | None = None,
    ) -> Context:
        """Speak for a known person, as the server's own session knows them; never with
        an id that a client sent.
        """
        return cls(
            user_id=user_id,
            device_id=device_id,
            session_id=session_id,
            attribution=attribution,
            consent=consent,
            attempt=attempt,
            ip=ip,
            user_agent=user_agent,
        )

    @classmethod
    def anonymous(
        cls,
        device_id: str,
        *,
        session_id: int | None = None,
        attribution: Mapping[str, str] | None = None,
        consent: Iterable[str] | None = None,
        attempt: str | None = None,
        ip: str | None = None,
        user_agent: str | None = None,
    ) -> Context:
        """Speak for a device whose person is not known."""
        return cls(
            device_id=device_id,
            session_id=session_id,
            attribution=attribution,
            consent=consent,
            attempt=attempt,
            ip=ip,
            user_agent=user_agent,
        )

    @classmethod
    def system(cls) -> Context:
        """Speak for this code base itself: nobody's event."""
        return cls(is_system=True)

    @staticmethod
    def current() -> Context | None:
        """Give the context that is active here, if one is."""
        active = _current.get()
        if active is None or isinstance(active, Context):
            return active
        return active.context()

    @contextmanager
    def activate(self) -> Generator[Context, None, None]:
        """Make this the context of every call inside the `with` block, in this thread
        or task and what it starts.

        A thread that is started by hand begins without one, as with every context
        variable: copy it there, or pass `context=`.
        """
        with activated(self):
            yield self

    def with_user(self, user_id: str) -> Context:
        """Give the same context for a person who is known from now on, after a login or
        a signup.
        """
        return self._changed(user_id=user_id, is_system=False)

    def with_attempt(self, attempt: str | None) -> Context:
        """Give the same context for an attempt whose key came in a form: the text that
        the page's copy has for the header, or the UUID alone.
        """
        return self._changed(attempt=attempt)

    def with_properties(self, properties: Mapping[str, Json]) -> Context:
        """Give the same context with more of the plan's context properties;
        `set_context` checks them.
        """
        return self._changed(properties={**self.properties, **properties})

    def dump(self) -> str:
        """Write the context as text, to be kept with a row until a webhook or a job
        sends its events.
        """
        # An id that is no text is refused here, and where this is loaded.
        members: dict[str, Any] = {
            "u": False if self.user_flaw == NO_TEXT else self.user_id,
            "d": False if self.device_flaw == NO_TEXT else self.device_id,
            "s": self.session_id,
            "t": self.seen_at if self.seen_at is not None else time_ns() // 1_000_000,
            "a": dict(self.attribution) or None,
            "c": None if self.consent is None else sorted(self.consent),
            "k": self.attempt,
            "ip": self.ip,
            "ua": self.user_agent,
            "p": dict(self.properties) or None,
            "x": self.is_system or None,
            "o": self.opted_out or None,
        }
        known = {name: value for name, value in members.items() if value is not None}
        return json.dumps({"v": _VERSION, **known}, separators=(",", ":"))

    @classmethod
    def load(cls, text: str) -> Context:
        """Read what `dump` wrote. What cannot be read gives a context without ids,
        whose events are refused and counted.
        """
        try:
            members = cast("dict[str, Any]", json.loads(text))
            get = members.get
            if get("v") != _VERSION:
                return cls()
            return cls(
                user_id=get("u"),
                device_id=get("d"),
                session_id=get("s"),
                seen_at=get("t"),
                attribution=get("a"),
                consent=get("c"),
                attempt=get("k"),
                ip=get("ip"),
                user_agent=get("ua"),
                properties=get("p"),
                is_system=get("x") is True,
                opted_out=get("o") is True,
            )
        except Exception:
            return cls()

    def __repr__(self) -> str:
        shown = [
            f"{name}={getattr(self, name)!r}"
            for name in ("user_id", "device_id", "session_id", "is_system")
        ]
        return f"Context({', '.join(shown)})"

    def _changed(self, **changes: Any) -> Context:
        members = {
            name: getattr(self, name)
            for name in Context.__slots__
            if not name.endswith("_flaw")
        }
        return Context(**{**members, **changes})


@contextmanager
def activated(active: Context | ContextSource) -> Generator[None, None, None]:
    """Make this what `Context.current` gives inside the `with` block."""
    token = _current.set(active)
    try:
        yield
    finally:
        try:
            _current.reset(token)
        except ValueError:  # left in another task than it was entered in
            former = token.old_value
            _current.set(None if former is Token.MISSING else former)


def add_properties(properties: Mapping[str, Json]) -> bool:
    """Add context properties to what is active, until the block that activated it ends;
    tell whether anything was.
    """
    active = _current.get()
    if active is None:
        return False
    if isinstance(active, Context):
        _current.set(active.with_properties(properties))
    else:
        active.add_properties(properties)
    return True


def _moment(value: object) -> int | None:
    return value if type(value) is int and 0 < value <= LARGEST_INTEGER else None


def _attempt(value: object) -> str | None:
    """Take the UUID of a request, also as the page writes it for its header: `1 UUID`.
    What is none came from elsewhere and is no key.
    """
    try:
        if isinstance(value, str):
            value = value.removeprefix("1 ")
        return None if value is None else uuid(value)
    except Exception:
        return None


def _categories(value: object) -> frozenset[str]:
    """Take granted categories; of what cannot be read, none is granted."""
    try:
        names = () if isinstance(value, str) else cast("Iterable[object]", value)
        return frozenset([name for name in names if isinstance(name, str)])
    except Exception:
        return frozenset()


def _line(value: object) -> str | None:
    try:
        return None if value is None else text_of(value, 1)[:LONGEST_ID]
    except Exception:
        return None


def _named(value: object) -> dict[str, Json]:
    return dict(cast("Mapping[str, Json]", value)) if isinstance(value, Mapping) else {}


def _texts(value: object) -> dict[str, str]:
    try:
        return {
            key: item
            for key, item in cast("Mapping[object, object]", value or {}).items()
            if isinstance(key, str)
            and isinstance(item, str)
            and item
            and len(item) <= LONGEST_ID
            and _encodes(item)
        }
    except Exception:
        return {}


def _encodes(text: str) -> bool:
    return text.isascii() or not any(
        "\ud800" <= character <= "\udfff" for character in text
    )
