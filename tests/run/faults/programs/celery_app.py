"""A Celery application over a broker of plain files, whose task records a fact."""

from __future__ import annotations

import os

from celery import Celery
from facts import record, set_up

_folder = os.environ["FAULTS_BROKER"]
app = Celery("faults", broker="filesystem://")
app.conf.update(
    broker_transport_options={
        "data_folder_in": f"{_folder}/messages",
        "data_folder_out": f"{_folder}/messages",
        "control_folder": f"{_folder}/control",
    },
    task_ignore_result=True,
    worker_hijack_root_logger=False,
    broker_connection_retry_on_startup=False,
)
set_up()


@app.task(name="record_fact")
def record_fact(number: int) -> None:
    """Record one fact."""
    record(number)
