"""Token counts and what becomes of a request: the facts that billing is made of.

Counts never overlap: `input` is uncached input, `output` includes `reasoning`. Money is an integer
number of 10^-10 USD, rounded once per attempt.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from decimal import ROUND_HALF_EVEN, Decimal
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from omniroute.gateway.snapshot import Price

Basis = Literal["reported", "estimated", "none"]
Outcome = Literal["ok", "error", "aborted_upstream", "cancelled", "refused"]

E10_PER_USD = 10**10
_PER_TOKEN = Decimal(E10_PER_USD) / 1_000_000
MAX_COUNT = 2**40


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """Tokens of one attempt, each counted in exactly one field (`reasoning` is a part of `output`).

    `basis` tells whether the provider reported them. `suspect` marks reported numbers that cannot
    be true (negative, absurdly large, a part larger than its whole); they were clamped.
    """

    input: int = 0
    cache_read: int = 0
    cache_write_5m: int = 0
    cache_write_1h: int = 0
    output: int = 0
    reasoning: int = 0
    basis: Basis = "reported"
    suspect: bool = False

    @property
    def prompt(self) -> int:
        """All input tokens, cached or not: what OpenAI calls `prompt_tokens`."""
        return self.input + self.cache_read + self.cache_write_5m + self.cache_write_1h

    @property
    def cache_write(self) -> int:
        return self.cache_write_5m + self.cache_write_1h


def count(value: object) -> tuple[int, bool]:
    """A provider's token count as (usable count, whether the value was absurd)."""
    if type(value) is int and 0 <= value <= MAX_COUNT:
        return value, False
    if value is None:
        return 0, False
    if isinstance(value, bool) or not isinstance(value, int | float):
        return 0, True
    if value != value or value < 0 or value > MAX_COUNT:
        return 0, True
    return int(value), False


def checked(usage: Usage, *values: object) -> Usage:
    """`usage` marked suspect when one of the raw `values` it was made of is absurd."""
    if any(count(value)[1] for value in values):
        return replace(usage, suspect=True)
    return usage


def cost_e10(usage: Usage, price: Price) -> int:
    """What `usage` costs at `price`, in 10^-10 USD, rounded half to even once."""
    for above, tier in price.tiers:
        if usage.prompt > above:
            price = tier
    total = (
        usage.input * price.input
        + usage.cache_read * _or(price.cache_read, price.input)
        + usage.cache_write_5m * _or(price.cache_write_5m, price.input)
        + usage.cache_write_1h * _or(price.cache_write_1h, _or(price.cache_write_5m, price.input))
        + usage.output * price.output
    )
    return int((total * _PER_TOKEN).to_integral_value(ROUND_HALF_EVEN))


def _or(value: Decimal | None, fallback: Decimal) -> Decimal:
    return fallback if value is None else value


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptRecord:
    """One call to a provider, as it goes into the ledger. Times in milliseconds."""

    number: int
    provider: str
    model: str
    connection: str
    status: int | None
    failure: str | None
    first_byte_ms: int | None
    duration_ms: int
    usage: Usage
    price_id: str | None
    cost_e10: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageEvent:
    """One finished `/v1` request. `request_id` is a UUIDv7 and makes every replay harmless."""

    request_id: str
    started_at: float  # Unix seconds
    key_id: str | None
    endpoint: str
    dialect: str
    requested_model: str
    stream: bool
    outcome: Outcome
    status: int
    error_code: str | None
    duration_ms: int
    ttft_ms: int | None
    client: str
    session: str | None
    config_version: int
    attempts: tuple[AttemptRecord, ...] = field(default=())
    decision: tuple[dict[str, object], ...] = field(default=())
