"""The worker as a command: of the package, and of the compiler."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from importlib import import_module
from typing import TYPE_CHECKING

import pytest

from trackside.cli.call import parser

if TYPE_CHECKING:
    from pathlib import Path

    from tests.run.outbox.outbox import Outbox


def options_of(found: object) -> set[str]:
    """List the options of a parser."""
    return {option for action in found._actions for option in action.option_strings}  # type: ignore[attr-defined]


def trackside(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Call the compiler."""
    command = [sys.executable, "-m", "trackside", "deliver", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=60)


def test_the_compilers_command_takes_what_the_packages_takes(sqlite: Outbox) -> None:
    command = import_module("kept._runtime.deliver_command")
    (commands,) = (action for action in parser()._actions if action.dest == "==SUPPRESS==" or action.choices)
    assert isinstance(commands.choices, dict)
    ours = options_of(commands.choices["deliver"])
    theirs = command._parser("deliver", None)
    assert ours - {"--source"} == options_of(theirs), sqlite.kind
    said = {action.dest: action.help for action in commands.choices["deliver"]._actions}
    for name in ("batch", "lease", "window", "keep"):
        assert f"(default: {theirs.get_default(name):.4g})" in str(said[name])


def test_the_compilers_command_is_the_packages(sqlite: Outbox, compiled: Path) -> None:
    sqlite.emit(1, 2)
    arguments = ("--store", sqlite.place, "--api-key", "key", "--server-url", sqlite.destination.http_v2)
    done = trackside(compiled, *arguments, "--once", "--batch", "1", "--send-late")
    assert done.returncode == 0 and "sent 2, tried again 0" in done.stdout, done
    assert sorted(sqlite.arrived()) == [1, 2]
    assert trackside(compiled, "--source", "shop").returncode == 2
    assert "has no source in Python" not in trackside(compiled, *arguments, "--dead").stderr


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_worker_in_good_order(outbox: Outbox, number: signal.Signals) -> None:
    outbox.emit(1)
    worker = outbox.start_worker()
    outbox.destination.wait(1)
    outbox.emit(2)
    outbox.destination.wait(2)
    worker.send_signal(number)
    started = time.monotonic()
    assert worker.wait(20) == 0, outbox.processes_said()
    assert time.monotonic() - started < 5
    assert "sent 2, tried again 0, gave up 0; 0 wait" in outbox.processes_said()
    assert outbox.rows("SELECT count(*) FROM trackside_outbox WHERE sent_at IS NULL") == [(0,)]


def test_a_worker_in_the_middle_of_a_slow_request_ends_after_it(outbox: Outbox) -> None:
    outbox.emit(*range(10))
    outbox.destination.faults(delay=2.0, requests=1)
    worker = outbox.start_worker()
    ends = time.monotonic() + 20
    while not outbox.rows("SELECT 1 FROM trackside_outbox WHERE worker IS NOT NULL"):
        assert time.monotonic() < ends, outbox.processes_said()
        time.sleep(0.05)
    worker.terminate()
    assert worker.wait(20) == 0
    assert outbox.store.status().sent == 10 and len(outbox.arrived()) == 10


def test_a_wrong_call_says_what_would_do(sqlite: Outbox) -> None:
    for arguments, said in (
        (("--once",), "no outbox: give --store, or --setup"),
        (("--store", sqlite.place), "no API key: give --api-key or set OUTBOX_API_KEY"),
        (("--setup", "nothing"), "--setup is module:function"),
        (("--setup", "nothing:there"), "No module named 'nothing'"),
        (("--store", "/no/such/folder/outbox.db", "--once", "--api-key", "key"), "unable to open database file"),
        (("--store", "/no/such/folder/outbox.db", "--dead"), "there is no outbox at /no/such/folder/outbox.db"),
        (("--store", "mistyped.db", "--discard"), "mistyped.db"),
        (("--batch", "0"), "'0' is no number from 1 to 2000"),
        (("--lease", "soon"), "'soon' is no number above 0"),
    ):
        done = sqlite.command(*arguments)
        assert done.returncode == 2 and said in done.stderr, done
    for place in ("postgresql+psycopg://shop:secret@db/shop", "postgresql://shop:sec ret@db/shop"):
        done = sqlite.command("--store", place, "--dead")
        assert (done.returncode, "sec" in done.stderr + done.stdout) == (2, False), "a password is not shown"
        assert "postgresql://" in done.stderr or "connection string" in done.stderr
    for arguments in (("--lease", "0"), ("--batch", "3000"), ("--window", "nan"), ("--once", "--dead")):
        assert sqlite.command(*arguments).returncode == 2


def test_the_key_comes_from_the_plans_variable(sqlite: Outbox) -> None:
    sqlite.emit(1)
    done = sqlite.command(
        "--store", sqlite.place, "--server-url", sqlite.destination.http_v2, "--once", OUTBOX_API_KEY="key"
    )
    assert done.returncode == 0 and sqlite.arrived() == [1], done


def test_once_says_by_its_exit_code_that_something_waits(sqlite: Outbox) -> None:
    sqlite.emit(1)
    sqlite.destination.faults(status=500)
    there = ("--server-url", sqlite.destination.http_v2, "--api-key", "key")
    done = sqlite.command("--store", sqlite.place, "--once", *there)
    assert done.returncode == 1 and "1 wait" in done.stdout, done
