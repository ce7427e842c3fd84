"""The middleware for ASGI applications: Starlette, FastAPI and the rest."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, MutableMapping
from typing import Any, Final, TypeAlias

from .exchange import WANTED, Exchange, Middleware, settle
from .process import EXIT_TIMEOUT
from .request import Request

Scope: TypeAlias = MutableMapping[str, Any]
Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]
Application: TypeAlias = Callable[[Scope, Receive, Send], Awaitable[None]]

_SHUT_DOWN: Final = frozenset(
    ("lifespan.shutdown.complete", "lifespan.shutdown.failed")
)


class AsgiMiddleware(Middleware):
    """Gives every request and websocket its context, and its answer the confirmations.

    `user(scope)` gives the user_id of the server's own session, None for nobody; it may
    read what inner middlewares put into the scope. The rest is told at `Settings`.
    """

    def __init__(
        self,
        app: Application,
        *,
        user: Callable[[Scope], str | None] | None = None,
        trusted_proxies: int = 0,
        origins: Collection[str] = (),
        api_key: str | None = None,
    ) -> None:
        super().__init__(
            user=user, trusted_proxies=trusted_proxies, origins=origins, api_key=api_key
        )
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one connection; at the application's shutdown, send what waits."""
        kind = scope["type"]
        if kind == "lifespan":
            await self.app(scope, receive, self._shutting_down(send))
            return
        if kind not in {"http", "websocket"}:
            await self.app(scope, receive, send)
            return
        client = scope.get("client")
        exchange, request = self._begin(
            scope,
            headers_of(scope),
            peer=client[0] if client else None,
            scheme=scope.get("scheme") or "http",
        )
        with request.active():
            await self.app(scope, receive, _answering(exchange, request, send))

    def _shutting_down(self, send: Send) -> Send:
        async def answer(message: Message) -> None:
            if message["type"] in _SHUT_DOWN:
                # Servers that were told to end by a signal end by it: no hook of the
                # process runs after this. Nothing else runs in the loop any more.
                self.tracker.flush(EXIT_TIMEOUT)
            await send(message)

        return answer


def _answering(exchange: Exchange, request: Request, send: Send) -> Send:
    async def answer(message: Message) -> None:
        if message["type"] == "http.response.start":
            status: int = message["status"]
            headers: list[tuple[bytes, bytes]] = list(message.get("headers") or ())
            exposed = [
                bytes(value).decode("latin-1")
                for name, value in headers
                if bytes(name).lower() == b"access-control-expose-headers"
            ]
            await settle(request, status)
            headers += [
                (name.lower().encode(), value.encode())
                for name, value in exchange.answer(request, status, exposed)
            ]
            message = {**message, "headers": headers}
        await send(message)

    return answer


def headers_of(scope: Scope, wanted: Collection[str] = WANTED) -> dict[str, str]:
    """Give the headers that are read, in lower case."""
    found: dict[str, str] = {}
    for raw, value in scope.get("headers") or ():
        name = bytes(raw).decode("latin-1").lower()
        if name in wanted:
            text = bytes(value).decode("latin-1")
            if name in found:  # HTTP/2 may send a Cookie header for each cookie
                text = f"{found[name]}{'; ' if name == 'cookie' else ', '}{text}"
            found[name] = text
    return found
