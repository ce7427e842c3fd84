"""Measure one typed call of the generated Python: ten scalar properties, validation and key, to a recording sink.

The list is measured by two sizes: the difference, divided by the items between them, is what an item costs. Each figure
is the median over several rounds of many calls; a loop of calls to an empty function stands beside it.
"""

from __future__ import annotations

import argparse
import datetime
import statistics
import sys
import tempfile
import time
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from plans import compile_into

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PLAN = """\
trackside: 1
plan: {name: calls, version: 1.0.0, namespace: "https://calls.example"}
destinations:
  amplitude: {project: calls, api_key: AMPLITUDE_API_KEY}
sources:
  backend: {side: server, target: python, out: calls_backend}
types:
  money: {type: number, minimum: 0, maximum: 1000000}
  line_item:
    type: object
    properties:
      sku: {type: string, pattern: '[A-Z0-9-]{3,32}'}
      quantity: {type: integer, minimum: 1}
      price: money
events:
  order_paid: &order
    kind: purchase
    attribution: false
    identity: [user_id]
    dedupe: [order_id]
    revenue: {amount: total, currency: currency}
    properties: &scalars
      order_id: {type: string, max_length: 64}
      currency: {enum: [EUR, GBP, USD]}
      total: money
      tax: money
      shipping: money
      item_count: {type: integer, minimum: 1}
      payment_method: {enum: [card, paypal, invoice]}
      coupon: optional string
      is_gift: boolean
      paid_on: date
  order_listed:
    <<: *order
    dedupe: {by: [order_id], name: order_listed}
    properties:
      <<: *scalars
      items: {type: list of line_item, max_items: 200}
"""

ROUND = 2_000
DAY = datetime.date(2026, 5, 4)


def properties(number: int) -> dict[str, Any]:
    """Make the arguments of one call: ten scalars, one of them the key."""
    return {
        "order_id": f"ORD-{number}",
        "currency": "EUR",
        "total": 156.96,
        "tax": 26.16,
        "shipping": 4.9,
        "item_count": 3,
        "payment_method": "card",
        "coupon": "SPRING10",
        "is_gift": False,
        "paid_on": DAY,
    }


def rounds(call: Callable[[int], object], times: int) -> float:
    """Return the median time of one call over several rounds, in seconds."""
    figures = []
    for turn in range(times + 1):
        started = time.perf_counter()
        for number in range(ROUND):
            call(number)
        if turn:  # the first round warms up
            figures.append((time.perf_counter() - started) / ROUND)
    return statistics.median(figures)


@contextmanager
def compiled() -> Iterator[str]:
    """Compile the plan into a folder that is on the path while the block runs; give the name of the package."""
    with tempfile.TemporaryDirectory() as name:
        compile_into(Path(name), PLAN)
        sys.path.insert(0, name)
        try:
            yield "calls_backend"
        finally:
            sys.path.remove(name)


def main() -> None:
    """Compile the plan, import what it gives, and print what a call takes."""
    parser = argparse.ArgumentParser(description="Measure one typed call of the generated Python.")
    parser.add_argument("--times", type=int, default=5)
    times: int = parser.parse_args().times
    with compiled() as name:
        started = time.perf_counter()
        backend: Any = import_module(name)
        imported = time.perf_counter() - started
        _measure(backend, times, imported)


def _measure(backend: Any, times: int, imported: float) -> None:
    sink = backend.RecordingSink()
    backend.configure(sink=sink, strict=False)
    context = backend.Context.identified("customer-4711")

    def scalars(number: int) -> object:
        if number == 0:
            sink.events.clear()
        return backend.track.order_paid(**properties(number), context=context)

    def listed(items: list[dict[str, Any]]) -> Callable[[int], object]:
        def call(number: int) -> object:
            if number == 0:
                sink.events.clear()
            return backend.track.order_listed(**properties(number), items=items, context=context)

        return call

    def nothing(**given: object) -> None:
        return None

    def bare(number: int) -> object:
        return nothing(**properties(number))

    item = {"sku": "SKU-12345", "quantity": 2, "price": 79.99}
    receipt: Any = scalars(1)
    assert receipt.accepted and not receipt.violations, receipt
    few, many = rounds(listed([item] * 5), times), rounds(listed([item] * 55), times)
    print(f"  {'a call of an empty function':44}{rounds(bare, times) * 1e6:8.2f} µs")
    print(f"  {'ten scalar properties, validation and key':44}{rounds(scalars, times) * 1e6:8.2f} µs")
    print(f"  {'each item of a list of objects':44}{(many - few) / 50 * 1e6:8.2f} µs")
    print(f"  {'import of the package, once':44}{imported * 1e3:8.2f} ms")


if __name__ == "__main__":
    main()
