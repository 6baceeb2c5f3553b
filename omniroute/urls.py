"""Django's routes. `/v1` is not here: the edge hands it to the gateway."""

from __future__ import annotations

from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path

from omniroute.api.root import api
from omniroute.docs import DocumentPage
from omniroute.settings_view import SettingsPage
from omniroute.setup_view import SetupView

urlpatterns: list[URLPattern | URLResolver] = [
    path("api/", api.urls),
    path("setup", SetupView.as_view(), name="setup"),
    path("settings/", SettingsPage.as_view(), name="settings"),
    path("settings/<slug:tab>/", SettingsPage.as_view(), name="settings"),
    path("providers/", include("providers.admin.urls")),
    path("requests/", include("billing.admin.urls")),
    path("docs/", DocumentPage.as_view(), name="docs"),
    path("docs/<slug:name>/", DocumentPage.as_view(), name="docs-page"),
    path("", admin.site.urls),
]
