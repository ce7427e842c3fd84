"""What only a process of its own shows: terminals, pipes, signals, encodings."""

from __future__ import annotations

import os
import pty
import random
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tests.cli.calling import STARTER, environment, spawn

ESCAPE = "\x1b["
BROKEN = STARTER.replace("kind: page_view", "kind: page_veiw")


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """A folder with the starter plan."""
    (tmp_path / "tracking_plan.yaml").write_text(STARTER, encoding="utf-8")
    return tmp_path


def on_terminal(folder: Path, *arguments: str, **env: str) -> tuple[int, str]:
    """Run a call on a pseudo-terminal, and return its exit code and all that appeared there."""
    ours, theirs = pty.openpty()
    child = subprocess.Popen(
        [sys.executable, "-m", "trackside", *arguments],
        cwd=folder,
        env=environment(**{"TERM": "xterm", **env}),
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    )
    os.close(theirs)
    parts = []
    while True:
        try:
            part = os.read(ours, 65536)
        except OSError:  # the terminal is closed: the child has ended
            break
        if not part:
            break
        parts.append(part)
    os.close(ours)
    return child.wait(), b"".join(parts).decode()


@pytest.mark.parametrize(
    ("flags", "env", "colored"),
    [
        ([], {}, True),
        ([], {"NO_COLOR": "1"}, False),
        ([], {"NO_COLOR": ""}, True),
        ([], {"NO_COLOR": "1", "FORCE_COLOR": "1"}, False),
        ([], {"TERM": "dumb"}, False),
        (["--color", "never"], {"FORCE_COLOR": "1"}, False),
        (["--color", "always"], {"NO_COLOR": "1"}, True),
    ],
)
def test_colours_on_a_terminal(shop: Path, flags: list[str], env: dict[str, str], colored: bool) -> None:
    (shop / "tracking_plan.yaml").write_text(BROKEN, encoding="utf-8")
    code, seen = on_terminal(shop, "check", *flags, **env)
    assert code == 1
    assert "wrong-value" in seen
    assert (ESCAPE in seen) is colored


@pytest.mark.parametrize(
    ("flags", "env", "colored"),
    [
        ([], {}, False),
        ([], {"FORCE_COLOR": "1"}, True),
        ([], {"FORCE_COLOR": "0"}, False),
        ([], {"FORCE_COLOR": "1", "NO_COLOR": "1"}, False),
        (["--color=always"], {}, True),
    ],
)
def test_colours_in_a_pipe(shop: Path, flags: list[str], env: dict[str, str], colored: bool) -> None:
    (shop / "tracking_plan.yaml").write_text(BROKEN, encoding="utf-8")
    said = spawn(shop, "check", *flags, env=environment(**env))
    assert said.code == 1
    assert (ESCAPE in said.out) is colored
    assert re.sub(r"\x1b\[[0-9;]*m", "", said.out) == spawn(shop, "check").out


def test_python_m_trackside_is_the_command(shop: Path) -> None:
    assert spawn(shop, "check").code == 0
    said = spawn(shop, "bild")
    assert said.code == 2
    assert said.err.startswith("usage: trackside ")


@pytest.mark.parametrize(("call", "code"), [("explain", 0), ("schema", 0), ("check", 1), ("check other.yaml", 0)])
def test_a_reader_that_leaves_early_is_no_error(shop: Path, call: str, code: int) -> None:
    """`trackside explain | head -n 1`: the exit code is that of the call, whatever was read of it."""
    (shop / "tracking_plan.yaml").write_text(BROKEN, encoding="utf-8")
    (shop / "other.yaml").write_text(STARTER, encoding="utf-8")
    child = subprocess.Popen(
        [sys.executable, "-m", "trackside", *call.split()],
        cwd=shop,
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert child.stdout is not None
    assert child.stderr is not None
    child.stdout.close()
    assert b"trackside:" not in child.stderr.read()
    child.stderr.close()
    assert child.wait() == code


@pytest.mark.parametrize("call", ["explain", "explain type-cycle", "schema", "check", "check --format json"])
def test_output_that_cannot_be_written_is_said(shop: Path, call: str) -> None:
    (shop / "tracking_plan.yaml").write_text(BROKEN, encoding="utf-8")
    arguments = [sys.executable, "-m", "trackside", *call.split()]
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            arguments, cwd=shop, env=environment(), stdout=full, stderr=subprocess.PIPE, text=True, check=False
        )
    assert (done.returncode, done.stderr) == (
        2,
        "trackside: standard output cannot be written: No space left on device\n",
    )


