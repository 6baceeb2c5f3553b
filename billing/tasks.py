"""Housekeeping of the request log and of prices. The ledger is never pruned."""

from __future__ import annotations

from datetime import timedelta

import structlog
from celery import shared_task
from django.utils import timezone

from billing import pricing
from billing.models import RequestLog
from omniroute.models import Settings

BATCH = 500

log = structlog.get_logger()


@shared_task
def prune() -> int:
    """Deletes requests older than the retention, in short transactions. Returns how many."""
    horizon = timezone.now() - timedelta(days=Settings.load().log_retention_days)
    total = 0
    while True:
        old = RequestLog.objects.filter(started_at__lt=horizon).order_by("started_at")
        batch = list(old.values_list("pk", flat=True)[:BATCH])
        if not batch:
            break
        total += RequestLog.objects.filter(pk__in=batch).delete()[0]
    log.info("requests.pruned", count=total)
    return total


@shared_task
def sync_prices() -> int:
    """Takes today's prices of the installed price list. Returns how many there are."""
    count = pricing.sync()
    log.info("prices.synced", count=count)
    return count
