"""How the shop is tracked: where events go, and where the plan's look-ups find their answers."""

from __future__ import annotations

import os
from pathlib import Path

from examples.shop import database
from generated.backend import Enrichers, OutboxSink, SQLite, configure, set_context
from generated.backend.types import AccountEnrichment, CustomerEnrichment


def data_file() -> Path:
    """Tell where the shop keeps its data."""
    return Path(os.environ.get("SHOP_DATABASE", "shop.db")).resolve()


def set_up() -> OutboxSink:
    """Configure the generated package: events go into the shop's own database, and a worker takes them from there."""
    path = data_file()

    def customer(user_id: str) -> CustomerEnrichment:
        with database.reading(path) as connection:
            known = database.record_of(connection, user_id)
        if not known:
            return {}
        value = known["value"] / 100
        # The order at hand is not committed yet, so it is not among these.
        return {
            "customer_segment": known["segment"],
            "customer_ltv": value,
            "is_first_purchase": known["orders"] == 0,
            "days_since_signup": known["days"],
            "lifetime_value": value,
            "is_repeat_customer": known["orders"] > 0,
        }

    def account(user_id: str) -> AccountEnrichment:
        with database.reading(path) as connection:
            known = database.record_of(connection, user_id)
        if not known:
            return {}
        return {
            "user_segment": known["segment"],
            "user_ltv": known["value"] / 100,
            "subscription_plan": "free",
            "account_age_days": known["days"],
        }

    outbox = OutboxSink(SQLite(path))
    configure(sink=outbox, enrich=Enrichers(customer=customer, account=account, keep=0))
    set_context(app_version="2026.4.1")
    return outbox
