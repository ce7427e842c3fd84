"""Write the table of what survives from what the fault tests measured, into both pages that show it: `make survival`
runs the tests and this.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGES = (ROOT / "docs" / "what-survives.md", ROOT / "templates" / "python" / "runtime" / "README.md")
BEGIN = "<!-- The table that `make survival` writes begins here. -->\n"
END = "<!-- It ends here. -->\n"
HEADS = {
    "amplitude": "`AmplitudeSink`",
    "http": "`HttpSink`",
    "outbox": "`OutboxSink` (SQLite)",
    "postgresql": "`OutboxSink` (PostgreSQL)",
}
"""The heads of the columns, by the name that the tests have for each sink."""


def table(results: str) -> str:
    """Make the table of the results, one JSON text a line."""
    rows: dict[str, dict[str, str]] = {}
    for line in results.splitlines():
        found = json.loads(line)
        assert found["twice"] == 0, found
        cell = f"{found['counted']:,} of {found['taken']:,}"
        if found["lost"]:
            cell = f"**{cell}**"
        if found["sent_again"]:
            cell += f"; again {found['sent_again']:,}"
        if found["note"]:
            cell += f"; {found['note']}"
        rows.setdefault(found["fault"], {})[found["sink"]] = cell
    lines = [f"| what happens | {' | '.join(HEADS.values())} |\n", f"|---|{'---|' * len(HEADS)}\n"]
    lines += [f"| {fault} | {' | '.join(cells.get(sink, '–') for sink in HEADS)} |\n" for fault, cells in rows.items()]
    return "".join(lines)


def shown(page: str) -> str:
    """Give the table that a page shows."""
    return page.partition(BEGIN)[2].partition(END)[0].strip() + "\n"


def main(results: Path) -> None:
    """Write the table of a file of results into the pages."""
    made = table(results.read_text(encoding="utf-8"))
    for path in PAGES:
        before, begin, rest = path.read_text(encoding="utf-8").partition(BEGIN)
        _, end, after = rest.partition(END)
        assert begin and end, f"{path} does not say where the table stands"
        path.write_text(f"{before}{begin}\n{made}\n{end}{after}", encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
