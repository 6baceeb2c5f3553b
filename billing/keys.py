"""Verbs of API keys. A secret leaves `issue` once and is never stored."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from ipaddress import ip_network
from typing import Any

from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.db.models import Q
from django.utils import timezone

from billing.models import ApiKey
from omniroute.fields import keyring
from omniroute.keyring import hint, is_token, new_token

MAX_RULES = 200


def issue(
    name: str,
    *,
    owner: User | None = None,
    expires_at: datetime | None = None,
    allowed_models: Iterable[str] = (),
    ip_allowlist: Iterable[str] = (),
) -> tuple[ApiKey, str]:
    """The new key and its secret, which cannot be shown again. Raises ValidationError."""
    secret = new_token(ApiKey.PREFIX)
    key = ApiKey(
        name=name.strip(),
        digest=keyring().digest(secret),
        hint=hint(secret, ApiKey.PREFIX),
        owner=owner,
        expires_at=future(expires_at),
        allowed_models=model_patterns(allowed_models),
        ip_allowlist=networks(ip_allowlist),
    )
    key.full_clean()
    key.save()
    return key, secret


def find(token: str) -> ApiKey | None:
    """The active, unexpired key that `token` is the secret of."""
    if not is_token(token, ApiKey.PREFIX):
        return None
    alive = Q(expires_at=None) | Q(expires_at__gt=timezone.now())
    return ApiKey.objects.filter(alive, digest=keyring().digest(token), is_active=True).first()


def change(key: ApiKey, **values: Any) -> ApiKey:
    """Changes name, is_active, expires_at, allowed_models, ip_allowlist. Raises ValidationError."""
    for field, value in values.items():
        setattr(key, field, _CLEAN[field](value))
    key.full_clean()
    key.save(update_fields=list(values))
    return key


def revoke(key: ApiKey) -> None:
    """Ends the key but keeps its name for the request log."""
    key.is_active = False
    key.save(update_fields=["is_active"])


def future(moment: datetime | None) -> datetime | None:
    """`moment` as a time zone aware one. Raises ValidationError when it has passed."""
    if moment is None:
        return None
    if timezone.is_naive(moment):
        moment = timezone.make_aware(moment)
    if moment <= timezone.now():
        raise ValidationError({"expires_at": "This moment has passed. Choose one in the future."})
    return moment


def model_patterns(values: Iterable[str]) -> list[str]:
    """Raises ValidationError for what can never match a model's name."""
    patterns = [str(value).strip() for value in values]
    if len(patterns) > MAX_RULES:
        raise ValidationError({"allowed_models": f"At most {MAX_RULES} names or patterns."})
    for pattern in patterns:
        if not pattern or len(pattern) > 200 or not pattern.isprintable():
            raise ValidationError(
                {"allowed_models": 'Write model names or patterns such as "ds/*" or "gpt-5".'}
            )
    return patterns


def networks(values: Iterable[str]) -> list[str]:
    """The addresses and networks in their usual notation. Raises ValidationError."""
    texts = [str(value).strip() for value in values]
    if len(texts) > MAX_RULES:
        raise ValidationError({"ip_allowlist": f"At most {MAX_RULES} addresses or networks."})
    try:
        return [str(ip_network(text, strict=False)) for text in texts]
    except ValueError as exc:
        raise ValidationError(
            {"ip_allowlist": f"{exc}. Write an address or a network such as 10.0.0.0/8."}
        ) from exc


_CLEAN: dict[str, Callable[[Any], Any]] = {
    "name": str.strip,
    "is_active": bool,
    "expires_at": future,
    "allowed_models": model_patterns,
    "ip_allowlist": networks,
}
