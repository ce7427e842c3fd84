"""Record one purchase twice, from the server's function and from the browser's, and compare what would be sent.

Both functions are generated from tracking_plan.yaml. The exit code is 0 only when the two copies carry the same
insert_id on the same device, and only the server's states revenue. Nothing leaves this machine.
"""

from __future__ import annotations

import json
import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from generated.backend import Context, Enrichers, RecordingSink, capture, configure, track  # noqa: E402
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


def on_the_server() -> dict[str, Any]:
    """Record the purchase as the request handler does: the user from the session, the device from the browser."""
    configure(sink=RecordingSink(), enrich=Enrichers(customer=load_customer), strict=True)
    context = Context.identified("customer-4711", device_id=DEVICE, attribution={"utm_source": "newsletter"})
    with capture() as events:
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
    (event,) = events
    return dict(event)


def in_the_browser() -> dict[str, Any]:
    """Run the browser's module in Node and take the copy that it would send if the answer never came."""
    script = Path(__file__).with_name("demo.mjs")
    said = subprocess.run(["node", script, ORDER, DEVICE], check=True, capture_output=True, text=True).stdout
    event: dict[str, Any] = json.loads(said)
    return event


def main() -> int:
    """Print both payloads and say whether they are one fact."""
    server, browser = on_the_server(), in_the_browser()
    print("The server's copy, from generated/backend:\n")
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
    print("Same insert_id, same device: Amplitude counts this purchase once. Only the server states revenue.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
