"""An application that records facts: `emitter.py FIRST END`, and notes each that the outbox has.

A fact is noted after its call: one that was stored and not noted when the process is killed is recorded again, with the
same key. EMITTER_FILE_SIZE bounds every file of the process, as a full disk does.
"""

from __future__ import annotations

import os
import resource
import signal
import sys

from kept import Context, OutboxSink, PostgreSQL, SQLite, configure, stats, track


def main() -> None:
    """Record the facts from FIRST until before END."""
    first, end = int(sys.argv[1]), int(sys.argv[2])
    place = os.environ["OUTBOX_PLACE"]
    store = PostgreSQL(place) if place.startswith("postgresql:") else SQLite(place)
    configure(sink=OutboxSink(store))
    noted = os.open(os.environ.get("EMITTER_NOTES", "noted.txt"), os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    if size := os.environ.get("EMITTER_FILE_SIZE"):
        resource.setrlimit(resource.RLIMIT_FSIZE, (int(size), int(size)))
    context = Context.anonymous("device-4711")
    for number in range(first, end):
        if track.fact_recorded(number=number, note="as long as a note is now and then", context=context).accepted:
            os.write(noted, b"%d\n" % number)
    if os.environ.get("EMITTER_END") == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    dropped = stats().dropped
    print(f"dropped {sum(dropped.values())}: {dropped}", flush=True)


main()
