"""The shop's plan: all that the guide names is in it, and no finding is left."""

from __future__ import annotations

from pathlib import Path

import pytest

from trackside.ir import ListOf, MapOf, Object, Plan
from trackside.pipeline import analyse

ROOT = Path(__file__).resolve().parent.parent

NAMED = {
    "page_viewed": {"page_path", "page_title", "page_type"},
    "screen_viewed": {"screen_name"},
    "product_added_to_cart": {"product_id", "price", "quantity"},
    "user_logged_in": {"login_method"},
    "purchase_initiated": {"order_id", "total_amount"},
    "purchase_completed": {
        "order_id", "total_amount", "subtotal", "tax", "shipping", "currency", "item_count", "payment_method",
        "customer_ltv", "customer_segment", "is_first_purchase", "days_since_signup", "lifetime_value",
        "is_repeat_customer", "utm_source", "utm_medium", "utm_campaign",
    },
    "subscription_started": {"plan", "price", "currency", "billing_cycle", "user_tenure_days", "previous_plan"},
}  # fmt: skip
"""Every event of the guide's code samples, with every property that a sample gives it."""

ENRICHED = {"user_segment", "user_ltv", "subscription_plan", "account_age_days"}
"""What the guide's general sample of enrichment adds to an event that it does not name."""

MATRIX = {
    "page_view", "click", "form_submit", "add_to_cart", "purchase", "refund", "subscription_change", "signup", "login",
    "video_play", "search", "batch_job", "webhook",
}  # fmt: skip
"""The thirteen rows of the guide's decision matrix."""


@pytest.fixture(scope="module")
def plan() -> Plan:
    analysis = analyse(ROOT / "tracking_plan.yaml")
    assert [finding.headline for finding in analysis.bag] == []
    assert analysis.plan is not None
    return analysis.plan


def sent_with(plan: Plan, name: str) -> set[str]:
    """List what some source may send with an event: arguments, look-ups, attribution."""
    names: set[str] = set()
    for view in plan.views_for(name):
        names |= {prop.name for prop in view.properties} | set(view.attribution)
        for enrichment in view.enrich:
            names |= {prop.name for prop in plan.enrichments[enrichment].properties}
    return names


@pytest.mark.parametrize("name", NAMED)
def test_every_event_and_property_that_the_guide_names(plan: Plan, name: str) -> None:
    assert NAMED[name] - sent_with(plan, name) == set()


def test_the_guide_s_enrichment_reaches_an_event(plan: Plan) -> None:
    assert any(sent_with(plan, name) >= ENRICHED for name in plan.events)


def test_every_row_of_the_matrix_has_an_event(plan: Plan) -> None:
    assert {event.kind for event in plan.events.values()} >= MATRIX


def test_every_path_that_the_language_knows_is_taken(plan: Plan) -> None:
    events = plan.events.values()
    assert {event.placement for event in events} == {"client", "server", "hybrid"}
    identities = {(event.identity.mode, event.identity.ids) for event in events}
    assert identities >= {
        ("any", ()), ("named", ("user_id",)), ("named", ("device_id",)), ("named", ("user_id", "device_id")),
        ("system", ()),
    }  # fmt: skip
    assert {event.dedupe.form for event in events if event.dedupe} == {"properties", "template", "attempt"}
    intents = [event for event in events if event.outcome is not None]
    assert [(event.name, event.outcome.event) for event in intents if event.outcome] == [
        ("purchase_initiated", "purchase_completed")
    ]
    user_id = plan.identity["user_id"]
    assert user_id.set_on and user_id.cleared_on
    assert any(event.emitted == "later" for event in events)
    assert {source.side for source in plan.sources.values()} == {"client", "server"}


def test_objects_lists_and_maps_are_nested(plan: Plan) -> None:
    purchase = plan.events["purchase_completed"]
    items = purchase.property("items")
    assert items is not None and isinstance(items.type, ListOf) and isinstance(items.type.item, Object)
    options = next(prop for prop in items.type.item.properties if prop.name == "options")
    assert isinstance(options.type, MapOf)


def test_every_event_says_who_owns_it_and_what_happened(plan: Plan) -> None:
    for event in plan.events.values():
        assert event.description and event.owners, event.name
        assert event.reason and "TODO" not in event.reason, event.name
