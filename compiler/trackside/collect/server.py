"""A port for the application: uvicorn, told to say nothing of its own, with the connection put where faults need it."""

from __future__ import annotations

import asyncio
import gc
import socket
from collections.abc import Callable
from types import FrameType
from typing import Any

import uvicorn
from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from trackside.collect.app import TRANSPORT, application
from trackside.collect.collector import Collector


def listen(host: str, port: int) -> socket.socket:
    """Open the port; 0 is any that is free. Raises OSError."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # Only where the protocol is named does asyncio see TCP and send small answers at once.
    opened = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        opened.bind((host, port))
        opened.listen(2048)
    except OSError:
        opened.close()
        raise
    return opened


def serve(collector: Collector, opened: socket.socket, ready: Callable[[], None]) -> None:
    """Serve until SIGINT or SIGTERM; call `ready` when requests are answered. The process should do nothing else."""

    class Connection(H11Protocol):
        """A connection that puts itself into the scope of its requests."""

        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            super().connection_made(transport)
            collector.connections += 1
            served: Any = self.app

            async def with_transport(scope: Scope, receive: Receive, send: Send) -> None:
                scope.setdefault("extensions", {})[TRANSPORT] = transport
                await served(scope, receive, send)

            self.app = with_transport

    class Server(uvicorn.Server):
        """A server that tells when it is ready, and that ends well when it is told to."""

        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            ready()

        def handle_exit(self, sig: int, frame: FrameType | None) -> None:
            # To be told to end is how it ends: uvicorn would raise the signal again afterwards, as if it had failed.
            self.force_exit = self.should_exit
            self.should_exit = True

    config = uvicorn.Config(
        application(collector),
        http=Connection,
        ws="none",
        lifespan="off",
        log_level="critical",
        access_log=False,
        timeout_keep_alive=75,
        timeout_graceful_shutdown=1,
    )
    # Events are many small objects without cycles: to look for some after every few hundred takes a fifth of the time.
    gc.freeze()
    gc.set_threshold(100_000, 20, 20)
    Server(config).run(sockets=[opened])
