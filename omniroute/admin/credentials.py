"""What API keys and management tokens share: shown once, revoked, edited, listed with a state.

The page with the secret is the answer to the form's POST: the secret is never put into a session,
a message or an address, so a reload cannot show it again.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import Model
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from unfold.admin import ModelAdmin

from omniroute.admin.page import Page


class MomentInput(forms.DateTimeInput):
    input_type = "datetime-local"

    def __init__(self) -> None:
        super().__init__(format="%Y-%m-%dT%H:%M")


class ExpiryMixin(forms.Form):
    """A form with `expires_at`, which must lie ahead when it is set anew."""

    expires_at = forms.DateTimeField(
        label="Expires",
        required=False,
        widget=MomentInput,
        help_text="In your own time zone. Empty: it works until you revoke it.",
    )

    def clean_expires_at(self) -> Any:
        moment = self.cleaned_data["expires_at"]
        if moment and "expires_at" in self.changed_data and moment <= timezone.now():
            raise ValidationError("This moment has passed. Choose one in the future.")
        return moment


class CreateForm(ExpiryMixin):
    field_order: Iterable[str] | None = ("name",)
    name = forms.CharField(
        max_length=100,
        help_text="Who or what will use it, such as “laptop” or “build server”.",
        widget=forms.TextInput(attrs={"autocomplete": "off", "autofocus": True}),
    )


class CredentialAdmin(ModelAdmin):
    change_list_template = "dashboard/credentials.html"
    change_form_template = "dashboard/credential.html"
    search_fields = ("name", "hint")
    list_per_page = 50
    actions = None
    noun: ClassVar[str]
    lead: ClassVar[str]
    create: ClassVar[type[Page]]

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        return self.create.as_view()(request)  # type: ignore[return-value]

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """What is revoked stays as it was."""
        allowed: bool = super().has_change_permission(request, obj)
        return allowed and (obj is None or obj.is_active)

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        words = {"title": self.noun + "s", "noun": self.noun, "lead": self.lead}
        page: HttpResponse = super().changelist_view(request, {**words, **(extra_context or {})})
        return page

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        item = self.get_object(request, object_id or "")
        if item is None:
            raise Http404
        context = {"title": item.name, "crumbs": [self.crumb()], **(extra_context or {})}
        page: HttpResponse = super().changeform_view(request, object_id, form_url, context)
        return page

    def crumb(self) -> tuple[str, str]:
        meta = self.opts
        return reverse(f"admin:{meta.app_label}_{meta.model_name}_changelist"), self.noun + "s"

    def response_change(self, request: HttpRequest, obj: Model) -> HttpResponse:
        messages.success(request, f"Saved “{obj}”.")
        return redirect(self.crumb()[0])

    def delete_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Revoking: the row stays, so that the request log can still name it."""
        item = self.get_object(request, object_id)
        if item is None:
            raise Http404
        if not self.has_delete_permission(request, item):
            raise PermissionDenied
        if request.method == "POST":
            self.revoke(item)
            messages.success(request, f"Revoked “{item}”.")
            return redirect(self.crumb()[0])
        context = {
            **self.admin_site.each_context(request),
            "title": f"Revoke “{item}”?",
            "crumbs": [self.crumb()],
            "item": item,
            "noun": self.noun,
            "back": self.crumb()[0],
        }
        return TemplateResponse(request, "dashboard/revoke.html", context)

    def revoke(self, item: Any) -> None:
        raise NotImplementedError
