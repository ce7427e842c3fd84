"""The connection of HttpSink: bounded in time, verified, kept, through a proxy."""

from __future__ import annotations

import gzip
import http.server
import json
import os
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from generated.backend._runtime.amplitude_http import Destination as Sender
from generated.backend._runtime.connection import Connection, Trouble
from generated.backend._runtime.http_sink import HttpSink
from tests.run.listening import Listening, event

CERTIFICATE = Path(__file__).parents[1] / "localhost.pem"


def test_a_trickling_head_is_cut_off() -> None:
    """Each byte comes in time; the whole would take minutes."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        ended = threading.Event()

        def serve() -> None:
            client, _ = server.accept()
            with client:
                client.sendall(b"HTTP/1.1 200 OK\r\nX-Slow: ")
                while not ended.wait(0.1):
                    try:
                        client.sendall(b"x")
                    except OSError:
                        return

        thread = threading.Thread(target=serve)
        thread.start()
        connection = Connection(f"http://127.0.0.1:{server.getsockname()[1]}/", timeout=1.0)
        began = time.monotonic()
        with pytest.raises(Trouble, match="timeout"):
            connection.post(b"{}", {})
        assert 0.9 < time.monotonic() - began < 2.5
        ended.set()
        thread.join()
        connection.close()


class Secure(http.server.ThreadingHTTPServer):
    """A destination behind TLS, with a certificate for localhost that nobody else trusts."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _SecureHandler)
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(CERTIFICATE)
        self.socket = context.wrap_socket(self.socket, server_side=True)
        self.events: list[Any] = []
        self.connections: set[Any] = set()
        self.trickle = False

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of clients that do not trust the certificate, or go."""


class _SecureHandler(http.server.BaseHTTPRequestHandler):
    server: Secure
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.headers["Content-Encoding"] == "gzip":
            body = gzip.decompress(body)
        self.server.connections.add(self.client_address)
        if self.server.trickle:
            for _ in range(100):
                self.wfile.write(b"H")
                time.sleep(0.1)
        self.server.events += json.loads(body)["events"]
        data = b'{"code": 200}'
        self.send_response(200)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def secure() -> Iterator[Secure]:
    server = Secure()
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


def test_tls_is_verified_kept_and_left_to_the_parent(
    secure: Secure, listening: Callable[..., Listening], monkeypatch: pytest.MonkeyPatch
) -> None:
    url = f"https://127.0.0.1:{secure.server_port}/2/httpapi"
    stranger = Sender("key", server_url=url).send([event(1)])
    assert (stranger.retry, stranger.trouble) == ((0,), "tls")
    monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATE))
    one = listening(url)
    for number in range(3):
        one.accept(event(number))
        assert one.sink.flush(5)
    assert len(secure.connections) == 1
    child = os.fork()
    if child == 0:
        one.sent = 0
        one.accept(event(3))
        os._exit(0 if one.sink.flush(5) and one.sent == 1 else 1)
    assert os.waitpid(child, 0)[1] == 0
    one.accept(event(4))
    assert one.sink.flush(5)
    assert len(secure.connections) == 2, "the child has its own, and has not ended its parent's"
    assert [found["insert_id"] for found in secure.events] == [f"fact-{number}" for number in range(5)]


def test_tls_is_cut_off_as_well(secure: Secure, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATE))
    secure.trickle = True
    sender = Sender("key", server_url=f"https://127.0.0.1:{secure.server_port}/2/httpapi", timeout=1.0)
    began = time.monotonic()
    verdict = sender.send([event(1)])
    assert (verdict.retry, verdict.trouble) == ((0,), "timeout")
    assert time.monotonic() - began < 2.5
    secure.trickle = False
    assert sender.send([event(1)]).sent == (0,)
    sender.close()


def test_the_environment_s_proxy_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, str | None]] = []

    class Proxy(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked.append((self.path, self.headers["Proxy-Authorization"]))
            data = json.dumps({"code": 200}).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, format: str, *args: object) -> None:
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Proxy) as proxy:
        threading.Thread(target=proxy.serve_forever, args=(0.01,), daemon=True).start()
        monkeypatch.setenv("http_proxy", f"http://me:p%40ss@127.0.0.1:{proxy.server_port}")
        monkeypatch.setenv("no_proxy", "elsewhere.example")
        sender = Sender("key", server_url="http://destination.example/2/httpapi")
        assert sender.send([event(1)]).sent == (0,)
        sender.close()
        proxy.shutdown()
    assert asked == [("http://destination.example/2/httpapi", "Basic bWU6cEBzcw==")]


def test_without_urllib3_the_sink_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("generated.backend._runtime.connection.find_spec", lambda _: None)
    with pytest.raises(ModuleNotFoundError, match="pip install 'urllib3>=2'"):
        HttpSink("key")
