"""Which accounts to try, in which order; every one that is left out is recorded with its reason."""

from __future__ import annotations

from omniroute.gateway.access import may_use
from omniroute.gateway.adapters import Target, format_for
from omniroute.gateway.errors import Forbidden, GatewayError, RateLimited, Unavailable
from omniroute.gateway.exchange import Exchange
from omniroute.gateway.resolve import Choice, Resolution
from omniroute.gateway.state import State

MAX_ATTEMPTS = 6


def plan(exchange: Exchange, resolution: Resolution, state: State) -> list[Target]:
    """Targets in the order to try them, at most six. Raises when none can be tried."""
    note = exchange.decision.append
    note({"resolved": exchange.requested_model, "via": resolution.via})
    targets: list[Target] = []
    soonest: float | None = None
    allowed = False
    for choice in resolution.choices:
        if not _allowed(exchange, choice):
            note({"model": choice.name, "excluded": "not_allowed"})
            continue
        allowed = True
        for connection in exchange.snapshot.connections.get(choice.provider.id, ()):
            if choice.connection not in {None, connection.id}:
                continue
            left = state.resting(connection.id)
            if left:
                note(
                    {
                        "model": choice.name,
                        "account": connection.id,
                        "excluded": "cooldown",
                        "seconds": round(left, 1),
                    }
                )
                soonest = left if soonest is None else min(left, soonest)
                continue
            targets.append(
                Target(
                    provider=choice.provider,
                    model=choice.model,
                    connection=connection,
                    format=format_for(choice.provider, choice.model, exchange.dialect),
                )
            )
    if not targets:
        raise _nobody(exchange, resolution, allowed=allowed, soonest=soonest)
    return targets[:MAX_ATTEMPTS]


def _allowed(exchange: Exchange, choice: Choice) -> bool:
    key = exchange.key
    return key is None or may_use(
        key, exchange.requested_model, choice.name, f"{choice.provider.id}/{choice.model.id}"
    )


def _nobody(
    exchange: Exchange, resolution: Resolution, *, allowed: bool, soonest: float | None
) -> GatewayError:
    if not allowed:
        return Forbidden(
            f"This API key may not use the model '{exchange.requested_model}'.",
            code="model_not_allowed",
            param="model",
        )
    if soonest is not None:
        return RateLimited(
            f"Every account for '{exchange.requested_model}' is resting after a failure "
            f"(reset after {soonest:.0f}s).",
            code="model_cooldown",
            retry_after=max(1.0, soonest),
        )
    providers = ", ".join(dict.fromkeys(choice.provider.name for choice in resolution.choices))
    return Unavailable(
        f"No account is connected for {providers}. Connect one in the dashboard under Providers.",
        code="no_credentials",
    )
