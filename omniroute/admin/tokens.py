"""Management tokens: what scripts call /api with."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.views.generic import FormView

from omniroute import tokens
from omniroute.admin.credentials import CreateForm, CredentialAdmin, ExpiryMixin
from omniroute.admin.page import Page
from omniroute.models import ManagementToken

LIST = "admin:omniroute_managementtoken_changelist"


class CreateToken(Page, FormView):
    title = "New management token"
    permission_required = "omniroute.add_managementtoken"
    form_class = CreateForm
    template_name = "dashboard/form.html"
    extra_context = {
        "lead": "A token may do everything in the management API that you may do here.",
        "submit": "Create token",
    }

    def get_crumbs(self) -> list[tuple[str, str]]:
        return [(reverse(LIST), "Management tokens")]

    def form_valid(self, form: CreateForm) -> HttpResponse:
        data = form.cleaned_data
        try:
            token, secret = tokens.issue(
                data["name"],
                owner=self.request.user,  # type: ignore[arg-type]  # staff, so never anonymous
                expires_at=data["expires_at"],
            )
        except ValidationError as exc:
            form.add_error(None, exc)
            return self.form_invalid(form)
        context = self.get_context_data(
            item=token,
            secret=secret,
            back=reverse(LIST),
            base=self.request.build_absolute_uri("/").rstrip("/"),
        )
        context["title"] = f"“{token}” is ready"
        return TemplateResponse(self.request, "dashboard/token_once.html", context)


class TokenForm(ExpiryMixin, forms.ModelForm):
    class Meta:
        model = ManagementToken
        fields = ("name", "expires_at")


@admin.register(ManagementToken)
class ManagementTokenAdmin(CredentialAdmin):
    form = TokenForm
    fields = ("name", "expires_at")
    noun = "Management token"
    lead = "For scripts that manage OmniRoute over /api. Applications use an API key instead."
    create = CreateToken

    def revoke(self, item: Any) -> None:
        tokens.revoke(item)
