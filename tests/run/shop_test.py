"""The example shop, run for real: server, worker and destination, called over HTTP as its page and the world do."""

from __future__ import annotations

import http.client
import json
import os
import shutil
import subprocess
import sys
import tempfile
import uuid
from base64 import urlsafe_b64encode
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from http.cookies import SimpleCookie
from pathlib import Path
from time import time
from typing import Any
from urllib.parse import urlsplit

import pytest
from examples.shop import outside
from examples.shop.running import Running, running
from tests import node

ROOT = Path(__file__).resolve().parents[2]
ACCEPTED = "4242 4242 4242 4242"


class Answer:
    """What the shop answered."""

    def __init__(self, response: http.client.HTTPResponse) -> None:
        body = response.read()
        self.status = response.status
        self.headers = response.headers
        self.json: Any = json.loads(body) if body.startswith((b"{", b"[")) else None

    @property
    def confirmed(self) -> list[str]:
        """List the insert_ids that the answer confirms."""
        return self.headers.get("Trackside-Confirmed", "1").split(" ")[1:]


class Visitor:
    """A browser as the server sees it: cookies, and the header that says whose visit it is."""

    def __init__(self, shop: Running) -> None:
        self.shop = shop
        self.device = str(uuid.uuid4())
        self.session = int(time() * 1000)
        self.campaign = {"utm_source": "newsletter", "initial_utm_source": "newsletter"}
        self.consent: list[str] | None = None
        self._cookies: dict[str, str] = {}

    def ask(self, path: str, body: object = None, **headers: str) -> Answer:
        """Ask for something, or post it as JSON."""
        carried: dict[str, Any] = {
            "d": self.device, "s": self.session, "t": int(time() * 1000), "a": self.campaign, "c": self.consent,
        }  # fmt: skip
        text = json.dumps({name: value for name, value in carried.items() if value is not None}).encode()
        sent = {
            "Trackside-Context": "1." + urlsafe_b64encode(text).decode().rstrip("="),
            "Cookie": "; ".join(f"{name}={value}" for name, value in self._cookies.items()),
            **({} if body is None else {"Content-Type": "application/json"}),
            **{name.replace("_", "-"): value for name, value in headers.items()},
        }
        connection = http.client.HTTPConnection(urlsplit(self.shop.shop).netloc, timeout=20)
        try:
            posted = None if body is None else json.dumps(body)
            connection.request("GET" if body is None else "POST", path, posted, sent)
            answer = Answer(connection.getresponse())
        finally:
            connection.close()
        for line in answer.headers.get_all("Set-Cookie", []):
            self._cookies.update({name: morsel.value for name, morsel in SimpleCookie(line).items()})
        return answer

    def sign_up(self) -> str:
        """Make an account, and be logged in."""
        email = f"{uuid.uuid4()}@example.org"
        answer = self.ask("/api/accounts", {"email": email, "password": "correct horse"})
        assert answer.status == 201, answer.json
        user_id: str = answer.json["user_id"]
        return user_id

    def order(self, **basket: int) -> Any:
        """Make a basket an order."""
        lines = {name.replace("_", "-"): quantity for name, quantity in basket.items()}
        answer = self.ask("/api/orders", {"lines": lines})
        assert answer.status == 201, answer.json
        return answer.json

    def pay(self, order: Any, card: str = ACCEPTED) -> Answer:
        """Pay an order."""
        return self.ask("/api/orders/complete", {"order_id": order["order_id"], "card": card})

    def upload(self, *events: dict[str, Any]) -> Any:
        """Upload to the endpoint as the page does."""
        whole = [
            {"time": int(time() * 1000), "device_id": self.device, "session_id": self.session,
             "ingestion_metadata": {"source_name": "acme-shop/web", "source_version": "1.0.0"}, **event}
            for event in events
        ]  # fmt: skip
        return self.ask("/t", {"trackside": 1, "sent_at": int(time() * 1000), "events": whole}).json


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running(tmp_path_factory.mktemp("shop")) as started:
        yield started
        said = started.log.read_text(encoding="utf-8")
        assert "Traceback" not in said, said


@pytest.fixture
def visitor(shop: Running) -> Iterator[Visitor]:
    """Somebody new, at a destination that has nothing yet; what comes breaks the plan nowhere."""
    shop.settle()
    shop.ask_to("/reset")
    yield Visitor(shop)
    shop.settle()
    assert shop.ask("/bad") == []


def counted(shop: Running, event: str | None = None) -> list[dict[str, Any]]:
    """List what the destination counts, once the worker has sent all."""
    shop.settle()
    found: list[dict[str, Any]] = shop.ask("/good" + (f"?event={event}" if event else ""))
    return found


def webhook(shop: Running, path: str, secret: str | None = None, **message: object) -> bool:
    """Call the shop as the world outside does."""
    return outside.call(f"{shop.shop}/webhooks/{path}", message, secret or shop.webhook_secret)


# --- accounts ---


