"""Lets one change of secrets happen at a time, across processes.

A rotation and an edit that met half-way could leave a value sealed with a key that is gone.
"""

from __future__ import annotations

from omniroute.fields import keyring
from omniroute.models import ConfigVersion


def take() -> None:
    """Call first thing in a transaction that writes a secret; it is held until the end of it.

    SQLite's transactions exclude each other anyway. Afterwards values are sealed with the newest
    key, also when another process has added it.
    """
    ConfigVersion.objects.get_or_create(pk=1)
    ConfigVersion.objects.select_for_update().get(pk=1)
    keyring.cache_clear()
