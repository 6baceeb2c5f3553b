"""What the documentation says of `/v1`, of formats and of endpoints is what the gateway does."""

from __future__ import annotations

import re
from typing import get_args
from urllib.parse import urlsplit

import pytest

from omniroute.gateway.formats import FORMATS
from omniroute.gateway.routes import EndpointKind, is_api, match
from omniroute.gateway.snapshot import FormatName
from providers import catalog, endpoints
from providers.models import Node
from tests.conftest import ROOT
from tests.docs.reading import SOURCES, commands, fences

PATHS = re.findall(
    r"^\| `(GET|POST) (/v1[^`]*)` \| ([^|]+) \|", SOURCES["requests"].read_text(), re.MULTILINE
)
TYPES = re.findall(
    r"^\| `([\w-]+)` \| `(/[^`]+)` \| `([^`]+)` \|",
    SOURCES["providers"].read_text(),
    re.MULTILINE,
)
CALLS = [
    (name, words)
    for name, path in SOURCES.items()
    for script in fences(path, "sh")
    for words in commands(script)
    if words[0] == "curl" and any(is_api(urlsplit(word).path) for word in words)
]


@pytest.mark.parametrize(("method", "path", "label"), PATHS)
def test_it_names_paths_that_are_served(method: str, path: str, label: str) -> None:
    found = match(method, path.replace("{model}", "groq/some-model"))
    assert found is not None
    assert FORMATS[found.endpoint.format or "openai_chat"].label == label


def test_it_names_every_kind_of_path_and_every_format() -> None:
    found = [match(method, path.replace("{model}", "m")) for method, path, _ in PATHS]
    kinds = {route.endpoint.kind for route in found if route}
    assert kinds | {"upgrade"} == set(get_args(EndpointKind))  # that one has a paragraph
    assert {label for _, _, label in PATHS} == {form.label for form in FORMATS.values()}
    assert len(PATHS) == len(set(PATHS)) == len({(m, p) for m, p, _ in PATHS})


@pytest.mark.parametrize(("name", "words"), CALLS)
def test_it_calls_paths_that_are_served(name: str, words: list[str]) -> None:
    [url] = [word for word in words if word.startswith("http://")]
    assert match("POST" if "-d" in words else "GET", urlsplit(url).path), name


def test_it_describes_every_type_of_endpoint() -> None:
    assert {kind for kind, _, _ in TYPES} == set(Node.Type.values)
    api = SOURCES["api"].read_text()
    assert all(f"`{kind}`" in api for kind in Node.Type.values)


@pytest.mark.parametrize(("kind", "path", "header"), TYPES)
def test_it_says_how_an_endpoint_is_called(kind: str, path: str, header: str) -> None:
    node = Node(type=kind, prefix="office", name="Office", base_url="https://example.com/v1")
    provider = endpoints.provider(node)
    assert path == FORMATS[provider.format].path("MODEL", stream=False)
    shown = f"{provider.auth_header}: {provider.auth_scheme}" if provider.auth_scheme else ""
    assert header == (shown or provider.auth_header)


def test_it_says_who_speaks_a_second_format() -> None:
    two = {e.name for e in catalog.entries().values() if {*e.api.paths} & _others(e)}
    [sentence] = re.findall(r"^(.*) also speak OpenAI Responses\.", _providers(), re.MULTILINE)
    assert {name.split(" ")[0] for name in two} == set(re.split(r", | and ", sentence))


def test_it_says_who_counts() -> None:
    counting = {id_ for id_, e in catalog.entries().items() if "count_tokens" in e.api.paths}
    [who] = re.findall(r"has counted\. (.*) do, asked", SOURCES["requests"].read_text())
    assert {name.lower() for name in who.split(" and ")} == counting


def test_it_lists_the_formats_and_who_speaks_them() -> None:
    rows = re.findall(
        r"^\| `(\w+)` \| [^|]+ \| yes \| (yes|no)",
        SOURCES["architecture"].read_text(),
        re.MULTILINE,
    )
    assert {name: speaks == "yes" for name, speaks in rows} == {
        name: name in get_args(FormatName) for name in FORMATS
    }


def test_it_describes_shared_modules_that_exist() -> None:
    text = SOURCES["architecture"].read_text().partition("| Module | Does |")[2]
    folder = ROOT / "omniroute" / "gateway" / "translation"
    rows = re.findall(r"^\| (`[^|]+`) \|", text, re.MULTILINE)
    named = re.findall(r"`(\w+)`", " ".join(rows))
    assert len(named) > 5
    assert set(named) <= {path.stem for path in folder.glob("*.py")}


def test_it_shows_the_proxy_that_is_shipped() -> None:
    shipped = re.findall(r"location ~ .* {", (ROOT / "deploy" / "nginx.conf").read_text())
    assert re.findall(r"location ~ .* {", SOURCES["operations"].read_text()) == shipped


def _others(entry: catalog.Entry) -> set[str]:
    return set(get_args(FormatName)) - {entry.api.format}


def _providers() -> str:
    return SOURCES["providers"].read_text()
