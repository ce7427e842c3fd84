"""The sink over the vendor's own SDK, `amplitude-analytics`, which is imported when a
sink is made.

The SDK drops what it does not like without a word, so it gets nothing to dislike: each
event is a new object that carries the finished wire form, and the SDK queues, sends and
tries again. Here it is bounded, made anew after a fork, ended in time, and every event
gets an answer that is counted. What it cannot do is survive the process: events in its
memory are lost when the process is killed, and after about ten seconds of outage.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Sequence
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from threading import Condition, Thread
from time import monotonic
from typing import Any, Final

from .process import (
    EXIT_TIMEOUT,
    after_fork,
    at_sigterm,
    before_threads_end,
    install_again,
)
from .sinks import Listener, Outcome, WireEvent


class AmplitudeSink:
    """Sends events to one Amplitude project.

    `zone` is the project's region. `interval` is how many ms an event may wait for
    others. `batch_size` events make a request, unless fewer wait when the interval is
    over. At most `queue_size` events are held: what comes then is dropped as
    `buffer_full`. `server_url` overrides the vendor's address.
    """

    durable: Final = False

    def __init__(
        self,
        api_key: str,
        *,
        zone: str = "US",
        server_url: str | None = None,
        interval: int = 1000,
        batch_size: int = 200,
        queue_size: int = 20_000,
        batch_api: bool = False,
    ) -> None:
        if find_spec("amplitude") is None:
            raise ModuleNotFoundError(
                "AmplitudeSink needs the vendor's SDK: pip install amplitude-analytics"
            )
        import_module("amplitude")
        self._api_key = api_key
        self._limit = queue_size
        self._options: dict[str, Any] = {
            "server_zone": zone.upper(),
            "server_url": server_url,
            "flush_interval_millis": interval,
            "flush_queue_size": batch_size,
            "use_batch": batch_api,
        }
        self._listener: Listener | None = None
        self._event: Any = None
        self._closed = False
        self._begin()
        after_fork(self._begin)
        before_threads_end(self._at_exit)
        at_sigterm(self._at_sigterm)

    def _begin(self) -> None:
        """Start without a client. That of a parent process has threads that are not
        here, locks that may be held, and events that the parent sends itself.
        """
        self._changed = Condition()
        self._client: Any = None
        self._storage: Any = None
        self._process = os.getpid()
        self._waiting = 0
        self._hurry = False

    def report_to(self, listener: Listener) -> None:
        """Tell the listener what the vendor answered, from the SDK's threads."""
        self._listener = listener

    def accept(self, events: Sequence[WireEvent]) -> Outcome:
        """Queue the events."""
        if self._process != os.getpid():
            self._begin()
        number = len(events)
        with self._changed:
            if self._closed:
                return Outcome(dropped=(("sink_closed", number),))
            taken = min(number, max(0, self._limit - self._waiting))
            if taken and self._client is None:
                self._build()
            client: Any = self._client
            make = self._event
            self._waiting += taken
        for event in events[:taken]:
            client.track(make(event))
        if self._hurry:
            client.flush()
        if taken < number:
            return Outcome(taken, 0, (("buffer_full", number - taken),))
        return Outcome(taken)

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

    def _at_exit(self) -> None:
        # The SDK's thread is one that the interpreter waits for: it has to end first.
        self.close(EXIT_TIMEOUT)

    def _at_sigterm(self) -> None:
        # Requests that are ending have events too, and nobody says when all is over.
        self._hurry = True
        self.flush(EXIT_TIMEOUT)

    def _build(self) -> None:
        """Make a client for this process."""
        sdk: Any = import_module("amplitude")
        storages: Any = import_module("amplitude.storage")
        storage = storages.InMemoryStorage()

        def get_storage(provider: object) -> Any:
            return storage

        provider = type(
            "_Provider", (storages.StorageProvider,), {"get_storage": get_storage}
        )()
        configuration = sdk.Config(
            callback=self._answered,
            storage_provider=provider,
            event_log_level=sdk.EventLogLevel.NONE,
            **self._options,
        )
        # The SDK would shut every client down at the end of every process, a parent's
        # client in the child as well, and send the parent's events from there.
        unhooked = {"_register_on_exit": _nothing}
        client: Any = type("_Client", (sdk.Amplitude,), unhooked)(
            self._api_key, configuration
        )
        send = storage.workers.send
        storage.workers.send = partial(self._send, storage, send)
        self._event = _event_class(sdk.BaseEvent)
        self._storage, self._client = storage, client
        install_again()

    def _send(self, storage: Any, send: Any, events: list[Any]) -> None:
        """Have the SDK send a batch, and see to it that each event is answered or
        queued again.

        It would forget a batch whose answer it cannot read, or whose key is refused.
        """
        tries = [event.retry for event in events]
        for event in events:
            event.answered = False
        try:
            send(events)
        except Exception:
            reason = "unreadable"
        else:
            reason = "invalid_api_key"
        lost: Counter[str] = Counter()
        for event, tried in zip(events, tries, strict=True):
            if event.answered or event.retry > tried:
                continue
            if reason == "unreadable":
                if not _is_json(event.wire):
                    lost["unencodable"] += 1
                    continue
                event.retry += 1
                if storage.push(event)[0]:
                    continue
            lost[f"amplitude_{reason}"] += 1
        if lost:
            self._settle(lost.total(), Outcome(dropped=tuple(lost.items())))

    def _answered(self, event: Any, code: int, message: str | None) -> None:
        event.answered = True
        sent = 200 <= code < 300
        reason = f"amplitude_{code}" if code > 0 else "amplitude_no_connection"
        self._settle(1, Outcome(sent=1) if sent else Outcome(dropped=((reason, 1),)))

    def _settle(self, number: int, outcome: Outcome) -> None:
        with self._changed:
            if self._waiting < number:
                return  # counted as lost when the sink was closed
            self._waiting -= number
            if not self._waiting:
                self._changed.notify_all()
            listener = self._listener
        if listener is not None:
            listener(outcome)


def _is_json(value: object) -> bool:
    try:
        json.dumps(value)
    except Exception:
        return False
    return True


def _nothing(client: object) -> None:
    """Stand for a hook that is not wanted."""


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
