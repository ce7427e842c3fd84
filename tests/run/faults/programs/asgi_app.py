"""An ASGI application that records the fact whose number is the query string."""

from __future__ import annotations

from typing import Any

from facts import record, set_up
from tracked.middleware import AsgiMiddleware

set_up()


async def answer(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """Record one fact."""
    if scope["type"] == "lifespan":
        for step in ("startup", "shutdown"):
            await receive()
            await send({"type": f"lifespan.{step}.complete"})
        return
    query = scope["query_string"]
    taken = record(int(query)) if query else True
    await send({"type": "http.response.start", "status": 200 if taken else 503, "headers": []})
    await send({"type": "http.response.body", "body": query})


app = AsgiMiddleware(answer)
