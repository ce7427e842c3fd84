"""The local destination as tests see it: `trackside collect` in a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlencode

ROOT = Path(__file__).resolve().parents[2]


class Destination:
    """A running `trackside collect`.

    `url` is its address without a path; `http_v2`, `batch` and `identify` are where to send. Any API key is right,
    unless the process was started with `--key`.
    """

    def __init__(self, *arguments: str) -> None:
        command = [sys.executable, "-m", "trackside", "collect", "--port", "0", *arguments]
        self.process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line.startswith("collecting at "):
            _, said = self.process.communicate(timeout=10)
            raise AssertionError(f"the local destination did not start:\n{line}{said}")
        self.url = line.split()[-1]
        self.http_v2 = f"{self.url}/2/httpapi"
        self.batch = f"{self.url}/batch"
        self.identify = f"{self.url}/identify"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.stop()

    def stop(self) -> str:
        """End the process, and return what it said at the end."""
        if self.process.poll() is None:
            self.process.terminate()
        try:
            _, said = self.process.communicate(timeout=20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.communicate()
            raise
        return said

    def good(self, event: str | None = None, *, fields: Sequence[str] = ()) -> list[dict[str, Any]]:
        """List the events that count, in the order in which they came: the first of each insert_id and device.

        With `event`, those of one type. With `fields`, only these members of each: for many events.
        """
        return self._listed("good", event, fields)

    def bad(self, event: str | None = None) -> list[dict[str, Any]]:
        """List the events that break the plan or that a 400 named, as `{"event", "reasons", "refused"}`."""
        return self._listed("bad", event, ())

    def duplicates(self, event: str | None = None, *, fields: Sequence[str] = ()) -> list[dict[str, Any]]:
        """List the events that came once more."""
        return self._listed("duplicates", event, fields)

    def stats(self) -> dict[str, Any]:
        """Count what came: `good`, `bad`, `duplicates`, `refused`, `connections`, `requests` by status, `by_event`."""
        stats: dict[str, Any] = self.ask("/stats")
        return stats

    def wait(self, count: int = 1, timeout: float = 20.0, *, sort: str = "good") -> dict[str, Any]:
        """Wait until at least `count` good events have come; fail when they have not after `timeout` seconds."""
        stats: dict[str, Any] = self.ask(f"/wait?count={count}&timeout={timeout}&sort={sort}", timeout=timeout + 10)
        assert stats["reached"], f"waited {timeout} s for {count} {sort} events: {stats}"
        return stats

    def faults(self, *faults: Mapping[str, Any], **fault: Any) -> None:
        """Set what goes wrong with the next requests, in place of all that was set; nothing takes all away.

        The members of a fault are those of `trackside.collect.faults.Fault`: `faults(status=503, requests=2)`,
        `faults(answer="reset", take=True)`, `faults({"status": 429, "requests": 1}, {"delay": 2.0})`.
        """
        self.ask("/faults", [*faults, *([fault] if fault else [])])

    def clock(self, ahead: float) -> None:
        """Set the destination's clock ahead of this machine's, by seconds."""
        self.ask("/clock", {"ahead": ahead})

    def reset(self) -> None:
        """Forget all events and faults."""
        self.ask("/reset", {})

    def ask(self, path: str, body: object = None, *, timeout: float = 30.0) -> Any:
        """Ask for a path, by POST when there is a body, and read the answer."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data, {"content-type": "application/json"})
        with urllib.request.urlopen(request, timeout=timeout) as answer:
            return json.load(answer)

    def _listed(self, sort: str, event: str | None, fields: Sequence[str]) -> list[dict[str, Any]]:
        query = {"fields": ",".join(fields)} | ({} if event is None else {"event": event})
        rows: list[dict[str, Any]] = self.ask(f"/{sort}?{urlencode(query)}", timeout=120)
        forgotten = self.stats()["forgotten"]
        assert not forgotten, f"{forgotten} events were more than the destination keeps"
        return rows
