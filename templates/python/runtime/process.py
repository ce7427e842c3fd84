"""What happens to a process, and who wants to know: forks, its regular end, SIGTERM.

Everything here is installed once for each process, at the first use, and keeps sinks
only weakly. Nothing is called while a lock of this module is held: there is none, since
a fork may copy a held lock and a signal may interrupt its holder.
"""

from __future__ import annotations

import os
import sys
from _thread import start_new_thread
from collections.abc import Callable
from importlib import import_module
from itertools import count
from typing import Any, Final, TypeAlias
from weakref import ref

Callback: TypeAlias = Callable[[], object]

EXIT_TIMEOUT: Final = 5.0
"""Seconds that the end of a process waits for events that are still queued."""


class _Callbacks:
    """Callbacks in the order in which they came. Methods are kept weakly: their object
    goes when nobody else wants it.
    """

    def __init__(self) -> None:
        self._numbers = count()
        self._kept: dict[int, Callable[[], Callback | None]] = {}

    def add(self, callback: Callback) -> None:
        number = next(self._numbers)
        if getattr(callback, "__self__", None) is None:
            self._kept[number] = lambda: callback
            return
        method: Any = callback
        function = method.__func__

        def forget(_: object) -> None:
            self._kept.pop(number, None)

        # Not a `WeakMethod`: its own callback stumbles at the end of the interpreter.
        owner = ref(method.__self__, forget)

        def bound() -> Callback | None:
            found = owner()
            return None if found is None else function.__get__(found)

        self._kept[number] = bound

    def latest_first(self) -> list[Callback]:
        found = [reference() for reference in list(self._kept.values())]
        return [callback for callback in reversed(found) if callback is not None]

    def call(self) -> None:
        """Call all, the latest first; one that fails does not keep the others."""
        for callback in self.latest_first():
            try:
                callback()
            except Exception as error:
                warn(f"at the end of the process: {error!r}")


_in_child: Final = _Callbacks()
_before_threads: Final = _Callbacks()
_at_exit: Final = _Callbacks()
_at_sigterm: Final = _Callbacks()
_installed: Final[set[str]] = set()


def after_fork(callback: Callback) -> None:
    """Call back in each child, before anything else runs in it.

    The child has one thread, and locks that other threads held stay held: make new
    ones. Sockets are the parent's.
    """
    if "fork" not in _installed:
        _installed.add("fork")
        register: Any = getattr(os, "register_at_fork", None)
        if register is not None:  # Windows has no fork
            register(after_in_child=_in_child.call)
    _in_child.add(callback)


def at_exit(close: Callback) -> None:
    """Call back at the regular end of the process, when all threads but daemons have
    ended: after `sys.exit` and an unhandled exception, not after `os._exit`.
    """
    if "exit" not in _installed:
        _installed.add("exit")
        import_module("atexit").register(_at_exit.call)
    _at_exit.add(close)


def before_threads_end(flush: Callback) -> None:
    """Call back when the main thread has ended, before the other threads are waited
    for.

    It is also the last that a child of `multiprocessing` or of Celery's prefork pool
    hears: it ends by `os._exit`.
    """
    if "threads" not in _installed:
        _installed.add("threads")
        threading: Any = import_module("threading")
        # The latest is called first, and this one stops the pool that the vendor's SDK
        # sends with: it has to be earlier than ours.
        import_module("concurrent.futures.thread")
        try:
            # What concurrent.futures uses as well; atexit would be too late.
            threading._register_atexit(_before_threads.call)
        except (AttributeError, RuntimeError):
            import_module("atexit").register(_before_threads.call)
    _install_celery()
    _before_threads.add(flush)


def install_again() -> None:
    """Install, in a process that begins to send, what was not there before: modules
    come later, and servers reset signals in their children.
    """
    _install_celery()
    _install_sigterm()


def _install_celery() -> None:
    """Hear of the end of a child of Celery's, which ends by `os._exit` and runs nothing
    but the receivers of this signal.
    """
    signals: Any = sys.modules.get("celery.signals")
    if signals is not None and "celery" not in _installed:
        _installed.add("celery")
        signals.worker_process_shutdown.connect(_pool_ends, weak=False)


