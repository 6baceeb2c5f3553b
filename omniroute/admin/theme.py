"""unfold's settings. Colours and styles are in static/omniroute/css: no page has inline CSS."""

from __future__ import annotations

from typing import Any

from omniroute.admin.navigation import SIDEBAR

UNFOLD: dict[str, Any] = {
    "SITE_TITLE": "OmniRoute",
    "SITE_HEADER": "OmniRoute",
    "SITE_URL": None,
    "SHOW_HISTORY": False,
    "SHOW_VIEW_ON_SITE": False,
    "DASHBOARD_CALLBACK": "omniroute.admin.home.dashboard",
    "SIDEBAR": {"show_search": False, "navigation": SIDEBAR},
}
