"""The page behind the one-time link: the first administrator's password."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth import login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils.decorators import method_decorator
from django.views.decorators.debug import sensitive_post_parameters
from django.views.generic import View

from omniroute import setup

_GONE = 410


class PasswordForm(forms.Form):
    token = forms.CharField(widget=forms.HiddenInput)
    password = forms.CharField(
        min_length=15,
        max_length=setup.MAX_PASSWORD,
        strip=False,
        help_text="15 characters or more. A sentence of several words works well.",
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password", "autofocus": True}),
    )
    again = forms.CharField(
        label="The same password again",
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if {"password", "again"} <= data.keys() and data["password"] != data["again"]:
            self.add_error("again", "The two passwords differ. Type the same one twice.")
        return data


@method_decorator(sensitive_post_parameters(), name="dispatch")
class SetupView(View):
    def get(self, request: HttpRequest) -> HttpResponse:
        token = request.GET.get("token", "")
        return self._page(request, PasswordForm(initial={"token": token}), token)

    def post(self, request: HttpRequest) -> HttpResponse:
        form = PasswordForm(request.POST)
        token = request.POST.get("token", "")
        if not form.is_valid():
            return self._page(request, form, token)
        try:
            user = setup.redeem(token, form.cleaned_data["password"])
        except setup.SetupError as exc:
            form.add_error("password", str(exc))
            return self._page(request, form, token)
        login(request, user, backend="django.contrib.auth.backends.ModelBackend")
        messages.success(
            request, f"Welcome. Your password is set; your user name is “{user.get_username()}”."
        )
        return redirect("admin:index")

    def _page(self, request: HttpRequest, form: PasswordForm, token: str) -> HttpResponse:
        context = {"form": form, "title": "Set your password", "site_title": "OmniRoute"}
        if setup.is_open(token):
            return TemplateResponse(request, "setup/password.html", context)
        context |= {"title": "This link has ended", "has_admin": setup.has_admin()}
        return TemplateResponse(request, "setup/ended.html", context, status=_GONE)
