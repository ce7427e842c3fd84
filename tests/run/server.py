"""A PostgreSQL server of the tests' own: in a temporary folder, on a socket there, as a user who may."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from itertools import count
from pathlib import Path
from typing import Any

import psycopg


class Server:
    """A running server; `database()` makes an empty database and gives what connects to it."""

    def __init__(self) -> None:
        binaries = _binaries()
        self._numbers = count(1)
        self.folder = Path(tempfile.mkdtemp(prefix="trackside-pg-"))
        self._as: dict[str, Any] = {}
        if os.geteuid() == 0:
            # The server refuses to run as root.
            user = pwd.getpwnam("nobody")
            os.chown(self.folder, user.pw_uid, user.pw_gid)
            self._as = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
        self._program = binaries / "postgres"
        self._run(binaries / "initdb", "-D", "data", "-U", "tests", "-A", "trust", "-N", "-E", "UTF8", "--locale=C")
        self.process = self._started()

    def database(self) -> str:
        """Make an empty database."""
        name = f"test{next(self._numbers)}"
        with psycopg.connect(f"host={self.folder} user=tests dbname=postgres", autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")
        return f"postgresql://tests@/{name}?host={self.folder}"

    def restart(self) -> None:
        """End the server at once, with all its connections, and start it again."""
        self.process.send_signal(signal.SIGQUIT)
        self.process.wait(30)
        self.process = self._started()

    def stop(self) -> None:
        """End the server, and remove what it wrote."""
        self.process.send_signal(signal.SIGINT)
        self.process.wait(30)
        shutil.rmtree(self.folder)

    def _started(self) -> subprocess.Popen[bytes]:
        with (self.folder / "log").open("ab") as log:
            process = subprocess.Popen(
                [self._program, "-D", "data", "-k", str(self.folder), "-c", "listen_addresses=", "-c", "fsync=off"],
                cwd=self.folder,
                stdout=log,
                stderr=log,
                **self._as,
            )
        ends = time.monotonic() + 30
        while True:
            try:
                psycopg.connect(f"host={self.folder} user=tests dbname=postgres").close()
            except psycopg.OperationalError:
                if process.poll() is not None or time.monotonic() > ends:
                    process.kill()
                    process.wait()
                    raise AssertionError((self.folder / "log").read_text()) from None
                time.sleep(0.05)
            else:
                return process

    def _run(self, *command: str | Path) -> None:
        done = subprocess.run(command, cwd=self.folder, capture_output=True, text=True, check=False, **self._as)
        assert done.returncode == 0, done.stderr


def _binaries() -> Path:
    """Find the newest server: Debian keeps it off the path."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: float(path.parts[-3]))
    on_path = shutil.which("initdb")
    if not found and on_path is None:
        raise AssertionError("there is no PostgreSQL server here: install it (Debian, Ubuntu: apt install postgresql)")
    return found[-1].parent if found else Path(str(on_path)).resolve().parent
