"""The nightly job: put every customer into a segment.

    python -m examples.shop.nightly             run number 1 of today
    python -m examples.shop.nightly --run 2     and number 2

A run that is started twice, by a nervous scheduler say, works once and is counted once.
"""

from __future__ import annotations

import argparse
import time
from collections import Counter
from datetime import UTC, datetime

from examples.shop import database, tracking
from generated.backend import Context, track


def main() -> int:
    """Run once and say what was done."""
    parser = argparse.ArgumentParser(prog="nightly", description="Put every customer into a segment.")
    parser.add_argument("--run", type=int, default=1, help="number of the run of today (default: 1)")
    run_id = f"{datetime.now(UTC):%Y-%m-%d}/{parser.parse_args().run}"
    outbox = tracking.set_up()
    path = tracking.data_file()
    database.prepare(path)
    began = time.monotonic()
    segments: Counter[str] = Counter()
    with database.transaction(path) as connection:
        if not connection.execute("INSERT OR IGNORE INTO runs VALUES (?)", (run_id,)).rowcount:
            print(f"{run_id} has run already")
            return 0
        for (account,) in connection.execute("SELECT id FROM accounts").fetchall():
            known = database.record_of(connection, account)
            segment = database.segment_of(known["orders"], known["value"])
            connection.execute("UPDATE accounts SET segment = ? WHERE id = ?", (segment, account))
            segments[segment] += 1
        with outbox.using(connection):
            track.segments_recomputed(
                run_id=run_id,
                customers=segments.total(),
                customers_by_segment=segments,
                succeeded=True,
                duration_ms=int((time.monotonic() - began) * 1000),
                context=Context.system(),
            )
    print(f"{run_id}: {segments.total()} customers, {dict(segments)}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
