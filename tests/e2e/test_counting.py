"""Counting tokens, in the three dialects that can ask for it, for every model: by the provider
where it counts, else by an estimate that says so."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import anthropic
import httpx
import openai
import pytest
from google import genai
from google.genai import types

from omniroute.gateway.snapshot import Provider
from tests.e2e.inside import serving
from tests.product import Product
from tests.upstream import FakeUpstream, reply

FORMS = ("oai", "ant", "rsp", "gem")
TEXT = "How many tokens are in this sentence? " * 20
SCHEMA = {"type": "object", "properties": {"city": {"type": "string", "description": TEXT}}}
GRAMMAR = {"type": "grammar", "syntax": "lark", "definition": TEXT}
PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAAB"
SOURCE = "x-omniroute-token-source"


def messages(model: str, **more: Any) -> dict[str, Any]:
    return {"model": model, "messages": [{"role": "user", "content": TEXT}], **more}


def responses(model: str, **more: Any) -> dict[str, Any]:
    return {"model": model, "input": TEXT, **more}


def gemini(_: str, **more: Any) -> dict[str, Any]:
    return {"contents": [{"role": "user", "parts": [{"text": TEXT}]}], **more}


def path_of(dialect: str, model: str) -> str:
    return {
        "anthropic": "/v1/messages/count_tokens",
        "openai_responses": "/v1/responses/input_tokens",
        "gemini": f"/v1beta/models/{model}:countTokens",
    }[dialect]


BODIES = {"anthropic": messages, "openai_responses": responses, "gemini": gemini}
FIELDS = {
    "anthropic": "input_tokens",
    "openai_responses": "input_tokens",
    "gemini": "totalTokens",
}


def ask(product: Product, key: str, dialect: str, model: str, body: Any) -> httpx.Response:
    headers = {"Authorization": f"Bearer {key}"}
    return httpx.post(product.url + path_of(dialect, model), json=body, headers=headers)


@pytest.fixture
def count(product: Product, key: str, dialect: str) -> Any:
    def counted(**more: Any) -> int:
        model = more.pop("model", "oai/m")
        answer = ask(product, key, dialect, model, BODIES[dialect](model, **more))
        assert answer.status_code == 200, answer.text
        number: int = answer.json()[FIELDS[dialect]]
        return number

    return counted


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("dialect", BODIES)
def test_it_counts_for_every_model_and_calls_nobody(
    product: Product, key: str, upstreams: dict[str, FakeUpstream], dialect: str, form: str
) -> None:
    model = f"{form}/any-model"
    answer = ask(product, key, dialect, model, BODIES[dialect](model))
    assert answer.status_code == 200
    assert answer.headers[SOURCE] == "estimated"
    body = answer.json()
    number = body.pop(FIELDS[dialect])
    assert 150 <= number <= 250
    assert body == ({"object": "response.input_tokens"} if "responses" in dialect else {})
    assert upstreams[form].received == []


EXTRAS: dict[str, dict[str, dict[str, Any]]] = {
    "anthropic": {
        "system": {"system": [{"type": "text", "text": TEXT}]},
        "tools": {"tools": [{"name": "f", "description": TEXT, "input_schema": SCHEMA}]},
    },
    "openai_responses": {
        "system": {"instructions": TEXT},
        "tools": {
            "tools": [{"type": "function", "name": "f", "description": TEXT, "parameters": SCHEMA}]
        },
        "freeform tools": {"tools": [{"type": "custom", "name": "f", "format": GRAMMAR}]},
        "hosted tools": {"tools": [{"type": "web_search", "filters": {"allowed_domains": [TEXT]}}]},
    },
    "gemini": {
        "system": {"systemInstruction": {"parts": [{"text": TEXT}]}},
        "tools": {
            "tools": [
                {
                    "functionDeclarations": [
                        {"name": "f", "description": TEXT, "parametersJsonSchema": SCHEMA}
                    ]
                }
            ]
        },
    },
}


@pytest.mark.parametrize(
    ("dialect", "what"), [(dialect, what) for dialect in EXTRAS for what in EXTRAS[dialect]]
)
def test_it_counts_system_text_and_tools(count: Any, dialect: str, what: str) -> None:
    assert count(**EXTRAS[dialect][what]) - count() >= 150


IMAGE = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PIXEL}}
CALLED = [
    {
        "role": "assistant",
        "content": [{"type": "tool_use", "id": "t1", "name": "f", "input": {"text": TEXT}}],
    },
    {
        "role": "user",
        "content": [
            {
                "type": "tool_result",
                "tool_use_id": "t1",
                "content": [{"type": "text", "text": TEXT}],
            }
        ],
    },
]


@pytest.mark.parametrize("dialect", ["anthropic"])
def test_it_counts_calls_results_and_images(count: Any) -> None:
    asked = {"role": "user", "content": TEXT}
    bare = count(messages=[asked])
    assert count(messages=[asked, *CALLED]) - bare >= 300
    assert count(messages=[{"role": "user", "content": [IMAGE]}]) > 500


@pytest.mark.parametrize("dialect", ["gemini"])
def test_it_counts_a_whole_request_of_geminis_kind(count: Any) -> None:
    system = {"parts": [{"text": TEXT}]}
    inner = {"model": "models/oai/m", **gemini(""), "systemInstruction": system}
    assert count(contents=[], generateContentRequest=inner) - count() >= 150


@pytest.mark.parametrize("dialect", BODIES)
def test_it_needs_no_output_limit_and_minds_none(count: Any, dialect: str) -> None:
    name = {"anthropic": "max_tokens", "openai_responses": "max_output_tokens"}.get(dialect)
    more = {name: 1000} if name else {"generationConfig": {"maxOutputTokens": 1000}}
    assert count(**more) == count()


@pytest.mark.parametrize("dialect", BODIES)
@pytest.mark.parametrize(
    ("model", "body", "status"),
    [("nobody-has-this", None, 404), ("oai/m", {"input": 7, "messages": 7, "contents": 7}, 400)],
)
def test_it_refuses_what_it_cannot_count(
    product: Product, key: str, dialect: str, model: str, body: Any, status: int
) -> None:
    asked = body and {"model": model, **body}
    answer = ask(product, key, dialect, model, asked or BODIES[dialect](model))
    assert answer.status_code == status
    assert answer.json()["error"]["message"]


def test_claude_code_asks_for_thirty_four_counts_at_once(product: Product, key: str) -> None:
    def one(_: int) -> int:
        path = f"{product.url}/v1/messages/count_tokens?beta=true"
        return httpx.post(path, json=messages("oai/m"), headers={"x-api-key": key}).status_code

    with ThreadPoolExecutor(17) as pool:
        assert list(pool.map(one, range(34))) == [200] * 34


@pytest.fixture(scope="module")
def stack() -> Iterator[ExitStack]:
    with ExitStack() as made:
        yield made


def test_the_official_sdks_count(product: Product, key: str, stack: ExitStack) -> None:
    claude = stack.enter_context(anthropic.Anthropic(base_url=product.url, api_key=key))
    asked = [{"role": "user", "content": TEXT}]
    assert claude.messages.count_tokens(model="gem/m", messages=asked).input_tokens > 150
    codex = stack.enter_context(openai.OpenAI(base_url=f"{product.url}/v1", api_key=key))
    assert codex.responses.input_tokens.count(model="ant/m", input=TEXT).input_tokens > 150
    options = types.HttpOptions(base_url=product.url)
    google = genai.Client(api_key=key, http_options=options)
    stack.callback(google.close)
    assert google.models.count_tokens(model="rsp/m", contents=TEXT).total_tokens > 150


@pytest.fixture
def counting() -> Iterator[FakeUpstream]:
    with FakeUpstream() as upstream:
        yield upstream


def counts(upstream: FakeUpstream, form: str) -> Provider:
    """A provider that counts, as those of the catalog may and endpoints of one's own do not."""
    base = f"{upstream.url}/{'v1beta' if form == 'gemini' else 'v1'}"
    paths = {"count_tokens": "/messages/count_tokens"}
    auth = {"auth_header": "x-api-key", "auth_scheme": ""}
    return Provider(  # type: ignore[arg-type]
        id="p", alias="p", name="P", format=form, base_url=base, paths=paths, **auth
    )


