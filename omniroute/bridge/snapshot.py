"""The database's configuration as the gateway's snapshot.

Consistent without a lock: the version is read before and after, and a change in between means
reading again. Secrets are opened here and nowhere else.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Mapping
from dataclasses import replace

import orjson

from billing import pricing
from billing.models import ApiKey
from combos.models import Combo
from omniroute.gateway import snapshot as gw
from omniroute.gateway.access import parse_networks
from omniroute.models import ConfigVersion, Settings
from providers import catalog, endpoints
from providers.models import Connection, Node

TRIES = 20


class Moving(Exception):
    """The configuration kept changing while it was read."""


def current_version() -> int:
    """17 µs on SQLite: cheap enough to ask every second."""
    found = ConfigVersion.objects.filter(pk=1).values_list("version", flat=True).first()
    return found or 0


def build() -> gw.Snapshot:
    """Raises a database error, KeyringError for a secret that does not open, or Moving."""
    for _ in range(TRIES):
        version = current_version()
        built = _read(version)
        if current_version() == version:
            return built
        time.sleep(0.01)
    raise Moving("the configuration changes too fast to be read")


def _read(version: int) -> gw.Snapshot:
    connections = _connections()
    providers = _providers(connections)
    built = gw.Snapshot(
        version=version,
        digest="",
        settings=_settings(),
        providers=providers,
        prefixes=_prefixes(providers),
        connections=connections,
        combos=_combos(),
        keys=_keys(),
    )
    return replace(built, digest=_digest(built))


def _settings() -> gw.Settings:
    row = Settings.objects.filter(pk=1).first() or Settings()
    return gw.Settings(require_auth_for_models=row.require_auth_for_models)


def _connections() -> dict[str, tuple[gw.Connection, ...]]:
    found: dict[str, list[gw.Connection]] = {}
    for row in Connection.objects.filter(is_active=True):
        found.setdefault(row.provider, []).append(
            gw.Connection(
                id=str(row.id),
                provider=row.provider,
                name=row.name,
                auth="api_key",
                secret=row.secret.reveal(),
                priority=row.priority,
            )
        )
    return {provider: tuple(accounts) for provider, accounts in found.items()}


def _providers(connected: Mapping[str, object]) -> dict[str, gw.Provider]:
    """Prices are read for connected providers only: nobody else's are ever charged."""
    found = {}
    for entry in catalog.entries().values():
        provider = entry.provider()
        if entry.id in connected:
            provider = replace(provider, prices=pricing.prices(entry.id))
        found[entry.id] = provider
    for node in Node.objects.all():
        found[node.prefix] = endpoints.provider(node)
    return found


def _prefixes(providers: Mapping[str, gw.Provider]) -> dict[str, str]:
    found = {prefix: entry.id for entry in catalog.entries().values() for prefix in entry.prefixes}
    return found | {provider: provider for provider in providers}


def _combos() -> dict[str, gw.Combo]:
    rows = Combo.objects.filter(is_active=True).prefetch_related("steps")
    return {
        row.name: gw.Combo(
            name=row.name,
            steps=tuple(
                gw.Step(
                    model=step.model,
                    connection=str(step.connection_id) if step.connection_id else None,
                )
                for step in row.steps.all()
            ),
        )
        for row in rows
    }


def _keys() -> dict[bytes, gw.Key]:
    return {
        bytes(row.digest): gw.Key(
            id=str(row.id),
            name=row.name,
            active=row.is_active,
            expires_at=row.expires_at.timestamp() if row.expires_at else None,
            allowed_models=tuple(row.allowed_models),
            networks=parse_networks(row.ip_allowlist),
        )
        for row in ApiKey.objects.all()
    }


def _digest(built: gw.Snapshot) -> str:
    """Tells configurations apart without holding anything secret."""
    facts = {
        "version": built.version,
        "accounts": sorted(c.id for accounts in built.connections.values() for c in accounts),
        "combos": sorted(built.combos),
        "keys": sorted(key.id for key in built.keys.values()),
    }
    return hashlib.sha256(orjson.dumps(facts)).hexdigest()[:16]
