"""Send one purchase twice, from the server's function and from the browser's, to a destination on this machine.

Both functions are generated from tracking_plan.yaml. The destination is `trackside collect`, which compares what comes
with the plan and removes doubles as the vendor does. The exit code is 0 only when the two copies carry the same
insert_id on the same device, only the server's states revenue, and one purchase counts. Nothing leaves this machine.
"""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from generated.backend import Context, Enrichers, HttpSink, configure, flush, track  # noqa: E402
from generated.backend.types import CustomerEnrichment  # noqa: E402

DEVICE = "7e7c9a02-5d0e-4f5b-9c1f-3a2b1c0d9e8f"
ORDER = "ORD-98765"


def load_customer(user_id: str) -> CustomerEnrichment:
    """Stand for the look-up in your own database."""
    return {
        "customer_segment": "loyal",
        "customer_ltv": 1204.5,
        "is_first_purchase": False,
        "days_since_signup": 412,
        "lifetime_value": 1204.5,
        "is_repeat_customer": True,
    }


@contextmanager
def a_destination() -> Iterator[str]:
    """Run the local destination, and give its address."""
    command = [sys.executable, "-m", "trackside", "collect", "--port", "0", ROOT / "tracking_plan.yaml"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            if not line:
                sys.exit("The local destination did not start: try `trackside collect` by hand.")
            yield line.split()[-1]
        finally:
            process.terminate()


def ask(address: str, path: str) -> Any:
    """Ask the destination."""
    with urllib.request.urlopen(address + path, timeout=10) as answer:
        return json.load(answer)


def on_the_server(address: str) -> None:
    """Record the purchase as the request handler does: the user from the session, the device from the browser."""
    sink = HttpSink("local", server_url=f"{address}/2/httpapi")
    configure(sink=sink, enrich=Enrichers(customer=load_customer), strict=True)
    context = Context.identified("customer-4711", device_id=DEVICE, attribution={"utm_source": "newsletter"})
    track.purchase_completed(
        order_id=ORDER,
        currency="EUR",
        total_amount=Decimal("156.96"),
        item_count=2,
        payment_method="card",
        delivery={"method": "standard", "country": "DE", "warehouse": "HAM-2"},
        items=[
            {"product_id": "SKU-12345", "quantity": 1, "price": 79.99},
            {"product_id": "SKU-67890", "quantity": 1, "price": 45.91, "options": {"size": "M"}},
        ],
        subtotal=Decimal("125.90"),
        tax=Decimal("26.16"),
        shipping=Decimal("4.90"),
        context=context,
    )
    flush(10.0)


def in_the_browser(address: str) -> dict[str, Any]:
    """Run the browser's module in Node, and send the copy that goes out if the answer never came."""
    script = Path(__file__).with_name("demo.mjs")
    said = subprocess.run(["node", script, ORDER, DEVICE], check=True, capture_output=True, text=True).stdout
    event: dict[str, Any] = json.loads(said)
    body = json.dumps({"api_key": "local", "events": [event]}).encode()
    request = urllib.request.Request(f"{address}/2/httpapi", body, {"content-type": "application/json"})
    urllib.request.urlopen(request, timeout=10).close()
    return event


def main() -> int:
    """Print both payloads and say whether they are one fact, and whether the destination counts it once."""
    with a_destination() as address:
        on_the_server(address)
        arrived, wrong = ask(address, "/good"), ask(address, "/bad")
        if len(arrived) != 1 or wrong:
            print(f"The server's event did not arrive as the plan has it: {wrong}")
            return 1
        (server,) = arrived
        browser = in_the_browser(address)
        counts = ask(address, "/stats")
    print("The server's copy, from generated/backend, as it arrived at the local destination:\n")
    print(json.dumps(server, indent=2, ensure_ascii=False))
    print("\nThe browser's copy, from generated/web:\n")
    print(json.dumps(browser, indent=2, ensure_ascii=False))
    print(f"\n  server   insert_id  {server['insert_id']}   device_id  {server['device_id']}")
    print(f"  browser  insert_id  {browser['insert_id']}   device_id  {browser['device_id']}\n")
    ids = ("insert_id", "device_id", "event_type")
    if any(server[name] != browser[name] for name in ids):
        print("NOT the same: this purchase would count twice.")
        return 1
    if "revenue" not in server or "revenue" in browser or "tax" in browser["event_properties"]:
        print("Revenue or tax stands where it does not belong.")
        return 1
    if (counts["good"], counts["bad"], counts["duplicates"]) != (1, 0, 1):
        print(f"The local destination counted otherwise: {counts}")
        return 1
    print("Same insert_id, same device: the destination took the first and ignored the second, as Amplitude does.")
    print("The purchase counts once, and only the server states revenue.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
