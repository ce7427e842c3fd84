"""Queue as many tasks as the first argument says."""

from __future__ import annotations

import sys

from celery_app import record_fact

for task in range(int(sys.argv[1])):
    record_fact.delay(task)
