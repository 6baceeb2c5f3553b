"""What must be right before the server listens. Each refusal is one line that says what to do.

Other computers may only reach an installation that asks for credentials; stored secrets must open
and the database must not be from a newer version, wherever it listens.
"""

from __future__ import annotations

from ipaddress import ip_address

from django.conf import settings
from django.db import connection
from django.db.migrations.loader import MigrationLoader

from omniroute import environment, setup
from omniroute.fields import keyring
from omniroute.keyring import KeyringError
from omniroute.sealed import all_sealed

OUR_APPS = frozenset({"omniroute", "providers", "combos", "billing", "health"})


def refuse_unsafe(host: str) -> list[str]:
    """Why the server must not listen on `host`; empty when it may. Needs a migrated database."""
    newer = _newer_schema()
    if newer:
        return newer
    refusals = [*_weak_secrets(), *_shut_secrets()]
    if not is_loopback(host):
        refusals += _exposed(host)
    return refusals


def is_loopback(host: str) -> bool:
    if host.lower() == "localhost":
        return True
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def _newer_schema() -> list[str]:
    loader = MigrationLoader(connection)
    unknown = [
        f"{app}.{name}"
        for app, name in sorted(loader.applied_migrations)
        if app in OUR_APPS and (app, name) not in loader.disk_migrations
    ]
    if not unknown:
        return []
    return [
        f"The database was made by a newer version (it has {unknown[-1]}). "
        "Update OmniRoute, or restore the backup from before the update."
    ]


def _weak_secrets() -> list[str]:
    try:
        for purpose in ("pepper", "sessions"):
            keyring().derive(purpose)
    except KeyringError as exc:
        return [f"{exc}."]
    return []


def _shut_secrets() -> list[str]:
    """The key file may be the wrong one, or somebody has changed the database."""
    shut = []
    for secret in all_sealed():
        try:
            keyring().open(secret.value, secret.place)
        except KeyringError as exc:
            shut.append((secret, exc))
    if not shut:
        return []
    first, reason = shut[0]
    return [
        f"{len(shut)} stored secrets cannot be opened. The first is {first}, sealed with key "
        f"{first.key_id or '(none)'}: {reason}. Restore {settings.DATA_DIR / 'secret.key'} (or "
        "OMNIROUTE_SECRET_KEYS) from its backup, or delete that row and enter its API key again."
    ]


def _exposed(host: str) -> list[str]:
    refusals = []
    try:
        keyless = not environment.flag("REQUIRE_API_KEY")
    except ValueError as exc:
        return [f"{exc}."]
    if keyless:
        refusals.append(
            f"REQUIRE_API_KEY=false would let everybody who reaches {host} use your accounts. "
            "Remove it, or listen on 127.0.0.1."
        )
    if not setup.has_admin():
        refusals.append(
            f"Nobody has set the administrator's password, and {host} can be reached by others. "
            "Set INITIAL_PASSWORD (15 characters or more), or start on 127.0.0.1 first and use "
            "the link that is printed there."
        )
    if settings.DATA_DIR.stat().st_mode & 0o077:
        refusals.append(
            f"{settings.DATA_DIR} can be read by others. Run: chmod 700 {settings.DATA_DIR}"
        )
    return refusals
