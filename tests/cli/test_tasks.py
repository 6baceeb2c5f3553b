"""Background tasks and when they run."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
from django.utils import timezone
from django_celery_beat.models import IntervalSchedule, PeriodicTask

from billing import tasks as billing_tasks
from billing.models import Entry, RequestLog
from health import schedule
from health import tasks as health_tasks
from health.models import Heartbeat
from omniroute.celery import app
from omniroute.models import Settings

pytestmark = pytest.mark.django_db


def log_requests(count: int, *, days_ago: float) -> None:
    RequestLog.objects.bulk_create(
        RequestLog(
            id=uuid.uuid4(),
            started_at=timezone.now() - timedelta(days=days_ago),
            endpoint="chat.completions",
            dialect="openai_chat",
            outcome=RequestLog.Outcome.OK,
            status=200,
            duration_ms=1,
            config_version=1,
        )
        for _ in range(count)
    )


def test_it_deletes_requests_older_than_the_retention() -> None:
    log_requests(2 * billing_tasks.BATCH + 3, days_ago=90.1)
    log_requests(4, days_ago=89.9)
    assert billing_tasks.prune() == 2 * billing_tasks.BATCH + 3
    assert RequestLog.objects.count() == 4
    assert billing_tasks.prune() == 0


def test_it_follows_the_retention_of_the_settings() -> None:
    settings = Settings.load()
    settings.log_retention_days = 7
    settings.save()
    log_requests(1, days_ago=8)
    log_requests(1, days_ago=6)
    assert billing_tasks.prune() == 1


def test_it_keeps_the_ledger() -> None:
    Entry.objects.create(
        id=uuid.uuid4(),
        request_id=uuid.uuid4(),
        attempt=1,
        at=timezone.now() - timedelta(days=4000),
        provider="deepseek",
        model="deepseek-chat",
        basis="reported",
    )
    billing_tasks.prune()
    assert Entry.objects.count() == 1


def test_it_schedules_tasks_that_exist() -> None:
    schedule.seed()
    app.loader.import_default_modules()
    scheduled = set(PeriodicTask.objects.values_list("task", flat=True))
    assert scheduled == {job.task for job in schedule.JOBS}
    assert scheduled <= set(app.tasks)


def test_it_keeps_what_an_operator_has_changed() -> None:
    schedule.seed()
    heartbeat = PeriodicTask.objects.get(name="Heartbeat")
    heartbeat.interval = IntervalSchedule.objects.create(every=5, period=IntervalSchedule.MINUTES)
    heartbeat.enabled = False
    heartbeat.save()

    schedule.seed()
    heartbeat.refresh_from_db()
    assert (heartbeat.interval.every, heartbeat.enabled) == (5, False)
    assert PeriodicTask.objects.count() == len(schedule.JOBS)


def test_it_shows_that_the_worker_is_alive() -> None:
    before = timezone.now()
    health_tasks.heartbeat()
    health_tasks.heartbeat()
    assert Heartbeat.objects.get(name=health_tasks.WORKER).at >= before
