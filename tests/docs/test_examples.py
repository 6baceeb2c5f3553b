"""Examples are true: they parse, name what exists, and calculate right."""

from __future__ import annotations

import ast
import configparser
import json
import re
import tomllib
from decimal import Decimal

import pytest

from billing.models import ApiKey
from omniroute import environment
from omniroute.gateway.snapshot import Price
from omniroute.gateway.usage import Usage, cost_e10
from omniroute.keyring import new_token
from omniroute.models import ManagementToken
from providers import catalog
from providers.catalog.parser import parse
from providers.catalog.table import Table
from tests.docs.reading import SOURCES, code, fences

_VARIABLE = re.compile(r"\b(?:[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+|PORT|HOSTNAME|BIND)\b")
_OF_OTHERS = re.compile(
    r"(?:ANTHROPIC|OPENAI|GEMINI|GOOGLE|CLAUDE_CODE|GOOSE|COPILOT|OPENCODE)_\w+"  # client tools
    r"|(?:OMNIROUTE|YOUR)_(?:API_KEY|TOKEN)|KEY_ID|CONNECTION_ID|NEXT_CURSOR"  # the examples' own
    r"|NODE_ENV|CLOUD_URL|ALLOW_API_KEY_REVEAL"  # of the original guide, said to have no effect
)


def _blocks(language: str) -> pytest.MarkDecorator:
    found = [
        pytest.param(text, id=f"{name}-{number}")
        for name, path in SOURCES.items()
        for number, text in enumerate(fences(path, language), 1)
    ]
    return pytest.mark.parametrize("text", found)


@_blocks("json")
def test_it_shows_json_that_parses(text: str) -> None:
    assert json.loads(text)


@_blocks("python")
def test_it_shows_python_that_parses(text: str) -> None:
    assert ast.parse(text)


@_blocks("toml")
def test_it_shows_toml_that_parses(text: str) -> None:
    assert tomllib.loads(text)


@_blocks("ini")
def test_it_shows_settings_that_can_be_read(text: str) -> None:
    parser = configparser.ConfigParser()
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read_string(text if "\n[" in text else f"[env]\n{text}")
    if parser.has_section("env"):
        known = {variable.name for variable in environment.VARIABLES}
        assert set(parser["env"]) <= known


def test_it_shows_a_catalog_file_that_can_be_used() -> None:
    [text] = fences(SOURCES["contributing"], "toml")
    entry = parse("example", Table("example.toml", tomllib.loads(text)))
    assert entry.models[0].id == "example-large"


def test_it_shows_rules_that_find_our_secrets_only() -> None:
    [text] = fences(SOURCES["security"], "toml")
    rules = {rule["id"]: re.compile(rule["regex"]) for rule in tomllib.loads(text)["rules"]}
    key, token = new_token(ApiKey.PREFIX), new_token(ManagementToken.PREFIX)
    assert rules["omniroute-api-key"].search(f"key={key};")
    assert not rules["omniroute-api-key"].search(f"{key}x {token}")
    assert rules["omniroute-management-token"].search(f"Bearer {token}")
    assert not rules["omniroute-management-token"].search(key)


@pytest.mark.parametrize("name", sorted(SOURCES))
def test_it_names_variables_that_exist(name: str) -> None:
    known = {v.name for v in environment.VARIABLES} | {"BIND"}
    known |= {f"{variable}_FILE" for variable in known}
    named = set(_VARIABLE.findall(code(SOURCES[name])))
    assert {word for word in named if not _OF_OTHERS.fullmatch(word)} <= known


@pytest.mark.parametrize("name", sorted(SOURCES))
def test_it_names_models_that_the_catalog_has(name: str) -> None:
    prefixes = {p: entry for entry in catalog.entries().values() for p in entry.prefixes}
    pattern = re.compile(rf"(?<![\w/.@-])({'|'.join(prefixes)})/([A-Za-z0-9][\w./-]*)")
    for prefix, model in pattern.findall(code(SOURCES[name])):
        nested = re.match(pattern, model)  # aider puts what it speaks before the name
        prefix, model = nested.groups() if nested else (prefix, model)
        assert model in prefixes[prefix].provider().models, f"{prefix}/{model}"


def test_it_calculates_costs_as_the_gateway_does() -> None:
    price = Price(id="", input=Decimal("0.59"), output=Decimal("0.79"))
    text = SOURCES["requests"].read_text()
    for usage in (Usage(input=1234), Usage(output=321), Usage(input=1234, output=321)):
        assert f"| {Decimal(cost_e10(usage, price)).scaleb(-10)} |" in text


def test_it_keeps_the_readme_short() -> None:
    assert len(SOURCES["README"].read_text().splitlines()) <= 120
