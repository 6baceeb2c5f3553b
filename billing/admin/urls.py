"""Addresses of the request log."""

from __future__ import annotations

from django.urls import path

from billing.admin.requests import RequestList, RequestPage

app_name = "requests"
urlpatterns = [
    path("", RequestList.as_view(), name="list"),
    path("<uuid:pk>/", RequestPage.as_view(), name="detail"),
]
