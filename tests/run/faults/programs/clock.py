"""Record facts while the wall clock is set back two hours: the clock of this process, before anything reads it."""

from __future__ import annotations

import sys
import time

_offset = 0
_seconds, _nanoseconds = time.time, time.time_ns
time.time = lambda: _seconds() + _offset
time.time_ns = lambda: _nanoseconds() + _offset * 1_000_000_000

from facts import record, set_up  # noqa: E402 - the clock comes first

count = int(sys.argv[1])
set_up()
for number in range(count):
    record(number)
_offset = -7200
for number in range(count, 2 * count):
    record(number)
time.sleep(1.5)
_offset = 0
