"""The Celery application: background tasks of the apps, scheduled by `health.schedule`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import structlog
from celery import Celery, signals

from omniroute import logs

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "omniroute.settings")

log = structlog.get_logger()

app = Celery("omniroute")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@signals.setup_logging.connect
def _set_up_logging(**_: Any) -> None:
    logs.configure("worker")


@signals.worker_ready.connect
def _say_ready(**_: Any) -> None:
    log.info("worker.ready")


@signals.beat_init.connect
def _begin_schedule(**_: Any) -> None:
    """The first heartbeat goes out at once: nobody should wonder for a minute."""
    from health import schedule, tasks

    schedule.seed()
    tasks.heartbeat.delay()


def make_queue() -> None:
    """The folders of the filesystem broker, which does not make them itself."""
    options = app.conf.broker_transport_options
    for name in ("data_folder_in", "control_folder"):
        if name in options:
            Path(options[name]).mkdir(parents=True, exist_ok=True, mode=0o700)
