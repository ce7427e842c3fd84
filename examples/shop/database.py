"""The shop's database: products, accounts, orders, and what the outside world has reported of them.

One SQLite file, which holds the outbox of the tracking too, so that a fact and its event are one transaction.
Amounts are whole cents.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

FIRST_ORDER: Final = 98765
SHIPPING: Final = {"standard": 490, "next_day": 990}
TAX: Final = 20
"""Percent, on goods and shipping."""
LOYAL, VIP = 2, 50_000
"""Orders and cents from which a customer is in the segment."""

_SCHEMA = """
CREATE TABLE IF NOT EXISTS products (
    id TEXT PRIMARY KEY, name TEXT NOT NULL, about TEXT NOT NULL, category TEXT NOT NULL, picture TEXT NOT NULL,
    cents INTEGER NOT NULL, stock INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS accounts (
    id TEXT PRIMARY KEY, email TEXT NOT NULL UNIQUE, salt BLOB NOT NULL, secret BLOB NOT NULL, attempt TEXT UNIQUE,
    segment TEXT NOT NULL DEFAULT 'new', created_at REAL NOT NULL
);
CREATE TABLE IF NOT EXISTS orders (
    number INTEGER PRIMARY KEY AUTOINCREMENT, account TEXT NOT NULL REFERENCES accounts, lines TEXT NOT NULL,
    method TEXT NOT NULL, subtotal INTEGER NOT NULL, tax INTEGER NOT NULL, shipping INTEGER NOT NULL,
    total INTEGER NOT NULL, status TEXT NOT NULL DEFAULT 'open', charge TEXT, tracking TEXT, paid_at REAL
);
CREATE TABLE IF NOT EXISTS refunds (
    id TEXT PRIMARY KEY, number INTEGER NOT NULL REFERENCES orders, cents INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS parcels (id TEXT PRIMARY KEY, number INTEGER NOT NULL REFERENCES orders);
CREATE TABLE IF NOT EXISTS runs (id TEXT PRIMARY KEY);
"""

_PRODUCTS = (
    ("SKU-12345", "Two-person tent", "Stands in four minutes, weighs what lunch weighs.", "shelter", "tent", 7999, 40),
    ("SKU-67890", "Gas stove", "Boils half a litre in three minutes, also in the wind.", "kitchen", "stove", 4591, 60),
    ("SKU-24680", "Sleeping bag", "Warm down to minus five, packs like a loaf.", "shelter", "bag", 13900, 25),
    ("SKU-13579", "Rucksack, 40 l", "Carries a weekend and what you did not need.", "carrying", "pack", 11900, 18),
    ("SKU-11223", "Lantern", "Forty hours of light that nobody calls cold.", "light", "lantern", 2990, 80),
    ("SKU-99887", "Enamel mug", "Falls, keeps its chip with pride, holds coffee.", "kitchen", "mug", 1290, 1),
)


class RefusedError(Exception):
    """What somebody asks for cannot be; the text is for them to read."""


def prepare(path: Path) -> None:
    """Make the tables and fill the shelves, if that is not done."""
    with transaction(path) as connection:
        for statement in _SCHEMA.split(";"):
            connection.execute(statement)
        connection.executemany("INSERT OR IGNORE INTO products VALUES (?, ?, ?, ?, ?, ?, ?)", _PRODUCTS)
        if not connection.execute("SELECT 1 FROM sqlite_sequence WHERE name = 'orders'").fetchone():
            connection.execute("INSERT INTO sqlite_sequence VALUES ('orders', ?)", (FIRST_ORDER - 1,))


@contextmanager
def transaction(path: Path) -> Iterator[sqlite3.Connection]:
    """Give a connection whose changes are there when the block ends, or not at all."""
    connection = sqlite3.connect(path, timeout=5, isolation_level=None, check_same_thread=False)
    connection.row_factory = sqlite3.Row
    try:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("BEGIN IMMEDIATE")
        yield connection
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
    finally:
        connection.close()


@contextmanager
def reading(path: Path) -> Iterator[sqlite3.Connection]:
    """Give a connection to look something up with."""
    connection = sqlite3.connect(path, timeout=5, isolation_level=None, check_same_thread=False)
    connection.row_factory = sqlite3.Row
    try:
        yield connection
    finally:
        connection.close()


# --- accounts ---


def sign_up(connection: sqlite3.Connection, email: str, password: str, attempt: str | None) -> str:
    """Make an account and give its id. An attempt whose answer was lost, tried again, gives the same one."""
    known = attempt and connection.execute("SELECT * FROM accounts WHERE attempt = ?", (attempt,)).fetchone()
    if known and known["email"] == email and _is_right(known, password):
        return str(known["id"])
    if connection.execute("SELECT 1 FROM accounts WHERE email = ?", (email,)).fetchone():
        raise RefusedError("There is an account with this address: log in.")
    account, salt = f"customer-{secrets.token_hex(6)}", secrets.token_bytes(16)
    connection.execute(
        "INSERT INTO accounts (id, email, salt, secret, attempt, created_at) VALUES (?, ?, ?, ?, ?, ?)",
        (account, email, salt, _hashed(password, salt), None if known else attempt, time.time()),
    )
    return account


def log_in(connection: sqlite3.Connection, email: str, password: str) -> str:
    """Give the id of the account with this address and password."""
    account = connection.execute("SELECT * FROM accounts WHERE email = ?", (email,)).fetchone()
    if account is None or not _is_right(account, password):
        raise RefusedError("Address and password do not fit.")
    return str(account["id"])


def _hashed(password: str, salt: bytes) -> bytes:
    return hashlib.scrypt(password.encode(), salt=salt, n=2**14, r=8, p=1)


def _is_right(account: sqlite3.Row, password: str) -> bool:
    return hmac.compare_digest(account["secret"], _hashed(password, account["salt"]))


def record_of(connection: sqlite3.Connection, account: str) -> dict[str, Any]:
    """Give what is known of a customer: orders, what they paid less refunds, days since the signup, segment."""
    found = connection.execute(
        """
        SELECT segment, created_at,
            (SELECT count(*) FROM orders WHERE account = accounts.id AND paid_at IS NOT NULL) AS orders,
            (SELECT coalesce(sum(total), 0) FROM orders WHERE account = accounts.id AND paid_at IS NOT NULL)
            - (SELECT coalesce(sum(cents), 0) FROM refunds JOIN orders USING (number) WHERE account = accounts.id)
            AS value
        FROM accounts WHERE id = ?
        """,
        (account,),
    ).fetchone()
    if found is None:
        return {}
    return {**found, "days": max(0, int((time.time() - found["created_at"]) // 86_400))}


def segment_of(orders: int, value: int) -> str:
    """Tell the segment of a customer."""
    return "vip" if value >= VIP else "loyal" if orders >= LOYAL else "new"


# --- orders ---


def name_of(number: int) -> str:
    """Write an order's number as customers see it."""
    return f"ORD-{number}"


def number_of(name: str) -> int:
    """Read an order's number as customers see it; -1 for what is none."""
    digits = name.removeprefix("ORD-")
    return int(digits) if digits.isascii() and digits.isdigit() and len(digits) <= 12 else -1


def place_order(connection: sqlite3.Connection, account: str, basket: dict[str, int], method: str) -> sqlite3.Row:
    """Make the basket an order, at the prices of this moment."""
    lines: list[dict[str, Any]] = []
    for product_id, quantity in basket.items():
        product = connection.execute("SELECT * FROM products WHERE id = ?", (product_id,)).fetchone()
        if product is None or product["stock"] < quantity:
            raise RefusedError(f"We have too few of {product['name'] if product else product_id}.")
        lines.append(
            {"product_id": product_id, "quantity": quantity, "price": product["cents"] / 100,
             "category": product["category"], "name": product["name"], "cents": product["cents"]}
        )  # fmt: skip
    subtotal = sum(line["cents"] * line["quantity"] for line in lines)
    shipping = SHIPPING[method]
    tax = round((subtotal + shipping) * TAX / 100)
    number = connection.execute(
        "INSERT INTO orders (account, lines, method, subtotal, tax, shipping, total) VALUES (?, ?, ?, ?, ?, ?, ?)",
        (account, json.dumps(lines), method, subtotal, tax, shipping, subtotal + tax + shipping),
    ).lastrowid
    return order(connection, number or 0)


def order(connection: sqlite3.Connection, number: int, account: str | None = None) -> sqlite3.Row:
    """Find an order; with `account`, one of that customer."""
    found = connection.execute("SELECT * FROM orders WHERE number = ?", (number,)).fetchone()
    if found is None or account not in (None, found["account"]):
        raise RefusedError("There is no such order.")
    return found  # type: ignore[no-any-return]


def orders_of(connection: sqlite3.Connection, account: str) -> list[sqlite3.Row]:
    """List a customer's orders that were paid, the last first."""
    return connection.execute(
        "SELECT * FROM orders WHERE account = ? AND paid_at IS NOT NULL ORDER BY number DESC", (account,)
    ).fetchall()


def is_paid(connection: sqlite3.Connection, name: str) -> bool:
    """Tell whether an order was paid, whatever became of it."""
    found = connection.execute("SELECT paid_at FROM orders WHERE number = ?", (number_of(name),)).fetchone()
    return found is not None and found["paid_at"] is not None


def pay(connection: sqlite3.Connection, paid: sqlite3.Row, charge: str, tracking: str) -> list[str]:
    """Note that an order is paid, and take its goods from the shelves; give the products that are sold out by it.

    `tracking` is whom the order's later events are about: the parcel's and the refund's come without the browser.
    """
    connection.execute(
        "UPDATE orders SET status = 'paid', charge = ?, tracking = ?, paid_at = ? WHERE number = ?",
        (charge, tracking, time.time(), paid["number"]),
    )
    gone: list[str] = []
    for line in json.loads(paid["lines"]):
        left = connection.execute(
            "UPDATE products SET stock = max(0, stock - ?) WHERE id = ? RETURNING stock",
            (line["quantity"], line["product_id"]),
        ).fetchone()
        if left is not None and left["stock"] == 0:
            gone.append(line["product_id"])
    return gone


def refund(connection: sqlite3.Connection, refund_id: str, number: int, cents: int) -> bool:
    """Note a refund; false when it was noted before."""
    added = connection.execute("INSERT OR IGNORE INTO refunds VALUES (?, ?, ?)", (refund_id, number, cents)).rowcount
    connection.execute("UPDATE orders SET status = 'refunded' WHERE number = ?", (number,))
    return added > 0


def deliver(connection: sqlite3.Connection, parcel_id: str, number: int) -> bool:
    """Note that a parcel was handed over; false when it was noted before."""
    return connection.execute("INSERT OR IGNORE INTO parcels VALUES (?, ?)", (parcel_id, number)).rowcount > 0
