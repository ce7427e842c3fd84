"""What became of facts, counted, and noted for the table that docs/survival.py writes."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import NamedTuple


class Tally(NamedTuple):
    """What became of the facts of one run.

    `taken` facts were taken by the sink and noted; `counted` of them stand at the destination; `lost` do not. `twice`
    were counted more than once; `sent_again` came again and were recognised by their insert_id.
    """

    taken: int
    counted: int
    lost: int
    twice: int
    sent_again: int


def write_down(fault: str, sink: str, tally: Tally, note: str = "") -> None:
    """Add one cell of the table to the file that FAULTS_RESULTS names, if it does: `fault` is its row, `sink` its
    column, and `note` stands behind the figures.
    """
    if results := os.environ.get("FAULTS_RESULTS"):
        with Path(results).open("a", encoding="utf-8") as file:
            file.write(json.dumps({"fault": fault, "sink": sink, **tally._asdict(), "note": note}) + "\n")
