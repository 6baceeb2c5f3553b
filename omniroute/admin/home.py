"""The home page: the first steps until they are done, then what the gateway is doing."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from billing import reports
from billing.admin.requests import describe
from billing.models import ApiKey, RequestLog
from health.models import Heartbeat
from providers.models import Connection, ConnectionCheck

SILENCE = timedelta(minutes=3)
_AXIS = {
    "stacked": True,
    "border": {"display": False},
    "grid": {"color": "rgba(128,136,155,.18)", "tickWidth": 0},
    "ticks": {"color": "#747d91", "maxRotation": 0, "maxTicksLimit": 9, "precision": 0},
}
CHART_OPTIONS = json.dumps(
    {
        "animation": False,
        "responsive": True,
        "maintainAspectRatio": False,
        "interaction": {"mode": "index", "intersect": False},
        "plugins": {"legend": {"display": False}},
        "scales": {
            "x": {**_AXIS, "grid": {"display": False}},
            "y": {
                **_AXIS,
                "beginAtZero": True,
                "suggestedMax": 4,
                "ticks": {**_AXIS["ticks"], "maxTicksLimit": 5},  # type: ignore[dict-item]
            },
        },
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstStep:
    title: str
    text: str
    action: str
    href: str
    done: bool


def dashboard(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """unfold's DASHBOARD_CALLBACK."""
    steps = first_steps()
    done = sum(step.done for step in steps)
    context |= {"steps": steps, "steps_done": done, "steps_open": done < len(steps)}
    context |= {"next_step": next((step for step in steps if not step.done), None)}
    context["silent"] = silent()
    if not request.user.has_perm("billing.view_requestlog"):
        return context
    midnight = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
    hours = reports.by_hour()
    return context | {
        "may_see_requests": True,
        "today": reports.summary(midnight),
        "week": reports.summary(timezone.now() - timedelta(days=7)),
        "latest": describe(list(reports.latest(8))),
        "chart": chart(hours),
        "chart_options": CHART_OPTIONS,
        "chart_words": f"{sum(h.answered + h.failed + h.other for h in hours)} requests in the "
        f"last 24 hours, {sum(h.failed for h in hours)} of them failed.",
    }


def first_steps() -> list[FirstStep]:
    accounts = Connection.objects.values_list("provider", flat=True)
    works = ConnectionCheck.objects.filter(status=ConnectionCheck.Status.OK).exists()
    provider = accounts.first()
    account_page = (
        reverse("providers:provider", args=[provider]) if provider else reverse("providers:gallery")
    )
    key = ApiKey.objects.first()
    key_page = reverse("admin:billing_apikey_add")
    if key is not None:
        key_page = reverse("admin:billing_apikey_change", args=[key.pk]) + "#snippets"
    return [
        FirstStep(
            title="Connect a provider",
            text="Bring an API key of a provider that you have an account with.",
            action="Choose a provider",
            href=reverse("providers:gallery"),
            done=provider is not None,
        ),
        FirstStep(
            title="See that it works",
            text="A test asks the provider whether it takes your key.",
            action="Test the account",
            href=account_page,
            done=works,
        ),
        FirstStep(
            title="Create an API key",
            text="Your applications use it to talk to OmniRoute.",
            action="Create a key",
            href=reverse("admin:billing_apikey_add"),
            done=key is not None,
        ),
        FirstStep(
            title="Send the first request",
            text="Copy a snippet for curl, the OpenAI SDK, Claude Code or Codex.",
            action="Show the snippets",
            href=key_page,
            done=RequestLog.objects.filter(outcome=RequestLog.Outcome.OK).exists(),
        ),
    ]


def silent() -> list[Heartbeat]:
    """The background processes that have not been heard of lately."""
    return list(Heartbeat.objects.filter(at__lt=timezone.now() - SILENCE).order_by("name"))


def chart(hours: list[reports.Hour]) -> str:
    """Chart.js data. Labels are UTC hours; the page's script turns them into the viewer's."""

    def bars(name: str, values: list[int], colour: str) -> dict[str, Any]:
        return {
            "label": name,
            "data": values,
            "backgroundColor": f"var(--o-series-{colour})",
            "maxBarThickness": 26,
            "borderRadius": 3,
            "stack": "requests",
        }

    return json.dumps(
        {
            "labels": [hour.at.isoformat() for hour in hours],
            "datasets": [
                bars("Answered", [hour.answered for hour in hours], "ok"),
                bars("Failed", [hour.failed for hour in hours], "bad"),
                bars("Refused or cancelled", [hour.other for hour in hours], "other"),
            ],
        }
    )
