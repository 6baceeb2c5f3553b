"""How numbers, money and times look on every page."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

register = template.Library()

NOTHING = "—"
_E10 = Decimal(10**10)
_UNITS = ((10**9, "B"), (10**6, "M"), (10**3, "K"))


@register.filter
def count(value: int | None) -> str:
    """1234567 -> 1,234,567"""
    return NOTHING if value is None else f"{value:,}"


@register.filter
def compact(value: int | None) -> str:
    """1234567 -> 1.23M"""
    if value is None:
        return NOTHING
    for size, unit in _UNITS:
        if value >= size:
            number = value / size
            return f"{_trim(f'{number:.{2 if number < 10 else 1 if number < 100 else 0}f}')}{unit}"
    return str(value)


@register.filter
def usd(value: int | None) -> str:
    """10^-10 USD as dollars, with as many digits as a small price needs."""
    if value is None:
        return "unpriced"
    dollars = Decimal(value) / _E10
    if dollars == 0:
        return "$0"
    if abs(dollars) >= 1:
        return f"${dollars:,.2f}"
    if abs(dollars) >= Decimal("0.01"):
        return f"${dollars:.4f}"
    return f"${dollars:.3g}" if abs(dollars) >= Decimal("0.000001") else f"${dollars:f}"


@register.filter
def exact_usd(value: int | None) -> str:
    """Every digit that is kept."""
    return "unpriced" if value is None else f"${Decimal(value) / _E10:.10f}"


@register.filter
def duration(milliseconds: int | None) -> str:
    """850 -> 850 ms, 1234 -> 1.2 s, 75000 -> 1 min 15 s"""
    if milliseconds is None:
        return NOTHING
    if milliseconds < 1000:
        return f"{milliseconds} ms"
    if milliseconds < 60_000:
        return f"{milliseconds / 1000:.1f} s"
    minutes, seconds = divmod(round(milliseconds / 1000), 60)
    return f"{minutes} min {seconds} s"


@register.filter
def share(part: int, whole: int) -> str:
    """The percentage that `part` is of `whole`."""
    if not whole:
        return "0 %"
    percent = 100 * part / whole
    return f"{percent:.1f} %" if 0 < percent < 10 else f"{percent:.0f} %"


@register.simple_tag
def moment(value: datetime | None, style: str = "minutes") -> str | SafeString:
    """A time that the page's script turns into the viewer's. See moments.js."""
    if value is None:
        return NOTHING
    utc = value.astimezone(UTC)
    return format_html(
        '<time datetime="{}" data-moment="{}">{} UTC</time>',
        utc.isoformat(timespec="milliseconds"),
        style,
        utc.strftime("%Y-%m-%d %H:%M"),
    )


@register.filter
def mark(name: str) -> int:
    """One of eight colours for a provider's letter; the same name has always the same."""
    return sum(map(ord, name)) % 8


def _trim(number: str) -> str:
    return number.rstrip("0").rstrip(".") if "." in number else number
