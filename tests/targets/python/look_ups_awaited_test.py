"""Look-ups that are awaited, and events that are held until one is answered."""

from __future__ import annotations

import asyncio
import functools
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from .asking import DEVICE, USER, configure, sent, someone, tracker


@pytest.fixture
def person(asked: Any) -> Any:
    return asked.Context.identified(USER, device_id=DEVICE)


# --- awaited ---


class Awaitable:
    """Providers of every form that calling gives a coroutine of."""

    def __init__(self) -> None:
        self.loops: list[object] = []

    async def method(self, user_id: str) -> dict[str, Any]:
        self.loops.append(asyncio.get_running_loop())
        await asyncio.sleep(0.01)
        return {"segment": "vip"}

    __call__ = method


@pytest.mark.parametrize("form", ["method", "object", "partial"])
def test_an_async_provider_is_awaited_in_the_caller_s_loop(asked: Any, person: Any, form: str) -> None:
    made = Awaitable()
    provider: Any = {"method": made.method, "object": made, "partial": functools.partial(made.method)}[form]
    sink = configure(asked, customer=provider, budget=20)

    async def main() -> object:
        with person.activate():
            receipt = await asked.track.aio.visited()
        assert receipt.accepted
        return asyncio.get_running_loop()

    loop = asyncio.run(main())
    assert made.loops == [loop]
    assert sent(sink) == {"segment": "vip"}


@pytest.mark.parametrize("form", ["sync", "async"])
def test_an_awaited_call_holds_neither_the_loop_nor_the_request(asked: Any, person: Any, form: str) -> None:
    let_go = threading.Event()

    def blocks(_: str) -> None:
        let_go.wait(30)

    async def sleeps(_: str) -> None:
        await asyncio.sleep(30)

    sink = configure(asked, customer=blocks if form == "sync" else sleeps, budget=0.3)
    ticks: list[float] = []

    async def tick() -> None:
        while True:
            ticks.append(time.monotonic())
            await asyncio.sleep(0.01)

    async def main() -> Any:
        ticking = asyncio.create_task(tick())
        receipt = await asked.track.aio.visited(context=person)
        ticking.cancel()
        return receipt

    assert asyncio.run(main()).accepted
    let_go.set()
    assert len(ticks) > 5
    assert sent(sink) == {"segment": "new"}
    assert asked.stats().problems == {"enrichment_slow:customer": 1}


def test_an_awaited_call_asks_all_at_once_and_each_once(asked: Any, person: Any) -> None:
    calls: list[str] = []
    met = []

    async def customer(user_id: str) -> dict[str, Any]:
        calls.append("customer")
        met[0].set()
        await asyncio.wait_for(met[1].wait(), 10)
        return {"segment": "vip"}

    async def budget(user_id: str) -> dict[str, Any]:
        calls.append("budget")
        met[1].set()
        await asyncio.wait_for(met[0].wait(), 10)
        return {"left": 2}

    sink = configure(asked, customer=customer, budget_=budget, budget=20, keep=60)

    async def main() -> None:
        met[:] = [asyncio.Event(), asyncio.Event()]
        for _ in range(2):
            await asked.track.aio.compared(context=person)

    asyncio.run(main())
    assert sorted(calls) == ["budget", "customer"]
    assert [event["event_properties"] for event in sink.events] == [{"segment": "vip", "left": 2}] * 2


def test_what_failed_while_it_was_awaited_is_not_asked_again_and_counted_once(asked: Any, person: Any) -> None:
    async def fails(_: str) -> None:
        raise ValueError

    configure(asked, customer=fails, budget=20)
    assert asyncio.run(asked.track.aio.compared(context=person)).accepted
    assert asked.stats().problems == {"enrichment_failed:customer": 1, "enrichment_missing:budget": 1}


