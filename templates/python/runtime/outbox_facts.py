"""What an outbox knows of a fact, and how the rows of one fact become one.

A fact is an event and an insert_id. The server's own event is the authority; a client's
copy is there for the case that it never comes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

from .outbox_rows import Row, Run, listed

# The first of two that rank the same stays. What is sent stays as well, and notes that
# the authority has come: it keeps the promise, and copies of other devices out.
_INSERT: Final = (
    "INSERT INTO trackside_outbox (event, insert_id, device_id, body, needs,"
    " stored_at, copy, due_at, attempts) VALUES {rows}"
    " ON CONFLICT (event, insert_id, device_id) DO UPDATE SET copy = 0"
    " WHERE trackside_outbox.copy = 1 AND excluded.copy = 0"
)
_AT_ONCE: Final = 100
"""Rows of one statement: old versions of SQLite take 999 parameters."""

_KNOWN: Final = (
    "SELECT 1 FROM trackside_{table} WHERE event = ? AND insert_id = ?"
    " AND (CAST(? AS text) IS NULL OR device_id = ?)"
)


def known(run: Run, event: str, insert_id: str, device_id: str | None) -> bool:
    """Tell whether a fact is here: stored, sent and still kept, or dead. Without a
    device, any device's.
    """
    tables = ("outbox", "inbox", "dead")
    query = " UNION ALL ".join([_KNOWN.format(table=table) for table in tables])
    parts = (event, insert_id, device_id, device_id)
    return bool(run(f"{query} LIMIT 1", parts * len(tables)))


def merge(run: Run, rows: Sequence[Row]) -> None:
    """Bring rows `(event, insert_id, device_id, body, needs, stored_at, copy)` to the
    outbox, the oldest first.

    The authority's takes the place of clients' copies that are not sent, of whatever
    device, and of those in quarantine; a copy that comes after it is not stored.
    """
    facts: dict[Row, Row] = {}
    copies: dict[Row, Row] = {}
    for row in rows:
        (copies if row[6] else facts).setdefault(row[:3], row)
    if facts:
        _replace_copies(run, facts)
        if run("SELECT 1 FROM trackside_quarantine LIMIT 1"):
            held = listed(row[0] for row in _found(run, facts, "o.id", "quarantine"))
            run(f"DELETE FROM trackside_quarantine WHERE id IN ({held})")
    here = {key[:2] for key in facts}
    if copies:
        here.update(_found(run, copies, "o.event, o.insert_id", "outbox", "o.copy = 0"))
    kept = {
        key: facts.get(key) or copies[key]
        for key in [row[:3] for row in rows]
        if key in facts or key[:2] not in here
    }
    _insert(run, list(kept.values()))


def _replace_copies(run: Run, facts: dict[Row, Row]) -> None:
    """Take away the copies that these facts replace.

    A worker may be sending one of them: what becomes of that names a row which is no
    more, and settles nothing of the authority's.
    """
    columns = "o.event, o.insert_id, o.device_id, o.stored_at, o.id, o.attempts"
    unsent = "o.copy = 1 AND o.sent_at IS NULL"
    found = list(_found(run, facts, f"{columns}, o.worker", "outbox", unsent))
    if not found:
        return
    ids = listed(row[4] for row in found)
    run(f"DELETE FROM trackside_outbox WHERE id IN ({ids}) AND sent_at IS NULL")
    for *key, stored_at, _, attempts, worker in found:
        fact = facts.get(tuple(key))
        if fact is not None and (attempts or worker is not None):
            # The destination may have the copy, and knows its insert_id again for a
            # time that began then.
            facts[tuple(key)] = (*fact[:5], min(fact[5], stored_at), fact[6])


def _found(
    run: Run, keys: Iterable[Row], columns: str, table: str, which: str = "1 = 1"
) -> Iterator[Row]:
    """Find the rows of facts in a table, of whatever device."""
    facts = list(dict.fromkeys(key[:2] for key in keys))
    for part in _parts(facts):
        places = ", ".join(["(?, ?)"] * len(part))
        # Written as a join, for which both databases use the index.
        yield from run(
            f"WITH f (event, insert_id) AS (VALUES {places})"
            f" SELECT {columns} FROM f CROSS JOIN trackside_{table} AS o"
            f" WHERE o.event = f.event AND o.insert_id = f.insert_id AND {which}",
            [value for fact in part for value in fact],
        )


def _insert(run: Run, rows: list[Row]) -> None:
    for part in _parts(rows):
        places = ", ".join(["(?, ?, ?, ?, ?, ?, ?, 0, 0)"] * len(part))
        run(_INSERT.format(rows=places), [value for row in part for value in row])


def _parts(rows: list[Any]) -> Iterator[list[Any]]:
    for start in range(0, len(rows), _AT_ONCE):
        yield rows[start : start + _AT_ONCE]
