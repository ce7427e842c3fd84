"""An application as a worker imports it for its look-ups."""

import os

from kept import Enrichers, OutboxSink, PostgreSQL, SQLite, configure


def look_up(device_id: str) -> dict[str, str]:
    """Know every device."""
    return {"device_model": "known to the application"}


def set_up() -> None:
    """Configure the package, as the application does at its start."""
    place = os.environ["OUTBOX_PLACE"]
    store = PostgreSQL(place) if place.startswith("postgresql:") else SQLite(place)
    configure(sink=OutboxSink(store), enrich=Enrichers(device=look_up))
