"""The gallery of providers, and one provider's page with its accounts."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.views.generic import TemplateView

from omniroute.admin.page import Page
from providers.admin import overview
from providers.admin.connecting import crumbs


class Gallery(Page, TemplateView):
    title = "Providers"
    permission_required = "providers.view_connection"
    template_name = "providers/gallery.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        shelves, endpoints = overview.shelves(), overview.endpoints()
        return super().get_context_data(
            shelves=shelves,
            endpoints=endpoints,
            connected=sum(bool(p.accounts) for s in shelves for p in s.providers)
            + sum(bool(p.accounts) for p in endpoints),
            **kwargs,
        )


class ProviderPage(Page, TemplateView):
    permission_required = "providers.view_connection"
    template_name = "providers/provider.html"

    def setup(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        super().setup(request, *args, **kwargs)
        self.provider = overview.find(kwargs["provider"])

    def get_title(self) -> str:
        return self.provider.name

    def get_crumbs(self) -> list[tuple[str, str]]:
        return crumbs(None)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(**kwargs | {"provider": self.provider})
