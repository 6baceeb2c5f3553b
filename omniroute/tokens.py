"""Verbs of management tokens (`omni_adm_…`), the credential of scripts that call /api."""

from __future__ import annotations

from datetime import datetime

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db.models import Q
from django.utils import timezone

from omniroute.fields import keyring
from omniroute.keyring import hint, is_token, new_token
from omniroute.models import ManagementToken


def issue(
    name: str, *, owner: User | None = None, expires_at: datetime | None = None
) -> tuple[ManagementToken, str]:
    """The new token and its secret, which cannot be shown again. Raises ValidationError."""
    if expires_at is not None and expires_at <= timezone.now():
        raise ValidationError({"expires_at": "This moment has passed. Choose one in the future."})
    secret = new_token(ManagementToken.PREFIX)
    token = ManagementToken(
        name=name.strip(),
        digest=keyring().digest(secret),
        hint=hint(secret, ManagementToken.PREFIX),
        owner=owner,
        expires_at=expires_at,
    )
    token.full_clean()
    token.save()
    return token, secret


def find(token: str) -> ManagementToken | None:
    """The active, unexpired token. One whose owner is no longer staff is none."""
    if not is_token(token, ManagementToken.PREFIX):
        return None
    alive = Q(expires_at=None) | Q(expires_at__gt=timezone.now())
    trusted = Q(owner=None) | Q(owner__is_active=True, owner__is_staff=True)
    found = ManagementToken.objects.filter(
        alive, trusted, digest=keyring().digest(token), is_active=True
    )
    return found.select_related("owner").first()


def revoke(token: ManagementToken) -> None:
    token.is_active = False
    token.save(update_fields=["is_active"])
