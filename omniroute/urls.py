"""Django's routes. `/v1` is not here: the edge hands it to the gateway."""

from __future__ import annotations

from django.contrib import admin
from django.urls import URLPattern, URLResolver, path

from omniroute.api.root import api

urlpatterns: list[URLPattern | URLResolver] = [
    path("api/", api.urls),
    path("", admin.site.urls),
]