def _pool_ends(**_: object) -> None:
    _before_threads.call()


# --- SIGTERM ---


class _Sigterm:
    """The state of the handler: what was there before, and how far the end has come."""

    def __init__(self) -> None:
        self.former: Any = None
        self.process = 0
        self.ending = False
        self.ended = False


_sigterm: Final = _Sigterm()


def at_sigterm(flush: Callback) -> bool:
    """Call back, in a thread of its own, when the process is told to end; tell whether
    it will be.

    A handler that was there before is called at once and decides what happens: servers
    end their requests first, and leave by the regular end. Where there was none, the
    process is ended by the signal as it would have been, but after the callbacks. Only
    the main thread can set this up; a signal that is ignored stays so.
    """
    _at_sigterm.add(flush)
    return _install_sigterm()


def _install_sigterm() -> bool:
    import signal
    import threading

    if threading.current_thread() is not threading.main_thread():
        return signal.getsignal(signal.SIGTERM) is _on_sigterm
    present = signal.getsignal(signal.SIGTERM)
    if present is _on_sigterm:
        return True
    # A handler that came after ours may call ours: installed again, the two would call
    # each other for ever. It has taken over.
    former = "sigterm" in _installed and present != signal.SIG_DFL
    if former or present is None or present == signal.SIG_IGN:
        return False
    _installed.add("sigterm")
    _sigterm.former = present
    signal.signal(signal.SIGTERM, _on_sigterm)
    return True


def _on_sigterm(number: int, frame: Any) -> None:
    """Handle the signal without any lock: the frame that it interrupts may hold it, and
    goes on only when this returns.
    """
    if _sigterm.process != os.getpid():
        _sigterm.process, _sigterm.ending, _sigterm.ended = os.getpid(), False, False
    former = _sigterm.former
    ends = _ends_by_the_signal()
    starts = not _sigterm.ending
    if starts:
        _sigterm.ending = True
        try:
            # `Thread.start` takes a lock; this does not.
            start_new_thread(_flush_all, (ends,))
        except RuntimeError:
            # There are too many threads, or no memory for one. Nobody flushes then, and
            # the process has to end all the same.
            starts = False
            _sigterm.ended = True
    elif ends and not _sigterm.ended:
        return  # another package has flushed; this one sends the signal once more
    if callable(former):
        former(number, frame)
    elif not starts:
        import signal

        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGTERM)


def _ends_by_the_signal() -> bool:
    """Tell whether nobody else decides what the signal does: there was no handler, or
    only those of other generated packages in this process.
    """
    former = _sigterm.former
    if not callable(former):
        return True
    ask: Callable[[], bool] | None = getattr(former, _ASK, None)
    return ask is not None and ask()


_ASK: Final = "trackside_ends_by_the_signal"
setattr(_on_sigterm, _ASK, _ends_by_the_signal)


def _flush_all(then_end: bool) -> None:
    """Call back, all at the same time; then send the signal again to end by it."""
    import signal
    import threading
    from time import monotonic

    ends = monotonic() + 2 * EXIT_TIMEOUT
    threads: list[threading.Thread] = []
    left: list[Callback] = []
    try:
        for callback in _at_sigterm.latest_first():
            thread = threading.Thread(target=_contained, args=(callback,), daemon=True)
            try:
                thread.start()
                threads.append(thread)
            except RuntimeError:  # there are too many: this one has to do
                left.append(callback)
        for callback in left:
            if monotonic() < ends:
                _contained(callback)
        for thread in threads:
            thread.join(max(0.0, ends - monotonic()))
    finally:
        _sigterm.ended = True
        main = threading.main_thread().ident
        if then_end and main is not None:
            signal.pthread_kill(main, signal.SIGTERM)


def _contained(callback: Callback) -> None:
    try:
        callback()
    except Exception as error:
        warn(f"at SIGTERM: {error!r}")


def warn(text: str) -> None:
    """Write a line to the log."""
    import logging

    logging.getLogger("trackside").warning(text)
