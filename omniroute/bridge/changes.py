"""Raises the configuration's version in the transaction of every configuration change.

The process that made the change hears of it at commit; the others look every second. Signals see
`save()` and `delete()`, not `QuerySet.update()`, which configuration never uses.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from django.apps import apps
from django.db import models, transaction
from django.db.models.signals import post_delete, post_save

WATCHED = (
    "omniroute.Settings",
    "providers.Node",
    "providers.Connection",
    "combos.Combo",
    "combos.Step",
    "billing.ApiKey",
)
_listeners: set[Callable[[], None]] = set()
_lock = threading.Lock()


def connect() -> None:
    for label in WATCHED:
        model = apps.get_model(label)
        post_save.connect(_changed, sender=model, dispatch_uid=f"config-save-{label}")
        post_delete.connect(_changed, sender=model, dispatch_uid=f"config-delete-{label}")


def subscribe(listener: Callable[[], None]) -> Callable[[], None]:
    """Calls `listener`, from any thread, after each committed change of this process.

    Returns the function that ends it.
    """
    with _lock:
        _listeners.add(listener)
    return lambda: _listeners.discard(listener)


def _changed(sender: type[models.Model], **_: Any) -> None:
    from omniroute.models import ConfigVersion

    ConfigVersion.raise_version()
    transaction.on_commit(_tell)


def _tell() -> None:
    with _lock:
        listeners = list(_listeners)
    for listener in listeners:
        listener()