def test_a_signup_whose_answer_was_lost_counts_once(shop: Running, visitor: Visitor) -> None:
    attempt = str(uuid.uuid4())
    person = {"email": f"{attempt}@example.org", "password": "correct horse"}
    answers = [visitor.ask("/api/accounts", person, Trackside_Attempt=f"1 {attempt}") for _ in range(3)]
    assert [answer.status for answer in answers] == [201, 201, 201]
    assert len({answer.json["user_id"] for answer in answers}) == 1
    (event,) = counted(shop, "user_signed_up")
    assert {tuple(answer.confirmed) for answer in answers} == {(event["insert_id"],)}
    assert (event["device_id"], event["session_id"]) == (visitor.device, visitor.session)
    assert event["event_properties"]["initial_utm_source"] == "newsletter"
    assert visitor.ask("/api/accounts", person).status == 409, "another attempt at the same address is refused"


def test_a_login_is_the_pages_event_and_the_server_says_whose(shop: Running, visitor: Visitor) -> None:
    user_id = visitor.sign_up()
    email = f"{uuid.uuid4()}@example.org"
    assert visitor.ask("/api/login", {"email": email, "password": "not this one"}).status == 409
    click = {"event_type": "button_clicked", "event_properties": {"button_id": "pay"}}
    claims: list[dict[str, Any]] = [
        {"trackside": {"who": fnv(user_id), "consent": ["analytics"]}},
        {"trackside": {"who": fnv("customer-other"), "consent": ["analytics"]}},
        {"trackside": {"consent": ["analytics"]}, "user_id": "customer-other"},
    ]
    visitor.upload(*[{**click, "insert_id": str(uuid.uuid4()), **claim} for claim in claims])
    found = Counter(event.get("user_id") for event in counted(shop, "button_clicked"))
    assert found == {user_id: 1, None: 2}, "nobody is who they say they are"
    login = {"event_type": "user_logged_in", "event_properties": {"login_method": "email_password"}}
    visitor.upload({**login, "insert_id": str(uuid.uuid4()), **claims[0]})
    assert [event["user_id"] for event in counted(shop, "user_logged_in")] == [user_id]


def copied(order: Any) -> dict[str, Any]:
    """Write what a page says of a purchase; the amount is wrong on purpose."""
    ids = {"order_id": order["order_id"], "currency": "EUR", "payment_method": "card"}
    return {**ids, "total_amount": 1.0, "item_count": 1}


def fnv(text: str) -> int:
    """Hash a user id as pages do."""
    value = 0x811C9DC5
    for byte in text.encode("utf-16-le"):
        value = ((value ^ byte) * 0x01000193) & 0xFFFFFFFF
    return value


# --- orders ---


def test_a_purchase_counts_once_with_the_servers_amount(shop: Running, visitor: Visitor) -> None:
    visitor.sign_up()
    order = visitor.order(SKU_12345=1, SKU_67890=1)
    assert order["total"] == 156.96
    paid, again = visitor.pay(order), visitor.pay(order)
    assert (paid.status, again.status) == (200, 200)
    (event,) = counted(shop, "purchase_completed")
    assert paid.confirmed == [event["insert_id"]]
    assert (event["revenue"], event["currency"]) == (156.96, "EUR")
    assert (event["device_id"], event["session_id"]) == (visitor.device, visitor.session)
    properties = event["event_properties"]
    assert (properties["tax"], properties["shipping"], properties["is_first_purchase"]) == (26.16, 4.9, True)
    assert properties["delivery"]["warehouse"] == "HAM-2"
    copy = {
        "event_type": "purchase_completed",
        "insert_id": event["insert_id"],
        "event_properties": copied(order),
        "trackside": {"copy": "unconfirmed", "consent": ["analytics"]},
    }
    assert visitor.upload(copy)["trackside"] == {"known": [event["insert_id"]], "later": []}
    assert visitor.pay(visitor.order(SKU_11223=1)).status == 200
    first, second = counted(shop, "purchase_completed")
    assert first == event
    assert second["event_properties"]["is_first_purchase"] is False
    assert second["event_properties"]["customer_ltv"] == 156.96


def test_a_declined_card_counts_nothing(shop: Running, visitor: Visitor) -> None:
    visitor.sign_up()
    order = visitor.order(SKU_12345=1)
    declined = visitor.pay(order, outside.DECLINED)
    assert (declined.status, declined.confirmed) == (402, [])
    assert counted(shop, "purchase_completed") == []
    fact = json.dumps([1, "purchase_completed", order["order_id"]], separators=(",", ":"))
    copy = {
        "event_type": "purchase_completed",
        "insert_id": str(uuid.uuid5(uuid.uuid5(uuid.NAMESPACE_URL, "https://shop.acme.example"), fact)),
        "event_properties": copied(order),
        "trackside": {"copy": "unconfirmed", "consent": ["analytics"]},
    }
    assert visitor.upload(copy)["events_ingested"] == 1
    assert counted(shop, "purchase_completed") == [], "the shop itself says that there is no such purchase"


