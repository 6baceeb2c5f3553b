"""Shows that the scheduler and the worker are alive."""

from __future__ import annotations

from typing import Any

from celery import shared_task
from celery.signals import before_task_publish
from django.utils import timezone

from health.models import Heartbeat

SCHEDULER = "beat"
WORKER = "worker"


@shared_task
def heartbeat() -> None:
    _alive(WORKER)


@before_task_publish.connect(sender=heartbeat.name)
def _scheduled(**_: Any) -> None:
    _alive(SCHEDULER)


def _alive(name: str) -> None:
    Heartbeat.objects.update_or_create(name=name, defaults={"at": timezone.now()})
