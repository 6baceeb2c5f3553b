"""The providers that we know, one TOML file each; adding a provider is adding a file here.

Nothing here needs Django. The files are read once per process and a faulty one stops the start:
`CatalogError` names the file and the field.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType

from providers.catalog.entry import Entry, Probe
from providers.catalog.parser import parse
from providers.catalog.table import CatalogError, Table

__all__ = ["CatalogError", "Entry", "Probe", "entries", "entry", "load"]

FOLDER = Path(__file__).parent


@cache
def entries() -> Mapping[str, Entry]:
    """Every catalog entry by its id."""
    return load(FOLDER)


def entry(id_or_alias: str) -> Entry | None:
    """The entry that answers to this prefix."""
    return _prefixes().get(id_or_alias)


def load(folder: Path) -> Mapping[str, Entry]:
    """Reads and checks every TOML file of `folder`; the file's name is the provider's id."""
    found = {path.stem: _read(path) for path in sorted(folder.glob("*.toml"))}
    _by_prefix(found)
    return MappingProxyType(found)


@cache
def _prefixes() -> Mapping[str, Entry]:
    return _by_prefix(entries())


def _by_prefix(found: Mapping[str, Entry]) -> Mapping[str, Entry]:
    owners: dict[str, Entry] = {}
    for candidate in found.values():
        for prefix in candidate.prefixes:
            owner = owners.setdefault(prefix, candidate)
            if owner is not candidate:
                raise CatalogError(
                    f"{candidate.id}.toml",
                    "alias",
                    f'"{prefix}" already belongs to {owner.id}.toml',
                )
    return owners


def _read(path: Path) -> Entry:
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as exc:
        raise CatalogError(path.name, "", f"is not valid TOML: {exc}") from exc
    return parse(path.stem, Table(path.name, data))
