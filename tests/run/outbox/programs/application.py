"""An application as a worker imports it for its look-ups."""

import atexit
import json
import os

from kept import Enrichers, OutboxSink, PostgreSQL, SQLite, configure, stats


def look_up(device_id: str) -> dict[str, str]:
    """Know every device."""
    return {"device_model": "known to the application"}


def set_up() -> None:
    """Configure the package, as the application does at its start."""
    place = os.environ["OUTBOX_PLACE"]
    store = PostgreSQL(place) if place.startswith("postgresql:") else SQLite(place)
    configure(sink=OutboxSink(store), enrich=Enrichers(device=look_up))


def set_up_and_tell() -> None:
    """Do the same, and print at the end what was counted."""
    set_up()
    atexit.register(lambda: print(json.dumps(stats()._asdict()), flush=True))
