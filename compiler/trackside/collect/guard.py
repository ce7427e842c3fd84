"""Who may look at what came: this machine's own pages and programs, and no other site that the browser has open.

The vendor lets every page send, so the intake takes from everybody. The rest tells what came and changes it. A page of
another site reaches it too, for it runs in a browser on this machine: by its address, or by a name of the site's own
that it lets point here (DNS rebinding). The first shows in the headers Origin and Sec-Fetch-Site, the second in Host.
"""

from __future__ import annotations

import ipaddress
from typing import Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
)
"""The page's Content-Security-Policy: its own files and nothing else, and no text of an event becomes markup."""

_HEADERS: Final = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-store",
}
_FOREIGN: Final = frozenset({"cross-site", "same-site"})


class Guard:
    """ASGI middleware: lets everybody send, and none but this machine look.

    `intake` are the paths to send to, `page` those that a link of another site may lead to. `host` is the address that
    the server listens on: where it is not a loopback address, the machine's other addresses and names without a dot
    are right as well, since no site can have such a name.
    """

    def __init__(self, app: ASGIApp, *, intake: frozenset[str], page: frozenset[str], host: str) -> None:
        self._app = app
        self._sending = CORSMiddleware(app, allow_origins=["*"], allow_methods=["*"], allow_headers=["*"])
        self._intake = intake
        self._page = page
        self._host = host.lower()
        self._loopback_only = is_loopback(self._host)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] in self._intake:
            await self._sending(scope, receive, send)
            return
        headers = Headers(scope=scope)
        host = headers.get("host", "")
        if not self._is_ours(_name(host)):
            await _refuse(421, f"this is no name of the local destination: {host}")(scope, receive, send)
            return
        origin = headers.get("origin")
        is_foreign = origin is not None and origin.lower() != f"{scope['scheme']}://{host}".lower()
        if scope["path"] not in self._page:
            is_foreign = is_foreign or headers.get("sec-fetch-site") in _FOREIGN
        if is_foreign:
            await _refuse(403, "pages of another origin may send events, not look at them")(scope, receive, send)
            return

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(_HEADERS)
            await send(message)

        await self._app(scope, receive, guarded)

    def _is_ours(self, name: str) -> bool:
        if is_loopback(name) or name == self._host:
            return True
        return not self._loopback_only and ("." not in name or _is_address(name))


def _name(host: str) -> str:
    """Take the name out of a header Host, without port and brackets.

    >>> _name("[::1]:8011"), _name("LOCALHOST:8011"), _name("shop.example")
    ('::1', 'localhost', 'shop.example')
    """
    name = host[1:].partition("]")[0] if host.startswith("[") else host.partition(":")[0]
    return name.lower().removesuffix(".")


def is_loopback(name: str) -> bool:
    """Tell whether a name always means this machine (RFC 6761, section 6.3)."""
    if name == "localhost" or name.endswith(".localhost"):
        return True
    return _is_address(name) and ipaddress.ip_address(name).is_loopback


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _refuse(status: int, reason: str) -> JSONResponse:
    return JSONResponse({"error": reason}, status_code=status, headers=_HEADERS)
