"""What the middlewares of all frameworks share: how a request is read, and what its
answer says to the page.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable, Mapping
from time import time_ns
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from . import carriers
from .carriers import CONFIRMED_HEADER, OUTCOME_HEADER
from .context import Context
from .request import Request

if TYPE_CHECKING:
    from .tracker import Tracker

WANTED: Final = frozenset(
    (
        carriers.CONTEXT_HEADER.lower(),
        carriers.ATTEMPT_HEADER.lower(),
        "accept",
        "cookie",
        "origin",
        "sec-fetch-mode",
        "user-agent",
        "x-forwarded-for",
        "x-forwarded-proto",
        "x-requested-with",
    )
)
"""The headers that are read, in lower case."""

_LONGEST_COOKIES: Final = 16_384
_COOKIE_SECONDS: Final = 60


class Settings(NamedTuple):
    """How requests are read.

    `trusted_proxies` is how many proxies of one's own stand before the application;
    with 0 X-Forwarded-For is anybody's word. `origins` may read confirmations across
    origins. `api_key` names the vendor's cookies.
    """

    trusted_proxies: int = 0
    origins: Collection[str] = ()
    api_key: str | None = None


async def settle(request: Request, status: int) -> None:
    """Settle what an answer confirms, without holding the event loop."""
    if request.unsettled and 200 <= status < 400:
        from asyncio import to_thread

        await to_thread(request.settle)


class Exchange:
    """A request and its answer, as HTTP has them.

    `headers` maps names in lower case to values, as far as they are in `WANTED`; `peer`
    is the address that the connection comes from.
    """

    def __init__(
        self,
        settings: Settings,
        headers: Mapping[str, str],
        *,
        peer: str | None,
        scheme: str,
    ) -> None:
        self._settings = settings
        self._headers = headers
        self._peer = peer
        self._scheme = scheme
        self._began_at = time_ns() // 1_000_000

    def read(self) -> Context:
        """Read whom the request is about: all but the person, whom no client names."""
        get = self._headers.get
        settings = self._settings
        carried = carriers.find(
            get(carriers.CONTEXT_HEADER.lower()),
            get("cookie", "")[:_LONGEST_COOKIES],
            settings.api_key,
            self._began_at,
        )
        return Context(
            device_id=carried.device_id,
            session_id=carried.session_id,
            seen_at=carried.seen_at,
            attribution=carried.attribution,
            consent=carried.consent,
            opted_out=carried.opted_out,
            attempt=carriers.read_attempt(get(carriers.ATTEMPT_HEADER.lower(), "")),
            ip=client_ip(self._peer, get("x-forwarded-for"), settings.trusted_proxies),
            user_agent=get("user-agent"),
        )

    def answer(
        self, request: Request, status: int, exposed: Iterable[str] = ()
    ) -> list[tuple[str, str]]:
        """Give the headers that the answer of this status gets; `exposed` are the
        values of Access-Control-Expose-Headers that it has.
        """
        request.answered = True
        if not 200 <= status < 400:
            return []
        try:
            request.settle()
            return self._headers_of(request, status, exposed)
        except Exception as error:
            request.problem("confirmation_failed", error)
            return []

    def _headers_of(
        self, request: Request, status: int, exposed: Iterable[str]
    ) -> list[tuple[str, str]]:
        headers: list[tuple[str, str]] = []
        if request.confirmed:
            listed = carriers.write_confirmed(request.confirmed)
            if listed.count(" ") < len(request.confirmed):
                request.problem("confirmed_too_long")
            if listed:
                headers.append((CONFIRMED_HEADER, listed))
        if not request.has_fact:
            headers.append((OUTCOME_HEADER, "none"))
        if headers and self._headers.get("origin") in self._settings.origins:
            known = {
                name.strip().lower() for value in exposed for name in value.split(",")
            }
            names = [
                name
                for name in (CONFIRMED_HEADER, OUTCOME_HEADER)
                if name.lower() not in known
            ]
            if names:
                headers.append(("Access-Control-Expose-Headers", ", ".join(names)))
        if request.confirmed and (status >= 300 or self._is_navigation()):
            headers += self._cookie(request.confirmed)
        return headers

    def _is_navigation(self) -> bool:
        """Tell whether a page will replace the one that asked, so that nobody is there
        to read a header.
        """
        get = self._headers.get
        mode = get("sec-fetch-mode")
        if mode is not None:
            return mode == "navigate"
        # A browser too old to say so: a script names itself, or asks for data.
        return (
            "text/html" in get("accept", "")
            and carriers.CONTEXT_HEADER.lower() not in self._headers
            and "x-requested-with" not in self._headers
        )

    def _cookie(self, confirmed: Collection[str]) -> list[tuple[str, str]]:
        """Write the cookie, with what an earlier redirect confirmed and nobody read."""
        earlier = [
            insert_id
            for name, value in carriers.each_cookie(self._headers.get("cookie"))
            if name == carriers.CONFIRMED_COOKIE
            for insert_id in carriers.read_confirmed_cookie(value)
        ]
        value = carriers.write_confirmed_cookie(
            list(dict.fromkeys((*confirmed, *earlier)))
        )
        if not value:
            return []
        secure = "; Secure" if self._is_secure() else ""
        cookie = f"{carriers.CONFIRMED_COOKIE}={value}; Max-Age={_COOKIE_SECONDS}"
        return [("Set-Cookie", f"{cookie}; Path=/; SameSite=Lax{secure}")]

    def _is_secure(self) -> bool:
        if self._scheme == "https":
            return True
        forwarded = self._headers.get("x-forwarded-proto", "")
        return (
            self._settings.trusted_proxies > 0
            and forwarded.split(",")[-1].strip() == "https"
        )


class Middleware:
    """A middleware of any framework. The generated package sets `tracker` and the name
    of the variable that has the key of the vendor's project.
    """

    tracker: Tracker
    api_key_variable: str | None = None

    def __init__(
        self,
        *,
        user: Callable[[Any], str | None] | None = None,
        trusted_proxies: int = 0,
        origins: Collection[str] = (),
        api_key: str | None = None,
    ) -> None:
        if isinstance(origins, str):
            raise TypeError("origins is a list of origins, not one text")
        for origin in origins:
            if origin.count("/") != 2 or "://" not in origin:
                raise ValueError(
                    f"{origin!r} is no origin: https://shop.example is one"
                )
        if type(trusted_proxies) is not int or trusted_proxies < 0:
            raise ValueError("trusted_proxies is a number of proxies")
        if api_key is None and self.api_key_variable is not None:
            api_key = os.environ.get(self.api_key_variable) or None
        self._user = user
        self._settings = Settings(trusted_proxies, frozenset(origins), api_key)

    def _begin(
        self,
        subject: Any,
        headers: Mapping[str, str],
        *,
        peer: str | None,
        scheme: str,
        user: Callable[[Any], str | None] | None = None,
    ) -> tuple[Exchange, Request]:
        """Take up a request; `subject` is what the framework calls it, for `user`."""
        exchange = Exchange(self._settings, headers, peer=peer, scheme=scheme)
        ask = self._user if user is None else user
        return exchange, Request(
            exchange.read,
            self.tracker.counts.problem,
            user=None if ask is None else lambda: ask(subject),
        )


def client_ip(peer: str | None, forwarded: str | None, proxies: int) -> str | None:
    """Find the address of the person's machine.

    Each proxy adds the address that it was called from at the end, so the last
    `proxies` entries are true and all before them is what the client wrote. With fewer
    entries than proxies somebody came past them, and no address is given.

    >>> client_ip("10.0.0.2", "1.1.1.1, 203.0.113.9", 1)
    '203.0.113.9'
    """
    if proxies < 1:
        return _address(peer)
    entries = [part.strip() for part in (forwarded or "").split(",")]
    return _address(entries[-proxies]) if len(entries) >= proxies else None


def _address(text: str | None) -> str | None:
    """Read an IP address, with or without a port; the name of a socket is none."""
    from ipaddress import ip_address

    if not text:
        return None
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        return str(ip_address(text.partition("%")[0]))
    except ValueError:
        return None
