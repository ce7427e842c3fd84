"""Measure one typed call of the generated JavaScript in headless Chromium: the endpoint's transport, with checks.

Each call is timed up to the network: the call alone, and with the microtask that writes the event to localStorage.
Calls come one to a task, as a person's clicks do, so that each reads the visit's cookie anew; and fifty in a row. Each
round is a page of its own in a browser of its own; the medians of several rounds are printed, with their range. Beside
them stands what no runtime can spare: the cookie read, the event printed as JSON and written.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from queue import Empty, Queue
from threading import Thread
from typing import Any

from plans import compile_into

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "compiler"))

CALLS = 5_000
LIMIT = 20
"""Microseconds that a call may take."""
PATIENCE = 120
"""Seconds for a page to answer."""

PLAN = """\
trackside: 1
plan: {name: calls, version: 1.0.0, namespace: "https://calls.example"}
destinations:
  amplitude: {project: calls, api_key: BENCH_KEY}
sources:
  web:     {side: client, target: javascript, out: web, through: endpoint}
  backend: {side: server, target: python, out: backend}
endpoint: {route: /t, served_by: backend}
identity:
  device_id:  {created_by: client, carried_in: [header, cookie]}
  session_id: {created_by: client, carried_in: [header, cookie]}
  user_id:    {created_by: server}
attribution:
  parameters: [utm_source, utm_medium, utm_campaign, referrer]
  touch: [first, last]
  carried_in: [header, cookie]
  keep: 90d
consent: {default: granted, pending: queue, stores: analytics}
types:
  money: {type: number, minimum: 0, maximum: 1000000}
events:
  button_clicked:
    kind: click
    properties:
      button_id: {type: string, max_length: 80}
      area: {enum: [header, body, footer]}
  cart_valued:
    kind: engagement
    identity: [device_id]
    dedupe: [cart_id]
    properties:
      cart_id: {type: string, max_length: 64}
      currency: {enum: [EUR, GBP, USD]}
      total: money
      tax: money
      shipping: money
      item_count: {type: integer, minimum: 1}
      payment_method: {enum: [card, paypal, invoice]}
      coupon: optional string
      is_gift: boolean
      wanted_on: date
"""

PAGE = '<!doctype html><title>Calls</title><script type="module" src="/page.js"></script>'
SCRIPT = """\
import * as web from "/web/index.js";

const CALLS = %d;
const EVENT = {
  event_type: "cart_valued", insert_id: "7fa51092-11d2-5a44-830c-2ccf18886c79", time: 1795445103525,
  session_id: 1795445103525, device_id: "3f0c6a1e-5b7d-4c2a-9e8f-0123456789ab",
  ingestion_metadata: { source_name: "calls/web", source_version: "1.0.0" },
  event_properties: {
    cart_id: "CART-1", currency: "EUR", total: 156.96, tax: 26.16, shipping: 4.9, item_count: 3, payment_method: "card",
    coupon: "SPRING10", is_gift: false, wanted_on: "2026-05-04",
  },
};
let seen = "";
let fresh = false;
const events = {
  "cookie, JSON and setItem alone": (number) => {
    if (!fresh) seen = document.cookie;
    fresh = true;
    const text = JSON.stringify(EVENT);
    queueMicrotask(() => {
      fresh = false;
      localStorage.setItem(`bare.${number %% 500}`, text);
    });
  },
  "two properties, no key": (number) => web.buttonClicked({ button_id: "buy-" + number, area: "body" }),
  "ten properties and a key": (number) =>
    web.cartValued({
      cart_id: "CART-" + number,
      currency: "EUR",
      total: 156.96,
      tax: 26.16,
      shipping: 4.9,
      item_count: 3,
      payment_method: "card",
      coupon: "SPRING10",
      is_gift: false,
      wanted_on: "2026-05-04",
    }),
};
const { port1, port2 } = new MessageChannel();
port1.start();
const task = () =>
  new Promise((resolve) => {
    port1.onmessage = resolve;
    port2.postMessage(0);
  });
const isTaken = (receipt) => !receipt || (receipt.accepted && !receipt.problems[0]);

let number = 0;
const measure = async (call, batch) => {
  const [alone, written] = [[], []];
  for (let calls = 0; calls < CALLS; calls += batch) {
    // A page that works has few events waiting.
    if (calls %% 500 == 0) await web.flush();
    await task();
    let receipt;
    const start = performance.now();
    for (let index = 0; index < batch; index++) receipt = call(number++);
    const end = performance.now();
    await undefined; // what the calls have put off comes first
    const after = performance.now();
    if (!isTaken(receipt)) throw new Error(JSON.stringify(receipt));
    alone.push(((end - start) * 1000) / batch);
    written.push(((after - start) * 1000) / batch);
  }
  await web.flush();
  return [alone, written].map((times) => {
    const mean = times.reduce((sum, time) => sum + time, 0) / times.length;
    return { p50: times.sort((a, b) => a - b)[times.length >> 1], mean };
  });
};

