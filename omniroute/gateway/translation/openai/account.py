"""Whose request it is and how it is served: fields that both APIs name alike."""

from __future__ import annotations

from typing import Any

from omniroute.gateway import ir

_TIERS = frozenset({"auto", "default", "flex", "scale", "priority", "fast"})
_MAX_USER = 64


def write(request: ir.Request, losses: set[str], *, same_format: bool) -> dict[str, Any]:
    fields: dict[str, Any] = {
        "prompt_cache_key": request.prompt_cache_key,
        "user": request.user,
        "service_tier": request.service_tier,
        "metadata": request.metadata,
    }
    if not same_format:
        for name in _unfit(request):
            losses.add(name)
            fields[name] = None
    return {name: value for name, value in fields.items() if value is not None}


def _unfit(request: ir.Request) -> list[str]:
    """What another API's client said in words that are an error here, or not meant for here."""
    unfit = []
    if request.user is not None and len(request.user) > _MAX_USER:
        unfit.append("user")
    if request.service_tier is not None and request.service_tier not in _TIERS:
        unfit.append("service_tier")
    if request.metadata is not None:
        unfit.append("metadata")
    return unfit
