"""Every spelling of a path that real clients produce; elsewhere JSON in the caller's dialect."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.product import Product, running
from tests.upstream import FakeUpstream

CHAT: dict[str, Any] = {"model": "oai/m", "messages": [{"role": "user", "content": "Hi"}]}
MESSAGES = {**CHAT, "max_tokens": 99}
RESPONSES = {"model": "oai/m", "input": "Hi"}
GEMINI = {"contents": [{"role": "user", "parts": [{"text": "Hi"}]}]}
SAID = "Hello from upstream"


def post(
    product: Product, path: str, body: Any, headers: dict[str, str] | None = None
) -> tuple[int, str, Any]:
    """By hand, because libraries tidy paths up: status, content type and body."""
    connection = http.client.HTTPConnection("127.0.0.1", product.port, timeout=10)
    sent = {"content-type": "application/json", **(headers or {})}
    try:
        connection.request("POST", path, body=json.dumps(body), headers=sent)
        answer = connection.getresponse()
        return answer.status, answer.headers["content-type"], answer.read().decode()
    finally:
        connection.close()


SPELLINGS = [
    *[(path, CHAT) for path in ("/v1/chat/completions", "/chat/completions")],
    ("/v1/v1/chat/completions", CHAT),
    *[(path, RESPONSES) for path in ("/v1/responses", "/responses", "/v1/v1/responses")],
    *[(path, MESSAGES) for path in ("/v1/messages", "/messages", "/v1/v1/messages")],
    *[(f"{path}?beta=true", MESSAGES) for path in ("/v1/messages", "/v1/v1/messages")],
    ("/v1/completions", {"model": "oai/m", "prompt": "Hi"}),
]


@pytest.mark.parametrize(("path", "body"), SPELLINGS, ids=[path for path, _ in SPELLINGS])
def test_it_answers_under_every_base_that_users_write(
    product: Product, key: str, path: str, body: Any
) -> None:
    status, _, text = post(product, path, body, {"Authorization": f"Bearer {key}"})
    assert (status, SAID in text) == (200, True), text


GEMINI_PATHS = [
    "/v1beta/models/{}:{}",  # Gemini CLI, LangChain
    "/v1/models/{}:{}",  # Google's SDKs
    "/v1/v1/models/{}:{}",
    "/v1beta/{}:{}",  # Vercel's provider, for ids with a slash
    "/v1/{}:{}",
    "/models/{}:{}",  # LiteLLM
]
IDS = ["oai/m", "oai%2Fm", "oai/deep/er", "oai%2Fdeep%2Fer", "oai/qwen3%3A8b"]


@pytest.mark.parametrize("name", IDS)
@pytest.mark.parametrize("path", GEMINI_PATHS)
def test_it_reads_geminis_model_out_of_any_path(
    product: Product, key: str, chat_upstream: FakeUpstream, path: str, name: str
) -> None:
    headers = {"x-goog-api-key": key}
    status, _, text = post(product, path.format(name, "generateContent"), GEMINI, headers)
    assert (status, SAID in text) == (200, True), text
    wanted = name.replace("%2F", "/").replace("%3A", ":").removeprefix("oai/")
    assert chat_upstream.received[-1].json["model"] == wanted
    status, kind, text = post(
        product, path.format(name, "streamGenerateContent") + "?alt=sse", GEMINI, headers
    )
    assert (status, kind, " upstream" in text) == (200, "text/event-stream", True)
    assert chat_upstream.received[-1].json["stream"] is True
    status, _, text = post(product, path.format(name, "countTokens"), GEMINI, headers)
    assert (status, "totalTokens" in text) == (200, True), text


def test_it_takes_a_model_that_is_named_with_its_collection(product: Product, key: str) -> None:
    path = "/v1beta/models/models%2Foai%2Fm:generateContent"
    assert post(product, path, GEMINI, {"x-goog-api-key": key})[0] == 200


@pytest.mark.parametrize("method", ["streamGenerateContent", "generateContent"])
def test_the_path_says_whether_gemini_streams_and_not_the_body(
    product: Product, key: str, chat_upstream: FakeUpstream, method: str
) -> None:
    body = {**GEMINI, "stream": method == "generateContent", "model": "nobody/has-this"}
    path = f"/v1beta/models/oai/m:{method}?alt=sse"
    assert post(product, path, body, {"x-goog-api-key": key})[0] == 200
    streams = chat_upstream.received[-1].json.get("stream", False)
    assert streams is (method == "streamGenerateContent")


KEYED = {
    "/v1beta/models/oai/m:generateContent": (GEMINI, 200),
    "/v1/models/oai/m:generateContent": (GEMINI, 200),
    "/v1beta/models/oai/m:streamGenerateContent": (GEMINI, 200),
    "/v1beta/models/oai/m:countTokens": (GEMINI, 200),
    "/v1/chat/completions": (CHAT, 401),
    "/v1/responses": (RESPONSES, 401),
    "/v1/messages": (MESSAGES, 401),
    "/v1/messages/count_tokens": (MESSAGES, 401),
}


@pytest.mark.parametrize("path", KEYED)
def test_only_geminis_callers_may_put_the_key_into_the_query(
    product: Product, key: str, path: str
) -> None:
    body, status = KEYED[path]
    found, _, text = post(product, f"{path}?key={key}", body)
    assert found == status
    assert key not in text


def test_two_keys_that_differ_are_refused_also_for_gemini(product: Product, key: str) -> None:
    path = f"/v1beta/models/oai/m:generateContent?key={key}"
    status, _, text = post(product, path, GEMINI, {"x-goog-api-key": "sk-omni-other"})
    assert (status, "Two different API keys" in text) == (400, True)


BATCHES = "/v1/messages/batches"
UNKNOWN = [
    ("/v1/nothing", {}, "openai_chat"),
    ("/v1", {}, "openai_chat"),
    ("/v1/chat/nothing", {}, "openai_chat"),
    ("/v1/files", {"anthropic-version": "2023-06-01"}, "anthropic"),
    ("/v1/files", {"x-goog-api-key": "KEY"}, "gemini"),
    (BATCHES, {}, "anthropic"),
    (f"/v1{BATCHES}", {}, "anthropic"),
    ("/v1/responses/resp_1/cancel", {}, "openai_chat"),
    ("/v1beta/nothing", {}, "gemini"),
    ("/v1beta", {}, "gemini"),
    ("/v1beta/tunedModels/oai/m:transferOwnership", {}, "gemini"),
    ("/v1beta/corpora/x?key=KEY", {}, "gemini"),
]


@pytest.mark.parametrize("method", ["POST", "GET", "DELETE", "PUT"])
@pytest.mark.parametrize(("path", "headers", "dialect"), UNKNOWN, ids=[str(u[0]) for u in UNKNOWN])
def test_an_unknown_path_is_a_json_404_in_the_callers_dialect(
    product: Product, key: str, method: str, path: str, headers: dict[str, str], dialect: str
) -> None:
    sent = {name: value.replace("KEY", key) for name, value in headers.items()}
    url = product.url + path.replace("KEY", key)
    answer = httpx.request(method, url, headers={"accept": "text/html", **sent})
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/json"
    error = answer.json()["error"]
    assert key not in answer.text
    match dialect:
        case "anthropic":
            assert (answer.json()["type"], error["type"]) == ("error", "not_found_error")
        case "gemini":
            assert (error["code"], error["status"]) == (404, "NOT_FOUND")
        case _:
            assert (error["type"], error["code"]) == ("invalid_request_error", "not_found")


@pytest.mark.parametrize("path", ["/v1/nothing", "/v1beta/nothing"])
def test_a_probe_by_head_gets_an_empty_404(product: Product, path: str) -> None:
    answer = httpx.head(product.url + path)
    assert (answer.status_code, answer.content) == (404, b"")


def test_claude_codes_probe_gets_an_answer_and_no_page(product: Product) -> None:
    answer = httpx.head(f"{product.url}/api/hello")
    assert answer.status_code in (404, 405)
    assert answer.content == b""


@pytest.mark.parametrize("method", ["tuneModel", "batchEmbedContents"])
def test_a_method_that_is_not_served_is_a_404_in_geminis_words(
    product: Product, key: str, method: str
) -> None:
    for base in ("/v1beta/models", "/v1/models"):
        status, _, text = post(product, f"{base}/oai/m:{method}", {}, {"x-goog-api-key": key})
        assert (status, json.loads(text)["error"]["status"]) == (404, "NOT_FOUND")


WRONG_METHODS = {
    "/v1/chat/completions": "POST",
    "/v1/messages": "POST",
    "/v1/messages/count_tokens": "POST",
    "/v1beta/models/oai/m:generateContent": "POST",
    "/v1/models": "GET",
    "/v1beta/models": "GET",
}


@pytest.mark.parametrize("path", WRONG_METHODS)
def test_a_known_path_says_which_method_it_takes(product: Product, path: str) -> None:
    answer = httpx.put(product.url + path, json={})
    assert (answer.status_code, answer.headers["allow"]) == (405, WRONG_METHODS[path])
    assert answer.json()["error"]["message"]


@pytest.fixture(scope="module")
def granian() -> Iterator[Product]:
    with running("--no-worker", "--server", "granian") as started:
        yield started


UPGRADE = {
    "Upgrade": "websocket",
    "Connection": "Upgrade",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    "Sec-WebSocket-Version": "13",
    "openai-beta": "responses_websockets=2026-02-06",
}


@pytest.mark.parametrize(
    ("path", "status"), [("/v1/responses", 426), ("/responses", 426), ("/v1/elsewhere", 404)]
)
def test_granian_refuses_a_websocket_as_daphne_does(
    granian: Product, path: str, status: int
) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", granian.port, timeout=5)
    connection.request("GET", path, headers=UPGRADE)
    assert connection.getresponse().status == status
    connection.close()


@pytest.mark.parametrize("path", ["/v1/responses", "/responses", "/v1/v1/responses"])
def test_a_get_without_an_upgrade_is_told_to_post(product: Product, key: str, path: str) -> None:
    answer = httpx.get(product.url + path, headers={"Authorization": f"Bearer {key}"})
    assert answer.status_code == 426
    assert answer.json()["error"]["code"] == "upgrade_required"
