"""Look-ups: in time or not at all, asked once, and what consent has to do with them."""

from __future__ import annotations

import asyncio
import os
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar
from importlib import import_module
from typing import Any

import pytest

from .asking import DEVICE, USER, configure, sent, someone, tracker, wait_for


@pytest.fixture
def person(asked: Any) -> Any:
    return asked.Context.identified(USER, device_id=DEVICE)


# --- in time, or not at all ---


def test_a_slow_provider_does_not_hold_the_call(asked: Any, person: Any) -> None:
    let_go = threading.Event()
    calls: list[str] = []

    def slow(user_id: str) -> dict[str, Any]:
        calls.append(user_id)
        let_go.wait(30)
        return {"segment": "vip"}

    sink = configure(asked, customer=slow, budget=0.05)
    began = time.monotonic()
    assert asked.track.visited(context=person).accepted
    assert 0.05 <= time.monotonic() - began < 5
    assert sent(sink) == {"segment": "new"}
    assert asked.stats().problems == {"enrichment_slow:customer": 1}
    let_go.set()

    def known() -> bool:
        asked.track.visited(context=person)
        return sent(sink) == {"segment": "vip"}

    wait_for(known)  # the answer that came too late serves the next call
    assert calls == [USER]


def test_all_look_ups_of_a_call_have_one_budget_and_are_asked_at_once(asked: Any, person: Any) -> None:
    both = threading.Barrier(2, timeout=10)

    def meet(answer: dict[str, Any]) -> Callable[[str], dict[str, Any]]:
        def provider(_: str) -> dict[str, Any]:
            both.wait()
            return answer

        return provider

    sink = configure(asked, customer=meet({"segment": "vip"}), budget_=meet({"left": 3}), budget=20)
    assert asked.track.compared(context=person).accepted
    assert sent(sink) == {"segment": "vip", "left": 3}

    def sleep(_: str) -> None:
        time.sleep(3.0)

    configure(asked, customer=sleep, budget_=sleep, budget=1.0)
    began = time.monotonic()
    asked.track.compared(context=person)
    assert time.monotonic() - began < 1.9
    assert asked.stats().problems == {"enrichment_slow:customer": 1, "enrichment_slow:budget": 1}


def ask_until_busy(asked: Any, times: int) -> int:
    """Make calls for ever new people, until so many found the provider busy; give how many calls that took."""
    for number in range(5000):
        assert asked.track.visited(context=someone(asked, f"user-{number:05}")).accepted
        if asked.stats().problems.get("enrichment_busy:customer") == times:
            return number + 1
    raise AssertionError("never busy")


def test_a_provider_that_hangs_costs_the_budget_and_then_nothing(asked: Any) -> None:
    limits: Any = import_module(f"{asked.__name__}._runtime.look_ups")
    let_go = threading.Event()
    calls: list[str] = []

    def hang(user_id: str) -> None:
        calls.append(user_id)
        let_go.wait(60)

    configure(asked, customer=hang, budget=0.005)
    number = ask_until_busy(asked, 20)
    problems = asked.stats().problems
    assert problems == {"enrichment_slow:customer": number - 20, "enrichment_busy:customer": 20}
    assert number >= limits.UNDER_WAY + 20
    assert len(calls) == limits.THREADS
    let_go.set()
    # What nobody waits for any more is not asked; then all is as before.
    wait_for(lambda: asked.track.visited(context=someone(asked, "user-again")) and "user-again" in calls)
    assert len(calls) <= limits.THREADS + 2


def test_a_provider_that_hangs_is_in_no_other_s_way(asked: Any) -> None:
    let_go = threading.Event()
    configure(asked, customer=lambda _: let_go.wait(60), budget_=lambda _: {"left": 1}, budget=0.005)
    ask_until_busy(asked, 1)
    tracker(asked).settings.enrich.budget = 20
    sink = tracker(asked).settings.sink
    asked.track.compared(context=someone(asked, "user-12345"))
    assert sent(sink) == {"segment": "new", "left": 1}
    assert asked.stats().problems["enrichment_busy:customer"] == 2
    let_go.set()


def test_without_a_budget_the_caller_s_own_thread_asks(asked: Any, person: Any) -> None:
    threads: list[int] = []

    def here(_: str) -> dict[str, Any]:
        threads.append(threading.get_ident())
        time.sleep(0.4)  # longer than the usual budget
        return {"segment": "vip"}

    sink = configure(asked, customer=here, budget=None)
    asked.track.visited(context=person)
    assert threads == [threading.get_ident()]
    assert sent(sink) == {"segment": "vip"}


