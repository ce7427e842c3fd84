"""Measure the first-party endpoint: how many events a second one core validates and forwards.

A real server (uvicorn) with the generated endpoint runs in a process of its own and forwards to a real `trackside
collect`, or stores in an outbox; this process uploads over kept-alive connections, as pages do. Events a second are
counted against the CPU time of the server's process, its sender included, which stays comparable on a busy machine.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from http.client import HTTPConnection
from importlib import import_module
from pathlib import Path
from typing import Any

from plans import compile_into

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "compiler"))

PLAN = """\
trackside: 1
plan: {name: bench, version: 1.0.0, namespace: "https://bench.example"}
destinations:
  amplitude: {project: bench, api_key: BENCH_KEY}
sources:
  web:     {side: client, target: none}
  backend: {side: server, target: python, out: bench_backend}
endpoint: {route: /t, served_by: backend}
identity:
  device_id:  {created_by: client, carried_in: [header, cookie]}
  session_id: {created_by: client, carried_in: [header, cookie]}
  user_id:    {created_by: server}
consent: {default: granted, pending: queue, stores: analytics}
types:
  money: {type: number, minimum: 0, maximum: 1000000}
  product_id: {type: string, pattern: '[A-Z0-9-]{3,32}'}
events:
  product_seen:
    kind: page_view
    properties:
      product_id: product_id
      path: {type: string, max_length: 1000}
      title: optional string
      currency: {enum: [EUR, GBP, USD]}
      price: money
      position: {type: integer, minimum: 0}
      category: {enum: [tents, boots, packs]}
      in_stock: boolean
      tags: {type: list of string, max_items: 10}
      listed_on: date
"""
DEVICES = 997
PORTS = 4


def serve(folder: str, sink: str) -> None:
    """Be the server: print the port, then serve until the input ends."""
    import socket

    import uvicorn

    sys.path.insert(0, folder)
    backend: Any = import_module("bench_backend")
    endpoint: Any = import_module("bench_backend.endpoint")
    middleware: Any = import_module("bench_backend.middleware")
    kind, _, where = sink.partition("=")
    if kind == "http":
        backend.configure(sink=backend.HttpSink("bench", server_url=where), strict=False)
    else:
        backend.configure(sink=backend.OutboxSink(backend.SQLite(where)), strict=False)
    no_limit = endpoint.Rate(1e12, 1e12)
    inner = endpoint.AsgiEndpoint(device_rate=no_limit, address_rate=no_limit)
    app = middleware.AsgiMiddleware(inner, user=lambda scope: "customer-4711")
    # With the protocol named, asyncio sees TCP and sends small answers at once.
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        print(listening.getsockname()[1], flush=True)
        server = uvicorn.Server(uvicorn.Config(app, log_level="warning", access_log=False))

        def end() -> None:
            sys.stdin.read()
            server.should_exit = True

        threading.Thread(target=end, daemon=True).start()
        server.run([listening])
        assert backend.flush(60.0)
        print(json.dumps(backend.stats()._asdict()), flush=True)


def bodies(events: int, per_upload: int) -> list[bytes]:
    """Make the bodies of all uploads, as the generated beacon writes them."""
    now = int(time.time() * 1000)
    made: list[bytes] = []
    for start in range(0, events, per_upload):
        listed = [
            {
                "event_type": "product_seen",
                "insert_id": str(uuid.uuid4()),
                "time": now - number % 1000,
                "device_id": f"7e7c9a02-5d0e-4f5b-9c1f-{number % DEVICES:012d}",
                "session_id": now - 60_000,
                "event_properties": {
                    "product_id": "SKU-12345", "path": f"/p/{number}", "title": "Two-person tent", "currency": "EUR",
                    "price": 79.99, "position": number % 40, "category": "tents", "in_stock": True,
                    "tags": ["summer", "sale"], "listed_on": "2026-05-04",
                },
                "ingestion_metadata": {"source_name": "bench/web", "source_version": "1.0.0"},
                "trackside": {"who": 558132751, "consent": ["analytics"]},
            }
            for number in range(start, start + per_upload)
        ]  # fmt: skip
        made.append(json.dumps({"trackside": 1, "sent_at": now, "events": listed}, separators=(",", ":")).encode())
    return made


def cpu(process: int) -> float:
    """Read the seconds of CPU time that a process has used."""
    used = Path(f"/proc/{process}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(used[11]) + int(used[12])) / os.sysconf("SC_CLK_TCK")


def upload(port: int, some: list[bytes]) -> None:
    """Upload over one connection."""
    connection = HTTPConnection("127.0.0.1", port, timeout=60)
    headers = {"Content-Type": "text/plain;charset=UTF-8", "Origin": f"http://127.0.0.1:{port}"}
    for body in some:
        connection.request("POST", "/t", body, headers)
        answer = connection.getresponse()
        said = answer.read()
        assert answer.status == 200, said
    connection.close()


def measure(folder: str, sink: str, events: int, per_upload: int) -> tuple[float, float]:
    """Give the events a second of the clock and of the server's CPU time."""
    command = [sys.executable, __file__, "--serve", folder, "--sink", sink]
    child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert child.stdin is not None and child.stdout is not None
    port = int(child.stdout.readline())
    upload(port, bodies(per_upload * 20, per_upload))  # warm
    made = bodies(events, per_upload)
    before, started = cpu(child.pid), time.perf_counter()
    threads = [threading.Thread(target=upload, args=(port, made[start::PORTS])) for start in range(PORTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    wall = time.perf_counter() - started
    child.stdin.close()
    line = child.stdout.readline()  # after all that it forwards has gone
    used = cpu(child.pid) - before
    child.wait(60)
    stats = json.loads(line)
    assert stats["accepted"] == events + per_upload * 20, stats
    assert not stats["dropped"] and not stats["violations"] and not stats["problems"], stats
    return events / wall, events / used


def main() -> None:
    """Measure uploads of several sizes with each sink."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--events", type=int, default=20_000)
    parser.add_argument("--times", type=int, default=1)
    parser.add_argument("--serve", help=argparse.SUPPRESS)
    parser.add_argument("--sink", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        serve(options.serve, options.sink)
        return
    print("\nThe endpoint: events of ten properties, validated and forwarded by one process\n")
    print(f"  {'':34}{'events/s':>12}{'per CPU second':>16}", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        compile_into(Path(folder), PLAN)
        command = [sys.executable, "-m", "trackside", "collect", "--port", "0", "--no-check"]
        environment = {**os.environ, "PYTHONPATH": str(ROOT / "compiler")}
        collector = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=environment
        )
        assert collector.stdout is not None
        url = f"{collector.stdout.readline().split()[-1]}/2/httpapi"
        try:
            for name, sink in (("HttpSink", f"http={url}"), ("outbox, SQLite", "outbox=")):
                for per_upload in (1, 10, 100):
                    best = (0.0, 0.0)
                    for turn in range(options.times):
                        where = sink if sink.endswith("api") else f"{sink}{folder}/{per_upload}-{turn}.db"
                        number = options.events // (5 if per_upload == 1 else 1)
                        best = max(best, measure(folder, where, number, per_upload), key=lambda pair: pair[1])
                    title = f"{name}, {per_upload} an upload"
                    print(f"  {title:34}{best[0]:12,.0f}{best[1]:16,.0f}", flush=True)
        finally:
            collector.terminate()
            collector.wait()


if __name__ == "__main__":
    main()
