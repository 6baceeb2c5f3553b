"""Numbers for the dashboard, each computed by the database from the request log."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.db.models import Count, F, Q, QuerySet, Sum
from django.db.models.functions import TruncHour
from django.utils import timezone

from billing.models import RequestLog

FAILED = (RequestLog.Outcome.ERROR, RequestLog.Outcome.ABORTED)
_INPUT = (
    F("input_tokens")
    + F("cache_read_tokens")
    + F("cache_write_5m_tokens")
    + F("cache_write_1h_tokens")
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """A period's totals. `cost` holds the priced requests only; `unpriced` counts the rest."""

    requests: int
    failed: int
    refused: int
    tokens_in: int
    tokens_out: int
    cost: int  # 10^-10 USD
    unpriced: int
    median_ms: int | None

    @property
    def tokens(self) -> int:
        return self.tokens_in + self.tokens_out


@dataclass(frozen=True, slots=True, kw_only=True)
class Hour:
    at: datetime
    answered: int = 0
    failed: int = 0
    other: int = 0  # refused, or cancelled by the client


def summary(since: datetime) -> Summary:
    rows = RequestLog.objects.filter(started_at__gte=since)
    totals = rows.aggregate(
        requests=Count("pk"),
        failed=Count("pk", filter=Q(outcome__in=FAILED)),
        refused=Count("pk", filter=Q(outcome=RequestLog.Outcome.REFUSED)),
        tokens_in=Sum(_INPUT, default=0),
        tokens_out=Sum("output_tokens", default=0),
        cost=Sum("cost_e10", default=0),
        unpriced=Count("pk", filter=Q(cost_e10=None)),
    )
    return Summary(**totals, median_ms=_median(rows.filter(outcome=RequestLog.Outcome.OK)))


def by_hour(hours: int = 24) -> list[Hour]:
    """The last `hours` hours, oldest first, the present one last; empty ones are there too."""
    last = timezone.now().astimezone(UTC).replace(minute=0, second=0, microsecond=0)
    first = last - timedelta(hours=hours - 1)
    rows = (
        RequestLog.objects.filter(started_at__gte=first)
        .order_by()
        .values(at=TruncHour("started_at", tzinfo=UTC))
        .annotate(
            answered=Count("pk", filter=Q(outcome=RequestLog.Outcome.OK)),
            failed=Count("pk", filter=Q(outcome__in=FAILED)),
            every=Count("pk"),
        )
    )
    found = {
        row["at"]: Hour(
            at=row["at"],
            answered=row["answered"],
            failed=row["failed"],
            other=row["every"] - row["answered"] - row["failed"],
        )
        for row in rows
    }
    moments = (first + timedelta(hours=hour) for hour in range(hours))
    return [found.get(moment, Hour(at=moment)) for moment in moments]


def latest(count: int) -> QuerySet[RequestLog]:
    """The newest requests, without their heavy columns."""
    return RequestLog.objects.defer("attempts", "decision")[:count]


def _median(rows: QuerySet[RequestLog]) -> int | None:
    """The middle answer's duration (the lower one of two), found by position."""
    durations = rows.order_by("duration_ms").values_list("duration_ms", flat=True)
    middle = (durations.count() - 1) // 2
    return durations[middle] if middle >= 0 else None
