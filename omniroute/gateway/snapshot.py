"""The gateway's whole configuration as one immutable value.

A request takes the current snapshot once and never looks again; a new one replaces it whole.
Secrets exist in the clear only here, in memory, and never in a `repr`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from ipaddress import IPv4Network, IPv6Network
from typing import Literal

FormatName = Literal["openai_chat", "openai_responses", "anthropic", "gemini"]
AuthKind = Literal["api_key", "oauth"]
Network = IPv4Network | IPv6Network


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """USD per million tokens. `None` for a cache rate means: charged like uncached input.

    `tiers` are (more than so many prompt tokens, price of the whole request), ascending.
    """

    id: str
    input: Decimal
    output: Decimal
    cache_read: Decimal | None = None
    cache_write_5m: Decimal | None = None
    cache_write_1h: Decimal | None = None
    tiers: tuple[tuple[int, Price], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """A model as its provider names it, with the facts that translation needs."""

    id: str
    name: str = ""
    context: int | None = None
    max_output: int | None = None
    kind: str = "chat"
    format: FormatName | None = None  # when it differs from its provider's
    drop_params: tuple[str, ...] = ()
    thinking: tuple[str, ...] = ()  # accepted of: effort, budget, adaptive, level, off
    max_tokens_field: Literal["max_tokens", "max_completion_tokens"] = "max_tokens"
    images: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """A catalog entry or a node. `base_url` has no trailing slash; `paths` are appended to it.

    A model that has no entry in `prices` is unpriced, never free.
    """

    id: str
    alias: str
    name: str
    format: FormatName
    base_url: str
    auth_header: str = "Authorization"
    auth_scheme: str = "Bearer"
    adapter: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    paths: Mapping[str, str] = field(default_factory=dict)  # format name -> path
    drop_params: tuple[str, ...] = ()
    system_role: Literal["system", "developer"] = "system"
    stream_usage: bool = True  # accepts stream_options.include_usage
    replay_reasoning: bool = False  # wants reasoning_content back on tool turns
    freeform_tools: bool = False  # takes tools of type "custom"
    tool_id_style: Literal["any", "mistral9"] = "any"
    inline_think: bool = False  # writes its reasoning as <think>…</think> in the text
    models: Mapping[str, Model] = field(default_factory=dict)
    unlisted: Model = field(default_factory=lambda: Model(id=""))  # facts of ids not in `models`
    prices: Mapping[str, Price] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """One credentialed account at a provider. Lower `priority` is tried first."""

    id: str
    provider: str
    name: str
    auth: AuthKind
    secret: str = field(repr=False)
    priority: int = 1
    excluded_models: tuple[str, ...] = ()
    max_concurrent: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One model of a combo, `prefix/model`; `connection` pins one account."""

    model: str
    connection: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Combo:
    """A model name that stands for models to try in order."""

    name: str
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """A gateway API key, known only by the digest under which the snapshot files it."""

    id: str
    name: str
    active: bool = True
    expires_at: float | None = None  # Unix seconds
    allowed_models: tuple[str, ...] = ()  # globs; empty means every model
    networks: tuple[Network, ...] = ()  # empty means every address


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The runtime settings that the data plane reads."""

    require_api_key: bool = True
    require_auth_for_models: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """`prefixes` maps ids, aliases and node prefixes to providers; `connections` are active."""

    version: int
    digest: str
    settings: Settings = field(default_factory=Settings)
    providers: Mapping[str, Provider] = field(default_factory=dict)
    prefixes: Mapping[str, str] = field(default_factory=dict)
    connections: Mapping[str, tuple[Connection, ...]] = field(default_factory=dict)
    combos: Mapping[str, Combo] = field(default_factory=dict)
    keys: Mapping[bytes, Key] = field(default_factory=dict, repr=False)