def test_a_provider_sees_the_caller_s_variables(asked: Any, person: Any) -> None:
    tenant: ContextVar[str] = ContextVar("tenant")
    tenant.set("vip")
    sink = configure(asked, customer=lambda _: {"segment": tenant.get()}, budget=20)
    asked.track.visited(context=person)
    assert sent(sink) == {"segment": "vip"}


@pytest.mark.parametrize(
    ("wrong", "budget"),
    [
        (ValueError("down"), 20),
        (ValueError("down"), None),
        (TimeoutError("of its own"), 20),
        (TimeoutError("of its own"), None),
        (SystemExit(3), 20),
    ],
)
def test_a_provider_that_raises_is_counted_and_named_in_the_log(
    asked: Any, person: Any, wrong: BaseException, budget: float | None, caplog: pytest.LogCaptureFixture
) -> None:
    def fails(_: str) -> None:
        raise wrong

    sink = configure(asked, customer=fails, budget=budget)
    for _ in range(2):
        assert asked.track.visited(context=person).accepted
    assert sent(sink) == {"segment": "new"}
    assert asked.stats().problems == {"enrichment_failed:customer": 2}
    assert repr(wrong) in caplog.text


def test_what_ends_the_caller_s_own_thread_is_the_caller_s(asked: Any, person: Any) -> None:
    def interrupted(_: str) -> None:
        raise KeyboardInterrupt

    configure(asked, customer=interrupted, budget=None)
    with pytest.raises(KeyboardInterrupt):
        asked.track.visited(context=person)


def test_an_answer_that_is_none_of_the_plan_s_is_counted(asked: Any, person: Any) -> None:
    sink = configure(asked, customer=lambda _: 5, budget=20)
    assert asked.track.visited(context=person).accepted
    assert sent(sink) == {"segment": "new"}
    assert asked.stats().problems == {"enrichment_failed:customer": 1}


def test_a_child_process_asks_with_threads_of_its_own(asked: Any, person: Any) -> None:
    stuck = threading.Event()
    sink = configure(asked, customer=lambda id: stuck.wait(30) and None, budget=0.01)
    asked.track.visited(context=person)
    child = os.fork()
    if child == 0:
        code = 1
        try:
            assert asked.stats().problems == {}
            configure(asked, sink, customer=lambda _: {"segment": "vip"}, budget=20)
            asked.track.visited(context=person)
            code = 0 if sent(sink) == {"segment": "vip"} else 2
        finally:
            os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    stuck.set()


# --- asked once ---


def test_an_answer_is_kept_for_a_moment(asked: Any, person: Any) -> None:
    calls: list[str] = []

    def provider(user_id: str) -> dict[str, Any]:
        calls.append(user_id)
        return {"spent": len(calls)}

    sink = configure(asked, customer=provider, budget=20, keep=0.3)
    for _ in range(3):
        asked.track.visited(context=person)
    asked.track.visited(context=someone(asked, "user-99999"))
    assert calls == [USER, "user-99999"]
    time.sleep(0.35)
    asked.track.visited(context=person)
    assert sent(sink)["spent"] == 3
    configure(asked, customer=provider, budget=20, keep=0)
    for _ in range(2):
        asked.track.visited(context=person)
    assert len(calls) == 5


def test_that_nothing_is_known_yet_is_not_kept_but_that_nothing_is_there_is(asked: Any, person: Any) -> None:
    answers: list[Any] = [None, {}, {"segment": "vip"}]
    sink = configure(asked, customer=lambda _: answers.pop(0), budget=20, keep=60)
    for _ in range(4):
        asked.track.visited(context=person)
        assert sent(sink) == {"segment": "new"}
    assert answers == [{"segment": "vip"}]


def test_only_so_many_answers_are_kept(asked: Any) -> None:
    limits: Any = import_module(f"{asked.__name__}._runtime.look_ups")
    calls: list[str] = []

    def provider(user_id: str) -> dict[str, Any]:
        calls.append(user_id)
        return {}

    configure(asked, customer=provider, budget=20, keep=600)
    people = [someone(asked, f"user-{number:05}") for number in range(limits.KEPT + 1)]
    for person in (*people, people[-1], people[1], people[0]):
        asked.track.visited(context=person)
    assert len(calls) == len(people) + 1
    assert calls[-1] == "user-00000"


