"""The provider catalog: what the user guide promises is in it, and a faulty file is refused."""

from __future__ import annotations

import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from typing import get_args
from urllib.parse import urlsplit

import pytest
from genai_prices import data as genai

from omniroute.gateway.snapshot import FormatName
from providers.catalog import CatalogError, entries, entry, load

ROOT = Path(__file__).parents[2]

# id: (prefix in the guide, tier, wire format, hosts of that vendor)
EXPECTED = {
    "deepseek": ("ds", "api_key", "openai_chat", "api.deepseek.com"),
    "groq": ("groq", "api_key", "openai_chat", "api.groq.com"),
    "xai": ("xai", "api_key", "openai_chat", "api.x.ai"),
    "mistral": ("mistral", "api_key", "openai_chat", "api.mistral.ai"),
    "perplexity": ("pplx", "api_key", "openai_chat", "api.perplexity.ai"),
    "together": ("together", "api_key", "openai_chat", "api.together.xyz"),
    "fireworks": ("fireworks", "api_key", "openai_chat", "api.fireworks.ai"),
    "cerebras": ("cerebras", "api_key", "openai_chat", "api.cerebras.ai"),
    "cohere": ("cohere", "api_key", "openai_chat", "api.cohere.ai"),
    "nvidia": ("nvidia", "api_key", "openai_chat", "integrate.api.nvidia.com"),
    "glm": ("glm", "cheap", "anthropic", "api.z.ai"),
    "minimax": ("minimax", "cheap", "anthropic", "api.minimax.io"),
    "kimi": ("kimi", "cheap", "openai_chat", "api.moonshot.ai"),
    "openai": ("openai", "api_key", "openai_chat", "api.openai.com"),
    "anthropic": ("anthropic", "api_key", "anthropic", "api.anthropic.com"),
    "gemini": ("gemini", "api_key", "gemini", "generativelanguage.googleapis.com"),
    "openrouter": ("openrouter", "api_key", "openai_chat", "openrouter.ai"),
}

GUIDE_MODELS = [
    "ds/deepseek-chat",
    "ds/deepseek-reasoner",
    "groq/llama-3.3-70b-versatile",
    "groq/llama-4-maverick-17b-128e-instruct",
    "xai/grok-4",
    "xai/grok-4-0709-fast-reasoning",
    "xai/grok-code-mini",
    "mistral/mistral-large-2501",
    "mistral/codestral-2501",
    "pplx/sonar-pro",
    "pplx/sonar",
    "together/meta-llama/Llama-3.3-70B-Instruct-Turbo",
    "fireworks/accounts/fireworks/models/deepseek-v3p1",
    "cerebras/llama-3.3-70b",
    "cohere/command-r-plus-08-2024",
    "nvidia/nvidia/llama-3.3-70b-instruct",
    "glm/glm-4.7",
    "minimax/MiniMax-M2.1",
    "kimi/kimi-latest",
]

ENDPOINT_OF_KIND = {
    "embedding": "embeddings",
    "image": "images",
    "transcription": "transcription",
    "speech": "speech",
    "rerank": "rerank",
    "moderation": "moderations",
}

VALID = """
name = "Acme"
alias = "ac"
tier = "api_key"
cost = "Pay per use"
quota_reset = "None"
best_for = "Tests"
homepage = "https://acme.test"
docs = "https://acme.test/docs"
key_url = "https://acme.test/keys"

[api]
format = "openai_chat"
base_url = "https://api.acme.test/v1"
auth = { header = "Authorization", scheme = "Bearer" }
endpoints = ["chat", "models"]

[test]
get = "/models"

[[models]]
id = "acme-1"
aliases = ["acme-latest"]
price = { input = "0.5", output = "2", cache_read = "0.05" }
"""


def test_it_holds_exactly_the_expected_providers() -> None:
    assert set(entries()) == set(EXPECTED)


