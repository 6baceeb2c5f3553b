"""The sidebar: the pages of the product, in the order in which a newcomer needs them."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.urls import reverse_lazy


def _page(title: str, icon: str, url: str, *, permission: str = "") -> dict[str, Any]:
    link = reverse_lazy(url)

    def active(request: HttpRequest) -> bool:
        return (
            request.path == str(link)
            if url == "admin:index"
            else request.path.startswith(str(link))
        )

    def allowed(request: HttpRequest) -> bool:
        return not permission or bool(request.user.has_perm(permission))

    return {"title": title, "icon": icon, "link": link, "active": active, "permission": allowed}


SIDEBAR: list[dict[str, Any]] = [
    {
        "items": [
            _page("Home", "space_dashboard", "admin:index"),
            _page("Providers", "hub", "providers:gallery", permission="providers.view_connection"),
            _page(
                "Combos",
                "alt_route",
                "admin:combos_combo_changelist",
                permission="combos.view_combo",
            ),
            _page(
                "API keys",
                "key",
                "admin:billing_apikey_changelist",
                permission="billing.view_apikey",
            ),
            _page(
                "Request log", "receipt_long", "requests:list", permission="billing.view_requestlog"
            ),
        ]
    },
    {
        "title": "Manage",
        "items": [
            _page("Settings", "settings", "settings", permission="omniroute.view_settings"),
            _page(
                "Management tokens",
                "terminal",
                "admin:omniroute_managementtoken_changelist",
                permission="omniroute.view_managementtoken",
            ),
            _page("Documentation", "menu_book", "docs"),
        ],
    },
]
