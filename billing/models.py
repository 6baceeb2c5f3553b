"""API keys, the request log and the ledger. Money is an integer number of 10^-10 USD."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models


class ApiKey(models.Model):
    """A caller's key for /v1 (`sk-omni-…`). Only its keyed digest is stored; it is shown once."""

    PREFIX = "sk-omni-"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=100, help_text="Who or what uses it.")
    digest = models.BinaryField(unique=True, editable=False, max_length=32)
    hint = models.CharField("key", max_length=24, editable=False)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True
    )
    is_active = models.BooleanField("active", default=True)
    expires_at = models.DateTimeField("expires", null=True, blank=True)
    allowed_models = models.JSONField(
        default=list,
        blank=True,
        help_text='Model names or patterns, e.g. ["ds/*"]. Empty: every model.',
    )
    ip_allowlist = models.JSONField(
        "allowed addresses",
        default=list,
        blank=True,
        help_text='Addresses or networks, e.g. ["10.0.0.0/8"]. Empty: from anywhere.',
    )
    created_at = models.DateTimeField("created", auto_now_add=True)

    class Meta:
        verbose_name = "API key"
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return self.name


class Price(models.Model):
    """What a model costs, in USD per million tokens. `source` is where the numbers come from."""

    class Source(models.TextChoices):
        CATALOG = "catalog", "Provider catalog"
        SYNCED = "genai-prices", "genai-prices"

    provider = models.CharField(max_length=60)
    model = models.CharField(max_length=200)
    source = models.CharField(max_length=20, choices=Source)
    version = models.CharField(max_length=40, help_text="Release of the source.")
    input = models.DecimalField(max_digits=14, decimal_places=6)
    output = models.DecimalField(max_digits=14, decimal_places=6)
    cache_read = models.DecimalField(max_digits=14, decimal_places=6, null=True)
    cache_write_5m = models.DecimalField(max_digits=14, decimal_places=6, null=True)
    cache_write_1h = models.DecimalField(max_digits=14, decimal_places=6, null=True)
    tiers = models.JSONField(default=list)  # [{"above": tokens, "input": "2.5", …}], ascending
    synced_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["provider", "model"]
        constraints = [
            models.UniqueConstraint(fields=["provider", "model", "source"], name="one_price")
        ]

    def __str__(self) -> str:
        return f"{self.provider}/{self.model}"


class Tokens(models.Model):
    """Token counts, each token in exactly one column (`reasoning` is a part of `output`)."""

    input_tokens = models.BigIntegerField(default=0)
    cache_read_tokens = models.BigIntegerField(default=0)
    cache_write_5m_tokens = models.BigIntegerField(default=0)
    cache_write_1h_tokens = models.BigIntegerField(default=0)
    output_tokens = models.BigIntegerField(default=0)
    reasoning_tokens = models.BigIntegerField(default=0)

    class Meta:
        abstract = True


class RequestLog(Tokens):
    """One row for every `/v1` request, written once whatever became of it."""

    class Outcome(models.TextChoices):
        OK = "ok", "Answered"
        ERROR = "error", "Failed"
        ABORTED = "aborted_upstream", "Cut off by the provider"
        CANCELLED = "cancelled", "Cancelled by the client"
        REFUSED = "refused", "Refused"

    id = models.UUIDField(primary_key=True, editable=False)  # UUIDv7, the X-OmniRoute-Request-Id
    started_at = models.DateTimeField()
    key_id = models.UUIDField(null=True)
    endpoint = models.CharField(max_length=40)
    dialect = models.CharField(max_length=20)
    client = models.CharField(max_length=60, blank=True)
    session = models.CharField(max_length=80, blank=True)
    requested_model = models.CharField(max_length=200, blank=True)
    provider = models.CharField(max_length=60, blank=True)
    model = models.CharField(max_length=200, blank=True)
    connection_id = models.UUIDField(null=True)
    stream = models.BooleanField(default=False)
    outcome = models.CharField(max_length=20, choices=Outcome)
    status = models.PositiveIntegerField()
    error_code = models.CharField(max_length=60, blank=True)
    basis = models.CharField(max_length=10, default="none")  # reported, estimated, none
    cost_e10 = models.BigIntegerField(null=True)  # None: the model is unpriced
    duration_ms = models.PositiveIntegerField()
    ttft_ms = models.PositiveIntegerField(null=True)
    config_version = models.BigIntegerField()
    attempts = models.JSONField(default=list)
    decision = models.JSONField(default=list)

    class Meta:
        verbose_name = "request"
        verbose_name_plural = "request log"
        ordering = ["-id"]  # UUIDv7: time order
        indexes = [
            models.Index(fields=["-started_at"]),
            models.Index(fields=["key_id", "-started_at"]),
        ]

    def __str__(self) -> str:
        return str(self.id)


class Entry(Tokens):
    """A ledger line. Written once, never changed; every total is derived from these."""

    class Kind(models.TextChoices):
        SETTLE = "settle", "Settled"

    id = models.UUIDField(primary_key=True, editable=False)  # derived from request, attempt, kind
    kind = models.CharField(max_length=10, choices=Kind, default=Kind.SETTLE)
    request_id = models.UUIDField(db_index=True)
    attempt = models.PositiveIntegerField()
    at = models.DateTimeField(db_index=True)
    key_id = models.UUIDField(null=True)
    provider = models.CharField(max_length=60)
    model = models.CharField(max_length=200)
    connection_id = models.UUIDField(null=True)
    basis = models.CharField(max_length=10)
    suspect = models.BooleanField(default=False)
    price_id = models.CharField(max_length=120, blank=True)
    amount_e10 = models.BigIntegerField(null=True)  # None: the model is unpriced

    class Meta:
        verbose_name = "ledger entry"
        verbose_name_plural = "ledger"
        ordering = ["-at"]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.request_id}"
