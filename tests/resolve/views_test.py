"""Views: what each source may send, at any depth."""

from __future__ import annotations

from trackside.ir import ListOf, MapOf, Object, Plan, Property, Scalar, Type
from trackside.pipeline import analyse_text

HEAD = """\
trackside: 1
plan: {name: shop, version: 1.0.0, namespace: "https://shop.example"}
destinations: {amplitude: {project: shop}}
sources:
  web: {side: client, target: javascript, out: generated/web}
  ios: {side: client, target: none}
  backend: {side: server, target: python, out: generated/backend}
endpoint: {route: /t, served_by: backend}
identity:
  device_id: {carried_in: [header, cookie, stored]}
  user_id: {set_on: [signed_up]}
attribution: {parameters: [utm_source], carried_in: [header, cookie, stored]}
"""


def plan_of(text: str) -> Plan:
    """Resolve a plan; findings are not the matter here."""
    plan = analyse_text(HEAD + text).plan
    assert plan is not None
    return plan


def names(properties: tuple[Property, ...]) -> list[str]:
    return [prop.name for prop in properties]


def inside(whole: Type) -> Object:
    """Go down to the object within lists and maps."""
    while not isinstance(whole, Object):
        assert isinstance(whole, (ListOf, MapOf))
        whole = whole.item if isinstance(whole, ListOf) else whole.value
    return whole


DEEP = """\
types:
  line:
    type: object
    properties:
      sku: string
      note: {type: string, optional: client}
      margin: {type: number, only: server}
      supplier: {type: object, only: server, properties: {name: string}}
events:
  order_paid:
    kind: purchase
    placement: hybrid
    dedupe: [order_id]
    revenue: {amount: total}
    properties:
      order_id: string
      total: number
      lines: list of line
      by_shop: map of list of line
      checkout_ms: {type: optional integer, only: client}
      tax: {type: number, only: server}
      invoice: {type: string, known: response}
      build: {type: string, sources: [ios]}
"""


def test_what_a_source_may_not_know_is_cut_at_any_depth() -> None:
    plan = plan_of(DEEP)
    web, ios, backend = plan.views_for("order_paid")
    assert [view.source.name for view in (web, ios, backend)] == ["web", "ios", "backend"]
    assert [prop.name for prop in web.properties] == [
        "order_id",
        "total",
        "lines",
        "by_shop",
        "checkout_ms",
        "invoice",
    ]
    assert [prop.name for prop in ios.properties][-1] == "build"
    assert [prop.name for prop in backend.properties] == ["order_id", "total", "lines", "by_shop", "tax", "invoice"]
    for name in ("lines", "by_shop"):
        on_web, on_server = web.property(name), backend.property(name)
        assert on_web is not None
        assert on_server is not None
        assert names(inside(on_web.type).properties) == ["sku", "note"]
        assert names(inside(on_server.type).properties) == ["sku", "note", "margin", "supplier"]
        assert inside(on_web.type).name == "line"


def test_optional_on_one_side_is_required_on_the_other_at_any_depth() -> None:
    plan = plan_of(DEEP)
    web, _, backend = plan.views_for("order_paid")
    assert inside(web.property("lines").type).properties[1].optional_on == {"client", "server"}  # type: ignore[union-attr]
    assert inside(backend.property("lines").type).properties[1].optional_on == frozenset()  # type: ignore[union-attr]
    assert web.property("invoice").required is False  # type: ignore[union-attr]
    assert backend.property("invoice").required is True  # type: ignore[union-attr]


def test_revenue_attribution_and_enrichments_are_for_servers() -> None:
    plan = plan_of(
        DEEP + "  signed_up: {kind: signup, dedupe: attempt, properties: {plan: string}}\n"
        "enrichments: {customer: {properties: {segment: string}}}\n"
    )
    web, _, backend = plan.views_for("order_paid")
    assert web.revenue is None
    assert backend.revenue is not None
    assert (web.attribution, backend.attribution) == ((), ("utm_source", "initial_utm_source"))
    assert plan.views["signed_up", "web"].sets_user
    assert not web.sets_user


def test_the_key_is_in_a_view_only_when_the_source_knows_all_its_parts() -> None:
    plan = plan_of(
        "events:\n"
        "  paid:\n"
        "    kind: purchase\n"
        "    placement: hybrid\n"
        "    dedupe: [order_id, shop]\n"
        "    properties: {order_id: string, shop: {type: string, only: server}}\n"
    )
    web, _, backend = plan.views_for("paid")
    assert web.dedupe is None
    assert backend.dedupe is not None


def test_types_that_read_alike_are_one_object_and_what_is_not_cut_is_not_copied() -> None:
    plan = plan_of(
        "types: {pair: {type: object, properties: {a: string, b: number}}}\n"
        "events:\n"
        "  a: {kind: click, properties: {x: {type: string, max_length: 9}, p: pair}}\n"
        "  b: {kind: click, properties: {y: {type: string, max_length: 9}, q: pair}}\n"
    )
    a, b = plan.events["a"], plan.events["b"]
    assert a.properties[0].type is b.properties[0].type
    assert isinstance(a.properties[0].type, Scalar)
    assert plan.views["a", "web"].properties[1].type is a.properties[1].type