def test_a_call_that_is_cancelled_sends_nothing(asked: Any, person: Any) -> None:
    async def sleeps(_: str) -> None:
        await asyncio.sleep(30)

    sink = configure(asked, customer=sleeps, budget=20)

    async def main() -> None:
        task = asyncio.create_task(asked.track.aio.visited(context=person))
        await asyncio.sleep(0.05)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(main())
    assert sink.events == []


def test_a_thousand_tasks_at_once(asked: Any) -> None:
    async def provider(user_id: str) -> dict[str, Any]:
        await asyncio.sleep(0.01)
        return {"spent": int(user_id.removeprefix("user-"))}

    sink = configure(asked, customer=provider, budget=30)

    async def one(number: int) -> None:
        with someone(asked, f"user-{number:05}").activate():
            await asked.track.aio.visited()

    async def main() -> None:
        await asyncio.gather(*[one(number) for number in range(1000)])

    asyncio.run(main())
    assert len(sink.events) == 1000
    assert all(event["event_properties"]["spent"] == int(event["user_id"][5:]) for event in sink.events)


def test_an_async_provider_serves_a_call_that_does_not_await(asked: Any, person: Any) -> None:
    made = Awaitable()
    sink = configure(asked, customer=made.method, budget=20, keep=0)
    asked.track.visited(context=person)
    assert sent(sink) == {"segment": "vip"}

    async def main() -> None:
        asked.track.visited(context=person)

    asyncio.run(main())
    assert len(set(map(id, made.loops))) == 1  # a loop of ours, always the same

    async def fails(_: str) -> None:
        raise ValueError

    configure(asked, customer=fails, budget=20)
    asked.track.visited(context=person)
    assert asked.stats().problems == {"enrichment_failed:customer": 1}


def test_awaitable_calls_are_there_for_what_is_asked_at_the_call_and_cost_nothing_before(asked: Any) -> None:
    name = asked.__name__
    late = {"asyncio", f"{name}.aio", f"{name}._runtime.look_ups", f"{name}._runtime.request"}
    script = f"import sys, {name}; assert not {late!r} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", script], cwd=Path(asked.__file__).parents[1], check=True, timeout=60)
    functions = {one for one in vars(asked.track.aio) if not one.startswith("_") and one.islower()}
    assert functions - {"annotations"} == {"visited", "compared", "credited", "order_paid"}
    with pytest.raises(AttributeError, match="no attribute 'plain'"):
        asked.track.aio.plain  # noqa: B018
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        asked.track.nothing  # noqa: B018


# --- held for ---


class Holding:
    """A sink that can keep an event until something is known, as an outbox does."""

    def __init__(self) -> None:
        self.events: list[Any] = []
        self.held: list[tuple[Any, Sequence[Any]]] = []

    def accept(self, events: Sequence[Any]) -> Any:
        self.events.extend(events)
        return self.outcome(sent=len(events))

    def hold(self, event: Any, needs: Sequence[Any]) -> Any:
        self.held.append((event, needs))
        return self.outcome(queued=1)

    outcome: Any = None

    def flush(self, timeout: float) -> bool:
        return True

    close = flush


@pytest.fixture
def holding(asked: Any) -> Any:
    sink = Holding()
    sink.outcome = asked.Outcome
    return sink


def test_what_is_required_and_not_known_is_held_and_completed_later(asked: Any, person: Any, holding: Any) -> None:
    answers: list[Any] = [None, ValueError(), {"score": 7}]

    def credit(_: str) -> Any:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    configure(asked, holding, credit=credit, budget=20)
    assert asked.track.credited(context=person).accepted
    ((event, needs),) = holding.held
    assert needs == [("credit", USER, True)]
    assert event["event_properties"] == {}
    assert tracker(asked).complete(event, needs) is None
    done = tracker(asked).complete(event, needs)
    assert done == {**event, "event_properties": {"score": 7}}
    assert event["event_properties"] == {}
    assert asked.track.credited(context=person).accepted  # it is known by now
    assert len(holding.held) == 1 and sent(holding) == {"score": 7}


