"""The admin site: our apps' models only, no table overview, a sign-in with limited tries."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.contrib.admin import ModelAdmin
from django.core.exceptions import NON_FIELD_ERRORS
from django.db.models import Model
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from unfold.sites import UnfoldAdminSite

from omniroute import setup
from omniroute.admin.lockout import WINDOW
from omniroute.admin.signin import SignInForm

OURS = frozenset({"omniroute", "providers", "combos", "billing", "health"})


class DashboardSite(UnfoldAdminSite):
    site_title = site_header = "OmniRoute"
    index_title = "Home"
    index_template = "dashboard/home.html"
    login_template = "dashboard/signin.html"
    password_change_template = "dashboard/password.html"  # noqa: S105  (a template's name)
    password_change_done_template = "dashboard/password_done.html"  # noqa: S105  (the same)
    login_form = SignInForm
    enable_nav_sidebar = False
    final_catch_all_view = False  # an unknown path is a 404 for everybody

    def register(
        self,
        model_or_iterable: type[Model] | Iterable[type[Model]],
        admin_class: type[ModelAdmin[Any]] | None = None,
        **options: Any,
    ) -> None:
        """Third-party tables (the scheduler's, user groups) are no part of the product."""
        models = (
            [model_or_iterable] if isinstance(model_or_iterable, type) else list(model_or_iterable)
        )
        ours = [model for model in models if model._meta.app_label in OURS]
        super().register(ours, admin_class, **options)

    def login(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        extra = {"nobody": not setup.has_admin(), **(extra_context or {})}
        response: HttpResponse = super().login(request, extra)
        form = (getattr(response, "context_data", None) or {}).get("form")
        if form is not None and form.has_error(NON_FIELD_ERRORS, code="locked"):
            response.status_code = 429
            response["Retry-After"] = str(WINDOW)
        return response

    def app_index(
        self, request: HttpRequest, app_label: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        return redirect("admin:index")
