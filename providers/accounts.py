"""Verbs of accounts (connections): which providers there are, connect, change, check."""

from __future__ import annotations

import re

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from omniroute import config_lock
from omniroute.keyring import KeyringError
from providers import catalog, probe
from providers.models import Connection, ConnectionCheck, Node

MAX_SECRET = 8192
_SECRET = re.compile(r"[!-~]+")


def choices() -> list[tuple[str, str]]:
    """(id, label) of every provider that takes an API key: the catalog's, then the nodes."""
    known = [(entry.id, entry.name) for entry in catalog.entries().values() if _takes_key(entry)]
    known.sort(key=lambda choice: choice[1].lower())
    return known + [(node.prefix, node.name) for node in Node.objects.all()]


def canonical(provider: str) -> str:
    """The id of a provider that is named by id, alias or prefix. Raises ValidationError."""
    name = provider.strip()
    if Node.objects.filter(prefix=name).exists():
        return name
    entry = catalog.entry(name)
    if entry is None:
        raise ValidationError({"provider": f'There is no provider "{name[:60]}".'})
    if not _takes_key(entry):
        raise ValidationError({"provider": f"{entry.name} takes a login, not an API key."})
    return entry.id


def connect(provider: str, *, name: str, secret: str, priority: int = 1) -> Connection:
    """Raises ValidationError; an API key that is connected already has the code "unique"."""
    connection = Connection(provider=canonical(provider), name=name.strip(), priority=priority)
    with transaction.atomic():
        _set_secret(connection, secret)
        connection.full_clean(exclude=["secret"])  # judged above; cleaning would mask it
        connection.save()
    return connection


def change(
    connection: Connection,
    *,
    name: str | None = None,
    secret: str | None = None,
    priority: int | None = None,
    is_active: bool | None = None,
) -> Connection:
    """Changes what is not None. Raises ValidationError."""
    changed = {"name": name and name.strip(), "priority": priority, "is_active": is_active}
    changed = {field: value for field, value in changed.items() if value is not None}
    for field, value in changed.items():
        setattr(connection, field, value)
    fields = list(changed)  # an untouched secret is not written back: a rotation may be under way
    with transaction.atomic():
        if secret is not None:
            _set_secret(connection, secret)
            fields.append("secret")
            ConnectionCheck.objects.filter(connection=connection).delete()
        connection.full_clean(exclude=["secret"])  # judged above; cleaning would mask it
        connection.save(update_fields=fields)
    return connection


def check(connection: Connection) -> ConnectionCheck:
    """Asks the provider whether the API key works and stores the answer.

    Raises `probe.TooMany` when checks follow each other too fast.
    """
    result = probe.run(connection.provider, _reveal(connection))
    stored, _ = ConnectionCheck.objects.update_or_create(
        connection=connection,
        defaults={
            "status": ConnectionCheck.Status.OK if result.ok else ConnectionCheck.Status.FAILED,
            "error": "" if result.ok else result.message,
            "status_code": result.status_code,
            "latency_ms": result.latency_ms,
            "tested_at": timezone.now(),
        },
    )
    return stored


def _takes_key(entry: catalog.Entry) -> bool:
    return entry.auth == "api_key"


def _set_secret(connection: Connection, secret: str) -> None:
    """Needs a transaction."""
    secret = secret.strip()
    is_node = catalog.entry(connection.provider) is None
    if not secret and not is_node:
        raise ValidationError({"secret": "Paste the API key that the provider gave you."})
    if secret and not (_SECRET.fullmatch(secret) and len(secret) <= MAX_SECRET):
        raise ValidationError(
            {"secret": "This is no API key: it holds spaces or other unusual characters."}
        )
    if secret.startswith("enc:v1:"):
        raise ValidationError({"secret": "This is a sealed value. Paste the API key itself."})
    config_lock.take()
    for other in Connection.objects.filter(provider=connection.provider).exclude(pk=connection.pk):
        if _reveal(other) == secret:
            raise ValidationError(
                {
                    "secret": ValidationError(
                        'This API key is connected already, as "%(name)s".',
                        code="unique",
                        params={"name": other.name},
                    )
                }
            )
    connection.secret = secret


def _reveal(connection: Connection) -> str | None:
    """None for a stored value that does not open."""
    try:
        return str(connection.secret.reveal())
    except KeyringError:
        return None
