"""One provider of the catalog: facts for people, and the facts the gateway calls it with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Literal

from omniroute.gateway.snapshot import AuthKind, Model, Price, Provider

Tier = Literal["subscription", "api_key", "cheap", "free"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """The request that proves a key works: a GET of this URL, else a one-token chat."""

    get: str | None = None
    chat: str | None = None  # the model to ask


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    id: str
    alias: str
    aliases: tuple[str, ...]  # further prefixes that callers may write
    name: str
    tier: Tier
    cost: str
    quota_reset: str
    best_for: str
    homepage: str
    docs: str
    key_url: str | None  # where to get a key
    auth: AuthKind
    login: str | None  # the login flow of a provider without keys
    test: Probe
    genai_prices: str | None  # this provider's id in the genai-prices package
    models: tuple[Model, ...]
    model_aliases: Mapping[str, str]  # other names that callers may write -> model id
    prices: Mapping[str, Price]  # by model id; only what genai-prices does not know
    api: Provider  # without models and prices

    @property
    def prefixes(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys((self.id, self.alias, *self.aliases)))

    def provider(self) -> Provider:
        """For the gateway. `models` is keyed by what callers may write, `prices` by model id."""
        named = {model.id: model for model in self.models}
        named |= {alias: named[target] for alias, target in self.model_aliases.items()}
        return replace(self.api, models=MappingProxyType(named), prices=self.prices)
