"""The endpoint for WSGI servers."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from http import HTTPStatus
from inspect import iscoroutinefunction
from typing import Any, Final

from .endpoint import DRAINED, HEADERS, Asked, Endpoint, Reply
from .endpoint_limits import ADDRESS, DEVICE, Rate
from .endpoint_upload import LARGEST
from .values import Json
from .wsgi import Application, Environ, StartResponse

_KEYS: Final = {f"HTTP_{name.upper().replace('-', '_')}": name for name in HEADERS}
_PART: Final = 65_536


class WsgiEndpoint(Endpoint):
    """Answers uploads: as an application that is mounted at the plan's route, or around
    an application, which gets all other requests.

    `user(environ)` gives the user_id of the server's own session, None for nobody; left
    out, a middleware of ours around it is asked. `exists(event, key)` tells whether a
    fact exists. `origins` replaces the plan's.
    """

    def __init__(
        self,
        app: Application | None = None,
        *,
        user: Callable[[Environ], str | None] | None = None,
        exists: Callable[[str, Mapping[str, Json]], bool | None] | None = None,
        origins: Collection[str] | None = None,
        trusted_proxies: int = 0,
        api_key: str | None = None,
        largest: int = LARGEST,
        device_rate: Rate = DEVICE,
        address_rate: Rate = ADDRESS,
    ) -> None:
        if iscoroutinefunction(exists):
            raise TypeError("exists is a plain function where the server is WSGI")
        super().__init__(
            user=user,
            exists=exists,
            origins=origins,
            trusted_proxies=trusted_proxies,
            api_key=api_key,
            largest=largest,
            device_rate=device_rate,
            address_rate=address_rate,
        )
        self.app = app
        self._asks = exists

    def __call__(
        self, environ: Environ, start_response: StartResponse
    ) -> Iterable[bytes]:
        """Answer one request."""
        if self.app is not None and not self._is_route(environ):
            return self.app(environ, start_response)
        reply = self._answer(environ)
        phrase = HTTPStatus(reply.status).phrase
        start_response(f"{reply.status} {phrase}", reply.headers)
        return [reply.body] if reply.body else []

    def _is_route(self, environ: Environ) -> bool:
        path: str = environ.get("PATH_INFO") or ""
        return path.rstrip("/") == self.plan.route.rstrip("/")

    def _answer(self, environ: Environ) -> Reply:
        headers = {name: environ[key] for key, name in _KEYS.items() if key in environ}
        headers["content-length"] = environ.get("CONTENT_LENGTH") or "0"
        asked = Asked(
            environ["REQUEST_METHOD"],
            headers,
            environ.get("REMOTE_ADDR"),
            environ.get("wsgi.url_scheme", "http"),
            environ,
        )
        refused = self.admit(asked)
        if asked.method != "POST":
            return refused or self.too_large(asked)
        body = _read(environ, self._largest, keep=refused is None)
        if refused is not None:
            return refused
        if body is None:
            return self.too_large(asked)
        return self.take(asked, body, self._asks)


def _read(environ: Environ, largest: int, *, keep: bool) -> bytes | None:
    """Read the body; None when it is too large, or not to be kept."""
    stream: Any = environ["wsgi.input"]
    length = environ.get("CONTENT_LENGTH") or ""
    if length.isascii() and length.isdigit():
        left = int(length[:18])
    elif environ.get("wsgi.input_terminated"):  # the server ends it: chunks, say
        left = DRAINED * largest
    else:
        left = 0
    parts: list[bytes] = []
    size = 0
    while left > 0 and size <= DRAINED * largest:
        try:
            part: bytes = stream.read(min(left, _PART))
        except OSError:  # the client has gone, or what it sends is no HTTP
            break
        if not part:
            break
        left -= len(part)
        size += len(part)
        if keep and size <= largest:
            parts.append(part)
    return b"".join(parts) if keep and size <= largest else None
