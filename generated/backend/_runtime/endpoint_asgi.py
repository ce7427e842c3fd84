"""The endpoint for ASGI servers."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Mapping
from typing import Any, Final

from .asgi import Application, Receive, Scope, Send, headers_of
from .endpoint import DRAINED, HEADERS, Asked, Endpoint, Reply
from .endpoint_copies import Exists
from .endpoint_limits import ADDRESS, DEVICE, Rate
from .endpoint_upload import LARGEST
from .values import Json

HOOK_TIMEOUT = 10.0
"""Seconds that a hook which is a coroutine may take."""
_SMALL: Final = 16 * 1024
"""Up to how many bytes a body is read in less time than a thread takes to begin; it
holds some forty events, which take two milliseconds.
"""


class AsgiEndpoint(Endpoint):
    """Answers uploads: as an application that is mounted at the plan's route, or around
    an application, which gets all other requests.

    `user(scope)` gives the user_id of the server's own session, None for nobody; left
    out, a middleware of ours around it is asked. `exists(event, key)` tells whether a
    fact exists, and may be a coroutine function. `origins` replaces the plan's.
    """

    def __init__(
        self,
        app: Application | None = None,
        *,
        user: Callable[[Scope], str | None] | None = None,
        exists: Exists | None = None,
        origins: Collection[str] | None = None,
        trusted_proxies: int = 0,
        api_key: str | None = None,
        largest: int = LARGEST,
        device_rate: Rate = DEVICE,
        address_rate: Rate = ADDRESS,
    ) -> None:
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

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one connection."""
        kind = scope["type"]
        if self.app is not None and (kind != "http" or not self._is_route(scope)):
            await self.app(scope, receive, send)
        elif kind == "http":
            reply = await self._answer(scope, receive)
            if reply is not None:
                await _send(reply, send)
        elif kind == "websocket":
            await send({"type": "websocket.close", "code": 1000})
        else:
            await _live(receive, send)

    def _is_route(self, scope: Scope) -> bool:
        path: str = scope["path"]
        root: str = scope.get("root_path") or ""
        path = path.removeprefix(root) if root else path
        return path.rstrip("/") == self.plan.route.rstrip("/")

    async def _answer(self, scope: Scope, receive: Receive) -> Reply | None:
        client = scope.get("client")
        asked = Asked(
            scope["method"],
            headers_of(scope, HEADERS),
            client[0] if client else None,
            scope.get("scheme") or "http",
            scope,
        )
        refused = self.admit(asked)
        parts: list[bytes] = []
        size = 0
        more = asked.method == "POST"
        while more:
            message = await receive()
            if message["type"] != "http.request":
                return None  # nobody is there any more
            part: bytes = message.get("body", b"")
            size += len(part)
            more = message.get("more_body", False)
            if refused is None and size > self._largest:
                refused = self.too_large(asked)
                parts.clear()
            if refused is None:
                parts.append(part)
            elif size > DRAINED * self._largest:
                break
        if refused is not None:
            return refused
        body = b"".join(parts)
        if size <= _SMALL and self._waits_for_nothing(asked):
            return self.take(asked, body)
        # Stores and hooks may wait for a disk or a network; the loop is not to.
        hook = self._hook(asyncio.get_running_loop())
        return await asyncio.to_thread(self.take, asked, body, hook)

    def _waits_for_nothing(self, asked: Asked) -> bool:
        """Tell whether a body is taken without a disk, a network or much to unpack."""
        return (
            self._exists is None
            and self._user is None  # a middleware's is asked in the loop everywhere
            and "content-encoding" not in asked.headers
            and getattr(self.tracker.sink(), "durable", True) is False
        )

    def _hook(
        self, loop: asyncio.AbstractEventLoop
    ) -> Callable[..., bool | None] | None:
        """Make the hook one that a thread may call, whichever kind it is."""
        exists = self._exists
        if exists is None:
            return None

        def ask(event: str, key: Mapping[str, Json]) -> bool | None:
            answer: Any = exists(event, key)
            if asyncio.iscoroutine(answer):
                future = asyncio.run_coroutine_threadsafe(answer, loop)
                try:
                    answer = future.result(HOOK_TIMEOUT)
                finally:
                    future.cancel()
            return answer if isinstance(answer, bool) else None

        return ask


async def _send(reply: Reply, send: Send) -> None:
    headers = [(name.encode(), value.encode()) for name, value in reply.headers]
    await send(
        {"type": "http.response.start", "status": reply.status, "headers": headers}
    )
    await send({"type": "http.response.body", "body": reply.body})


async def _live(receive: Receive, send: Send) -> None:
    """Go through the lifespan of a server that has nothing but this."""
    while True:
        kind: str = (await receive())["type"]
        if kind in {"lifespan.startup", "lifespan.shutdown"}:
            await send({"type": f"{kind}.complete"})
        if kind != "lifespan.startup":
            return
