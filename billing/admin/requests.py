"""The request log: a filtered list in pages by id (the table is never counted), and one request."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from django import forms
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.views.generic import TemplateView

from billing.admin import timeline
from billing.models import ApiKey, Entry, RequestLog
from omniroute.admin.page import Page
from omniroute.gateway.formats import FORMATS
from providers import catalog
from providers.models import Connection, Node

SIZE = 50
RECENT = 2000  # rows whose models are offered as suggestions
PERIODS = {"1h": ("Last hour", 1), "24h": ("Last 24 hours", 24), "7d": ("Last 7 days", 168)}


class FilterForm(forms.Form):
    """Every field is optional; what does not fit is ignored."""

    q = forms.UUIDField(required=False)
    outcome = forms.ChoiceField(required=False, choices=RequestLog.Outcome.choices)
    provider = forms.CharField(required=False, max_length=60)
    model = forms.CharField(required=False, max_length=200)
    key = forms.UUIDField(required=False)
    time = forms.ChoiceField(required=False, choices=[(k, t) for k, (t, _) in PERIODS.items()])
    before = forms.UUIDField(required=False)
    after = forms.UUIDField(required=False)

    def rows(self) -> QuerySet[RequestLog]:
        data = self.cleaned_data
        rows = RequestLog.objects.defer("attempts", "decision")
        if data.get("outcome"):
            rows = rows.filter(outcome=data["outcome"])
        if data.get("provider"):
            rows = rows.filter(provider=data["provider"])
        if data.get("model"):
            name = data["model"]
            rows = rows.filter(Q(requested_model__icontains=name) | Q(model__icontains=name))
        if data.get("key"):
            rows = rows.filter(key_id=data["key"])
        if data.get("time"):
            hours = PERIODS[data["time"]][1]
            rows = rows.filter(started_at__gte=timezone.now() - timedelta(hours=hours))
        return rows


class RequestList(Page, TemplateView):
    title = "Request log"
    permission_required = "billing.view_requestlog"
    template_name = "billing/requests.html"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        self.form = FilterForm(request.GET)
        self.form.is_valid()
        wanted = self.form.cleaned_data.get("q")
        if wanted and RequestLog.objects.filter(pk=wanted).exists():
            return redirect("requests:detail", wanted)
        return super().get(request, *args, **kwargs)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        rows, newer, older = self._page()
        filters = {
            name: value
            for name, value in self.request.GET.items()
            if value and name not in {"before", "after"}
        }
        return super().get_context_data(
            rows=describe(rows),
            newer=newer,
            older=older,
            filters=filters,
            missing=self.request.GET.get("q", ""),
            outcomes=RequestLog.Outcome.choices,
            periods=[(name, text) for name, (text, _) in PERIODS.items()],
            keys=ApiKey.objects.order_by("name").values_list("pk", "name"),
            **_suggestions(),
            **kwargs,
        )

    def _page(self) -> tuple[list[RequestLog], UUID | None, UUID | None]:
        """The rows, and the ids from which newer and older ones are asked for."""
        if self.request.GET.get("q"):
            return [], None, None
        rows, data = self.form.rows(), self.form.cleaned_data
        if after := data.get("after"):
            found = list(rows.filter(pk__gt=after).order_by("pk")[: SIZE + 1])
            more, found = len(found) > SIZE, found[:SIZE][::-1]
            return found, found[0].pk if more else None, found[-1].pk if found else None
        before = data.get("before")
        found = list((rows.filter(pk__lt=before) if before else rows)[: SIZE + 1])
        more, found = len(found) > SIZE, found[:SIZE]
        newer = found[0].pk if before and found else None
        return found, newer, found[-1].pk if more else None


class RequestPage(Page, TemplateView):
    permission_required = "billing.view_requestlog"
    template_name = "billing/request.html"

    def setup(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        super().setup(request, *args, **kwargs)
        self.row = get_object_or_404(RequestLog, pk=kwargs["pk"])

    def get_title(self) -> str:
        return self.row.requested_model or "Request"

    def get_crumbs(self) -> list[tuple[str, str]]:
        return [(reverse("requests:list"), "Request log")]

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        row = self.row
        names = _account_names(attempt.get("connection") for attempt in row.attempts)
        return super().get_context_data(
            row=row,
            line=describe([row])[0],
            dialect=_dialect(row.dialect),
            steps=timeline.story(row, names),
            entries=Entry.objects.filter(request_id=row.pk).order_by("attempt"),
            **kwargs,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A request with the names of what its row only has the ids of."""

    log: RequestLog
    provider: str
    account: str
    key: str
    tokens_in: int


def describe(rows: Sequence[RequestLog]) -> list[Line]:
    """Takes three queries at most, however many rows there are."""
    accounts = _account_names(row.connection_id for row in rows)
    key_ids = {row.key_id for row in rows if row.key_id}
    keys = dict(ApiKey.objects.filter(pk__in=key_ids).values_list("pk", "name")) if key_ids else {}
    nodes = _node_names({row.provider for row in rows if row.provider})
    return [
        Line(
            log=row,
            provider=nodes.get(row.provider) or timeline.provider_name(row.provider),
            account=accounts.get(str(row.connection_id), ""),
            key=keys.get(row.key_id, "") if row.key_id else "",
            tokens_in=row.input_tokens
            + row.cache_read_tokens
            + row.cache_write_5m_tokens
            + row.cache_write_1h_tokens,
        )
        for row in rows
    ]


def _account_names(ids: Iterable[Any]) -> dict[str, str]:
    wanted = {str(account) for account in ids if account}
    if not wanted:
        return {}
    found = Connection.objects.filter(pk__in=wanted).values_list("pk", "name")
    return {str(pk): name for pk, name in found}


def _node_names(providers: set[str]) -> dict[str, str]:
    unknown = providers - catalog.entries().keys()
    if not unknown:
        return {}
    return dict(Node.objects.filter(prefix__in=unknown).values_list("prefix", "name"))


def _suggestions() -> dict[str, list[str]]:
    seen = RequestLog.objects.values_list("provider", "requested_model")[:RECENT]
    pairs = list(seen)
    return {
        "providers": sorted({provider for provider, _ in pairs if provider}),
        "models": sorted({model for _, model in pairs if model})[:200],
    }


def _dialect(name: str) -> str:
    form = FORMATS.get(name)
    return form.label if form else name
