"""The sink over the vendor's own SDK, `amplitude-analytics`, which is imported at the
first event.

The SDK drops what it does not like without a word, so it gets nothing to dislike: each
event is a new object that carries the finished wire form, and the SDK queues, sends and
tries again. What it cannot do is survive the process: events in its memory are lost
when the process is killed, and after about ten seconds of outage.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from importlib import import_module
from importlib.util import find_spec
from threading import Condition, Thread
from time import monotonic
from typing import Any, Final

from .sinks import Listener, Outcome, WireEvent

EXIT_TIMEOUT: Final = 5.0
"""Seconds that the end of the interpreter waits for events that are still queued."""


class AmplitudeSink:
    """Sends events to one Amplitude project.

    `zone` is the project's region. `interval` is how many ms an event may wait for
    others; it also bounds how long the SDK's thread keeps a finished process alive.
    `server_url` overrides the vendor's address.
    """

    def __init__(
        self,
        api_key: str,
        *,
        zone: str = "US",
        server_url: str | None = None,
        interval: int = 1000,
        queue_size: int = 200,
        batch_api: bool = False,
    ) -> None:
        if find_spec("amplitude") is None:
            raise ModuleNotFoundError(
                "AmplitudeSink needs the vendor's SDK: pip install amplitude-analytics"
            )
        self._api_key = api_key
        self._options: dict[str, Any] = {
            "server_zone": zone.upper(),
            "server_url": server_url,
            "flush_interval_millis": interval,
            "flush_queue_size": queue_size,
            "use_batch": batch_api,
        }
        self._changed = Condition()
        self._listener: Listener | None = None
        self._client: Any = None
        self._event: Any = None
        self._storage: Any = None
        self._process = 0
        self._waiting = 0
        self._closed = False

    def report_to(self, listener: Listener) -> None:
        """Tell the listener what the vendor answered, from the SDK's threads."""
        self._listener = listener

    def accept(self, events: Sequence[WireEvent]) -> Outcome:
        """Queue the events."""
        with self._changed:
            if self._closed:
                return Outcome(dropped=(("sink_closed", len(events)),))
            if self._process != os.getpid():
                self._build()
            client, make = self._client, self._event
            self._waiting += len(events)
        for event in events:
            client.track(make(event))
        return Outcome(queued=len(events))

    def flush(self, timeout: float) -> bool:
        """Send what is queued; the SDK's own retries go on until the time is over."""
        with self._changed:
            client = self._client if self._process == os.getpid() else None
            if client is None or not self._waiting:
                return True
        client.flush()
        with self._changed:
            return self._changed.wait_for(lambda: not self._waiting, timeout)

    def close(self, timeout: float) -> bool:
        """Flush and stop the SDK's threads; what is left is lost and counted."""
        ends = monotonic() + timeout
        self.flush(timeout)
        with self._changed:
            if self._closed:
                return True
            self._closed = True
            client = self._client if self._process == os.getpid() else None
            storage = self._storage
        if client is None:
            return True
        # A last attempt that fails is not queued again: the SDK would stumble over it
        # when the interpreter ends.
        storage.push = _refuse
        # The SDK waits for uploads under way up to its time-out; the caller may not.
        stopping = Thread(target=client.shutdown, daemon=True)
        stopping.start()
        stopping.join(max(0.0, ends - monotonic()))
        storage.pull_all()
        with storage.lock:
            # Else the SDK's thread sleeps on, and the process with it.
            storage.lock.notify_all()
        with self._changed:
            lost, self._waiting = self._waiting, 0
            listener, self._listener = self._listener, None
        if lost and listener is not None:
            listener(Outcome(dropped=(("lost_at_close", lost),)))
        return not lost

    def _build(self) -> None:
        """Make a client for this process: one that was made before a fork has a thread
        that is not here.
        """
        sdk: Any = import_module("amplitude")
        storage: Any = import_module("amplitude.storage")
        self._storage = made = storage.InMemoryStorage()

        def get_storage(provider: object) -> Any:
            return made

        provider = type(
            "_Provider",
            (storage.StorageProvider,),
            {"get_storage": get_storage},
        )()
        configuration = sdk.Config(
            callback=self._answered,
            storage_provider=provider,
            event_log_level=sdk.EventLogLevel.NONE,
            **self._options,
        )
        self._event = _event_class(sdk.BaseEvent)
        self._client = sdk.Amplitude(self._api_key, configuration)
        self._waiting = 0
        self._process = os.getpid()
        _at_exit(lambda: self.close(EXIT_TIMEOUT))

    def _answered(self, event: Any, code: int, message: str | None) -> None:
        with self._changed:
            self._waiting = max(0, self._waiting - 1)
            if not self._waiting:
                self._changed.notify_all()
        self._tell(
            Outcome(sent=1)
            if 200 <= code < 300
            else Outcome(dropped=((f"amplitude_{code}", 1),))
        )

    def _tell(self, outcome: Outcome) -> None:
        listener = self._listener
        if listener is not None:
            listener(outcome)


def _refuse(event: object, delay: int = 0) -> tuple[bool, str]:
    return False, "closed"


def key_for(destination: str, given: str | None, variable: str | None) -> str:
    """Find the key of a destination: the one that is given, else the variable's.

    Raises ValueError, at the start of a process and not at the first event.
    """
    key = given or (os.environ.get(variable) if variable is not None else None)
    if not key:
        where = "" if variable is None else f", or set {variable}"
        raise ValueError(
            f"no API key for {destination}: give one{where}, or give a sink"
        )
    return key


def _event_class(base: Any) -> Any:
    """Derive an event from the SDK's that sends our wire form to the letter.

    The SDK's own would drop all properties for one list inside a list, drop null, and
    cut a field of the wrong type.
    """

    def start(self: Any, event: WireEvent) -> None:
        base.__init__(self, event["event_type"])
        members = self.__dict__
        for name in ("user_id", "device_id", "time", "insert_id"):
            members[name] = event.get(name)
        members["wire"] = event

    def copied(self: Any, _: object) -> Any:
        # The SDK copies every event deeply; nothing changes the wire form, so share it.
        twin = made.__new__(made)
        twin.__dict__.update(self.__dict__)
        return twin

    def body(self: Any) -> dict[str, Any]:
        return {**self.wire, "library": self.library}

    made: Any = type(
        "_WireEvent",
        (base,),
        {"__init__": start, "__deepcopy__": copied, "get_event_body": body},
    )
    return made


def _at_exit(close: Callable[[], object]) -> None:
    """Close before the interpreter waits for threads: atexit would run after the SDK's
    thread has slept its interval out.
    """
    threading: Any = import_module("threading")
    try:
        threading._register_atexit(close)
    except (AttributeError, RuntimeError):
        import_module("atexit").register(close)
