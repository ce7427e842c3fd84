"""Progress on a terminal, and silence elsewhere."""

from __future__ import annotations

import io
import os
import pty
import select
import time

import pytest

from trackside.cli.console import Progress


def read_all(descriptor: int) -> bytes:
    """Read what has appeared on a terminal so far."""
    seen = b""
    while select.select([descriptor], [], [], 0.1)[0]:
        seen += os.read(descriptor, 65536)
    return seen


def test_progress_is_shown_once_the_work_takes_long_and_is_taken_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    ours, theirs = pty.openpty()
    with os.fdopen(theirs, "w") as terminal:
        progress = Progress(terminal)
        progress.file(1)
        progress.clear()
        assert read_all(ours) == b""
        time.sleep(0.55)
        for number in range(1000, 1200):
            progress.file(number)
        assert read_all(ours) == b"\r1,000 files ", "not for every file"
        progress.clear()
        assert read_all(ours) == b"\r\x1b[K"
        progress.clear()
        assert read_all(ours) == b""
    os.close(ours)


def test_progress_is_silent_in_a_file() -> None:
    stream = io.StringIO()
    progress = Progress(stream)
    time.sleep(0.55)
    progress.file(1000)
    progress.clear()
    assert stream.getvalue() == ""


def test_progress_is_silent_on_a_terminal_that_cannot_go_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "dumb")
    ours, theirs = pty.openpty()
    with os.fdopen(theirs, "w") as terminal:
        progress = Progress(terminal)
        time.sleep(0.55)
        progress.file(1000)
        progress.clear()
        assert read_all(ours) == b""
    os.close(ours)
