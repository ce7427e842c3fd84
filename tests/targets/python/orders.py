"""Arguments of the events of `plan.yaml`, and a look at what was sent of them."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

ORDER: dict[str, Any] = {
    "order_id": "ORD-98765",
    "currency": "EUR",
    "total_amount": 156.96,
    "item_count": 3,
    "payment_method": "card",
    "items": [{"sku": "SKU-1", "quantity": 3, "price": 52.32}],
    "tax": Decimal("26.16"),
}
BANK: dict[str, Any] = {
    "reference": "123E4567-E89B-12D3-A456-426614174000",
    "day": date(2026, 1, 31),
    "number": 7,
    "final": True,
    "paid_at": datetime(2026, 1, 31, 12, tzinfo=UTC),
}


def sent(sink: Any) -> dict[str, Any]:
    """Give the last event that was sent."""
    event: dict[str, Any] = sink.events[-1]
    return event
