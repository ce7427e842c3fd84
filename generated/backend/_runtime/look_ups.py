"""Asking providers: in threads of this process, within a budget of time, with answers
that are kept for a moment.

Imported when the first provider is asked.
"""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import CancelledError, Future
from contextvars import Context as Variables
from contextvars import copy_context
from inspect import isawaitable, iscoroutinefunction
from queue import SimpleQueue
from threading import RLock, Thread
from time import monotonic
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from .counts import Counts

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop

THREADS: Final = 8
"""Look-ups of one provider that run at once; others wait, within their budget."""
UNDER_WAY: Final = 64
"""Look-ups of one provider that run or wait; one more is not asked, and counted."""
KEPT: Final = 1024
"""Answers of one provider that are kept; the oldest goes first."""
_NOTHING: Final[Any] = object()


class Question(NamedTuple):
    """What to ask whom. Questions of one `name` and `subject` have one answer;
    `problem` is what is counted when there is none, with `{}` for why.
    """

    name: str
    subject: str
    provider: Callable[[str], Any]
    problem: str


class LookUps:
    """Asks providers. It never raises; what gave no answer is counted. A forked process
    starts anew.
    """

    def __init__(self, counts: Counts) -> None:
        self._counts = counts
        self._start()

    def _start(self) -> None:
        self._process = os.getpid()
        self._loop = _Loop()
        self._desks: dict[str, _Desk] = {}

    def ask(
        self, questions: Sequence[Question], budget: float | None, keep: float
    ) -> list[Any]:
        """Ask all at once and wait for at most `budget` seconds; None where there is no
        answer. Without a budget, ask in this thread, one after the other.
        """
        ends = None if budget is None else monotonic() + budget
        answers: list[Any] = []
        asked: list[tuple[int, Future[Any] | None]] = []
        for number, question in enumerate(questions):
            desk = self._desk(question)
            answer = desk.kept(question)
            if answer is _NOTHING:
                answer = None
                if ends is None:
                    asked.append((number, desk.ask_here(question, keep)))
                else:
                    asked.append((number, desk.submit(question, ends, keep)))
            answers.append(answer)
        for number, future in asked:
            answers[number] = self._answer(questions[number], future, ends)
        return answers

    async def ask_async(
        self, questions: Sequence[Question], budget: float | None, keep: float
    ) -> list[Any]:
        """Do as `ask` does without holding the event loop: coroutine functions run in
        it, others in threads.
        """
        from asyncio import gather

        return await gather(*[self._awaited(one, budget, keep) for one in questions])

    async def _awaited(
        self, question: Question, budget: float | None, keep: float
    ) -> Any:
        from asyncio import timeout, wait, wrap_future

        desk = self._desk(question)
        answer = desk.kept(question)
        if answer is not _NOTHING:
            return answer
        provider = question.provider
        if not _is_async(provider):
            ends = None if budget is None else monotonic() + budget
            future = desk.submit(question, ends, keep)
            if future is not None:
                # Not `wait_for`: giving up must not cancel what others wait for.
                await wait([wrap_future(future)], timeout=budget)
            return self._answer(question, future, 0.0)
        limit = timeout(budget)
        try:
            async with limit:
                answer = await provider(question.subject)
        except Exception as error:
            self._count(question, "slow" if limit.expired() else "failed", error)
            return None
        desk.keep(question, answer, keep)
        return answer

    def _answer(
        self, question: Question, future: Future[Any] | None, ends: float | None
    ) -> Any:
        if future is None:
            self._count(question, "busy")
            return None
        try:
            return future.result(None if ends is None else max(0.0, ends - monotonic()))
        except (TimeoutError, CancelledError):
            self._count(question, "slow")
        except _ProviderError as failed:
            self._count(question, "failed", failed.__cause__)
        return None

    def _count(
        self, question: Question, why: str, error: BaseException | None = None
    ) -> None:
        self._counts.problem(question.problem.format(why), error)

    def _desk(self, question: Question) -> _Desk:
        if self._process != os.getpid():
            self._start()
        desk = self._desks.get(question.name)
        if desk is None:
            desk = self._desks.setdefault(question.name, _Desk(self._loop))
        return desk


class _Job:
    """One look-up under way; `ends` is when the last one stops waiting for it."""

    def __init__(self, question: Question, ends: float | None, keep: float) -> None:
        self.question = question
        self.ends = ends
        self.keep = keep
        self.future: Future[Any] = Future()
        self.variables: Variables = copy_context()

    def fail(self, cause: BaseException) -> None:
        """Settle it without an answer."""
        error = _ProviderError()
        error.__cause__ = cause
        self.future.set_exception(error)


