"""Accounts at providers, and the operator's own endpoints."""

from __future__ import annotations

import uuid

from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models

from omniroute.fields import SecretField


class Node(models.Model):
    """An endpoint of one's own, or one that the catalog does not list."""

    class Type(models.TextChoices):
        OPENAI = "openai-compatible", "OpenAI-compatible"
        ANTHROPIC = "anthropic-compatible", "Anthropic-compatible"
        RESPONSES = "openai-responses-compatible", "OpenAI Responses-compatible"
        GEMINI = "gemini-compatible", "Gemini-compatible"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=100, help_text="How this endpoint is shown.")
    prefix = models.CharField(
        max_length=40,
        unique=True,
        validators=[
            RegexValidator(r"^[a-z0-9][a-z0-9._-]*$", "Use a-z, 0-9, dot, dash and underscore.")
        ],
        help_text="Comes before the model name: prefix/model.",
    )
    type = models.CharField(max_length=40, choices=Type, default=Type.OPENAI)
    base_url = models.CharField(
        "base URL",
        max_length=500,
        help_text="Up to and including /v1 (Gemini: /v1beta), e.g. http://10.0.0.5:8000/v1",
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class Connection(models.Model):
    """One credentialed account. `provider` is a catalog id or a node's prefix."""

    class Auth(models.TextChoices):
        API_KEY = "api_key", "API key"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    provider = models.CharField(max_length=60, db_index=True)
    name = models.CharField(max_length=100, help_text="To tell your accounts apart.")
    auth = models.CharField(max_length=20, choices=Auth, default=Auth.API_KEY)
    secret = SecretField("API key", blank=True)
    priority = models.PositiveIntegerField(
        default=1,
        validators=[MinValueValidator(1), MaxValueValidator(1000)],
        help_text="Accounts with a smaller number are used first.",
    )
    is_active = models.BooleanField("active", default=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["provider", "priority", "created_at"]

    def __str__(self) -> str:
        return f"{self.name} ({self.provider})"


class ConnectionCheck(models.Model):
    """The last test of a connection. State, not configuration: it never raises the version."""

    class Status(models.TextChoices):
        OK = "active", "Works"
        FAILED = "error", "Failed"

    connection = models.OneToOneField(
        Connection, on_delete=models.CASCADE, primary_key=True, related_name="check_result"
    )
    status = models.CharField(max_length=20, choices=Status)
    error = models.CharField(max_length=500, blank=True)
    status_code = models.PositiveIntegerField(null=True)
    latency_ms = models.PositiveIntegerField(null=True)
    tested_at = models.DateTimeField()

    def __str__(self) -> str:
        return self.get_status_display()
