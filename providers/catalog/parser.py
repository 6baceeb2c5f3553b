"""Turns one catalog file into an Entry.

`base_url` ends where the paths begin. `drop_params` are top-level fields of the provider's own
wire format that it refuses. `thinking` says what a model takes; without it, the caller's word is
sent as it is. Prices are text, USD per million tokens; a model without one is unpriced.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from types import MappingProxyType
from typing import Literal, get_args
from urllib.parse import urlsplit

from omniroute.gateway.snapshot import AuthKind, FormatName, Model, Price, Provider
from providers.catalog.entry import Entry, Probe, Tier
from providers.catalog.table import Table

FORMATS: tuple[FormatName, ...] = get_args(FormatName)
AUTH_KINDS: tuple[AuthKind, ...] = get_args(AuthKind)
TIERS: tuple[Tier, ...] = get_args(Tier)
KINDS = ("chat", "embedding", "image", "transcription", "speech", "rerank", "moderation")
THINKING = ("effort", "budget", "adaptive", "level", "off")
PREFIX = re.compile(r"[a-z0-9][a-z0-9._-]*")

# Gemini's chat path holds the model and the method, so only its format can build it.
CHAT_PATHS: Mapping[FormatName, str] = {
    "openai_chat": "/chat/completions",
    "openai_responses": "/responses",
    "anthropic": "/messages",
}
PATHS = {
    "responses": "/responses",
    "completions": "/completions",
    "count_tokens": "/messages/count_tokens",
    "embeddings": "/embeddings",
    "images": "/images/generations",
    "transcription": "/audio/transcriptions",
    "speech": "/audio/speech",
    "rerank": "/rerank",
    "moderations": "/moderations",
    "models": "/models",
}
ENDPOINTS = ("chat", *PATHS)


def parse(provider_id: str, root: Table) -> Entry:
    alias, aliases = _prefixes(provider_id, root)
    name = root.text("name")
    api = root.table("api")
    auth = api.table("auth")
    kind = auth.choice("kind", AUTH_KINDS, "api_key")
    provider = _provider(api, auth, provider_id=provider_id, alias=alias, name=name)
    models, model_aliases, prices = _models(provider_id, root.tables("models"))
    entry = Entry(
        id=provider_id,
        alias=alias,
        aliases=aliases,
        name=name,
        tier=root.choice("tier", TIERS),
        cost=root.text("cost"),
        quota_reset=root.text("quota_reset"),
        best_for=root.text("best_for"),
        homepage=root.url("homepage"),
        docs=root.url("docs"),
        key_url=root.url("key_url") if kind == "api_key" else None,
        auth=kind,
        login=root.text("login") if kind == "oauth" else None,
        test=_probe(root.table("test"), provider.base_url, {model.id for model in models}),
        genai_prices=root.optional_text("genai_prices"),
        models=models,
        model_aliases=model_aliases,
        prices=prices,
        api=provider,
    )
    root.done()
    return entry


def _prefixes(provider_id: str, root: Table) -> tuple[str, tuple[str, ...]]:
    alias, aliases = root.text("alias"), root.texts("aliases")
    for prefix in (provider_id, alias, *aliases):
        if not PREFIX.fullmatch(prefix):
            raise root.error("alias", f'may only use a-z, 0-9, dot, dash, underscore: "{prefix}"')
    return alias, aliases


def _provider(api: Table, auth: Table, *, provider_id: str, alias: str, name: str) -> Provider:
    form = api.choice("format", FORMATS)
    provider = Provider(
        id=provider_id,
        alias=alias,
        name=name,
        format=form,
        base_url=_base_url(api),
        auth_header=auth.text("header"),
        auth_scheme=auth.optional_text("scheme") or "",
        adapter=api.optional_text("adapter") or "",
        headers=api.pairs("headers"),
        paths=_paths(api, form),
        drop_params=api.texts("drop_params"),
        system_role=api.choice("system_role", ("system", "developer"), "system"),
        stream_usage=api.flag("stream_usage", default=True),
        replay_reasoning=api.flag("replay_reasoning", default=False),
        freeform_tools=api.flag("freeform_tools", default=False),
        tool_id_style=api.choice("tool_id_style", ("any", "mistral9"), "any"),
        inline_think=api.flag("inline_think", default=False),
        unlisted=Model(id="", max_tokens_field=_max_tokens_field(api)),
    )
    auth.done()
    api.done()
    return provider


def _max_tokens_field(table: Table) -> Literal["max_tokens", "max_completion_tokens"]:
    """For a model, or under [api] for the models that are not listed."""
    return table.choice("max_tokens_field", ("max_tokens", "max_completion_tokens"), "max_tokens")


def _base_url(api: Table) -> str:
    value = api.url("base_url")
    parts = urlsplit(value)
    if not parts.hostname or parts.query or parts.fragment or "@" in parts.netloc:
        raise api.error("base_url", "must be a plain https address")
    if value.endswith("/"):
        raise api.error("base_url", "must not end with a slash")
    return value


def _paths(api: Table, form: FormatName) -> Mapping[str, str]:
    """Chat and Responses are filed under their format's name, the rest under the endpoint's."""
    endpoints = api.texts("endpoints", ENDPOINTS)
    if not endpoints:
        raise api.error("endpoints", "is missing")
    given = api.pairs("paths")
    for endpoint, path in given.items():
        if endpoint not in endpoints:
            raise api.error(f"paths.{endpoint}", "is not among the endpoints")
        if not path.startswith("/"):
            raise api.error(f"paths.{endpoint}", "must start with a slash")
    known = PATHS | {"chat": CHAT_PATHS.get(form, "")} | dict(given)
    names = {"chat": form, "responses": "openai_responses"}
    return MappingProxyType({names.get(e, e): known[e] for e in endpoints if known[e]})


def _probe(table: Table, base_url: str, models: set[str]) -> Probe:
    path, model = table.optional_text("get"), table.optional_text("chat")
    if (path is None) == (model is None):
        raise table.error("get", "or chat is needed, and not both")
    if path is not None and not path.startswith("/"):
        raise table.error("get", "must start with a slash")
    if model is not None and model not in models:
        raise table.error("chat", "must be one of the models")
    table.done()
    return Probe(get=path and base_url + path, chat=model)


def _models(
    provider_id: str, tables: tuple[Table, ...]
) -> tuple[tuple[Model, ...], Mapping[str, str], Mapping[str, Price]]:
    models: list[Model] = []
    owners: dict[str, str] = {}
    prices: dict[str, Price] = {}
    for table in tables:
        aliases, price = table.texts("aliases"), table.optional_table("price")
        model = _model(table)
        for name in (model.id, *aliases):
            if name in owners:
                raise table.error("id", f'repeats "{name}"')
            owners[name] = model.id
        models.append(model)
        if price is not None:
            prices[model.id] = _price(f"catalog:{provider_id}/{model.id}", price)
    renamed = {name: owner for name, owner in owners.items() if name != owner}
    return tuple(models), MappingProxyType(renamed), MappingProxyType(prices)


def _model(table: Table) -> Model:
    model = Model(
        id=table.text("id"),
        name=table.optional_text("name") or "",
        context=table.count("context"),
        max_output=table.count("max_output"),
        kind=table.choice("kind", KINDS, "chat"),
        format=table.choice("format", FORMATS) if table.has("format") else None,
        drop_params=table.texts("drop_params"),
        thinking=table.texts("thinking", THINKING),
        max_tokens_field=_max_tokens_field(table),
        images=table.flag("images", default=True),
    )
    table.done()
    return model


def _price(price_id: str, table: Table) -> Price:
    price = Price(
        id=price_id,
        input=_rate(table, "input", table.text("input")),
        output=_rate(table, "output", table.text("output")),
        cache_read=_optional_rate(table, "cache_read"),
        cache_write_5m=_optional_rate(table, "cache_write_5m"),
        cache_write_1h=_optional_rate(table, "cache_write_1h"),
    )
    table.done()
    return price


def _optional_rate(table: Table, key: str) -> Decimal | None:
    text = table.optional_text(key)
    return None if text is None else _rate(table, key, text)


def _rate(table: Table, key: str, text: str) -> Decimal:
    try:
        rate = Decimal(text)
    except InvalidOperation as exc:
        raise table.error(key, f'is not a number: "{text}"') from exc
    if not rate.is_finite() or rate < 0:
        raise table.error(key, "must be 0 or more")
    return rate
