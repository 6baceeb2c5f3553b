"""Makes our site the admin's default one, so that apps register with plain `@admin.register`."""

from __future__ import annotations

from django.contrib.admin.apps import AdminConfig


class DashboardConfig(AdminConfig):
    default_site = "omniroute.admin.site.DashboardSite"
