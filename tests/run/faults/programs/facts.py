"""Record numbered facts through the sink that the environment names, and note which of them the sink took.

`FAULTS_SINK` is `amplitude`, `http`, `outbox` or `postgresql`; `FAULTS_URL` the destination; `FAULTS_LOG` the file of
notes, one line a fact: its number and 1 or 0 for taken or not. A note is written after the call came back, by one
write.
`FAULTS_INTERVAL` is how many seconds a sink in memory may wait for more events, where the test says so.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from tracked import AmplitudeSink, Context, HttpSink, OutboxSink, PostgreSQL, SQLite, configure, track

if TYPE_CHECKING:
    from tracked import Sink

_NOTES = os.open(os.environ["FAULTS_LOG"], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)


def make_sink() -> Sink:
    """Make the sink that the environment names."""
    kind, url = os.environ["FAULTS_SINK"], os.environ["FAULTS_URL"]
    interval = float(os.environ.get("FAULTS_INTERVAL", "0.25"))
    if kind == "outbox":
        return OutboxSink(SQLite(os.environ["FAULTS_OUTBOX"]))
    if kind == "postgresql":
        return OutboxSink(PostgreSQL(os.environ["FAULTS_OUTBOX"]))
    if kind == "http":
        return HttpSink("faults-key", server_url=f"{url}/2/httpapi", interval=interval)
    return AmplitudeSink("faults-key", server_url=f"{url}/2/httpapi", interval=int(interval * 1000))


def set_up() -> None:
    """Configure the tracking of this process."""
    configure(sink=make_sink(), strict=False)


def record(number: int) -> bool:
    """Record one fact and note it; tell whether the sink took it."""
    receipt = track.fact_recorded(number=number, context=Context.anonymous(f"device-{number % 40}"))
    os.write(_NOTES, b"%d %d\n" % (number, receipt.accepted))
    return receipt.accepted
