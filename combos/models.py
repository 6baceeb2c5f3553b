"""Combos: named, ordered lists of models."""

from __future__ import annotations

import uuid

from django.core.validators import RegexValidator
from django.db import models

from providers.models import Connection


class Combo(models.Model):
    """Used as a model name by any client. Its steps are tried in the strategy's order."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(
        max_length=100,
        unique=True,
        validators=[RegexValidator(r"^[a-zA-Z0-9_/.-]+$", "Use letters, digits and _ / . -")],
        help_text="What clients send as the model.",
    )
    is_active = models.BooleanField("active", default=True)
    sort_order = models.PositiveIntegerField(default=0)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["sort_order", "name"]

    def __str__(self) -> str:
        return self.name


class Step(models.Model):
    """One model of a combo, optionally pinned to one account."""

    combo = models.ForeignKey(Combo, on_delete=models.CASCADE, related_name="steps")
    position = models.PositiveIntegerField(default=0)
    model = models.CharField(max_length=200, help_text="provider/model")
    connection = models.ForeignKey(
        Connection,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        help_text="Only this account; empty: any account of the provider.",
    )

    class Meta:
        ordering = ["position", "pk"]

    def __str__(self) -> str:
        return self.model
