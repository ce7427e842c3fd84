"""Serve the shop: `python -m examples.shop.serve --port 8000` prints its address when it is ready."""

from __future__ import annotations

import argparse
import socket

import uvicorn
from examples.shop.app import create


def main() -> int:
    """Serve until a signal ends it."""
    parser = argparse.ArgumentParser(prog="serve", description="Serve the example shop on this machine.")
    parser.add_argument("--port", type=int, default=8000, help="0 takes any free one (default: 8000)")
    port = parser.parse_args().port
    try:
        listening = socket.create_server(("127.0.0.1", port))
    except OSError as error:
        print(f"cannot listen on port {port}: {error.strerror}; --port 0 takes any free one")
        return 1
    with listening:
        app = create()
        print(f"shop at http://127.0.0.1:{listening.getsockname()[1]}", flush=True)
        uvicorn.Server(uvicorn.Config(app, log_level="warning", lifespan="on")).run(sockets=[listening])
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
