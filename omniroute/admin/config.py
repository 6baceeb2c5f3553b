"""Makes our site the admin's default one, so that apps register with plain `@admin.register`."""

from __future__ import annotations

from importlib import import_module

from django.contrib.admin.apps import AdminConfig


class DashboardConfig(AdminConfig):
    default_site = "omniroute.admin.site.DashboardSite"

    def ready(self) -> None:
        super().ready()
        import_module("omniroute.admin.tokens")  # this package is loaded before its models are
