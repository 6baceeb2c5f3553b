"""What the ready-made configuration of client tools is filled in with."""

from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings
from django.http import HttpRequest

from billing.models import RequestLog
from providers import catalog
from providers.models import Connection, Node

PLACEHOLDER = "YOUR_API_KEY"


@dataclass(frozen=True, slots=True, kw_only=True)
class Filling:
    base: str  # the root address, without /v1
    model: str
    secret: str
    is_guess: bool  # whether the model's name still has to be filled in


def filling(request: HttpRequest, secret: str = PLACEHOLDER) -> Filling:
    model, is_guess = _model()
    return Filling(base=base_url(request), model=model, secret=secret, is_guess=is_guess)


def base_url(request: HttpRequest) -> str:
    """BASE_URL, else the address that the browser has come by."""
    return settings.BASE_URL or request.build_absolute_uri("/").rstrip("/")


def _model() -> tuple[str, bool]:
    """A model that has answered lately, else one of a connected provider, else an example."""
    answered = RequestLog.objects.filter(outcome=RequestLog.Outcome.OK).exclude(requested_model="")
    name = answered.values_list("requested_model", flat=True).first()
    if name:
        return name, False
    connected = Connection.objects.filter(is_active=True).order_by("-created_at")
    for provider in dict.fromkeys(connected.values_list("provider", flat=True)):
        entry = catalog.entry(provider)
        model = next((m for m in entry.models if m.kind == "chat"), None) if entry else None
        if entry and model:
            return f"{entry.alias}/{model.id}", False
        if Node.objects.filter(prefix=provider).exists():
            return f"{provider}/MODEL", True
    return "provider/model", True