def test_the_last_piece_is_sold_out(shop: Running, visitor: Visitor) -> None:
    visitor.sign_up()
    order = visitor.order(SKU_99887=1)
    assert visitor.pay(order).status == 200
    (event,) = counted(shop, "stock_level_changed")
    assert event["event_properties"] == {"product_id": "SKU-99887", "state": "sold_out", "pieces": 0}
    assert "user_id" not in event
    assert visitor.ask("/api/orders", {"lines": {"SKU-99887": 1}}).status == 409


def test_who_wants_not_to_be_counted_is_not(shop: Running, visitor: Visitor) -> None:
    visitor.consent = []
    visitor.sign_up()
    assert visitor.pay(visitor.order(SKU_12345=1)).confirmed == []
    assert counted(shop) == []


# --- what comes later ---


def test_a_refund_is_about_who_bought(shop: Running, visitor: Visitor) -> None:
    user_id = visitor.sign_up()
    order = visitor.order(SKU_12345=1, SKU_67890=1)
    visitor.pay(order)
    report = {"order_id": order["order_id"], "refund_id": f"REF-{uuid.uuid4().hex[:8]}", "amount": 15696}
    assert not webhook(shop, "payments", "of somebody else", **report)
    assert webhook(shop, "payments", **report)
    assert webhook(shop, "payments", **report), "they repeat themselves"
    (event,) = counted(shop, "order_refunded")
    assert (event["revenue"], event["user_id"]) == (-156.96, user_id)
    assert event["event_properties"]["refund_amount"] == 156.96
    assert visitor.ask("/api/me").json["orders"][0]["status"] == "refunded"


def test_the_provider_reports_what_the_page_asked_for(shop: Running, visitor: Visitor) -> None:
    visitor.sign_up()
    order = visitor.order(SKU_24680=1)
    visitor.pay(order)
    assert visitor.ask(f"/api/orders/{order['order_id']}/return", {}).status == 202
    assert shop.wait(3)["reached"]
    assert [event["revenue"] for event in counted(shop, "order_refunded")] == [-order["total"]]


def test_a_parcel_is_on_the_buyers_device(shop: Running, visitor: Visitor) -> None:
    user_id = visitor.sign_up()
    order = visitor.order(SKU_12345=1)
    visitor.pay(order)
    delivered = datetime.now(UTC)
    report = {
        "order_id": order["order_id"], "parcel_id": uuid.uuid4().hex, "delivered_at": delivered.isoformat(), "days": 2,
    }  # fmt: skip
    assert webhook(shop, "carrier", **report) and webhook(shop, "carrier", **report)
    (event,) = counted(shop, "parcel_delivered")
    assert (event["user_id"], event["device_id"]) == (user_id, visitor.device)
    assert event["time"] == int(delivered.timestamp() * 1000)


def test_the_nightly_job_counts_once(shop: Running, visitor: Visitor) -> None:
    visitor.sign_up()
    said = [shop.nightly(7), shop.nightly(7)]
    assert "customers" in said[0] and "has run already" in said[1]
    (event,) = counted(shop, "segments_recomputed")
    properties = event["event_properties"]
    assert properties["customers"] == sum(properties["customers_by_segment"].values()) > 0
    assert properties["run_id"].endswith("/7")


# --- the page, and the commands ---


def test_the_page_has_a_policy_and_nothing_in_line(shop: Running, visitor: Visitor) -> None:
    for path in ("/", "/p/SKU-12345", "/account"):
        answer = visitor.ask(path)
        assert answer.status == 200
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
        assert "unsafe" not in answer.headers["Content-Security-Policy"]
    for path in ("/page/main.js", "/page/shop.css", "/generated/web/index.js", "/page/pictures/tent.svg"):
        assert visitor.ask(path).status == 200
    assert visitor.ask("/api/nothing").status == 404


@pytest.mark.parametrize("by", ["browser", "node"])
def test_the_demo_tells_the_story_and_cleans_up(by: str) -> None:
    if by == "browser":
        node.tools()
        if shutil.which("chromium") is None:
            pytest.fail("no `chromium`: `make test` installs it, or `apt-get install chromium`", pytrace=False)
    with tempfile.TemporaryDirectory(prefix="t") as folder:  # a browser wants a short path
        environment = {**os.environ, "SHOP_VISIT": by, "TMPDIR": folder, "NO_COLOR": "1"}
        done = subprocess.run(
            [sys.executable, "-m", "examples.shop.demo"],
            cwd=ROOT, env=environment, capture_output=True, text=True, timeout=180, check=False,
        )  # fmt: skip
        left = list(Path(folder).glob("shop-*"))
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"by {'Chromium' if by == 'browser' else 'Node'}" in done.stdout
    assert done.stdout.count('"insert_id": "6bb685b0-fa59-5326-945a-368bedef4fa6"') == 2
    assert "156.96 + 21.36 - 156.96 = 21.36 EUR" in done.stdout
    assert "\x1b" not in done.stdout
    assert done.stderr == "", "no policy is violated, and nothing breaks the plan"
    assert left == []
