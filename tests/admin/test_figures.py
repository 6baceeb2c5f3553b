"""How numbers, money and times are written."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from omniroute.templatetags import figures


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "unpriced"),
        (0, "$0"),
        (1, "$0.0000000001"),
        (12_345, "$0.00000123"),
        (9_876_543, "$0.000988"),
        (1_234_567_890, "$0.1235"),
        (12_345_000_000_000, "$1,234.50"),
    ],
)
def test_it_writes_money_with_enough_digits(value: int | None, text: str) -> None:
    assert figures.usd(value) == text


def test_it_keeps_every_digit_when_asked() -> None:
    assert figures.exact_usd(12_345) == "$0.0000012345"
    assert figures.exact_usd(None) == "unpriced"


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0"), (999, "999"), (1000, "1K"), (1_234_567, "1.23M"), (45_600_000_000, "45.6B")],
)
def test_it_shortens_large_counts(value: int, text: str) -> None:
    assert figures.compact(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0 ms"), (999, "999 ms"), (1234, "1.2 s"), (75_000, "1 min 15 s"), (None, "—")],
)
def test_it_writes_durations_with_units(value: int | None, text: str) -> None:
    assert figures.duration(value) == text


@pytest.mark.parametrize(
    ("part", "whole", "text"), [(0, 0, "0 %"), (1, 300, "0.3 %"), (25, 100, "25 %")]
)
def test_it_writes_shares(part: int, whole: int, text: str) -> None:
    assert figures.share(part, whole) == text


def test_it_writes_times_that_machines_and_people_read() -> None:
    tag = figures.moment(datetime(2026, 3, 1, 9, 30, 5, 120_000, tzinfo=UTC), "ago")
    assert 'datetime="2026-03-01T09:30:05.120+00:00" data-moment="ago"' in tag
    assert ">2026-03-01 09:30 UTC<" in tag
