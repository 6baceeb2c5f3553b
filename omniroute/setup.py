"""The first administrator: by a one-time link from the console, or by INITIAL_PASSWORD.

There is no default password. A link lives ten minutes and works once; a newer link ends older ones.
"""

from __future__ import annotations

from datetime import timedelta

from django.contrib.auth.models import User
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from omniroute import environment
from omniroute.fields import keyring
from omniroute.keyring import is_token, new_token
from omniroute.models import SetupLink

USERNAME = "admin"
LIFETIME = timedelta(minutes=10)
MAX_PASSWORD = 128
_PUBLISHED = frozenset({"123456", "changeme", "your-password", "your-secure-password", "admin"})


class SetupError(Exception):
    """Why the first administrator could not be made. The message tells what to do."""


def has_admin() -> bool:
    """Whether somebody can sign in to the dashboard."""
    admins = User.objects.filter(is_superuser=True, is_staff=True, is_active=True)
    return any(admin.has_usable_password() for admin in admins)


def create_link(base_url: str) -> str | None:
    """The address that sets the first password; None when an administrator has one."""
    if has_admin():
        return None
    token = new_token(SetupLink.PREFIX)
    with transaction.atomic():
        SetupLink.objects.all().delete()
        SetupLink.objects.create(
            digest=keyring().digest(token), expires_at=timezone.now() + LIFETIME
        )
    return f"{base_url.rstrip('/')}/setup?token={token}"


def is_open(token: str) -> bool:
    """Whether `redeem` would take the token now."""
    return is_token(token, SetupLink.PREFIX) and _open_links(token).exists() and not has_admin()


def redeem(token: str, password: str) -> User:
    """Makes the first administrator. Raises SetupError; a refused password leaves the link open."""
    if not is_open(token):
        raise SetupError(
            "This link is used up or older than ten minutes. "
            "Restart the server; it prints a new one until an administrator exists."
        )
    _refuse_weak(password, "The password")
    with transaction.atomic():
        if not _open_links(token).update(used_at=timezone.now()):
            raise SetupError("This link has just been used.")
        return _make_admin(password)


def use_initial_password() -> bool:
    """Makes the first administrator from INITIAL_PASSWORD; False when there is nothing to do.

    Raises SetupError for a password that must not be used.
    """
    password = environment.text("INITIAL_PASSWORD")
    if not password or has_admin():
        return False
    _refuse_weak(password, "INITIAL_PASSWORD")
    with transaction.atomic():
        _make_admin(password)
    return True


def _open_links(token: str) -> QuerySet[SetupLink]:
    return SetupLink.objects.filter(
        digest=keyring().digest(token), used_at=None, expires_at__gt=timezone.now()
    )


def _refuse_weak(password: str, what: str) -> None:
    if password.lower() in _PUBLISHED:
        raise SetupError(f"{what} is a published default. Choose your own, 15 characters or more.")
    if len(password) > MAX_PASSWORD:
        raise SetupError(f"{what} must have at most {MAX_PASSWORD} characters.")
    try:
        validate_password(password, User(username=USERNAME))
    except ValidationError as exc:
        raise SetupError(f"{what} is too weak: {' '.join(exc.messages)}") from exc


def _make_admin(password: str) -> User:
    user = User.objects.filter(is_superuser=True).order_by("pk").first()
    user = user or User.objects.filter(username=USERNAME).first() or User(username=USERNAME)
    user.is_staff = user.is_superuser = user.is_active = True
    user.set_password(password)
    user.save()
    return user
