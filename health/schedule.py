"""When background tasks run. The rows in the dashboard begin as written here, then are its own:
an operator's change of an interval stays, a row that was deleted comes back.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import time, timedelta

from django_celery_beat.models import CrontabSchedule, IntervalSchedule, PeriodicTask


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    name: str
    task: str
    when: timedelta | time  # every so often, or at this time of each day (UTC)


JOBS = (
    Job(name="Heartbeat", task="health.tasks.heartbeat", when=timedelta(minutes=1)),
    Job(name="Delete old requests", task="billing.tasks.prune", when=time(3, 20)),
    Job(name="Read the price list", task="billing.tasks.sync_prices", when=time(3, 40)),
)


def seed() -> None:
    """Adds the rows that are missing; changes none."""
    known = set(PeriodicTask.objects.values_list("name", flat=True))
    for job in JOBS:
        if job.name in known:
            continue
        if isinstance(job.when, timedelta):
            PeriodicTask.objects.create(
                name=job.name,
                task=job.task,
                interval=_interval(job.when),
                expire_seconds=int(job.when.total_seconds()),
            )
        else:
            PeriodicTask.objects.create(name=job.name, task=job.task, crontab=_daily(job.when))


def _interval(every: timedelta) -> IntervalSchedule:
    seconds = int(every.total_seconds())
    found = IntervalSchedule.objects.filter(every=seconds, period=IntervalSchedule.SECONDS).first()
    return found or IntervalSchedule.objects.create(every=seconds, period=IntervalSchedule.SECONDS)


def _daily(at: time) -> CrontabSchedule:
    fields = {"minute": str(at.minute), "hour": str(at.hour), "timezone": "UTC"}
    found = CrontabSchedule.objects.filter(
        **fields, day_of_week="*", day_of_month="*", month_of_year="*"
    ).first()
    return found or CrontabSchedule.objects.create(**fields)
