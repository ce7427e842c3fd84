"""Record facts, then end in the way that the first argument names."""

from __future__ import annotations

import os
import signal
import sys
import time

from facts import record, set_up

how, count = sys.argv[1], int(sys.argv[2])
set_up()
if how == "sigterm_chained":
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(7))
for number in range(count):
    record(number)
if how == "sys_exit":
    sys.exit(3)
if how == "exception":
    raise RuntimeError("the service fell over")
if how == "os_exit":
    os._exit(4)
if how == "sigkill":
    os.kill(os.getpid(), signal.SIGKILL)
if how.startswith("sigterm"):
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(60)