def test_what_is_required_is_refused_where_nothing_can_hold_it(asked: Any, person: Any) -> None:
    sink = configure(asked, credit=lambda _: None, budget=20)
    receipt = asked.track.credited(context=person)
    assert (receipt.accepted, receipt.dropped, sink.events) == (False, "enrichment_required:credit", [])
    assert asked.stats().dropped == {"enrichment_required:credit": 1}
    configure(asked, sink, credit=lambda _: {}, budget=20)
    assert asked.track.credited(context=person).accepted  # that nothing is known is an answer
    assert sent(sink) == {"score": 0}


def test_a_required_look_up_without_its_id_is_skipped_and_counted(asked: Any, holding: Any) -> None:
    configure(asked, holding, credit=lambda _: pytest.fail("asked"))
    assert asked.track.credited(context=asked.Context.anonymous(DEVICE)).accepted
    assert (holding.held, sent(holding)) == ([], {"score": 0})
    assert asked.stats().problems == {"enrichment_skipped:credit": 1}


def test_what_is_asked_at_delivery_is_not_asked_at_the_call(asked: Any, person: Any, holding: Any) -> None:
    configure(asked, holding, device=lambda _: pytest.fail("asked"))
    assert asked.track.built(context=person).accepted
    assert asked.track.checked(context=person).accepted
    assert [needs for _, needs in holding.held] == [
        [("device", DEVICE, False)],
        [("fraud", USER, True), ("device", DEVICE, False)],
    ]
    assert asked.stats().problems == {}
    configure(asked, holding, device=lambda _: {"model": "X1"}, fraud=lambda _: {"risk": "low"})
    for (event, needs), expected in zip(holding.held, ({"model": "X1"}, {"risk": "low", "model": "X1"}), strict=True):
        assert tracker(asked).complete(event, needs)["event_properties"] == expected


def test_what_is_asked_at_delivery_is_asked_at_the_call_where_nothing_can_hold_it(asked: Any, person: Any) -> None:
    sink = configure(asked, device=lambda _: {"model": "X1"}, budget=20)
    assert asked.track.built(context=person).accepted
    assert sent(sink) == {"model": "X1"}
    assert asked.track.checked(context=person).dropped == "enrichment_required:fraud"


def test_an_event_is_completed_without_what_is_not_required(asked: Any, person: Any, holding: Any) -> None:
    told: list[Any] = []
    asked.configure(
        sink=holding,
        strict=False,
        on_violation=told.append,
        enrich=asked.Enrichers(fraud=lambda _: {"risk": "king"}, device=lambda _: 1 / 0),
    )
    asked.track.checked(context=person)
    ((event, needs),) = holding.held
    gone = (*needs, type(needs[0])("retired", USER, True))  # of a plan that is no more
    assert tracker(asked).complete(event, gone)["event_properties"] == {"model": "unknown"}
    assert [(one.event, [breach.property for breach in one.violations]) for one in told] == [("checked", ["risk"])]
    assert asked.stats().problems == {"enrichment_failed:device": 1}


def test_a_tee_holds_where_it_can(asked: Any, person: Any, holding: Any) -> None:
    recording = asked.RecordingSink()
    configure(asked, asked.Tee(recording, holding), fraud=lambda _: pytest.fail("asked"))
    assert asked.track.checked(context=person).accepted
    assert len(recording.events) == len(holding.held) == 1
    assert recording.events[0] is not holding.held[0][0]
    assert holding.events == []


def test_what_is_captured_is_not_refused(asked: Any, person: Any) -> None:
    configure(asked, Holding())
    with asked.capture() as events:
        assert asked.track.checked(context=person).accepted
        assert asked.track.credited(context=person).accepted
    assert [event["event_properties"] for event in events] == [{"model": "unknown"}, {"score": 0}]