class _Desk:
    """What one process has for one provider, so that one that hangs is in nobody's way:
    answers that are kept, look-ups under way, threads.
    """

    def __init__(self, loop: _Loop) -> None:
        self._loop = loop
        self._lock = RLock()
        self._kept: dict[str, tuple[float, Any]] = {}
        self._under_way: dict[str, _Job] = {}
        self._queue: SimpleQueue[_Job] = SimpleQueue()
        self._threads = 0
        self._free = 0

    def kept(self, question: Question) -> Any:
        """Give an answer that is fresh enough, else `_NOTHING`."""
        kept = self._kept.get(question.subject)
        if kept is None or kept[0] <= monotonic():
            return _NOTHING
        return kept[1]

    def keep(self, question: Question, answer: Any, seconds: float) -> None:
        """Keep an answer; that there is none is not worth keeping."""
        if answer is None or seconds <= 0:
            return
        key = question.subject
        with self._lock:
            # What was kept last stands last, so the first one is the oldest.
            self._kept.pop(key, None)
            while len(self._kept) >= KEPT:
                self._kept.pop(next(iter(self._kept)), None)
            self._kept[key] = monotonic() + seconds, answer

    def ask_here(self, question: Question, keep: float) -> Future[Any]:
        """Ask in this thread, for as long as it takes."""
        job = _Job(question, None, keep)
        # What ends the caller, such as Ctrl-C, is the caller's.
        self._run(job, Exception)
        return job.future

    def submit(
        self, question: Question, ends: float | None, keep: float
    ) -> Future[Any] | None:
        """Have a thread ask, unless one already does; None when too many wait."""
        key = question.subject
        with self._lock:
            job = self._under_way.get(key)
            if job is not None:
                if job.ends is not None:
                    job.ends = None if ends is None else max(job.ends, ends)
                return job.future
            if len(self._under_way) >= UNDER_WAY:
                return None
            job = self._under_way[key] = _Job(question, ends, keep)
            job.future.add_done_callback(lambda _: self._under_way.pop(key, None))
            self._queue.put(job)
            if self._free:
                self._free -= 1
            elif self._threads < THREADS:
                self._start()
            return job.future

    def _start(self) -> None:
        self._threads += 1
        try:
            Thread(target=self._work, name="trackside-look-up", daemon=True).start()
        except RuntimeError:  # the interpreter is about to end, or too many threads
            self._threads -= 1
            if not self._threads:
                self._queue.get().future.cancel()

    def _work(self) -> None:
        while True:
            job = self._queue.get()
            if job.ends is not None and job.ends <= monotonic():
                job.future.cancel()  # nobody waits for it any more
            else:
                job.variables.run(self._run, job)
            del job
            with self._lock:
                if self._queue.empty():
                    self._free += 1

    def _run(self, job: _Job, caught: type[BaseException] = BaseException) -> None:
        question = job.question
        try:
            answer = question.provider(question.subject)
            if isawaitable(answer):
                self._run_async(job, answer)
                return
        except caught as error:
            job.fail(error)
            return
        self.keep(question, answer, job.keep)
        job.future.set_result(answer)

    def _run_async(self, job: _Job, answer: Awaitable[Any]) -> None:
        """Have an async provider answer where no event loop waits for it."""

        def settle(done: Future[Any]) -> None:
            try:
                answer = done.result()
            except BaseException as error:
                job.fail(error)
                return
            self.keep(job.question, answer, job.keep)
            job.future.set_result(answer)

        self._loop.run(answer).add_done_callback(settle)


class _Loop:
    """An event loop of ours, in a thread that lives as long as the process."""

    def __init__(self) -> None:
        self._lock = RLock()
        self._loop: AbstractEventLoop | None = None

    def run(self, answer: Awaitable[Any]) -> Future[Any]:
        """Await something there."""
        import asyncio

        with self._lock:
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                Thread(
                    target=self._loop.run_forever,
                    name="trackside-look-up-loop",
                    daemon=True,
                ).start()

        async def awaited() -> Any:
            return await answer

        return asyncio.run_coroutine_threadsafe(awaited(), self._loop)


class _ProviderError(Exception):
    """A provider raised its cause, which may be a TimeoutError of its own."""


def _is_async(provider: object) -> bool:
    """Tell whether calling it gives a coroutine: a function, a method, a `partial` or
    an object with such a `__call__`.
    """
    return iscoroutinefunction(provider) or iscoroutinefunction(
        getattr(type(provider), "__call__", None)  # noqa: B004
    )
