"""One service under test: a folder with the compiled plan, the notes it takes, and what became of its facts."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from tests.run.results import Tally, write_down

if TYPE_CHECKING:
    from tests.run.destination import Destination

HERE = Path(__file__).parent
PROGRAMS = HERE / "programs"
SINKS = ("amplitude", "http", "outbox", "postgresql")
"""`outbox` is one in SQLite, `postgresql` one in PostgreSQL."""


class Service:
    """Runs programs against one sink and one destination, and counts. `database` is for an outbox in PostgreSQL."""

    def __init__(self, folder: Path, sink: str, destination: Destination, database: str = "") -> None:
        self.folder = folder
        self.sink = sink
        self.destination = destination
        self.notes = folder / "notes.txt"
        self.is_outbox = sink in {"outbox", "postgresql"}
        self.outbox = database or str(folder / "outbox.db")
        self.environment = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join([str(PROGRAMS), str(folder)]),
            "PYTHONDONTWRITEBYTECODE": "1",
            "FAULTS_SINK": sink,
            "FAULTS_URL": destination.url,
            "FAULTS_LOG": str(self.notes),
            "FAULTS_OUTBOX": self.outbox,
            "FAULTS_BROKER": str(folder / "broker"),
        }
        self.environment.pop("PYTEST_CURRENT_TEST", None)  # the service is no test: it is not strict

    def start(self, *arguments: str, **environment: str) -> subprocess.Popen[bytes]:
        """Start a Python process in the service's folder; its words go to a file beside the notes."""
        with (self.folder / "output.txt").open("ab") as output:
            return subprocess.Popen(
                [sys.executable, *arguments],
                cwd=self.folder,
                env={**self.environment, **environment},
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def run(self, program: str, *arguments: str, timeout: float = 60, **environment: str) -> tuple[int, float]:
        """Run one of the programs to its end; give its exit code and the seconds it took."""
        started = time.monotonic()
        process = self.start(str(PROGRAMS / program), *arguments, **environment)
        try:
            code = process.wait(timeout)
        except subprocess.TimeoutExpired:
            stop(process, signal.SIGKILL)
            raise AssertionError(f"{program} did not end in {timeout} s:\n{self.said()}") from None
        return code, time.monotonic() - started

    def said(self) -> str:
        """Give what the processes printed."""
        output = self.folder / "output.txt"
        return output.read_text(encoding="utf-8", errors="replace")[-6000:] if output.exists() else ""

    def taken(self) -> list[int]:
        """Read the numbers of the facts that the sink took, in the order in which they were noted."""
        if not self.notes.exists():
            return []
        lines = [line.split() for line in self.notes.read_text(encoding="ascii").splitlines()]
        return [int(number) for number, taken in lines if taken == "1"]

    def wait_for_notes(self, count: int, timeout: float = 60) -> None:
        """Wait until so many facts have been noted."""
        ends = time.monotonic() + timeout
        while len(self.taken()) < count:
            assert time.monotonic() < ends, f"{len(self.taken())} of {count} facts were noted:\n{self.said()}"
            time.sleep(0.05)

    def deliver(self, patience: float = 90) -> None:
        """Let the worker send what the outbox holds; a sink in memory has nothing more to say."""
        if not self.is_outbox:
            return
        ends = time.monotonic() + patience
        while True:
            process = self.start(
                *("-m", "tracked", "deliver", "--store", self.outbox, "--once"),
                *("--api-key", "faults-key", "--server-url", f"{self.destination.url}/2/httpapi"),
            )
            code = process.wait(120)
            if code == 0:
                return
            # 1: some events wait for a better moment.
            assert code == 1 and time.monotonic() < ends, self.said()
            time.sleep(0.5)

    def dead(self) -> int:
        """Count the dead letters of the outbox."""
        listed = subprocess.run(
            [sys.executable, "-m", "tracked", "deliver", "--store", self.outbox, "--dead"],
            cwd=self.folder, env=self.environment, capture_output=True, text=True, check=True,
        )  # fmt: skip
        return len(listed.stdout.splitlines())

    def tally(self, fault: str) -> Tally:
        """Deliver what is left and count; `fault` names the row of the table that docs/what-survives.md shows."""
        self.deliver()
        taken = set(self.taken())
        good = [event["event_properties"]["number"] for event in self.destination.good(fields=["event_properties"])]
        counted = set(good)
        tally = Tally(
            taken=len(taken),
            counted=len(taken & counted),
            lost=len(taken - counted),
            twice=len(good) - len(counted),
            sent_again=self.destination.stats()["duplicates"],
        )
        write_down(fault, self.sink, tally)
        return tally


def stop(process: subprocess.Popen[bytes], how: signal.Signals, timeout: float = 20) -> float:
    """Send a signal to the process (to its whole group for SIGKILL) and wait; give the seconds until its end."""
    started = time.monotonic()
    if how is signal.SIGKILL:
        os.killpg(process.pid, how)
    else:
        process.send_signal(how)
    try:
        process.wait(timeout)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        raise AssertionError(f"the process did not end in {timeout} s after {how.name}") from None
    return time.monotonic() - started
