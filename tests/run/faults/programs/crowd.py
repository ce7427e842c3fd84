"""Record facts from 16 threads, and from 1,000 tasks of one event loop, at once."""

from __future__ import annotations

import asyncio
from threading import Thread

from facts import record, set_up

THREADS, EACH, TASKS = 16, 200, 1_000


def work(first: int) -> None:
    """Record the facts of one thread."""
    for number in range(first, first + EACH):
        record(number)


async def one(number: int) -> None:
    """Record one fact between two turns of the loop."""
    await asyncio.sleep(0)
    record(number)
    await asyncio.sleep(0)


async def crowd() -> None:
    """Start all tasks together."""
    await asyncio.gather(*[one(THREADS * EACH + task) for task in range(TASKS)])


set_up()
threads = [Thread(target=work, args=(EACH * number,)) for number in range(THREADS)]
for thread in threads:
    thread.start()
asyncio.run(crowd())
for thread in threads:
    thread.join()
