"""Measure what the local destination takes: one process of it, requests of 1,000 events of eleven properties each."""

from __future__ import annotations

import argparse
import gzip
import json
import os
import re
import subprocess
import sys
import time
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "compiler"))

from trackside.ir.keys import insert_id  # noqa: E402

REQUESTS = 200
PER_REQUEST = 1_000


def event(number: int) -> dict[str, Any]:
    """Make an event as a generated package sends it."""
    return {
        "event_type": "purchase_completed",
        "time": 1_795_445_108_525 + number,
        "insert_id": insert_id("https://shop.acme.example", "purchase_completed", [f"ORD-{number:08d}"]),
        "device_id": f"7e7c9a02-5d0e-4f5b-9c1f-{number % 997:012d}",
        "session_id": 1_795_445_108_525,
        "ingestion_metadata": {"source_name": "acme-shop/backend", "source_version": "1.0.0"},
        "event_properties": {
            "order_id": f"ORD-{number:08d}", "currency": "EUR", "total_amount": 156.96, "item_count": 3, "tax": 26.16,
            "payment_method": "card", "subtotal": 125.9, "shipping": 4.9, "is_first_purchase": False,
            "delivery": {"method": "standard", "country": "DE", "warehouse": "HAM-2"},
            "items": [{"product_id": "SKU-12345", "quantity": 1, "price": 79.99}],
        },
        "revenue": 156.96,
        "currency": "EUR",
    }  # fmt: skip


def bodies(pack: bool) -> list[bytes]:
    """Make the bodies of all requests, no two events the same."""
    made = []
    for request in range(REQUESTS):
        events = [event(request * PER_REQUEST + number) for number in range(PER_REQUEST)]
        body = json.dumps({"api_key": "local", "events": events}, separators=(",", ":")).encode()
        made.append(gzip.compress(body, 1) if pack else body)
    return made


def cpu(process: int) -> float:
    """Read the seconds of CPU time that a process has used."""
    used = Path(f"/proc/{process}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(used[11]) + int(used[12])) / os.sysconf("SC_CLK_TCK")


def measure(name: str, sent: list[bytes], headers: dict[str, str], *arguments: str) -> None:
    """Send all requests one after the other to a fresh process, and print a line."""
    command = [sys.executable, "-m", "trackside", "collect", "--port", "0", *arguments]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        assert process.stdout is not None
        try:
            wall, used = send(process.stdout.readline().split()[-1], process.pid, sent, headers)
            status = Path(f"/proc/{process.pid}/status").read_text(encoding="utf-8")
        finally:
            process.terminate()
    (peak,) = re.findall(r"VmHWM:\s+(\d+)", status)
    count = REQUESTS * PER_REQUEST
    print(f"  {name:22}{count / wall:12,.0f}{count / used:16,.0f}{int(peak) / 1000:12,.0f}", flush=True)


def send(address: str, process: int, sent: list[bytes], headers: dict[str, str]) -> tuple[float, float]:
    """Send all requests, and give the seconds that went by and those of CPU time that the destination used."""
    connection = HTTPConnection(address.removeprefix("http://"), timeout=60)
    used, started = cpu(process), time.perf_counter()
    for body in sent:
        connection.request("POST", "/2/httpapi", body, headers)
        with connection.getresponse() as answer:
            assert json.load(answer)["code"] == 200
    wall, used = time.perf_counter() - started, cpu(process) - used
    connection.request("GET", "/stats")
    with connection.getresponse() as answer:
        stats = json.load(answer)
    connection.close()
    assert stats["good"] == REQUESTS * PER_REQUEST, stats
    return wall, used


def main() -> None:
    """Measure plain and gzipped requests, and events that are compared with the plan."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    print(f"\ntrackside collect, {REQUESTS} requests of {PER_REQUEST:,} events\n")
    print(f"  {'':22}{'events/s':>12}{'/s of its CPU':>16}{'peak MB':>12}")
    measure("plain", bodies(False), {}, "--no-check")
    measure("gzipped", bodies(True), {"content-encoding": "gzip"}, "--no-check")
    measure("compared with the plan", bodies(False), {}, "tracking_plan.yaml")


if __name__ == "__main__":
    main()
