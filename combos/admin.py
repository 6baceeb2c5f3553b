"""Combos: a name and its steps in order, sorted by dragging or with the arrow buttons."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db.models import Model, QuerySet
from django.forms.models import BaseInlineFormSet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from unfold.admin import ModelAdmin, TabularInline

from combos.models import Combo, Step
from providers import catalog
from providers.models import Connection, Node

LIST = "admin:combos_combo_changelist"


class AccountChoice(forms.ModelChoiceField):
    def label_from_instance(self, obj: Model) -> str:
        return str(obj)


class StepForm(forms.ModelForm):
    model = forms.CharField(
        max_length=200,
        widget=forms.TextInput(
            attrs={"placeholder": "provider/model", "list": "models", "spellcheck": "false"}
        ),
    )
    connection = AccountChoice(
        label="Account", queryset=Connection.objects.none(), required=False, empty_label="Any"
    )

    class Meta:
        model = Step
        fields = ("position", "model", "connection")
        widgets = {"position": forms.HiddenInput}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["connection"].queryset = Connection.objects.all()  # type: ignore[attr-defined]
        self.fields["position"].required = False

    def clean_position(self) -> int:
        return self.cleaned_data.get("position") or 0

    def clean_model(self) -> str:
        name = str(self.cleaned_data["model"]).strip()
        prefix, slash, model = name.partition("/")
        if not slash or not prefix or not model:
            raise ValidationError("Write provider/model, such as ds/deepseek-chat.")
        if provider_of(prefix) is None:
            raise ValidationError(
                f"There is no provider “{prefix}”. Use a prefix that the provider's page shows."
            )
        return name

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        account, name = data.get("connection"), data.get("model")
        if account and name and account.provider != provider_of(name.partition("/")[0]):
            self.add_error("connection", f"“{account.name}” is not an account of that provider.")
        return data


class StepFormSet(BaseInlineFormSet):
    """At least one step; the order is the order on the page, numbered anew when saved."""

    def clean(self) -> None:
        super().clean()
        if any(self.errors):
            return
        kept = [form for form in self.forms if form.has_changed() or form.instance.pk]
        if not [form for form in kept if not form.cleaned_data.get("DELETE")]:
            raise ValidationError("Add at least one step.")


class StepInline(TabularInline):
    model = Step
    form = StepForm
    formset = StepFormSet
    template = "combos/_steps.html"
    fields = ("position", "model", "connection")
    ordering_field = "position"
    extra = 0


class ComboForm(forms.ModelForm):
    class Meta:
        model = Combo
        fields = ("name", "is_active")
        labels = {"is_active": "In use"}
        help_texts = {
            "name": "What clients send as the model, such as “coding”.",
            "is_active": "When off, its name is unknown to clients.",
        }


@admin.register(Combo)
class ComboAdmin(ModelAdmin):
    form = ComboForm
    fields = ("name", "is_active")
    inlines = (StepInline,)
    search_fields = ("name",)
    list_per_page = 50
    actions = None
    change_list_template = "combos/list.html"
    change_form_template = "combos/combo.html"
    delete_confirmation_template = "combos/delete.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Combo]:
        combos: QuerySet[Combo] = super().get_queryset(request).prefetch_related("steps")
        return combos

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        context = {"title": "Combos", **(extra_context or {})}
        page: HttpResponse = super().changelist_view(request, context)
        return page

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        combo = self.get_object(request, object_id) if object_id else None
        context = {
            "title": combo.name if combo else "New combo",
            "crumbs": [(reverse(LIST), "Combos")],
            "models": known_models(),
        }
        page: HttpResponse = super().changeform_view(
            request, object_id, form_url, {**context, **(extra_context or {})}
        )
        return page

    def delete_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        context = {"crumbs": [(reverse(LIST), "Combos")], **(extra_context or {})}
        page: HttpResponse = super().delete_view(request, object_id, context)
        return page

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:
        super().save_formset(request, form, formset, change)
        kept = [f for f in formset.forms if f.instance.pk and not f.cleaned_data.get("DELETE")]
        kept.sort(key=lambda step_form: step_form.cleaned_data["position"])
        for position, step_form in enumerate(kept, 1):
            if step_form.instance.position != position:
                step_form.instance.position = position
                step_form.instance.save(update_fields=["position"])

    def response_add(
        self, request: HttpRequest, obj: Model, post_url_continue: str | None = None
    ) -> HttpResponse:
        return self.response_change(request, obj)

    def response_change(self, request: HttpRequest, obj: Model) -> HttpResponse:
        messages.success(request, f"Saved “{obj}”. Clients can use it as a model name.")
        return redirect(LIST)


def provider_of(prefix: str) -> str | None:
    """The provider that accounts are filed under, by a prefix that callers write."""
    entry = catalog.entry(prefix)
    if entry is not None:
        return entry.id
    return prefix if Node.objects.filter(prefix=prefix).exists() else None


def known_models() -> list[str]:
    """Names to suggest: the chat models of connected providers."""
    connected = set(Connection.objects.values_list("provider", flat=True))
    return [
        f"{entry.alias}/{model.id}"
        for entry in catalog.entries().values()
        if entry.id in connected
        for model in entry.models
        if model.kind == "chat"
    ]