const said = {};
try {
  web.configure({ onViolation: (violation) => console.error(JSON.stringify(violation)) });
  for (const call of Object.values(events)) await measure(call, 50); // warms up
  for (const [name, call] of Object.entries(events)) {
    said[`${name}, one to a task`] = await measure(call, 1);
    said[`${name}, fifty in a row`] = await measure(call, 50);
  }
  const { dropped, waiting } = web.stats();
  if (waiting || Object.keys(dropped)[0]) throw new Error(JSON.stringify(web.stats()));
} catch (error) {
  said.error = String(error);
}
await fetch("/done", { method: "POST", body: JSON.stringify(said) });
"""


class Site(BaseHTTPRequestHandler):
    """Serves the page, takes its events and, at the end, its figures."""

    protocol_version = "HTTP/1.1"

    def __init__(self, *arguments: Any, folder: Path, figures: Queue[dict[str, Any]], **named: Any) -> None:
        self._folder = folder
        self._figures = figures
        super().__init__(*arguments, **named)

    def do_GET(self) -> None:
        """Give the page and its modules."""
        if self.path == "/":
            self._answer("text/html", PAGE.encode())
        elif self.path == "/page.js":
            self._answer("text/javascript", (SCRIPT % CALLS).encode())
        elif self.path.startswith("/web/") and ".." not in self.path:
            self._answer("text/javascript", (self._folder / self.path[1:]).read_bytes())
        else:
            self._answer("image/png", b"")

    def do_POST(self) -> None:
        """Take what is posted."""
        body = self.rfile.read(int(self.headers["content-length"]))
        if self.path == "/done":
            self._figures.put(json.loads(body))
        self._answer("application/json", b'{"code": 200}')

    def _answer(self, kind: str, body: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        # Isolated pages have a clock of 5 microseconds, others one of 100.
        self.send_header("Cross-Origin-Opener-Policy", "same-origin")
        self.send_header("Cross-Origin-Embedder-Policy", "require-corp")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *arguments: Any) -> None:
        """Say nothing."""


class Quiet(ThreadingHTTPServer):
    """Says nothing of a browser that ends its connections."""

    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        """Say nothing."""


def visit(chromium: str, address: str, figures: Queue[dict[str, Any]]) -> dict[str, Any]:
    """Open the page in a browser that nobody has used, and give its figures."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        command = [chromium, "--headless", "--no-sandbox", "--no-first-run", f"--user-data-dir={profile}", address]
        browser = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            found = figures.get(timeout=PATIENCE)
        except Empty:
            sys.exit(f"no page answered in {PATIENCE} s")
        finally:
            browser.terminate()
            browser.wait()
    if "error" in found:
        sys.exit(f"the page failed: {found['error']}")
    return found


def spread(rounds: list[float]) -> str:
    """Print the median of several rounds, and their range."""
    return f"{statistics.median(rounds):7.1f} ({min(rounds):.1f}-{max(rounds):.1f})"


def main() -> None:
    """Measure the calls and print what they take."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--times", type=int, default=5, help="rounds; the median is printed")
    times: int = parser.parse_args().times
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        sys.exit("no `chromium` on the path: apt-get install chromium")
    figures: Queue[dict[str, Any]] = Queue()
    with tempfile.TemporaryDirectory() as name:
        compile_into(Path(name), PLAN)
        server = Quiet(("127.0.0.1", 0), partial(Site, folder=Path(name), figures=figures))
        Thread(target=server.serve_forever, daemon=True).start()
        rounds = [visit(chromium, f"http://127.0.0.1:{server.server_port}/", figures) for _ in range(times)]
        server.shutdown()
    print(f"\nOne call in headless Chromium, up to the network: µs, the limit is {LIMIT}\n")
    heads = [f"{figure}{what}" for what in ("", ", written") for figure in ("p50", "mean")]
    print(f"  {'':42}" + "".join(f"{head:>20}" for head in heads))
    for row in rounds[0]:
        figures_of = [[found[row][what][figure] for found in rounds] for what in (0, 1) for figure in ("p50", "mean")]
        print(f"  {row:42}" + "".join(f"{spread(one):>20}" for one in figures_of))


if __name__ == "__main__":
    main()
