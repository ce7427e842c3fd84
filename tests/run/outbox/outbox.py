"""One outbox under test, with the package that fills it and the worker that empties it."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.run.destination import Destination

HERE = Path(__file__).parent
PROGRAMS = HERE / "programs"
DEVICE = "device-4711"


class Outbox:
    """An outbox of one kind: `sqlite` or `postgresql`."""

    def __init__(
        self, kept: Any, kind: str, place: str, compiled: Path, destination: Destination, folder: Path
    ) -> None:
        self.kept = kept
        self.kind = kind
        self.place = place
        self.folder = folder
        self.destination = destination
        self._stores: list[Any] = []
        self.store: Any = self.open()
        self.sink: Any = kept.OutboxSink(self.store)
        self.tracker: Any = import_module("kept._client").TRACKER
        self.context: Any = kept.Context.anonymous(DEVICE)
        kept.configure(sink=self.sink, strict=False)
        self.environment = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join([str(PROGRAMS), str(compiled)]),
            "OUTBOX_PLACE": place,
        }
        self.environment.pop("PYTEST_CURRENT_TEST", None)  # a process of an application is no test: it is not strict
        self._processes: list[subprocess.Popen[bytes]] = []

    def open(self) -> Any:
        """Give the store once more, as another process would have it."""
        store: Any = self.kept.PostgreSQL(self.place) if self.kind == "postgresql" else self.kept.SQLite(self.place)
        self._stores.append(store)
        return store

    def emit(self, *numbers: int) -> list[Any]:
        """Emit facts; give the receipts."""
        return [self.kept.track.fact_recorded(number=number, context=self.context) for number in numbers]

    def event(self, insert_id: str, **members: Any) -> dict[str, Any]:
        """Make an event as a client would have sent it."""
        return {
            "event_type": "fact_recorded",
            "time": 1_700_000_000_000,
            "insert_id": insert_id,
            "device_id": DEVICE,
            "event_properties": {"number": 0},
            "ingestion_metadata": {"source_name": "test", "source_version": "1.0.0"},
            **members,
        }

    def worker(self, **options: Any) -> Any:
        """Make a worker, in this process."""
        deliver = import_module("kept._runtime.deliver")
        http = import_module("kept._runtime.amplitude_http")
        options.setdefault("say", self.said.append)
        destination = http.Destination("key", server_url=self.destination.http_v2)
        worker: Any = deliver.Worker(options.pop("store", self.store), destination, **options)
        return worker

    @contextmanager
    def delivering(self, *workers: Any) -> Iterator[None]:
        """Let workers run while the block does."""
        threads = [threading.Thread(target=worker.run, daemon=True) for worker in workers]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            for worker in workers:
                worker.stop()
            for thread in threads:
                thread.join(30)
                assert not thread.is_alive()

    @property
    def said(self) -> list[str]:
        """What workers of this process said."""
        return self.__dict__.setdefault("_said", [])

    def deliver(self, **options: Any) -> Any:
        """Let a worker try everything that is due once."""
        return self.worker(**options).run(once=True)

    def arrived(self) -> list[int]:
        """List the numbers of the facts that count at the destination."""
        return [event["event_properties"]["number"] for event in self.destination.good(fields=["event_properties"])]

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """Look into the tables."""
        if self.kind == "postgresql":
            psycopg: Any = import_module("psycopg")
            with psycopg.connect(self.place) as connection:
                return list(connection.execute(query).fetchall())
        sqlite3: Any = import_module("sqlite3")
        connection = sqlite3.connect(self.place)
        try:
            found = list(connection.execute(query).fetchall())
            connection.commit()
        finally:
            connection.close()
        return found

    def change(self, statement: str) -> None:
        """Change the tables, as time would."""
        self.rows(f"{statement} RETURNING 1")

    def drop_index(self, name: str) -> None:
        """Take an index away, as an older version did not have it."""
        with self.store._writing() as run:
            run(f"DROP INDEX {name}")

    # --- processes ---

    def start(self, *arguments: str, **environment: str) -> subprocess.Popen[bytes]:
        """Start a Python process; what it says goes to a file."""
        with (self.folder / "said.txt").open("ab") as said:
            process = subprocess.Popen(
                [sys.executable, *arguments],
                cwd=self.folder,
                env={**self.environment, **environment},
                stdout=said,
                stderr=said,
            )
        self._processes.append(process)
        return process

    def start_worker(self, *arguments: str) -> subprocess.Popen[bytes]:
        """Start a worker in a process of its own."""
        return self.start(
            *("-m", "kept", "deliver", "--store", self.place, "--api-key", "key"),
            *("--server-url", self.destination.http_v2, *arguments),
        )

    def command(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run the command of the worker to its end."""
        return subprocess.run(
            [sys.executable, "-m", "kept", "deliver", *arguments],
            cwd=self.folder,
            env={**self.environment, **environment},
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    def processes_said(self) -> str:
        """Give what the processes said."""
        path = self.folder / "said.txt"
        return path.read_text(encoding="utf-8", errors="replace")[-8000:] if path.exists() else ""

    def end(self) -> None:
        """End what still runs, and let go of the store."""
        for process in self._processes:
            if process.poll() is None:
                process.kill()
            process.wait()
        for store in self._stores:
            store.close()
