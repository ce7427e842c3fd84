"""Run the shop to click through: `python -m examples.shop`, or `make shop`. Ctrl-C ends all of it."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import tempfile
import threading
from pathlib import Path

from examples.shop.running import running


def main() -> int:
    """Run until somebody ends it."""
    parser = argparse.ArgumentParser(prog="shop", description="Run the example shop until Ctrl-C.")
    parser.add_argument("--port", type=int, default=8010, help="where the shop is (default: 8010; 0: any free one)")
    parser.add_argument("--destination", type=int, default=8011, help="where the local destination is (default: 8011)")
    options = parser.parse_args()
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    try:
        with (
            tempfile.TemporaryDirectory(prefix="shop-") as folder,
            running(Path(folder), shop=options.port, destination=options.destination, parcel_seconds=5) as shop,
        ):
            database = shop.environment["SHOP_DATABASE"]
            print(f"""
  The shop          {shop.shop}/?utm_source=newsletter&utm_medium=email&utm_campaign=spring
  The destination   {shop.destination}

  Sign up, buy, try the card 4000 0000 0000 0002, send an order back; parcels arrive after five seconds.
  Every event is at the destination a moment later, and what breaks the plan is marked there.

  The nightly job   SHOP_DATABASE={database} {os.path.relpath(sys.executable)} -m examples.shop.nightly

  Ctrl-C ends all of it, and forgets it.
""", flush=True)  # fmt: skip
            while not ended.wait(0.5):
                pass
    except RuntimeError as error:
        print(error, file=sys.stderr)
        return 1
    print("\nEnded.")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
