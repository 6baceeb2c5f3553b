"""What a failed attempt means: whose fault it was, whether another target may help, and for how
long what failed is left alone.

A caller's own fault never cools anything and never travels on to other targets.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from omniroute.gateway.errors import GatewayError, UpstreamError, UpstreamFailure

Scope = Literal["caller", "connection", "model", "provider", "nobody"]

MIN_COOLDOWN = 1.0  # seconds
MAX_COOLDOWN = 24 * 3600.0
_REST: dict[str, float] = {
    "authentication": 300.0,
    "permission": 60.0,
    "billing": 120.0,
    "rate_limit": 5.0,
    "overloaded": 5.0,
    "server": 3.0,
    "timeout": 3.0,
}
_GATEWAY_STATUS = {
    "first_byte_timeout": 504,
    "idle_timeout": 504,
    "total_timeout": 504,
    "pool": 503,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """`reason` is one of a closed list; `rest` is how long `scope` is left alone, in seconds."""

    scope: Scope
    reason: str
    retry: bool
    rest: float
    error: GatewayError


def judge(error: UpstreamError | UpstreamFailure) -> Verdict:
    """The verdict on one failed attempt."""
    if isinstance(error, UpstreamFailure):
        return _transport(error)
    if error.kind in {"invalid_request", "context_length", "too_large"}:
        return Verdict(scope="caller", reason=error.kind, retry=False, rest=0, error=error)
    if error.kind == "not_found":
        return Verdict(scope="model", reason="model_not_found", retry=True, rest=0, error=error)
    rest = _REST[error.kind]
    if error.retry_after is not None and error.kind in {"rate_limit", "overloaded"}:
        rest = min(max(error.retry_after, MIN_COOLDOWN), MAX_COOLDOWN)
    return Verdict(
        scope="connection", reason=error.kind, retry=True, rest=rest, error=_for_caller(error)
    )


def _for_caller(error: UpstreamError) -> GatewayError:
    """An account's own trouble is the operator's, not the caller's: never 401 or 403 for it."""
    if error.kind in {"authentication", "permission", "billing"}:
        return UpstreamError(
            f"The provider refused the account that serves this model ({error.kind}). "
            "The operator must check it in the dashboard.",
            status=502,
            kind="server",
            code="upstream_account_refused",
        )
    return error


def _transport(failure: UpstreamFailure) -> Verdict:
    error = UpstreamError(
        f"The provider could not be reached or broke off ({failure.kind.replace('_', ' ')}).",
        status=_GATEWAY_STATUS.get(failure.kind, 502),
        kind="timeout" if failure.kind.endswith("timeout") else "server",
        code=f"upstream_{failure.kind}",
    )
    scope: Scope = "nobody" if failure.kind in {"pool", "too_large"} else "connection"
    rest = 0.0 if scope == "nobody" else 3.0
    return Verdict(scope=scope, reason=failure.kind, retry=True, rest=rest, error=error)
