"""The world outside of the shop, as far as a shop on one machine needs it: a payment provider and a carrier.

Both call the shop back over HTTP, signed, and repeat the call until it is answered, as the real ones do.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
import threading
import time
import urllib.error
import urllib.request
from datetime import UTC, datetime
from typing import Any, Final

SIGNATURE: Final = "Shop-Signature"
DECLINED: Final = "4000000000000002"
"""The card that this provider declines; it takes every other number of 16 digits."""
TRIES: Final = 5


def sign(body: bytes, secret: str) -> str:
    """Sign the body of a webhook."""
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def is_signed(body: bytes, signature: str, secret: str) -> bool:
    """Tell whether a webhook comes from who knows the secret."""
    return hmac.compare_digest(sign(body, secret).encode(), signature.encode())


def call(address: str, message: dict[str, Any], secret: str) -> bool:
    """Call a webhook until it is answered; tell whether it was."""
    body = json.dumps(message).encode()
    headers = {"content-type": "application/json", SIGNATURE: sign(body, secret)}
    for attempt in range(TRIES):
        if attempt:
            time.sleep(0.2 * 2**attempt)
        try:
            with urllib.request.urlopen(urllib.request.Request(address, body, headers), timeout=5):
                return True
        except urllib.error.HTTPError as error:
            if error.code < 500:
                return False  # they will say the same again
        except OSError:
            continue
    return False


def charge(card: str, cents: int) -> str | None:
    """Charge a card; None when it is declined."""
    digits = card.replace(" ", "")
    is_card = digits.isascii() and digits.isdigit() and len(digits) == 16
    return f"ch_{secrets.token_hex(8)}" if is_card and cents > 0 and digits != DECLINED else None


def refund_later(shop: str, secret: str, charge_id: str, order_id: str, cents: int, reason: str) -> None:
    """Give money back, and report it to the shop half a second later."""
    message = {
        "type": "refund.succeeded",
        "refund_id": f"REF-{charge_id[3:11]}",
        "order_id": order_id,
        "amount": cents,
        "reason": reason,
    }
    _later(0.5, f"{shop}/webhooks/payments", message, secret)


def deliver_later(shop: str, secret: str, order_id: str, seconds: float) -> None:
    """Carry a parcel to its person, and report it."""
    message = {
        "type": "parcel.delivered",
        "order_id": order_id,
        "parcel_id": f"0034{secrets.randbelow(10**16):016}",
        "delivered_at": datetime.now(UTC).isoformat(),
        "days": 0,
    }
    _later(seconds, f"{shop}/webhooks/carrier", message, secret)


def _later(seconds: float, address: str, message: dict[str, Any], secret: str) -> None:
    def run() -> None:
        time.sleep(seconds)
        call(address, message, secret)

    threading.Thread(target=run, daemon=True).start()
