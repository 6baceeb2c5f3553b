"""Prices: what the genai-prices package and the catalog say, kept in the database.

The package is heavy, so only `sync` imports it, in a process that ends or in the worker. Prices for
certain hours of the day are not applied: the price of the rest of the day is.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import fields
from datetime import UTC, datetime
from decimal import Decimal
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from django.db import transaction

from billing.models import Price
from omniroute import __version__
from omniroute.gateway import snapshot
from omniroute.models import ConfigVersion
from providers import catalog

if TYPE_CHECKING:
    from genai_prices.types import ModelInfo, ModelPrice
    from genai_prices.types import Provider as Vendor

RATES = ("input", "output", "cache_read", "cache_write_5m", "cache_write_1h")
_THEIRS = {
    "input": "input_mtok",
    "output": "output_mtok",
    "cache_read": "cache_read_mtok",
    "cache_write_5m": "cache_write_mtok",
    "cache_write_1h": "cache_write_1h_mtok",
}


def is_current() -> bool:
    """Whether the stored prices come from the installed releases of both sources."""
    stored = set(Price.objects.values_list("source", "version").distinct())
    return stored == {
        (Price.Source.SYNCED.value, version("genai-prices")),
        (Price.Source.CATALOG.value, __version__),
    }


def sync() -> int:
    """Replaces the stored prices by those of the sources; returns how many there are."""
    rows = [*_synced(), *_catalog()]
    with transaction.atomic():
        Price.objects.all().delete()
        Price.objects.bulk_create(rows, batch_size=500)
        ConfigVersion.raise_version()
    return len(rows)


def prices(provider: str) -> dict[str, snapshot.Price]:
    """A provider's prices by model id. The package's word beats the catalog's."""
    rows = Price.objects.filter(provider=provider).order_by("source")  # catalog, genai-prices
    return {row.model: _as_value(row) for row in rows}


def _as_value(row: Price) -> snapshot.Price:
    price_id = f"{row.source} {row.version} {row.provider}/{row.model}"
    base = {rate: getattr(row, rate) for rate in RATES}
    tiers = tuple(
        (
            tier["above"],
            snapshot.Price(
                id=price_id,
                **{**base, **{k: Decimal(v) for k, v in tier.items() if k != "above"}},
            ),
        )
        for tier in row.tiers
    )
    return snapshot.Price(id=price_id, tiers=tiers, **base)


def _catalog() -> Iterator[Price]:
    for entry in catalog.entries().values():
        for model, price in entry.prices.items():
            rates = {field.name: getattr(price, field.name) for field in fields(price)}
            yield Price(
                provider=entry.id,
                model=model,
                source=Price.Source.CATALOG,
                version=__version__,
                **{rate: rates[rate] for rate in RATES},
            )


def _synced() -> Iterator[Price]:
    from genai_prices.data_snapshot import get_snapshot

    vendors = {vendor.id: vendor for vendor in get_snapshot().providers}
    for entry in catalog.entries().values():
        vendor = vendors.get(entry.genai_prices or "")
        if vendor is None:
            continue
        wanted = dict.fromkeys(
            [*(model.id for model in vendor.models), *(model.id for model in entry.models)]
        )
        yield from _of_vendor(entry.id, vendor, wanted)


def _of_vendor(provider: str, vendor: Vendor, wanted: Iterable[str]) -> Iterator[Price]:
    for model_id in wanted:
        info = vendor.find_model(model_id)
        price = _price_now(info) if info else None
        if price is None or any(
            _base(getattr(price, _THEIRS[rate], None)) is None for rate in ("input", "output")
        ):
            continue
        yield Price(
            provider=provider,
            model=model_id,
            source=Price.Source.SYNCED,
            version=version("genai-prices"),
            tiers=_tiers(price),
            **{rate: _base(getattr(price, theirs, None)) for rate, theirs in _THEIRS.items()},
        )


def _price_now(info: ModelInfo) -> ModelPrice | None:
    """The price of today outside special hours."""
    from genai_prices.types import StartDateConstraint

    if not isinstance(info.prices, list):
        return info.prices
    today, found = datetime.now(UTC).date(), None
    for conditional in info.prices:
        rule = conditional.constraint
        if rule is None or (isinstance(rule, StartDateConstraint) and rule.start_date <= today):
            found = conditional.prices
    return found


def _base(value: Any) -> Decimal | None:
    base: Decimal | None = getattr(value, "base", value)
    return base


def _tiers(price: ModelPrice) -> list[dict[str, Any]]:
    steps: dict[int, dict[str, Any]] = {}
    for rate, theirs in _THEIRS.items():
        for tier in getattr(getattr(price, theirs, None), "tiers", ()):
            steps.setdefault(tier.start, {"above": tier.start})[rate] = str(tier.price)
    return [steps[start] for start in sorted(steps)]
