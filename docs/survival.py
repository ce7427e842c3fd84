"""Write docs/what-survives.md from what the fault tests measured: `make survival` runs both."""

from __future__ import annotations

import json
import sys
from pathlib import Path

HEAD = """\
# What survives

What becomes of facts when processes end, fork or are killed, and when clocks and destinations misbehave: measured, not
promised. Real processes run the generated code against a local destination (`trackside collect`) that answers and
de-duplicates as the vendor's HTTP V2 API is documented to. `make survival` runs it all and writes this page.

A cell shows how many of the facts that a sink had taken stand at the destination. No run counted a fact twice.
**Bold** marks a loss. A number after "again" tells how many copies came once more and were recognised by their
`insert_id`.

What is lost is not hidden: where the process lives to tell, `stats().dropped` has each of those events by its reason
(the tests hold the two numbers against each other). Events that a 400 names are refused by the destination for good;
the outbox keeps them as dead letters. The vendor's SDK gives up after some ten seconds of outage.
[The outbox](outbox.md) is also killed, and its worker, again and again in the middle of 100,000 facts: none lost, none
counted twice.

| what happens | `AmplitudeSink` | `HttpSink` | `OutboxSink` (SQLite) |
|---|---|---|---|
"""
SINKS = ("amplitude", "http", "outbox")


def main(results: Path, page: Path) -> None:
    """Read one JSON text a line, and write the table."""
    rows: dict[str, dict[str, str]] = {}
    for line in results.read_text(encoding="utf-8").splitlines():
        found = json.loads(line)
        assert found["twice"] == 0, found
        cell = f"{found['counted']:,} of {found['taken']:,}"
        if found["lost"]:
            cell = f"**{cell}**"
        if found["sent_again"]:
            cell += f"; again {found['sent_again']:,}"
        rows.setdefault(found["fault"], {})[found["sink"]] = cell
    lines = [f"| {fault} | {' | '.join(cells.get(sink, '') for sink in SINKS)} |\n" for fault, cells in rows.items()]
    page.write_text(HEAD + "".join(lines), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(__file__).parent / "what-survives.md")