@pytest.mark.parametrize("provider_id", EXPECTED)
def test_it_describes_a_provider_as_the_guide_does(provider_id: str) -> None:
    prefix, tier, form, host = EXPECTED[provider_id]
    found = entry(prefix)

    assert found is not None
    assert found is entry(provider_id)
    assert (found.id, found.alias, found.tier, found.auth) == (provider_id, prefix, tier, "api_key")
    assert found.login is None
    assert found.key_url
    provider = found.provider()
    address = urlsplit(provider.base_url)
    assert (address.scheme, address.hostname) == ("https", host)
    assert provider.format == form
    assert provider.auth_header in {"Authorization", "x-api-key", "x-goog-api-key"}
    assert (provider.auth_scheme == "Bearer") == (provider.auth_header == "Authorization")
    assert {"chat"} <= {model.kind for model in provider.models.values()}


@pytest.mark.parametrize("name", GUIDE_MODELS)
def test_it_knows_every_model_that_the_guide_prints(name: str) -> None:
    prefix, _, model = name.partition("/")
    found = entry(prefix)

    assert found is not None
    assert model in found.provider().models


def test_it_sends_a_shortened_name_as_the_vendor_spells_it() -> None:
    models = entries()["groq"].provider().models

    sent = models["llama-4-maverick-17b-128e-instruct"]
    assert sent.id == "meta-llama/llama-4-maverick-17b-128e-instruct"
    assert sent is models[sent.id]


def test_it_gives_every_prefix_to_one_provider() -> None:
    prefixes = [prefix for found in entries().values() for prefix in found.prefixes]

    assert len(prefixes) == len(set(prefixes))
    assert entry("zhipu") is entries()["glm"]
    assert entry("no-such-provider") is None


@pytest.mark.parametrize("provider_id", EXPECTED)
def test_it_says_how_to_test_a_key_at_the_same_host(provider_id: str) -> None:
    found = entries()[provider_id]

    if found.test.get is None:
        assert found.test.chat in {model.id for model in found.models}
    else:
        assert urlsplit(found.test.get).hostname == EXPECTED[provider_id][3]


@pytest.mark.parametrize("provider_id", EXPECTED)
def test_it_lists_only_models_that_the_provider_has_an_endpoint_for(provider_id: str) -> None:
    provider = entries()[provider_id].provider()

    kinds = {model.kind for model in provider.models.values()} - {"chat"}
    assert {ENDPOINT_OF_KIND[kind] for kind in kinds} <= set(provider.paths)
    assert all(path.startswith("/") for path in provider.paths.values())


@pytest.mark.parametrize("provider_id", ["anthropic", "glm", "minimax"])
def test_it_knows_the_output_limit_where_the_format_demands_one(provider_id: str) -> None:
    provider = entries()[provider_id].provider()

    assert all(model.max_output for model in provider.models.values())


def test_it_names_price_lists_that_exist() -> None:
    known = {provider.id for provider in genai.providers}
    named = {found.genai_prices for found in entries().values()} - {None}

    assert named <= known
    assert named >= {"deepseek", "zai", "minimax", "moonshotai", "openai", "anthropic", "google"}


def test_it_prices_only_what_the_price_list_does_not_know() -> None:
    lists = {provider.id: provider for provider in genai.providers}
    priced = 0
    for found in entries().values():
        for model_id, price in found.provider().prices.items():
            rates = [price.input, price.output, price.cache_read]
            assert all(rate is None or isinstance(rate, Decimal) for rate in rates)
            priced += 1
            if found.genai_prices:
                assert lists[found.genai_prices].find_model(model_id) is None
    assert priced


def test_it_needs_no_django() -> None:
    code = "import sys, providers.catalog as c; c.entries(); sys.exit('django' in sys.modules)"

    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)


def test_it_reads_a_file(tmp_path: Path) -> None:
    (tmp_path / "acme.toml").write_text(VALID)

    provider = load(tmp_path)["acme"].provider()

    assert provider.format in get_args(FormatName)
    assert provider.paths == {"openai_chat": "/chat/completions", "models": "/models"}
    assert provider.models["acme-latest"].id == "acme-1"
    price = provider.prices["acme-1"]
    assert (price.input, price.cache_read) == (Decimal("0.5"), Decimal("0.05"))
    assert price.cache_write_5m is None


