"""Money is exact, never negative, and grows with every count."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omniroute.gateway.snapshot import Price
from omniroute.gateway.usage import MAX_COUNT, Usage, checked, cost_e10, count

COUNTS = ("input", "cache_read", "cache_write_5m", "cache_write_1h", "output")
rates = st.decimals(0, 1000, places=6)
counts = st.integers(0, 10**9)
prices = st.builds(
    Price,
    id=st.just("p"),
    input=rates,
    output=rates,
    cache_read=st.none() | rates,
    cache_write_5m=st.none() | rates,
    cache_write_1h=st.none() | rates,
)
usages = st.builds(Usage, **dict.fromkeys(COUNTS, counts))


@given(usages, prices)
def test_it_is_the_exact_sum_rounded_once(usage: Usage, price: Price) -> None:
    write_5m = price.input if price.cache_write_5m is None else price.cache_write_5m
    rate = {
        "input": price.input,
        "output": price.output,
        "cache_read": price.input if price.cache_read is None else price.cache_read,
        "cache_write_5m": write_5m,
        "cache_write_1h": write_5m if price.cache_write_1h is None else price.cache_write_1h,
    }
    exact = sum(getattr(usage, name) * Fraction(rate[name]) for name in COUNTS) * 10**4
    assert abs(cost_e10(usage, price) - exact) <= Fraction(1, 2)


@given(usages, prices, st.sampled_from(COUNTS), counts)
def test_it_never_falls_when_a_count_rises(
    usage: Usage, price: Price, name: str, more: int
) -> None:
    raised = replace(usage, **{name: getattr(usage, name) + more})
    assert 0 <= cost_e10(usage, price) <= cost_e10(raised, price)


def test_a_long_prompt_is_charged_at_its_tier() -> None:
    long = Price(id="p", input=Decimal("2.5"), output=Decimal(15))
    price = Price(id="p", input=Decimal("1.25"), output=Decimal(10), tiers=((200_000, long),))
    at_limit = Usage(input=100_000, cache_read=100_000, output=10)
    assert cost_e10(at_limit, price) == 200_000 * 12_500 + 10 * 100_000
    above = Usage(input=100_001, cache_read=100_000, output=10)
    assert cost_e10(above, price) == 200_001 * 25_000 + 10 * 150_000


def test_reasoning_is_not_charged_twice() -> None:
    price = Price(id="p", input=Decimal(0), output=Decimal(10))
    assert cost_e10(Usage(output=100, reasoning=90), price) == 100 * 100_000


@pytest.mark.parametrize(
    "value", [-1, True, "12", 1.5e300, float("nan"), MAX_COUNT + 1, [], {"n": 1}]
)
def test_an_absurd_count_is_nothing_and_marks_the_row(value: object) -> None:
    assert count(value) == (0, True)
    assert checked(Usage(), 3, value).suspect


def test_a_missing_count_is_zero_and_no_reason_for_suspicion() -> None:
    assert count(None) == (0, False)
    assert count(17) == (17, False)
    assert not checked(Usage(), None, 17).suspect
