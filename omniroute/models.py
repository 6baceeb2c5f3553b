"""What belongs to no domain: the configuration's version, runtime settings, management tokens."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F


class ConfigVersion(models.Model):
    """One row. Every change of configuration raises it in the change's own transaction."""

    version = models.BigIntegerField(default=1)
    changed_at = models.DateTimeField(auto_now=True)

    def __str__(self) -> str:
        return f"version {self.version}"

    @classmethod
    def raise_version(cls) -> None:
        """To be called inside the transaction that changes the configuration."""
        if not cls.objects.filter(pk=1).update(version=F("version") + 1):
            cls.objects.create(pk=1)


class Settings(models.Model):
    """One row of typed runtime settings; each is live within two seconds of a change."""

    require_auth_for_models = models.BooleanField(
        "API key for the model list",
        default=True,
        help_text="When off, /v1/models answers callers that bring no API key.",
    )
    log_retention_days = models.PositiveIntegerField(
        "Keep the request log for (days)",
        default=90,
        validators=[MinValueValidator(1), MaxValueValidator(3650)],
        help_text="Older rows of the request log are deleted every night. The ledger is kept.",
    )

    class Meta:
        verbose_name = verbose_name_plural = "settings"

    def __str__(self) -> str:
        return "Settings"

    @classmethod
    def load(cls) -> Settings:
        return cls.objects.get_or_create(pk=1)[0]


class ManagementToken(models.Model):
    """A credential for /api (`omni_adm_…`). Only its keyed digest is stored."""

    PREFIX = "omni_adm_"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=100)
    digest = models.BinaryField(unique=True, editable=False, max_length=32)
    hint = models.CharField(max_length=24, editable=False)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, null=True, blank=True
    )
    is_active = models.BooleanField("active", default=True)
    created_at = models.DateTimeField("created", auto_now_add=True)
    expires_at = models.DateTimeField("expires", null=True, blank=True)

    class Meta:
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return self.name


class SetupLink(models.Model):
    """The one-time link that sets the first admin's password. Ten minutes, one use."""

    PREFIX = "omni_setup_"

    digest = models.BinaryField(unique=True, editable=False, max_length=32)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"setup link until {self.expires_at:%H:%M}"
