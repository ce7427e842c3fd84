"""A process that can start no more threads: it ends when it is told to, and is whole again when it can."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

import pytest
from generated.backend._runtime import connection as module
from tests.run.destination import Destination

ROOT = Path(__file__).resolve().parents[2]

FULL = {
    "none at all": "process.start_new_thread = refuse",
    "one more": "threading.Thread.start = refuse",
}
SCRIPT = """
import os, signal, sys, threading, time
from generated.backend._runtime import process

def refuse(*_, **__):
    raise RuntimeError("can't start new thread")

{handler}
flushed = []
for number in (1, 2):
    process.at_sigterm(lambda number=number: os.write(1, b"flushed "))
{full}
os.kill(os.getpid(), signal.SIGTERM)
time.sleep(5)
print("it goes on")
"""


@pytest.mark.parametrize("handler", ["", "signal.signal(signal.SIGTERM, lambda *_: sys.exit(7))"])
@pytest.mark.parametrize("full", FULL)
def test_sigterm_ends_a_process_that_can_start_no_thread(full: str, handler: str) -> None:
    script = SCRIPT.format(full=FULL[full], handler=handler)
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False, timeout=30
    )
    assert done.returncode == (7 if handler else -15), done.stdout + done.stderr
    assert done.stderr == ""
    if full == "one more":  # the one that there is flushes for all, while a handler of the program's goes on
        assert done.stdout == "flushed flushed " or handler
    else:
        assert done.stdout == ""


def test_a_watch_that_could_not_be_started_is_started_later(
    destination: Destination, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Refused(threading.Thread):
        def start(self) -> None:
            raise RuntimeError("can't start new thread")

    connection = module.Connection(destination.http_v2, timeout=0.8)
    with monkeypatch.context() as patched:
        patched.setattr(module, "Thread", Refused)
        with pytest.raises(module.Trouble, match="RuntimeError"):
            connection.post(b"{}", {})
    destination.faults(trickle=0.2)
    with pytest.raises(module.Trouble, match="timeout"):
        connection.post(b"{}", {})
    connection.close()
