"""Connecting an account: save it paused, test the key, use it when the test passes.

So a mistyped key is never tried by a request, and nothing that was typed is lost.
"""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db import transaction
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.generic import FormView

from omniroute.admin.page import Page
from providers import accounts, nodes, probe
from providers.admin import overview
from providers.admin.forms import ConnectForm, EndpointForm
from providers.models import Connection, ConnectionCheck


class Connect(Page, FormView):
    permission_required = "providers.add_connection"
    form_class = ConnectForm
    template_name = "providers/connect.html"

    def setup(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        super().setup(request, *args, **kwargs)
        self.provider = overview.find(kwargs["provider"])

    def get_title(self) -> str:
        return f"Connect {self.provider.name}"

    def get_crumbs(self) -> list[tuple[str, str]]:
        return crumbs(self.provider if self.provider.accounts else None)

    def get_initial(self) -> dict[str, Any]:
        taken = len(self.provider.accounts)
        return {"name": f"Account {taken + 1}" if taken else "Main account"}

    def get_form(self, form_class: type[Form] | None = None) -> Form:
        form: Form = super().get_form(form_class)
        form.fields["secret"].required = self.provider.node is None
        form.fields["secret"].widget.attrs["autofocus"] = True
        return form

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(**kwargs | {"provider": self.provider})

    def form_valid(self, form: Form) -> HttpResponse:
        data = form.cleaned_data
        try:
            account = connect_paused(self.provider.id, data["name"], data["secret"])
        except ValidationError as exc:
            form.add_error(None, exc)
            return self.form_invalid(form)
        prove(self.request, account)
        return redirect("providers:provider", self.provider.id)


class AddEndpoint(Page, FormView):
    permission_required = ("providers.add_node", "providers.add_connection")
    title = "Add your own endpoint"
    form_class = EndpointForm
    template_name = "providers/endpoint.html"

    def get_crumbs(self) -> list[tuple[str, str]]:
        return crumbs(None)

    def form_valid(self, form: EndpointForm) -> HttpResponse:
        data = form.cleaned_data
        try:
            with transaction.atomic():
                node = nodes.add(
                    data["prefix"], name=data["name"], type=data["type"], base_url=data["base_url"]
                )
                account = connect_paused(node.prefix, "Main account", data["secret"])
        except ValidationError as exc:
            form.add_error(None, exc)
            return self.form_invalid(form)
        prove(self.request, account)
        return redirect("providers:provider", node.prefix)


def connect_paused(provider: str, name: str, secret: str) -> Connection:
    with transaction.atomic():
        return accounts.change(
            accounts.connect(provider, name=name, secret=secret), is_active=False
        )


def prove(request: HttpRequest, account: Connection) -> None:
    """Tests a paused account and lets requests use it when it works; says what came of it."""
    try:
        check = accounts.check(account)
    except probe.TooMany as exc:
        messages.warning(request, f"Saved “{account.name}”, paused. {exc}")
        return
    if check.status == ConnectionCheck.Status.OK:
        accounts.change(account, is_active=True)
        messages.success(request, f"“{account.name}” works and is in use.")
    else:
        messages.error(
            request, f"Saved “{account.name}”, but paused: its test failed. {check.error}"
        )


def crumbs(provider: overview.Overview | None) -> list[tuple[str, str]]:
    above = [(reverse("providers:gallery"), "Providers")]
    if provider is not None:
        above.append((reverse("providers:provider", args=[provider.id]), provider.name))
    return above
