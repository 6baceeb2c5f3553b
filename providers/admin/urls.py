"""Addresses of the provider pages."""

from __future__ import annotations

from django.urls import path

from providers.admin.accounts import Delete, DeleteEndpoint, Edit, Switch, Test
from providers.admin.connecting import AddEndpoint, Connect
from providers.admin.gallery import Gallery, ProviderPage

app_name = "providers"
urlpatterns = [
    path("", Gallery.as_view(), name="gallery"),
    path("new-endpoint/", AddEndpoint.as_view(), name="endpoint_add"),
    path("accounts/<uuid:pk>/", Edit.as_view(), name="account"),
    path("accounts/<uuid:pk>/test/", Test.as_view(), name="test"),
    path("accounts/<uuid:pk>/switch/", Switch.as_view(), name="switch"),
    path("accounts/<uuid:pk>/delete/", Delete.as_view(), name="delete"),
    path("at/<str:provider>/", ProviderPage.as_view(), name="provider"),
    path("at/<str:provider>/connect/", Connect.as_view(), name="connect"),
    path("at/<str:provider>/delete/", DeleteEndpoint.as_view(), name="endpoint_delete"),
]
