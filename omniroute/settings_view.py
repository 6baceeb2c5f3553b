"""The runtime settings, one tab per area. A change is live in the gateway within two seconds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.forms import ModelForm, modelform_factory
from django.http import Http404, HttpResponse
from django.urls import reverse
from django.views.generic import FormView

from omniroute.admin.page import Page
from omniroute.models import Settings


@dataclass(frozen=True, slots=True)
class Tab:
    name: str
    title: str
    fields: tuple[str, ...]


TABS = (
    Tab("general", "General", ("log_retention_days",)),
    Tab("security", "Security", ("require_auth_for_models",)),
)


class SettingsPage(Page, FormView):  # type: ignore[type-arg]  # it has none at run time
    title = "Settings"
    permission_required = "omniroute.view_settings"
    template_name = "dashboard/settings.html"

    @property
    def tab(self) -> Tab:
        name = self.kwargs.get("tab", TABS[0].name)
        for tab in TABS:
            if tab.name == name:
                return tab
        raise Http404

    def get_form_class(self) -> type[ModelForm[Settings]]:
        return modelform_factory(Settings, fields=self.tab.fields)

    def get_form_kwargs(self) -> dict[str, Any]:
        return {**super().get_form_kwargs(), "instance": Settings.load()}

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(
            tabs=TABS,
            tab=self.tab,
            may_change=self.request.user.has_perm("omniroute.change_settings"),
            **kwargs,
        )

    def form_valid(self, form: ModelForm[Settings]) -> HttpResponse:
        if not self.request.user.has_perm("omniroute.change_settings"):
            raise PermissionDenied
        form.save()
        messages.success(self.request, "Saved. The gateway uses the new settings at once.")
        return super().form_valid(form)

    def get_success_url(self) -> str:
        return reverse("settings", args=[self.tab.name])
