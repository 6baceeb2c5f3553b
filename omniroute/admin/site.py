"""The admin site."""

from __future__ import annotations

from unfold.sites import UnfoldAdminSite


class DashboardSite(UnfoldAdminSite):
    site_title = site_header = "OmniRoute"
    index_title = "Home"
    enable_nav_sidebar = False
