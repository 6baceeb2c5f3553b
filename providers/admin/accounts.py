"""One account: test, pause and resume, edit, replace the key, delete; deleting an endpoint."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.views.generic import FormView, TemplateView

from omniroute.admin.page import Page
from providers import accounts, nodes, probe
from providers.admin import overview
from providers.admin.connecting import crumbs, prove
from providers.admin.forms import AccountForm
from providers.models import Connection, ConnectionCheck, Node


class AccountPage(Page):
    permission_required: str | tuple[str, ...] = "providers.change_connection"

    def setup(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        super().setup(request, *args, **kwargs)
        accounts_ = Connection.objects.select_related("check_result")
        self.account = get_object_or_404(accounts_, pk=kwargs["pk"])

    def get_crumbs(self) -> list[tuple[str, str]]:
        return crumbs(overview.find(self.account.provider))

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(account=self.account, **kwargs)

    def done(self) -> HttpResponse:
        """The account's row alone for the page's script, else the provider's page."""
        if self.request.headers.get("X-Part"):
            fresh = Connection.objects.select_related("check_result").get(pk=self.account.pk)
            return TemplateResponse(self.request, "providers/_account.html", {"account": fresh})
        return redirect("providers:provider", self.account.provider)

    def say(self, level: int, text: str) -> None:
        if not self.request.headers.get("X-Part"):
            messages.add_message(self.request, level, text)


class Test(AccountPage):
    def post(self, request: HttpRequest, **_: Any) -> HttpResponse:
        try:
            check = accounts.check(self.account)
        except probe.TooMany as exc:
            messages.warning(request, str(exc))
            return redirect("providers:provider", self.account.provider)
        if check.status == ConnectionCheck.Status.OK:
            self.say(messages.SUCCESS, f"“{self.account.name}” works.")
        else:
            self.say(messages.ERROR, f"The test of “{self.account.name}” failed. {check.error}")
        return self.done()


class Switch(AccountPage):
    """Pauses or resumes: the form says which, so that two clicks do not undo each other."""

    def post(self, request: HttpRequest, **_: Any) -> HttpResponse:
        accounts.change(self.account, is_active=request.POST.get("to") == "active")
        return self.done()


class Edit(AccountPage, FormView):
    form_class = AccountForm
    template_name = "providers/account.html"

    def get_title(self) -> str:
        return self.account.name

    def get_form_kwargs(self) -> dict[str, Any]:
        return {**super().get_form_kwargs(), "account": self.account}

    def form_valid(self, form: AccountForm) -> HttpResponse:
        data = form.cleaned_data
        secret = data["secret"] or None
        try:
            accounts.change(
                self.account, name=data["name"], priority=data["priority"], secret=secret
            )
        except ValidationError as exc:
            form.add_error(None, exc)
            return self.form_invalid(form)
        if secret is None:
            messages.success(self.request, f"Saved “{self.account.name}”.")
        else:
            prove(self.request, accounts.change(self.account, is_active=False))
        return redirect("providers:provider", self.account.provider)


class Delete(AccountPage, TemplateView):
    permission_required = "providers.delete_connection"
    template_name = "dashboard/confirm.html"

    def get_title(self) -> str:
        return f"Delete “{self.account.name}”?"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return super().get_context_data(
            text="Requests stop using this account at once and its API key is erased here. "
            "The request log keeps what the account has served.",
            submit="Delete account",
            back=reverse("providers:provider", args=[self.account.provider]),
            **kwargs,
        )

    def post(self, request: HttpRequest, **_: Any) -> HttpResponse:
        self.account.delete()
        messages.success(request, f"Deleted “{self.account.name}”.")
        return redirect("providers:provider", self.account.provider)


class DeleteEndpoint(Page, TemplateView):
    permission_required = ("providers.delete_node", "providers.delete_connection")
    template_name = "dashboard/confirm.html"

    def setup(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        super().setup(request, *args, **kwargs)
        self.node = get_object_or_404(Node, prefix=kwargs["provider"])

    def get_title(self) -> str:
        return f"Delete the endpoint “{self.node.name}”?"

    def get_crumbs(self) -> list[tuple[str, str]]:
        return crumbs(overview.find(self.node.prefix))

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        held = nodes.accounts(self.node)
        accounts_ = "its account" if held == 1 else f"its {held} accounts"
        return super().get_context_data(
            text=f"The endpoint goes with {accounts_ if held else 'everything set for it'}; "
            f"models named {self.node.prefix}/… are no longer served.",
            submit="Delete endpoint",
            back=reverse("providers:provider", args=[self.node.prefix]),
            **kwargs,
        )

    def post(self, request: HttpRequest, **_: Any) -> HttpResponse:
        nodes.remove(self.node)
        messages.success(request, f"Deleted “{self.node.name}”.")
        return redirect("providers:gallery")
