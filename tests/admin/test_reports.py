"""The numbers themselves, on whatever database the suite runs on."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise

import pytest
from django.utils import timezone

from billing import reports
from tests.admin.test_home import log

pytestmark = pytest.mark.django_db


def test_it_sums_nothing_up_to_zero() -> None:
    total = reports.summary(timezone.now() - timedelta(days=1))
    assert (total.requests, total.tokens, total.cost, total.median_ms) == (0, 0, 0, None)


def test_it_takes_the_middle_of_answered_requests_only() -> None:
    for number, duration in enumerate((10, 20, 30, 40)):
        log(number, duration_ms=duration)
    log(9, duration_ms=9_999, outcome="error", status=502)
    assert reports.summary(timezone.now() - timedelta(days=1)).median_ms == 20


def test_it_keeps_money_exact() -> None:
    for number in range(3):
        log(number, cost_e10=10**16 + 1)
    assert reports.summary(timezone.now() - timedelta(days=1)).cost == 3 * 10**16 + 3


def test_it_leaves_out_what_came_before() -> None:
    log(10)
    log(7200)
    assert reports.summary(timezone.now() - timedelta(hours=1)).requests == 1


def test_it_has_an_hour_for_every_hour() -> None:
    log(1)
    log(2, outcome="error", status=502)
    log(3, outcome="cancelled", status=499)
    hours = reports.by_hour(6)
    assert [later.at - sooner.at for sooner, later in pairwise(hours)] == [timedelta(hours=1)] * 5
    assert sum(hour.answered for hour in hours) == 1
    assert (sum(hour.failed for hour in hours), sum(hour.other for hour in hours)) == (1, 1)
