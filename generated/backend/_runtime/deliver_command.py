"""The command of the worker: `python -m <package> deliver`, with no compiler needed."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from .deliver import DAY, KEEP, LEASE, WINDOW, Worker
from .outbox_rows import Dead, OutboxError
from .outbox_store import CHUNK, Store

if TYPE_CHECKING:
    from .outbox_quarantine import Quarantined
    from .tracker import Tracker

WRONG_CALL: Final = 2
UNDELIVERED: Final = 1


class _WrongCallError(Exception):
    """A call that cannot be done as it was made."""


def main(
    arguments: Sequence[str],
    *,
    program: str,
    tracker: Tracker,
    key_variable: str | None,
    zone: str,
    server_url: str | None = None,
) -> int:
    """Run one call and give its exit code: 0, 1 when `--once` left events that wait, 2
    for a wrong call.
    """
    parser = _parser(program, key_variable)
    options = parser.parse_args(arguments)
    try:
        if options.setup is not None:
            _set_up(options.setup)
        store = _store_of(options.store, tracker)
        if _looks_only(options):
            _expect(options.store)
        if options.dead:
            return _list(store.dead(), "dead letters")
        if options.replay is not None:
            number = store.replay(options.replay or None)
            print(f"put back {number} dead letters", flush=True)
            return 0
        if options.quarantined:
            return _list(store.quarantined(), "events in quarantine")
        if options.release is not None:
            number = store.release_quarantined(options.release)
            print(f"released {number} events", flush=True)
            return 0
        if options.discard is not None:
            held = [row.id for row in store.quarantined()]
            number = store.discard_quarantined(options.discard or held)
            print(f"discarded {number} events", flush=True)
            return 0
        return _deliver(store, options, tracker, key_variable, zone, server_url)
    except (_WrongCallError, OutboxError) as error:
        print(f"{program}: {error}", file=sys.stderr)
        return WRONG_CALL


def _looks_only(options: argparse.Namespace) -> bool:
    """Tell whether a call is about events that have to be there already."""
    lists = (options.replay, options.release, options.discard)
    return options.dead or options.quarantined or any(ids is not None for ids in lists)


def _expect(place: str | None) -> None:
    """Refuse a file that is not there: it would be made, and nothing be in it."""
    if place is not None and "://" not in place and not Path(place).exists():
        raise _WrongCallError(f"there is no outbox at {Path(place).absolute()}")


def _deliver(
    store: Store,
    options: argparse.Namespace,
    tracker: Tracker,
    key_variable: str | None,
    zone: str,
    server_url: str | None,
) -> int:
    from .amplitude_http import Destination

    key = options.api_key or (os.environ.get(key_variable) if key_variable else None)
    if not key:
        where = f" or set {key_variable}" if key_variable else ""
        raise _WrongCallError(f"no API key: give --api-key{where}")
    try:
        destination = Destination(
            key,
            zone=options.zone or zone,
            server_url=options.server_url or server_url,
            batch_api=options.batch_api,
        )
    except ModuleNotFoundError as error:  # it says what is to be installed
        raise _WrongCallError(str(error)) from error
    store.prepare()
    worker = Worker(
        store,
        destination,
        complete=None if options.setup is None else tracker.complete,
        batch=options.batch,
        lease=options.lease,
        window=options.window * DAY,
        keep=max(options.keep, options.window) * DAY,
        send_late=options.send_late,
        counts=tracker.counts,
        say=_say,
    )

    def end(number: int, frame: object) -> None:
        worker.stop()

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)
    _show_log()
    _say(f"deliver from {store!r} as {worker.name}")
    worker.run(once=options.once)
    status = store.status()
    store.close()
    if status.held and options.setup is None:
        _say(f"{status.held} events wait for a look-up: start with --setup")
    return UNDELIVERED if options.once and status.waiting else 0


def _list(rows: Sequence[Dead] | Sequence[Quarantined], what: str) -> int:
    from datetime import UTC, datetime

    for row in rows:
        put = row.died_at if isinstance(row, Dead) else row.put_at
        at = datetime.fromtimestamp(put / 1000, UTC)
        print(
            f"{row.id}\t{at:%Y-%m-%dT%H:%M:%SZ}\t{row.reason}\t{row.event}"
            f"\t{row.insert_id}\t{row.body}"
        )
    print(f"{len(rows)} {what}", file=sys.stderr)
    return 0


def _store_of(place: str | None, tracker: Tracker) -> Store:
    """Find the store that `--store` names, else the one of the configured sink."""
    if place is None:
        sink: Any = tracker.settings.sink
        store: Any = getattr(getattr(sink, "ledger", sink), "store", None)
        if not isinstance(store, Store):
            raise _WrongCallError(
                "no outbox: give --store, or --setup with a function that configures an"
                " OutboxSink"
            )
        return store
    if place.startswith(("postgresql://", "postgres://")):
        from .outbox_postgres import PostgreSQL

        return PostgreSQL(place)
    if "://" in place:  # not shown: it may hold a password
        raise _WrongCallError("--store is a file, or begins with postgresql://")
    from .outbox_sqlite import SQLite

    return SQLite(place)


def _set_up(name: str) -> None:
    """Call the application's own function, as `module:function`."""
    module, colon, function = name.partition(":")
    if not colon or not module or not function:
        raise _WrongCallError(f"--setup is module:function, not {name!r}")
    if not {"", str(Path.cwd())} & set(sys.path):
        sys.path.insert(0, str(Path.cwd()))
    try:
        call: Callable[[], object] = getattr(import_module(module), function)
    except (ImportError, AttributeError) as error:
        raise _WrongCallError(f"--setup {name}: {error}") from error
    call()


