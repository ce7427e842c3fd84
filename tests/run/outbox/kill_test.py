"""`kill -9` of the application and of the workers, again and again, while facts are recorded and delivered.

For each run the test counts the facts that the outbox took, those that stand at the destination, and those that stand
there twice.
"""

from __future__ import annotations

import random
import signal
import time
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable
    from pathlib import Path

    from tests.run.outbox.outbox import Outbox

SEEDS = (1,)


def last_noted(notes: Path) -> int:
    """Give the number after the last whole line."""
    lines = notes.read_bytes().split(b"\n")[:-1] if notes.exists() else []
    return int(lines[-1]) + 1 if lines else 0


@pytest.mark.parametrize(
    ("kind", "facts", "seed"), [*[("sqlite", 100_000, seed) for seed in SEEDS], ("postgresql", 10_000, 4)]
)
def test_no_fact_is_lost_or_counted_twice(
    make_outbox: Callable[[str], Outbox], kind: str, facts: int, seed: int
) -> None:
    outbox = make_outbox(kind)
    chance = random.Random(seed)
    notes = outbox.folder / "noted.txt"
    application: subprocess.Popen[bytes] | None = None
    workers: list[subprocess.Popen[bytes]] = []
    kills = {"application": 0, "worker": 0}
    ends = time.monotonic() + 240
    while last_noted(notes) < facts or outbox.store.status().waiting:
        assert time.monotonic() < ends, (outbox.store.status(), outbox.processes_said())
        workers = [worker for worker in workers if worker.poll() is None]
        while len(workers) < 2:
            workers.append(outbox.start_worker("--lease", "1"))
        if last_noted(notes) < facts and (application is None or application.poll() is not None):
            application = outbox.start("-m", "emitter", str(last_noted(notes)), str(facts))
        time.sleep(chance.uniform(0.3, 2.0))
        if application is not None and application.poll() is None and chance.random() < 0.6:
            application.kill()
            application.wait()
            kills["application"] += 1
        # At the end they are let be: a worker that never lives to send sends nothing.
        if last_noted(notes) < facts or kills["worker"] < 5:
            victim = chance.choice(workers)
            if victim.poll() is None:
                victim.kill()
                victim.wait()
                kills["worker"] += 1
    for worker in [worker for worker in workers if worker.returncode != -9]:
        # One that was started a moment ago would die of the signal as any program does.
        while f":{worker.pid}:" not in outbox.processes_said():
            assert time.monotonic() < ends, outbox.processes_said()
            time.sleep(0.05)
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(30) == 0, outbox.processes_said()
    noted = {int(line) for line in notes.read_bytes().split()}
    arrived = outbox.arrived()
    again = outbox.destination.stats()["duplicates"]
    print(f"{kind}: {len(noted)} facts taken, {kills} kills, {len(set(arrived))} counted, {again} recognised doubles")
    assert kills["application"] >= 1 and kills["worker"] >= 3, kills
    assert noted - set(arrived) == set(), "lost"
    assert len(arrived) == len(set(arrived)), "counted twice"
    assert set(arrived) == set(range(facts))
    assert outbox.store.status()[:2] == (0, 0) and outbox.store.status().dead == 0
