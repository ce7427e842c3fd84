"""A kept-alive connection to one address, over urllib3, imported when the first
is made.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from contextlib import suppress
from importlib import import_module
from importlib.util import find_spec
from threading import Lock, Thread
from time import monotonic, sleep
from typing import Any, Final, NamedTuple, cast
from weakref import ref

from .process import after_fork

_LONGEST: Final = 4_000_000
"""Bytes of an answer that are read, at most."""
_LONGEST_WAIT: Final = 600.0
_IDLE: Final = 20
"""Looks in vain after which the watch ends; the next request starts another."""


class Answer(NamedTuple):
    """An answer that was read to its end.

    `body` is None when it is not a JSON object. `wait` is what `Retry-After` says, in
    seconds, else 0.
    """

    status: int
    body: dict[str, Any] | None
    wait: float


class Trouble(Exception):
    """No answer, or half of one; the text says in a word why."""


class Connection:
    """Sends requests to one address, one at a time, and keeps the connection between
    them.

    `timeout` is in seconds and bounds a request from its first byte to the last of its
    answer: a server that sends a byte now and then does not hold it longer. Proxies are
    what the environment says, as for urllib. A child process opens a connection of its
    own.
    """

    def __init__(self, url: str, timeout: float) -> None:
        if find_spec("urllib3") is None:
            raise ModuleNotFoundError(
                "sending over HTTP needs urllib3: pip install 'urllib3>=2'"
            )
        # Here and not in the thread that sends: a process that forks while a thread is
        # importing leaves its child with half a module, and a lock that nobody holds.
        for name in ("urllib3", "urllib.request", "encodings.idna"):
            import_module(name)
        self._url = url
        self._timeout = timeout
        self._manager: Any = None
        self._open: Any = None
        self._ends: float | None = None
        self._is_cut = False
        self._lock = Lock()
        self._watched = False
        self._process = os.getpid()
        after_fork(self._leave)

    def post(self, body: bytes, headers: Mapping[str, str]) -> Answer:
        """Send a body and read the answer; raises Trouble, and nothing else, when there
        is none.
        """
        if self._process != os.getpid():  # a fork that Python was not told of
            self._leave()
        try:
            if self._manager is None:
                self._manager = self._managed()
            self._ends = monotonic() + self._timeout
            self._is_cut = False
            self._watch()
            answer = self._exchange(body, headers)
        except Exception as error:
            raise Trouble("timeout" if self._is_cut else _word(error)) from error
        finally:
            self._ends = None
        if self._is_cut:  # a head that ends anywhere looks whole
            raise Trouble("timeout")
        return answer

    def close(self) -> None:
        """Close the connection; the next request opens another."""
        manager, self._manager, self._open = self._manager, None, None
        if manager is not None:
            manager.clear()

    def _exchange(self, body: bytes, headers: Mapping[str, str]) -> Answer:
        response: Any = self._manager.urlopen(
            "POST",
            self._url,
            body=body,
            headers=headers,
            retries=False,
            redirect=False,
            preload_content=False,
            decode_content=False,
        )
        data: bytes | None = None
        try:
            data = response.read(_LONGEST)
            if response.read(1):
                data = None
        finally:
            if data is None:
                response.close()
            else:
                response.release_conn()
        wait = response.headers.get("Retry-After", "")
        return Answer(
            response.status,
            None if data is None else _object(data),
            min(float(wait), _LONGEST_WAIT) if wait.isdecimal() else 0.0,
        )

    def _managed(self) -> Any:
        """Make what keeps the connection, and let it tell when it opens one."""
        urllib3: Any = import_module("urllib3")
        options = {"retries": False, "timeout": urllib3.Timeout(self._timeout)}
        proxy = _proxy_for(self._url)
        if proxy is None:
            manager = urllib3.PoolManager(**options)
        else:
            parsed = urllib3.util.parse_url(proxy)
            if parsed.auth is not None:
                headers = urllib3.make_headers(proxy_basic_auth=_plain(parsed.auth))
                options["proxy_headers"] = headers
            manager = urllib3.ProxyManager(proxy, **options)
        pool = manager.connection_from_url(self._url)
        base = pool.ConnectionCls
        keep = ref(self)

        def connect(connection: Any) -> None:
            keeper = keep()
            if keeper is not None:
                keeper._open = connection
            base.connect(connection)

        pool.ConnectionCls = type(base.__name__, (base,), {"connect": connect})
        return manager

    # --- the end of a request's time ---

    def _watch(self) -> None:
        with self._lock:
            if not self._watched:
                Thread(
                    target=_watch,
                    args=(ref(self), min(1.0, self._timeout / 4)),
                    name="trackside-watch",
                    daemon=True,
                ).start()
                self._watched = True  # not before: there may be too many threads

    def _cut(self) -> None:
        """Shut the socket down, so that whoever waits for it wakes up."""
        socket: Any = import_module("socket")
        opened: Any = getattr(self._open, "sock", None)
        if opened is not None:
            self._is_cut = True
            with suppress(OSError):
                # Not the TLS socket's own method, which pulls the ground from under
                # the thread that is reading.
                socket.socket.shutdown(opened, socket.SHUT_RDWR)

    def _leave(self) -> None:
        """Let go, in a child, of what is the parent's: without a word to the server."""
        opened: Any = getattr(self._open, "sock", None)
        self._manager = self._open = self._ends = None
        self._lock = Lock()
        self._watched = False
        self._process = os.getpid()
        if opened is not None:
            with suppress(OSError):
                os.close(opened.detach())


def _watch(connection: ref[Connection], interval: float) -> None:
    """Cut a request that takes too long; end when there has been none for a while."""
    idle = 0
    while True:
        sleep(interval)
        watched = connection()
        if watched is None:
            return
        ends = watched._ends  # pyright: ignore[reportPrivateUsage]
        idle = idle + 1 if ends is None else 0
        if ends is not None and monotonic() >= ends:
            watched._cut()  # pyright: ignore[reportPrivateUsage]
        if idle >= _IDLE:
            with watched._lock:  # pyright: ignore[reportPrivateUsage]
                if watched._ends is None:  # pyright: ignore[reportPrivateUsage]
                    watched._watched = False  # pyright: ignore[reportPrivateUsage]
                    return
        del watched


def _proxy_for(url: str) -> str | None:
    from urllib.parse import urlsplit
    from urllib.request import getproxies, proxy_bypass

    parts = urlsplit(url)
    host = parts.hostname or ""
    return None if proxy_bypass(host) else getproxies().get(parts.scheme)


def _plain(auth: str) -> str:
    from urllib.parse import unquote

    return unquote(auth)


def _object(data: bytes) -> dict[str, Any] | None:
    try:
        value = json.loads(data)
    except (ValueError, RecursionError):
        return None
    return cast("dict[str, Any]", value) if isinstance(value, dict) else None


_WORDS: Final = {
    "ConnectTimeoutError": "timeout",
    "ReadTimeoutError": "timeout",
    "NewConnectionError": "no_connection",
    "NameResolutionError": "no_connection",
    "ProxyError": "proxy",
    "SSLError": "tls",
    "IncompleteRead": "disconnected",
    "ProtocolError": "disconnected",
}


def _word(error: Exception) -> str:
    name = type(error).__name__
    return _WORDS.get(name, name)