ASKED = {
    "anthropic": "/v1/messages/count_tokens",
    "openai_responses": "/v1/responses/input_tokens",
    "gemini": "/v1beta/models/big-model:countTokens",
}


@pytest.mark.parametrize("dialect", BODIES)
async def test_the_providers_own_count_is_told_as_it_is(
    counting: FakeUpstream, dialect: str, tmp_path: Path
) -> None:
    told = {FIELDS[dialect]: 4711, "unknown": {"kept": True}}
    counting.play(reply(told))
    async with serving(tmp_path, counts(counting, dialect)) as inside:
        body = BODIES[dialect]("p/big-model")
        answer = await inside.post(path_of(dialect, "p/big-model"), body)
    assert (answer.status, answer.json, answer.headers[SOURCE]) == (200, told, "provider")
    (request,) = counting.received
    assert (request.path, request.headers["x-api-key"]) == (ASKED[dialect], "up-secret")
    assert request.json == (body if dialect == "gemini" else {**body, "model": "big-model"})
    assert "authorization" not in request.headers


@pytest.mark.parametrize("fault", ["refused", "down", "nonsense"])
@pytest.mark.parametrize("dialect", BODIES)
async def test_it_estimates_when_the_provider_does_not_count(
    counting: FakeUpstream, dialect: str, fault: str, tmp_path: Path
) -> None:
    provider = counts(counting, dialect)
    if fault == "down":
        provider = replace(provider, base_url="http://127.0.0.1:9/v1")
    counting.play(reply([1, 2]) if fault == "nonsense" else reply({"error": {}}, 404))
    async with serving(tmp_path, provider) as inside:
        answer = await inside.post(path_of(dialect, "p/m"), BODIES[dialect]("p/m"))
    assert (answer.status, answer.headers[SOURCE]) == (200, "estimated")
    assert answer.json[FIELDS[dialect]] > 150


@pytest.mark.parametrize("dialect", BODIES)
@pytest.mark.parametrize("form", ["anthropic", "openai_chat", "gemini", "openai_responses"])
async def test_it_asks_no_provider_of_another_format(
    counting: FakeUpstream, dialect: str, form: str, tmp_path: Path
) -> None:
    counting.play(reply({FIELDS[dialect]: 1}))
    async with serving(tmp_path, counts(counting, form)) as inside:
        answer = await inside.post(path_of(dialect, "p/m"), BODIES[dialect]("p/m"))
    same = form == dialect
    assert answer.headers[SOURCE] == ("provider" if same else "estimated")
    assert len(counting.received) == (1 if same else 0)
    assert json.loads(answer.body)
