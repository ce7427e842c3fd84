"""The real servers and worker pools, under load: gunicorn, uvicorn, Celery."""

from __future__ import annotations

import http.client
import signal
import socket
import time
from contextlib import closing
from itertools import count
from threading import Event, Lock, Thread
from typing import TYPE_CHECKING

import pytest
from tests.run.faults.service import PROGRAMS, stop

if TYPE_CHECKING:
    import subprocess

    from tests.run.faults.service import Service


class Load:
    """Asks for one fact after another from several threads, until the block ends; nothing is asked twice."""

    def __init__(self, port: int, threads: int = 4) -> None:
        self._port = port
        self._numbers = count()
        self._lock = Lock()
        self._over = Event()
        self.answered = 0
        self._threads = [Thread(target=self._ask) for _ in range(threads)]

    def __enter__(self) -> Load:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()

    def wait_for(self, answers: int, timeout: float = 30) -> None:
        """Wait until so many requests more have been answered."""
        wanted, ends = self.answered + answers, time.monotonic() + timeout
        while self.answered < wanted:
            assert time.monotonic() < ends, f"{self.answered} of {wanted} requests were answered"
            time.sleep(0.02)

    def _ask(self) -> None:
        while not self._over.is_set():
            with self._lock:
                number = next(self._numbers)
            try:
                with closing(http.client.HTTPConnection("127.0.0.1", self._port, timeout=5)) as connection:
                    connection.request("GET", f"/?{number}")
                    status = connection.getresponse().status
            except (OSError, http.client.HTTPException):
                time.sleep(0.02)  # between two servers, or after the last
                continue
            if status == 200:
                with self._lock:
                    self.answered += 1


def free_port() -> int:
    """Find a port that nobody listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def wait_for_port(port: int, process: subprocess.Popen[bytes], service: Service) -> None:
    """Wait until somebody listens."""
    ends = time.monotonic() + 30
    while time.monotonic() < ends:
        assert process.poll() is None, service.said()
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise AssertionError(f"nobody listens:\n{service.said()}")


@pytest.mark.parametrize("worker", ["sync", "gthread"])
@pytest.mark.parametrize("preload", [False, True], ids=["no_preload", "preload"])
def test_gunicorn_under_load_with_a_reload_and_an_end(service: Service, preload: bool, worker: str) -> None:
    port = free_port()
    options = ["--bind", f"127.0.0.1:{port}", "--workers", "2", "--worker-class", worker, "--graceful-timeout", "10"]
    gunicorn = service.start("-m", "gunicorn", *options, *(["--preload"] if preload else []), "wsgi_app:app")
    try:
        wait_for_port(port, gunicorn, service)
        with Load(port) as load:
            load.wait_for(200)
            gunicorn.send_signal(signal.SIGHUP)
            load.wait_for(200)
            seconds = stop(gunicorn, signal.SIGTERM)
    finally:
        if gunicorn.poll() is None:
            stop(gunicorn, signal.SIGKILL)
    start = "gunicorn --preload" if preload else "gunicorn"
    tally = service.tally(f"{start}, {worker} workers: SIGHUP, then SIGTERM, under load")
    assert tally.taken >= load.answered >= 400
    assert (tally.lost, tally.twice, tally.sent_again) == (0, 0, 0), service.said()
    assert seconds < 15


def test_uvicorn_reloads_under_load(service: Service) -> None:
    port = free_port()
    watched = service.folder / "watched"
    watched.mkdir()
    (watched / "settings.py").write_text("first = 1\n", encoding="utf-8")
    uvicorn = service.start(
        *("-m", "uvicorn", "--port", str(port), "--reload", "--reload-dir", str(watched), "--log-level", "warning"),
        "asgi_app:app",
        FAULTS_INTERVAL="30",  # nothing is sent before the server ends
    )
    try:
        wait_for_port(port, uvicorn, service)
        with Load(port) as load:
            load.wait_for(150)
            (watched / "settings.py").write_text("second = 2\n", encoding="utf-8")
            time.sleep(2)
            load.wait_for(150)
            stop(uvicorn, signal.SIGTERM)
    finally:
        if uvicorn.poll() is None:
            stop(uvicorn, signal.SIGKILL)
    tally = service.tally("uvicorn --reload under load, then SIGTERM")
    assert tally.taken >= load.answered >= 300
    assert (tally.lost, tally.twice, tally.sent_again) == (0, 0, 0), service.said()


def test_celery_prefork_ends_in_the_middle(service: Service) -> None:
    for name in ("messages", "control"):
        (service.folder / "broker" / name).mkdir(parents=True)
    assert service.run(str(PROGRAMS / "celery_send.py"), "400")[0] == 0, service.said()
    worker = service.start(
        *("-m", "celery", "--app", "celery_app", "worker", "--pool", "prefork", "--concurrency", "2"),
        *("--loglevel", "warning", "--without-gossip", "--without-mingle", "--without-heartbeat"),
        FAULTS_INTERVAL="30",  # nothing is sent before the children end
    )
    try:
        service.wait_for_notes(150)
        stop(worker, signal.SIGTERM, timeout=40)
    finally:
        if worker.poll() is None:
            stop(worker, signal.SIGKILL)
    tally = service.tally("Celery prefork: SIGTERM in the middle")
    assert tally.taken >= 150
    assert (tally.lost, tally.twice, tally.sent_again) == (0, 0, 0), service.said()
