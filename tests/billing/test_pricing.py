"""Prices come from the installed list, and the catalog fills its gaps."""

from __future__ import annotations

from decimal import Decimal

import pytest
from genai_prices import Usage as TheirUsage
from genai_prices import calc_price

from billing import pricing
from billing.models import Price
from omniroute.gateway.usage import Usage, cost_e10
from omniroute.models import ConfigVersion

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _synced() -> None:
    pricing.sync()


@pytest.mark.parametrize(
    ("ours", "theirs", "model"),
    [
        ("anthropic", "anthropic", "claude-sonnet-4-5"),
        ("openai", "openai", "gpt-4o"),
        ("openai", "openai", "gpt-5.5"),
        ("gemini", "google", "gemini-2.5-pro"),
        ("groq", "groq", "llama-3.3-70b-versatile"),
    ],
)
@pytest.mark.parametrize("prompt", [1_000, 150_000, 300_000])
def test_it_charges_what_the_list_says(ours: str, theirs: str, model: str, prompt: int) -> None:
    price = pricing.prices(ours)[model]
    usage = Usage(input=prompt - 500, cache_read=500, output=1234)
    expected = calc_price(
        TheirUsage(input_tokens=prompt, cache_read_tokens=500, output_tokens=1234),
        model_ref=model,
        provider_id=theirs,
    ).total_price
    assert cost_e10(usage, price) == round(expected * 10**10)


def test_a_model_of_the_guide_is_found_by_its_dated_name() -> None:
    price = pricing.prices("anthropic")["claude-sonnet-4-5-20250929"]
    assert (price.input, price.output, price.cache_read) == (
        Decimal(3),
        Decimal(15),
        Decimal("0.3"),
    )
    assert price.cache_write_5m == Decimal("3.75")


def test_the_catalog_prices_what_the_list_does_not_know() -> None:
    own = Price.objects.filter(source=Price.Source.CATALOG)
    assert own.exists()
    row = own.first()
    assert row is not None
    assert pricing.prices(row.provider)[row.model].id.startswith("catalog ")


def test_an_unknown_model_is_unpriced_not_free() -> None:
    assert "no-such-model" not in pricing.prices("openai")


def test_a_sync_is_a_change_of_configuration_and_leaves_one_row_a_model() -> None:
    before = ConfigVersion.objects.get(pk=1).version
    first = set(Price.objects.values_list("provider", "model", "source"))
    assert pricing.sync() == len(first)
    assert set(Price.objects.values_list("provider", "model", "source")) == first
    assert ConfigVersion.objects.get(pk=1).version == before + 1
    assert pricing.is_current()