def test_calls_that_ask_the_same_at_once_ask_once(asked: Any, person: Any) -> None:
    calls: list[str] = []
    waiting = threading.Event()

    def provider(user_id: str) -> dict[str, Any]:
        calls.append(user_id)
        waiting.wait(10)
        return {"segment": "vip"}

    sink = configure(asked, customer=provider, budget=20)
    with ThreadPoolExecutor(16) as pool:
        for _ in range(16):
            pool.submit(asked.track.visited, context=person)
        wait_for(lambda: calls)
        time.sleep(0.1)
        waiting.set()
    assert calls == [USER]
    assert [event["event_properties"] for event in sink.events] == [{"segment": "vip"}] * 16


# --- consent ---


def test_consent_is_looked_up_within_the_budget(asked: Any) -> None:
    let_go = threading.Event()
    job = asked.Context.identified(USER)
    sink = asked.RecordingSink()

    def slow(_: str) -> list[str]:
        let_go.wait(30)
        return []

    asked.configure(sink=sink, strict=False, consent=slow)
    began = time.monotonic()
    assert asked.track.plain(context=job).accepted  # as `default: granted` says
    assert time.monotonic() - began < 5
    assert asked.stats().problems == {"consent_provider_slow": 1}
    let_go.set()
    wait_for(lambda: asked.track.plain(context=job).dropped == "consent")
    assert asked.track.needed(context=job).accepted


def test_an_awaited_call_waits_for_consent_without_holding_the_loop(asked: Any) -> None:
    let_go = threading.Event()

    def granted(_: str) -> list[str]:
        return ["analytics"] if let_go.wait(20) else pytest.fail("the loop was held")

    job = asked.Context.identified(USER)
    asked.configure(
        sink=asked.RecordingSink(),
        strict=False,
        consent=granted,
        enrich=asked.Enrichers(customer=lambda _: None, budget=30, keep=0),
    )

    async def main() -> Any:
        task = asyncio.create_task(asked.track.aio.visited(context=job))
        await asyncio.sleep(0.1)
        assert not task.done()
        let_go.set()
        return await task

    assert asyncio.run(main()).accepted
    assert "consent_provider_failed" not in asked.stats().problems


@pytest.mark.parametrize("user_id", [["list"], 4711, "x"])
def test_nobody_is_asked_by_what_is_no_id(asked: Any, user_id: Any) -> None:
    configure(asked, customer=lambda _: pytest.fail("asked"))
    context = asked.Context(user_id=user_id, device_id=DEVICE, consent=["analytics"])
    assert asked.track.order_paid(order_id="ORD-1", within=3, total=1, context=context).accepted
    assert asked.stats().problems == {"enrichment_skipped:customer": 1}


def test_categories_may_be_any_iterable(asked: Any) -> None:
    job = asked.Context.identified(USER)
    asked.configure(sink=asked.RecordingSink(), strict=False, consent=lambda _: iter(["analytics"]))
    assert [asked.track.plain(context=job).accepted for _ in range(2)] == [True, True]


def test_an_opt_out_refuses_all_but_what_is_necessary(asked: Any) -> None:
    out = asked.Context(user_id=USER, device_id=DEVICE, consent=["analytics"], opted_out=True)
    sink = configure(asked)
    for context in (out, asked.Context.load(out.dump())):
        assert asked.track.plain(context=context).dropped == "opted_out"
        assert asked.track.needed(context=context).accepted
        promise = asked.track.promise_order_paid(order_id="A1", within_=1, context=context)
        assert (promise.accepted, promise.dropped) == (False, "opted_out")
    assert [event["event_type"] for event in sink.events] == ["needed", "needed"]
    assert asked.stats().dropped == {"opted_out": 2}


def test_a_job_has_the_consent_of_the_request_it_comes_from(asked: Any) -> None:
    asked.configure(sink=asked.RecordingSink(), strict=False, consent=lambda _: pytest.fail("asked"))
    for consent, accepted in ((["analytics"], True), ([], False), (None, True)):
        stored = asked.Context.identified(USER, device_id=DEVICE, consent=consent).dump()
        with asked.Context.load(stored).activate():
            assert asked.track.plain().accepted is accepted
