"""What every page of the dashboard that is not a ModelAdmin's shares: frame and permission."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin
from django.contrib.auth.mixins import PermissionRequiredMixin
from django.http import HttpRequest
from django.views.generic.base import ContextMixin, View


class Page(PermissionRequiredMixin, ContextMixin, View):
    """Name a permission; whoever signs in without it gets a 403."""

    request: HttpRequest
    title: ClassVar[str] = ""
    raise_exception = True

    def get_title(self) -> str:
        return self.title

    def get_crumbs(self) -> list[tuple[str, str]]:
        """(address, text) of the pages above this one."""
        return []

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(
            **admin.site.each_context(self.request),
            title=self.get_title(),
            crumbs=self.get_crumbs(),
            **kwargs,
        )