def _say(line: str) -> None:
    print(line, flush=True)


def _show_log() -> None:
    """Print what is logged among the other lines, unless the application has set
    logging up.
    """
    import logging

    logger = logging.getLogger("trackside")
    if not logger.hasHandlers():
        logger.addHandler(logging.StreamHandler(sys.stdout))
        logger.setLevel(logging.INFO)


def _positive(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not 0 < number < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is no number above 0")
    return number


def _count(text: str) -> int:
    number = int(text) if text.isascii() and text.isdigit() else 0
    if not 0 < number <= 2000:
        raise argparse.ArgumentTypeError(f"{text!r} is no number from 1 to 2000")
    return number


def _parser(program: str, key_variable: str | None) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=program, description="Send what an outbox holds, until told to end."
    )
    add = parser.add_argument
    add(
        "--store",
        metavar="PLACE",
        help="the file of a SQLite outbox, or postgresql://...; left out: that of the"
        " sink which --setup configures",
    )
    add(
        "--setup",
        metavar="MODULE:FUNCTION",
        help="call this first: the application's own configure(), for its look-ups",
    )
    what = parser.add_mutually_exclusive_group()
    what.add_argument(
        "--once", action="store_true", help="try each event that is due once, then end"
    )
    what.add_argument("--dead", action="store_true", help="list the dead letters")
    what.add_argument(
        "--replay",
        nargs="*",
        type=int,
        metavar="ID",
        help="put dead letters back to be sent: these, or all",
    )
    what.add_argument(
        "--quarantined",
        action="store_true",
        help="list what clients sent and nobody vouches for",
    )
    what.add_argument(
        "--release",
        nargs="+",
        type=int,
        metavar="ID",
        help="put these out of quarantine, to be sent",
    )
    what.add_argument(
        "--discard",
        nargs="*",
        type=int,
        metavar="ID",
        help="forget what is in quarantine: these, or all",
    )
    add(
        "--send-late",
        action="store_true",
        help="send what is older than the window as well; it may count twice",
    )
    default = f"; left out: {key_variable}" if key_variable else ""
    add("--api-key", metavar="KEY", help=f"the key of the project{default}")
    add(
        "--zone",
        type=str.upper,
        choices=("US", "EU"),
        help="the project's region (default: the plan's)",
    )
    add("--server-url", metavar="URL", help="another address than the vendor's")
    add("--batch-api", action="store_true", help="send by the Batch API")
    for name, kind, value, unit, about in (
        ("--batch", _count, CHUNK, "N", "events in a request, at most"),
        ("--lease", _positive, LEASE, "SECONDS", "time that a worker has for events"),
        ("--window", _positive, WINDOW / DAY, "DAYS", "age after which none is sent"),
        ("--keep", _positive, KEEP / DAY, "DAYS", "time that what was sent is known"),
    ):
        says = f"{about} (default: {value:.4g})"
        add(name, type=kind, default=value, metavar=unit, help=says)
    return parser
