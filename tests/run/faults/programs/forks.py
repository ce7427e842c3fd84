"""Fork before or after the sink was used; parent and children record facts of their own and end as the second argument
says: `exit` runs what is registered for the end, `leave` is how fork servers end a child (multiprocessing's own way).
"""

from __future__ import annotations

import multiprocessing
import os
import sys
import time

from facts import record, set_up

when, how = sys.argv[1], sys.argv[2]
CHILDREN, EACH = 3, 100


def work(first: int) -> None:
    """Record the facts of one process."""
    for number in range(first, first + EACH):
        record(number)


set_up()
if when != "before":
    work(0)
if when == "after_idle":
    time.sleep(2.5)  # what was queued has been sent: the sender sleeps
if how == "leave":
    fork = multiprocessing.get_context("fork")
    processes = [fork.Process(target=work, args=(EACH * (child + 1),)) for child in range(CHILDREN)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    codes = [process.exitcode for process in processes]
else:
    children = []
    for child in range(CHILDREN):
        pid = os.fork()
        if pid == 0:
            work(EACH * (child + 1))
            sys.exit(0)
        children.append(pid)
    codes = [os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in children]
if when == "before":
    work(0)
sys.exit(any(codes))
