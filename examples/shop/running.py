"""Run the shop's processes together: the local destination, the server, and the worker that empties the outbox."""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO, Any, Final

from generated.backend import SQLite

ROOT: Final = Path(__file__).resolve().parents[2]
PLAN: Final = ROOT / "tracking_plan.yaml"


class Running:
    """The shop while it runs: its addresses, and what the destination has."""

    def __init__(self, shop: str, destination: str, environment: dict[str, str], log: Path) -> None:
        self.shop = shop
        self.destination = destination
        self.environment = environment
        """What another process of the shop needs, such as the nightly job."""
        self.log = log
        """What the processes say of their troubles, where they are quiet."""

    @property
    def webhook_secret(self) -> str:
        """What the world outside signs with."""
        return self.environment["SHOP_WEBHOOK_SECRET"]

    def ask(self, path: str, timeout: float = 40) -> Any:
        """Ask the destination."""
        with urllib.request.urlopen(self.destination + path, timeout=timeout) as answer:
            return json.load(answer)

    def ask_to(self, path: str) -> None:
        """Ask the destination to do something."""
        urllib.request.urlopen(urllib.request.Request(self.destination + path, method="POST"), timeout=10).close()

    def wait(self, count: int, timeout: float = 20.0) -> dict[str, Any]:
        """Wait for so many events; what came says `reached`."""
        stats: dict[str, Any] = self.ask(f"/wait?count={count}&timeout={timeout}", timeout + 10)
        return stats

    def settle(self, timeout: float = 20.0) -> None:
        """Wait until the worker has emptied the outbox."""
        ends = time.monotonic() + timeout
        store = SQLite(self.environment["SHOP_DATABASE"])
        while store.status().waiting:
            if time.monotonic() > ends:
                raise TimeoutError(f"{store.status().waiting} events are still in the outbox")
            time.sleep(0.05)
        store.close()

    def nightly(self, run: int = 1) -> str:
        """Run the nightly job, and give what it says."""
        command = [sys.executable, "-m", "examples.shop.nightly", "--run", str(run)]
        return subprocess.run(
            command, cwd=ROOT, env=self.environment, capture_output=True, text=True, check=True, timeout=60
        ).stdout.strip()


@contextmanager
def running(
    folder: Path, *, shop: int = 0, destination: int = 0, parcel_seconds: float = 0, quiet: bool = True
) -> Iterator[Running]:
    """Run all of it, with its data in a folder, on these ports (0: any free one). When the block ends, so do they."""
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "compiler")]),
        "SHOP_DATABASE": str(folder / "shop.db"),
        "SHOP_SECRET": os.environ.get("SHOP_SECRET") or secrets.token_hex(32),
        "SHOP_WEBHOOK_SECRET": os.environ.get("SHOP_WEBHOOK_SECRET") or secrets.token_hex(16),
        "SHOP_PARCEL_SECONDS": str(parcel_seconds),
        "TRACKSIDE_STRICT": "0",
    }
    log = folder / "errors.log"
    with ExitStack() as stack:
        said = stack.enter_context(log.open("a", encoding="utf-8"))

        def start(ready: str, *arguments: object) -> str:
            """Start one process, and give the end of its first line, which begins so once it is ready."""
            # A session of its own: Ctrl-C is for us, and we end them in their order.
            process = subprocess.Popen(
                [sys.executable, "-m", *map(str, arguments)],
                cwd=ROOT,
                env=environment,
                text=True,
                stdout=subprocess.PIPE,
                stderr=said if quiet else subprocess.STDOUT,
                start_new_session=True,
            )
            stack.callback(_end, process)
            assert process.stdout is not None
            line = process.stdout.readline()
            if not line.startswith(ready):
                raise RuntimeError(f"did not start: {' '.join(map(str, arguments))}\n{line}{log.read_text()}")
            # Nobody may wait for us to read.
            threading.Thread(target=_read, args=(process.stdout, quiet), daemon=True).start()
            return line.removeprefix(ready).strip()

        collecting = start("collecting at ", "trackside", "collect", "--port", destination, PLAN)
        serving = start("shop at ", "examples.shop.serve", "--port", shop)
        worker = ("generated.backend", "deliver", "--store", environment["SHOP_DATABASE"], "--api-key", "local")
        start("deliver from ", *worker, "--server-url", f"{collecting}/2/httpapi")
        yield Running(serving, collecting, environment, log)


def _end(process: subprocess.Popen[str]) -> None:
    """End a process, gently first."""
    process.terminate()
    try:
        process.wait(timeout=15)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _read(said: IO[str], quiet: bool) -> None:
    with said:
        for line in said:
            if not quiet:
                print(line, end="", flush=True)