@pytest.mark.parametrize(
    ("old", "new", "field"),
    [
        ('base_url = "https://api.acme.test/v1"', "", "api.base_url"),
        ("https://api.acme.test/v1", "http://api.acme.test/v1", "api.base_url"),
        ("https://api.acme.test/v1", "https://api.acme.test/v1/", "api.base_url"),
        ("https://api.acme.test/v1", "https://key@api.acme.test/v1", "api.base_url"),
        ('name = "Acme"', 'name = "Acme"\ncolour = "red"', "colour"),
        ("[api]", "[api]\ntimeout = 5", "api.timeout"),
        ('id = "acme-1"', 'id = "acme-1"\nctx = 5', "models[1].ctx"),
        ('scheme = "Bearer"', 'schema = "Bearer"', "api.auth.schema"),
        ('output = "2"', "output = 2.0", "models[1].price.output"),
        ('output = "2"', 'output = "two"', "models[1].price.output"),
        ('output = "2"', 'output = "-2"', "models[1].price.output"),
        ('output = "2", ', "", "models[1].price.output"),
        ('aliases = ["acme-latest"]', 'aliases = ["acme-1"]', "models[1].id"),
        ('aliases = ["acme-latest"]', 'thinking = ["hard"]', "models[1].thinking"),
        ('aliases = ["acme-latest"]', "context = 0", "models[1].context"),
        ('aliases = ["acme-latest"]', 'images = "yes"', "models[1].images"),
        ('aliases = ["acme-latest"]', 'aliases = ["a", "a"]', "models[1].aliases"),
        ('"api_key"', '"gold"', "tier"),
        ('"openai_chat"', '"telepathy"', "api.format"),
        ('["chat", "models"]', "[]", "api.endpoints"),
        ('["chat", "models"]', '["chat"]\npaths = { models = "/m" }', "api.paths.models"),
        ('["chat", "models"]', '["chat"]\npaths = { chat = "m" }', "api.paths.chat"),
        ('["chat", "models"]', '["chat"]\nheaders = { x-a = 1 }', "api.headers"),
        ('get = "/models"', "", "test.get"),
        ('get = "/models"', 'get = "https://evil.test"', "test.get"),
        ('get = "/models"', 'chat = "acme-9"', "test.chat"),
        ('alias = "ac"', 'alias = "a c"', "alias"),
        ('key_url = "https://acme.test/keys"', "", "key_url"),
        ("[api]", "[[api]]", "api"),
        ("[[models]]", "[models]", "models"),
        ('auth = { header = "Authorization", scheme = "Bearer" }', "", "api.auth"),
        ("auth = { header", 'auth = { kind = "oauth", header', "login"),
    ],
)
def test_it_refuses_a_faulty_file_and_names_the_field(
    tmp_path: Path, old: str, new: str, field: str
) -> None:
    assert old in VALID
    (tmp_path / "acme.toml").write_text(VALID.replace(old, new))

    with pytest.raises(CatalogError) as caught:
        load(tmp_path)

    assert (caught.value.file, caught.value.field) == ("acme.toml", field)
    assert str(caught.value).startswith(f"acme.toml: {field} ")


def test_it_refuses_what_is_not_toml(tmp_path: Path) -> None:
    (tmp_path / "acme.toml").write_text("name = ")

    with pytest.raises(CatalogError, match=r"^acme\.toml is not valid TOML"):
        load(tmp_path)


@pytest.mark.parametrize("claimed", ["ac", "acme"])
def test_it_refuses_a_prefix_that_is_taken(tmp_path: Path, claimed: str) -> None:
    (tmp_path / "acme.toml").write_text(VALID)
    (tmp_path / "other.toml").write_text(VALID.replace('alias = "ac"', f'alias = "{claimed}"'))

    with pytest.raises(CatalogError, match=f'"{claimed}" already belongs to acme.toml'):
        load(tmp_path)


def test_it_takes_a_provider_with_a_login_instead_of_keys(tmp_path: Path) -> None:
    text = VALID.replace("auth = { header", 'auth = { kind = "oauth", header')
    text = text.replace('key_url = "https://acme.test/keys"', 'login = "device_code"')
    (tmp_path / "acme.toml").write_text(text)

    found = load(tmp_path)["acme"]

    assert (found.auth, found.login, found.key_url) == ("oauth", "device_code", None)