@pytest.mark.parametrize(("call", "code"), [("explain", 0), ("schema", 0), ("check", 0), ("build", 0), ("bild", 2)])
@pytest.mark.parametrize("closed", [">&-", "2>&-", ">&- 2>&-"])
def test_output_may_be_closed(shop: Path, call: str, code: int, closed: str) -> None:
    done = subprocess.run(
        ["bash", "-c", f'"$0" -m trackside {call} {closed}', sys.executable],
        cwd=shop,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == code
    assert "Traceback" not in done.stderr
    assert "failed" not in done.stderr


def test_what_a_terminal_cannot_show_is_shown_by_its_number(shop: Path) -> None:
    (shop / "tracking_plan.yaml").write_text(BROKEN.replace("page_veiw", "page_véiw"), encoding="utf-8")
    said = spawn(shop, "check", env=environment(PYTHONIOENCODING="ascii", PYTHONUTF8="0", LC_ALL="C"))
    assert said.code == 1
    assert "page_v\\xe9iw" in said.out
    assert "Traceback" not in said.err


def test_a_folder_whose_name_is_no_text(shop: Path) -> None:
    folder = Path(os.fsdecode(os.fsencode(shop) + b"/caf\xe9"))
    folder.mkdir()
    (folder / "tracking_plan.yaml").write_text(STARTER, encoding="utf-8")

    def code(*arguments: str) -> int:
        done = subprocess.run(
            [sys.executable, "-m", "trackside", *arguments, str(folder)],
            cwd=shop,
            env=environment(),
            capture_output=True,
            check=False,
        )
        assert b"Traceback" not in done.stderr
        assert b"failed" not in done.stderr
        return done.returncode

    assert [code("check"), code("build"), code("build", "--check"), code("build", "--check", "--only", "web")] == [
        0
    ] * 4
    (folder / "generated/web/index.js").write_text("mine\n", encoding="utf-8")
    assert [code("build", "--check"), code("build"), code("build", "--force")] == [1, 1, 0]


@pytest.mark.parametrize("seed", range(3))
def test_a_build_killed_at_any_time_is_put_in_order_by_the_next(shop: Path, seed: int) -> None:
    """The moment is left to chance; tests/output/crash_test.py goes through every one."""
    began = time.monotonic()
    assert spawn(shop, "build").code == 0
    whole = time.monotonic() - began
    plan = shop / "tracking_plan.yaml"
    plan.write_text(STARTER.replace("page_viewed", "page_seen"), encoding="utf-8")
    child = subprocess.Popen(
        [sys.executable, "-m", "trackside", "build"], cwd=shop, env=environment(), stderr=subprocess.DEVNULL
    )
    time.sleep(random.Random(seed).uniform(0.5, 1.0) * whole)
    child.send_signal(signal.SIGKILL)
    child.wait()
    assert spawn(shop, "build", "--check").code in {0, 1}
    assert spawn(shop, "build").code == 0
    assert spawn(shop, "build", "--check").code == 0
    assert [path.name for path in shop.rglob("*.tmp")] == []
    assert (shop / "generated/docs/events/page_seen.md").exists()
    assert not (shop / "generated/docs/events/page_viewed.md").exists()


class Watching:
    """A `build --watch` that runs."""

    def __init__(self, folder: Path) -> None:
        self._log = folder.parent / "watch.log"
        with self._log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "trackside", "build", "--watch"],
                cwd=folder,
                env=environment(PYTHONUNBUFFERED="1"),
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                # A shell has what it runs in the background ignore Ctrl-C, the tests and their children too.
                preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509 - one thread starts it
            )

    def said(self) -> list[str]:
        """List the lines so far."""
        return self._log.read_text(encoding="utf-8").splitlines()

    def wait_for(self, words: str, times: int = 1) -> None:
        """Wait until some words were said so many times."""
        deadline = time.monotonic() + 60
        while sum(words in line for line in self.said()) < times:
            assert time.monotonic() < deadline, self.said()
            assert self.process.poll() is None, self.said()
            time.sleep(0.05)


def test_watch_builds_on_every_change_and_ends_cleanly(tmp_path: Path) -> None:
    shop = tmp_path / "shop"
    (shop / "plan").mkdir(parents=True)
    plan = shop / "tracking_plan.yaml"
    plan.write_text(STARTER + "\ninclude: [plan/*.yaml]\n", encoding="utf-8")
    (shop / "plan/one.yaml").write_text("events:\n  one_seen: {description: One., kind: click}\n", encoding="utf-8")
    watching = Watching(shop)
    try:
        watching.wait_for("wrote ")
        text = plan.read_text(encoding="utf-8")

        plan.write_text(text.replace("A page became visible.", "A page was seen."), encoding="utf-8")
        watching.wait_for("wrote ", 2)
        assert "A page was seen." in (shop / "generated/docs/events/page_viewed.md").read_text(encoding="utf-8")

        plan.write_text(text.replace("kind: page_view", "kind: page_veiw"), encoding="utf-8")
        watching.wait_for("nothing was written")
        assert any("wrong-value" in line for line in watching.said())

        plan.unlink()
        watching.wait_for("nothing was written", 2)
        time.sleep(1.2)
        assert sum("nothing was written" in line for line in watching.said()) == 2, "one build for one change"

        plan.write_text(text, encoding="utf-8")
        watching.wait_for("wrote ", 3)
        (shop / "plan/two.yaml").write_text("events:\n  two_seen: {description: Two., kind: click}\n", encoding="utf-8")
        watching.wait_for("wrote ", 4)
        assert (shop / "generated/docs/events/two_seen.md").exists()

        plan.touch()
        time.sleep(1.2)
        assert sum("wrote " in line or "what it compiles to" in line for line in watching.said()) == 4
        watching.process.send_signal(signal.SIGINT)
        assert watching.process.wait(timeout=20) == 0
        assert not any("Traceback" in line for line in watching.said())
    finally:
        watching.process.kill()
        watching.process.wait()
    assert spawn(shop, "build", "--check").code == 0
