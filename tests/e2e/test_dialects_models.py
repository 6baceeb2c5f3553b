"""One model list, three shapes: told apart by headers where the path is shared."""

from __future__ import annotations

from contextlib import ExitStack
from typing import Any

import anthropic
import httpx
import openai
import pytest
from google import genai
from google.genai import types

from tests.product import Product

NAME = "ds/deepseek-chat"
OTHER_NAME = "deepseek/deepseek-chat"  # of the same model, which is listed once
ESCAPED = NAME.replace("/", "%2F")
VERSION = {"anthropic-version": "2023-06-01"}
SHAPES = {
    "openai": [("/v1/models", {}), ("/models", {}), ("/v1/v1/models", {})],
    "anthropic": [
        ("/v1/models", VERSION),
        ("/v1/models?limit=1000", VERSION),
        ("/v1/models?limit=1000", {"anthropic-version": "2026-10-21"}),
        ("/models", VERSION),
    ],
    "gemini": [
        ("/v1/models", {"x-goog-api-key": "KEY"}),
        ("/v1/models?key=KEY", {}),
        ("/v1beta/models", {}),
        ("/v1beta/models", {"x-goog-api-key": "KEY"}),
        ("/v1beta/models?key=KEY&pageSize=50", {}),
    ],
}
CASES = [(shape, *case) for shape, cases in SHAPES.items() for case in cases]


@pytest.fixture(scope="module", autouse=True)
def _connected(product: Product, key: str) -> None:
    product.account("deepseek", "dk-1")


def get(product: Product, key: str, path: str, headers: dict[str, str]) -> httpx.Response:
    sent = {name: value.replace("KEY", key) for name, value in headers.items()}
    if "KEY" not in path and "x-goog-api-key" not in sent:
        sent["Authorization"] = f"Bearer {key}"  # Anthropic's newer SDKs send theirs like this too
    return httpx.get(product.url + path.replace("KEY", key), headers=sent)


def shape_of(body: dict[str, Any]) -> str:
    if "models" in body:
        return "gemini"
    return "anthropic" if "has_more" in body else "openai"


@pytest.mark.parametrize(("shape", "path", "headers"), CASES)
def test_it_lists_models_in_the_callers_shape(
    product: Product, key: str, shape: str, path: str, headers: dict[str, str]
) -> None:
    answer = get(product, key, path, headers)
    assert (answer.status_code, shape_of(answer.json())) == (200, shape)
    body = answer.json()
    match shape:
        case "openai":
            assert body["object"] == "list"
            found = next(model for model in body["data"] if model["id"] == NAME)
            assert (found["object"], found["owned_by"]) == ("model", "deepseek")
            assert isinstance(found["created"], int)
        case "anthropic":
            found = next(model for model in body["data"] if model["id"] == NAME)
            assert (found["type"], body["has_more"]) == ("model", False)
            assert found["display_name"]
            assert found["created_at"].endswith("Z")
            assert (body["first_id"], body["last_id"]) == (
                body["data"][0]["id"],
                body["data"][-1]["id"],
            )
        case "gemini":
            found = next(model for model in body["models"] if model["name"] == f"models/{NAME}")
            assert "generateContent" in found["supportedGenerationMethods"]
            assert "countTokens" in found["supportedGenerationMethods"]


ONE = [
    ("openai", "/v1/models/{}", {}),
    ("openai", "/v1/v1/models/{}", {}),
    ("openai", "/models/{}", {}),
    ("anthropic", "/v1/models/{}", VERSION),
    ("gemini", "/v1/models/{}", {"x-goog-api-key": "KEY"}),
    ("gemini", "/v1beta/models/{}", {"x-goog-api-key": "KEY"}),
    ("gemini", "/v1beta/models/{}?key=KEY", {}),
]


@pytest.mark.parametrize("name", [NAME, ESCAPED, OTHER_NAME])
@pytest.mark.parametrize(("shape", "path", "headers"), ONE)
def test_it_shows_one_model_whose_name_has_a_slash(
    product: Product, key: str, shape: str, path: str, headers: dict[str, str], name: str
) -> None:
    answer = get(product, key, path.format(name), headers)
    assert answer.status_code == 200, answer.text
    asked = name.replace("%2F", "/")
    wanted = f"models/{asked}" if shape == "gemini" else asked
    assert answer.json()["name" if shape == "gemini" else "id"] == wanted


@pytest.mark.parametrize(("shape", "path", "headers"), ONE)
def test_a_model_that_is_not_there_is_a_json_404(
    product: Product, key: str, shape: str, path: str, headers: dict[str, str]
) -> None:
    answer = get(product, key, path.format("nobody%2Fhas-this"), headers)
    assert (answer.status_code, answer.headers["content-type"]) == (404, "application/json")
    error = answer.json()["error"]
    match shape:
        case "openai":
            assert error["code"] == "model_not_found"
        case "anthropic":
            assert error["type"] == "not_found_error"
        case "gemini":
            assert error["status"] == "NOT_FOUND"


def test_the_official_sdks_read_their_lists(product: Product, key: str) -> None:
    with ExitStack() as stack:
        chat = stack.enter_context(openai.OpenAI(base_url=f"{product.url}/v1", api_key=key))
        assert NAME in [model.id for model in chat.models.list()]
        assert chat.models.retrieve(NAME).id == NAME
        claude = stack.enter_context(anthropic.Anthropic(base_url=product.url, api_key=key))
        assert NAME in [model.id for model in claude.models.list()]
        assert claude.models.retrieve(NAME).display_name
        google = genai.Client(api_key=key, http_options=types.HttpOptions(base_url=product.url))
        stack.callback(google.close)
        assert f"models/{NAME}" in [model.name for model in google.models.list()]
        assert google.models.get(model=NAME).name == f"models/{NAME}"


def test_a_key_sees_only_what_it_may_use(product: Product, key: str) -> None:
    narrow = product.key("narrow list", allowedModels=["nobody/*"])
    for path, headers in (("/v1/models", {}), ("/v1/models", VERSION), ("/v1beta/models", {})):
        body = get(product, narrow, path, headers).json()
        assert body.get("data", body.get("models")) == []
    assert get(product, narrow, f"/v1/models/{ESCAPED}", {}).status_code == 404
