"""The tables of an outbox, step by step, as they were added."""

from __future__ import annotations

from typing import Final

MIGRATIONS: Final[tuple[tuple[str, ...], ...]] = (
    (
        "CREATE TABLE trackside_inbox (id {key}, stored_at bigint NOT NULL,"
        " copy integer NOT NULL, event text NOT NULL, insert_id text NOT NULL,"
        " device_id text NOT NULL, needs text, body text NOT NULL)",
        # Ids are never used again: a worker whose lease ran out may still name one.
        "CREATE TABLE trackside_outbox (id {lasting_key}, event text NOT NULL,"
        " insert_id text NOT NULL, device_id text NOT NULL, body text NOT NULL,"
        " needs text, stored_at bigint NOT NULL, copy integer NOT NULL,"
        " due_at bigint NOT NULL, attempts integer NOT NULL, worker text,"
        " sent_at bigint, UNIQUE (event, insert_id, device_id))",
        "CREATE INDEX trackside_outbox_due ON trackside_outbox (due_at, id)"
        " WHERE sent_at IS NULL",
        "CREATE INDEX trackside_outbox_sent ON trackside_outbox (sent_at)"
        " WHERE sent_at IS NOT NULL",
        "CREATE TABLE trackside_dead (id {lasting_key}, event text NOT NULL,"
        " insert_id text NOT NULL, device_id text NOT NULL, body text NOT NULL,"
        " needs text, stored_at bigint NOT NULL, copy integer NOT NULL,"
        " reason text NOT NULL, died_at bigint NOT NULL,"
        " UNIQUE (event, insert_id, device_id))",
        "CREATE TABLE trackside_promise (event text NOT NULL, insert_id text NOT NULL,"
        " due_at bigint NOT NULL, state integer NOT NULL,"
        " PRIMARY KEY (event, insert_id))",
    ),
    (
        "CREATE TABLE trackside_quarantine (id {lasting_key}, event text NOT NULL,"
        " insert_id text NOT NULL, device_id text NOT NULL, body text NOT NULL,"
        " reason text NOT NULL, put_at bigint NOT NULL,"
        " UNIQUE (event, insert_id, device_id))",
    ),
    (
        "CREATE INDEX trackside_promise_due ON trackside_promise (due_at)",
        "CREATE INDEX trackside_promise_open ON trackside_promise (due_at)"
        " WHERE state < 2",
    ),
    # Calls ask for facts that no worker has moved yet. PostgreSQL has it since the
    # first version.
    ("CREATE INDEX IF NOT EXISTS trackside_inbox_fact ON trackside_inbox (insert_id)",),
)
"""The steps of the schema; a store applies those that are newer than its own."""
