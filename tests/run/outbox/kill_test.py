"""`kill -9` of the application and of the workers, again and again, while facts are recorded and delivered.

For each run the test counts the facts that the outbox took, those that stand at the destination, and those that stand
there twice.
"""

from __future__ import annotations

import os
import random
import signal
import time
from typing import TYPE_CHECKING

import pytest
from tests.run.results import Tally, write_down

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable
    from pathlib import Path

    from tests.run.outbox.outbox import Outbox

ROW = "`kill -9` of the application and of the workers, again and again, while facts are recorded and delivered"
LEAST = 3
"""Kills of the application, and of a worker."""
FACTS = {"sqlite": 100_000, "postgresql": 100_000 if "FAULTS_RESULTS" in os.environ else 20_000}
"""With PostgreSQL a call takes the way to the server: for the table alone it is done as often, in two minutes."""


def last_noted(notes: Path) -> int:
    """Give the number after the last whole line."""
    lines = notes.read_bytes().split(b"\n")[:-1] if notes.exists() else []
    return int(lines[-1]) + 1 if lines else 0


@pytest.mark.parametrize("kind", FACTS)
def test_no_fact_is_lost_or_counted_twice(make_outbox: Callable[[str], Outbox], kind: str) -> None:
    outbox, facts = make_outbox(kind), FACTS[kind]
    chance = random.Random(1)
    notes = outbox.folder / "noted.txt"
    application: subprocess.Popen[bytes] | None = None
    workers: list[subprocess.Popen[bytes]] = []
    kills = {"application": 0, "worker": 0}
    ends = time.monotonic() + 600
    while last_noted(notes) < facts or outbox.store.status().waiting:
        assert time.monotonic() < ends, (outbox.store.status(), outbox.processes_said())
        workers = [worker for worker in workers if worker.poll() is None]
        while len(workers) < 2:
            workers.append(outbox.start_worker("--lease", "1"))
        if last_noted(notes) < facts and (application is None or application.poll() is not None):
            application = outbox.start("-m", "emitter", str(last_noted(notes)), str(facts))
        early = kills["application"] < LEAST  # else a fast machine is done before
        time.sleep(chance.uniform(0.3, 0.8 if early else 2.0))
        if application is not None and application.poll() is None and (early or chance.random() < 0.6):
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
    lost = noted - set(arrived)
    tally = Tally(len(noted), len(noted) - len(lost), len(lost), len(arrived) - len(set(arrived)), again)
    many = f"{kills['application']} kills of the application, {kills['worker']} of a worker"
    write_down(ROW, "postgresql" if kind == "postgresql" else "outbox", tally, many)
    assert min(kills.values()) >= LEAST, kills
    assert (tally.lost, tally.twice) == (0, 0)
    assert set(arrived) == set(range(facts))
    assert outbox.store.status()[:2] == (0, 0) and outbox.store.status().dead == 0
