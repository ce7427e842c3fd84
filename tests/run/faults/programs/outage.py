"""Record facts, then give the sink the time to send them that a service has while it runs: at most the seconds of the
second argument. What the sink dropped by then is written to `dropped.json`, by reason.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

from facts import record, set_up
from tracked import flush, stats

count, patience = int(sys.argv[1]), float(sys.argv[2])
set_up()
for number in range(count):
    record(number)
    time.sleep(0.002)  # several requests, not one
ends = time.monotonic() + patience
while not flush(5.0) and time.monotonic() < ends:
    pass
Path("dropped.json").write_text(json.dumps(stats().dropped), encoding="utf-8")
