"""API keys: create (the key is shown once, with ready snippets), list, edit, revoke."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import OuterRef, QuerySet, Subquery
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.views.generic import FormView

from billing import keys
from billing.models import ApiKey, RequestLog
from billing.snippets import filling
from omniroute.admin.credentials import CreateForm, CredentialAdmin, ExpiryMixin
from omniroute.admin.page import Page

LIST = "admin:billing_apikey_changelist"


class LinesField(forms.CharField):
    """A list of texts, typed one per line."""

    widget = forms.Textarea(attrs={"rows": 3, "spellcheck": "false"})

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(value) if isinstance(value, list) else value

    def to_python(self, value: Any) -> list[str]:  # type: ignore[override]  # a list of texts
        lines = (line.strip() for line in (value or "").replace(",", "\n").splitlines())
        return [line for line in lines if line]

    def has_changed(self, initial: Any, data: Any) -> bool:
        return (initial or []) != self.to_python(data)


class RulesMixin(forms.Form):
    """What a key may be used for and from where."""

    allowed_models = LinesField(
        label="Only these models",
        required=False,
        help_text="One name or pattern per line, such as ds/* or gpt-5. Empty: every model.",
    )
    ip_allowlist = LinesField(
        label="Only from these addresses",
        required=False,
        help_text="One address or network per line, such as 10.0.0.0/8. Empty: from anywhere.",
    )

    def clean_allowed_models(self) -> list[str]:
        return _checked(keys.model_patterns, self.cleaned_data["allowed_models"])

    def clean_ip_allowlist(self) -> list[str]:
        return _checked(keys.networks, self.cleaned_data["ip_allowlist"])


class NewKeyForm(RulesMixin, CreateForm):
    field_order = ("name", "expires_at", "allowed_models", "ip_allowlist")


class KeyForm(RulesMixin, ExpiryMixin, forms.ModelForm):
    class Meta:
        model = ApiKey
        fields = ("name", "expires_at", "allowed_models", "ip_allowlist")


class CreateKey(Page, FormView):
    title = "New API key"
    permission_required = "billing.add_apikey"
    form_class = NewKeyForm
    template_name = "dashboard/form.html"
    extra_context = {
        "lead": "A key lets one application or person use every connected provider. "
        "Give each its own, so that you see what it uses and can end it alone.",
        "submit": "Create key",
    }

    def get_crumbs(self) -> list[tuple[str, str]]:
        return [(reverse(LIST), "API keys")]

    def form_valid(self, form: NewKeyForm) -> HttpResponse:
        try:
            key, secret = keys.issue(owner=self.request.user, **form.cleaned_data)  # type: ignore[arg-type]
        except ValidationError as exc:
            form.add_error(None, exc)
            return self.form_invalid(form)
        context = self.get_context_data(
            item=key, secret=secret, filling=filling(self.request, secret), back=reverse(LIST)
        )
        context["title"] = f"“{key}” is ready"
        return TemplateResponse(self.request, "billing/key_once.html", context)


@admin.register(ApiKey)
class ApiKeyAdmin(CredentialAdmin):
    form = KeyForm
    fields = ("name", "expires_at", "allowed_models", "ip_allowlist")
    noun = "API key"
    lead = "What applications send to /v1. One key each: revoke one without touching the others."
    create = CreateKey

    def get_queryset(self, request: HttpRequest) -> QuerySet[ApiKey]:
        used = RequestLog.objects.filter(key_id=OuterRef("pk")).order_by("-started_at")
        keys_: QuerySet[ApiKey] = super().get_queryset(request).select_related("owner")
        return keys_.annotate(last_used=Subquery(used.values("started_at")[:1]))

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        extra = {"filling": filling(request), **(extra_context or {})}
        return super().changeform_view(request, object_id, form_url, extra)

    def revoke(self, item: Any) -> None:
        keys.revoke(item)


def _checked(clean: Any, values: list[str]) -> list[str]:
    """The verb's own check, as an error of this one field."""
    try:
        return clean(values)  # type: ignore[no-any-return]
    except ValidationError as exc:
        raise ValidationError(exc.messages) from exc
