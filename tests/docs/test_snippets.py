"""The snippets beside an API key, and the page on clients that says more about the same tools."""

from __future__ import annotations

import ast
import json
import re
import shlex
import tomllib
from html import unescape
from typing import Any

import pytest
from django.template.loader import render_to_string

from billing.snippets import Filling
from omniroute.gateway.routes import match
from tests.docs.reading import SOURCES, fences

BASE, SECRET = "http://127.0.0.1:20128", "YOUR_API_KEY"
PAGE = SOURCES["clients"]


@pytest.fixture
def snippets() -> dict[str, str]:
    """As they are copied, by their ids."""
    filling = Filling(base=BASE, model="groq/m", secret=SECRET, is_guess=False)
    html = render_to_string("billing/_snippets.html", {"filling": filling})
    found = re.findall(r'<code id="snippet-([\w-]+)">(.*?)</code>', html, re.DOTALL)
    return {name: unescape(text) for name, text in found}


def _shown(parsed: list[dict[str, Any]], key: str) -> dict[str, Any]:
    [found] = [one for one in parsed if key in one]
    return found


def test_it_gives_claude_code_what_the_page_gives(snippets: dict[str, str]) -> None:
    shown = _shown([json.loads(text) for text in fences(PAGE, "json")], "env")["env"]
    given = json.loads(snippets["claude"])["env"]
    assert given.keys() == shown.keys()
    for name in ("ANTHROPIC_BASE_URL", "ANTHROPIC_AUTH_TOKEN"):
        assert given[name] == shown[name]


def test_it_gives_codex_the_provider_of_the_page(snippets: dict[str, str]) -> None:
    shown = _shown([tomllib.loads(text) for text in fences(PAGE, "toml")], "model_providers")
    given = tomllib.loads(snippets["codex"])
    for name in ("model_provider", "model_providers"):
        assert given[name] == shown[name]
    variable = shown["model_providers"]["omniroute"]["env_key"]
    assert snippets["codex-key"] == f'export {variable}="{SECRET}"'


def test_it_calls_a_path_that_is_served(snippets: dict[str, str]) -> None:
    words = shlex.split(snippets["curl"].replace("\\\n", ""))
    assert f"Authorization: Bearer {SECRET}" in words
    assert match("POST", words[1].removeprefix(BASE))
    assert json.loads(words[words.index("-d") + 1])["model"] == "groq/m"


def test_it_gives_the_sdk_the_base_of_the_page(snippets: dict[str, str]) -> None:
    assert ast.parse(snippets["openai"])
    for text in (snippets["openai"], fences(PAGE, "python")[0]):
        assert f'base_url="{BASE}/v1"' in text
