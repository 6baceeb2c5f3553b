"""One policy whatever header carries the key; locality is the socket's, never a header's."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from tests.e2e.wire import PATHS, ask, body, stream
from tests.product import Product, running
from tests.upstream import FakeUpstream, chat_events, sse, wait_until

CARRIERS = {
    "authorization": lambda key: {"Authorization": f"Bearer {key}"},
    "lower case scheme": lambda key: {"Authorization": f"bearer {key}"},
    "x-api-key": lambda key: {"x-api-key": key},
    "x-goog-api-key": lambda key: {"x-goog-api-key": key},
    "two that agree": lambda key: {"Authorization": f"Bearer {key}", "x-api-key": key},
}


def post(product: Product, headers: dict[str, str], path: str, model: str = "oai/m") -> int:
    return httpx.post(product.url + path, json=body(model), headers=headers).status_code


@pytest.fixture(scope="module")
def keys(product: Product, key: str) -> dict[str, str]:
    soon = datetime.now(UTC) + timedelta(seconds=1)
    found = {
        "good": key,
        "unknown": "sk-omni-" + "0" * 46,
        "expired": product.key("expired", expiresAt=soon.isoformat()),
        "other model": product.key("narrow", allowedModels=["ant/*"]),
        "other address": product.key("elsewhere", ipAllowlist=["10.0.0.0/8"]),
        "revoked": product.key("revoked"),
    }
    row = next(k for k in product.api("GET", "/keys")["keys"] if k["name"] == "revoked")
    with product.change():
        product.api("PATCH", f"/keys/{row['id']}", {"isActive": False})
    wait_until(lambda: datetime.now(UTC) > soon, 3)
    return found


VERDICTS = {
    "good": 200,
    "unknown": 401,
    "expired": 401,
    "other model": 403,
    "other address": 403,
    "revoked": 401,
}


@pytest.mark.parametrize("path", PATHS.values())
@pytest.mark.parametrize("kind", VERDICTS)
def test_every_carrier_gets_the_same_verdict(
    product: Product, keys: dict[str, str], kind: str, path: str
) -> None:
    verdicts = {name: post(product, make(keys[kind]), path) for name, make in CARRIERS.items()}
    assert verdicts == dict.fromkeys(CARRIERS, VERDICTS[kind])


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 401),
        ({"Authorization": "Basic abc"}, 400),
        ({"Authorization": "Bearer"}, 400),
        ({"x-api-key": "sk-omni-" + "0" * 46, "Authorization": "Bearer KEY"}, 400),
    ],
)
def test_it_refuses_missing_and_conflicting_credentials(
    product: Product, key: str, headers: dict[str, str], status: int
) -> None:
    filled = {name: value.replace("KEY", key) for name, value in headers.items()}
    assert post(product, filled, PATHS["openai_chat"]) == status


def test_a_key_in_the_query_is_no_credential(product: Product, key: str) -> None:
    assert post(product, {}, f"{PATHS['openai_chat']}?key={key}") == 401


def test_a_management_token_is_no_key(product: Product) -> None:
    assert post(product, {"x-api-key": product.token}, PATHS["openai_chat"]) == 401


def test_revocation_is_effective_within_two_seconds(product: Product) -> None:
    key = product.key("short lived")
    assert ask(product, key, "oai/m").status_code == 200
    row = next(k for k in product.api("GET", "/keys")["keys"] if k["name"] == "short lived")
    product.api("DELETE", f"/keys/{row['id']}")
    wait_until(lambda: ask(product, key, "oai/m").status_code == 401, 2.0)


def test_an_edit_from_another_process_is_live_within_two_seconds(
    product: Product, key: str
) -> None:
    secret = product.command("keys", "create", "from the shell").stdout.strip()
    wait_until(lambda: ask(product, secret, "oai/m").status_code == 200, 2.0)


@pytest.fixture(scope="module")
def keyless() -> Iterator[tuple[Product, FakeUpstream]]:
    with (
        FakeUpstream() as upstream,
        running("--no-worker", env={"REQUIRE_API_KEY": "false"}) as started,
    ):
        started.node("oai", "openai-compatible", f"{upstream.url}/v1")
        yield started, upstream


def test_keyless_calls_work_from_this_machine(keyless: tuple[Product, FakeUpstream]) -> None:
    product, _ = keyless
    assert post(product, {}, PATHS["openai_chat"]) == 200


SPOOFS: list[dict[str, str]] = [
    {"Origin": "https://evil.example"},
    {"Origin": "http://localhost:20128"},
    {"Origin": "null"},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Host": "evil.example"},
    {"Host": "rebound.example:20128"},
    {"Content-Type": "text/plain"},
    {"Content-Type": "application/x-www-form-urlencoded"},
    {"X-Forwarded-For": "127.0.0.1"},
    {"X-Real-IP": "127.0.0.1"},
    {"Forwarded": "for=127.0.0.1"},
    {"Via": "1.1 proxy"},
]


@pytest.mark.parametrize("headers", SPOOFS, ids=str)
def test_a_web_page_or_a_proxy_is_not_this_machine(
    keyless: tuple[Product, FakeUpstream], headers: dict[str, str]
) -> None:
    product, upstream = keyless
    upstream.reset()
    assert post(product, headers, PATHS["openai_chat"]) == 401
    assert upstream.received == []


def test_a_wrong_key_is_refused_even_in_keyless_mode(
    keyless: tuple[Product, FakeUpstream],
) -> None:
    product, _ = keyless
    assert post(product, {"x-api-key": "sk-omni-" + "0" * 46}, PATHS["openai_chat"]) == 401


PATH_SPELLINGS: dict[str, Any] = {
    "/v1/chat/completions": 401,
    "/V1/chat/completions": 404,
    "/v1//chat/completions": 404,
    "/v1/./chat/completions": 404,
    "/v1/chat/completions/": 404,
    "/v1/chat/completions;x": 404,
    "/v1/v1/chat/completions": 401,
    "/chat/completions": 401,
    "/messages": 401,
    "/v1/v1/messages?beta=true": 401,
    "/v1/nothing": 404,
}


@pytest.mark.parametrize("path", PATH_SPELLINGS)
def test_every_spelling_of_a_path_has_one_verdict(product: Product, path: str) -> None:
    import http.client

    connection = http.client.HTTPConnection("127.0.0.1", product.port, timeout=5)
    connection.request("POST", path, body="{}", headers={"content-type": "application/json"})
    answer = connection.getresponse()
    assert answer.status == PATH_SPELLINGS[path]
    if path.startswith(("/v1", "/chat", "/messages")):  # the rest is the dashboard's
        assert answer.headers["content-type"] == "application/json"
    connection.close()


def test_another_method_is_told_the_right_one(product: Product) -> None:
    answer = httpx.get(f"{product.url}/v1/chat/completions")
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")


@pytest.mark.parametrize("dialect", PATHS)
def test_revocation_ends_open_streams(
    product: Product, chat_upstream: FakeUpstream, dialect: str
) -> None:
    name = f"streaming {dialect}"
    secret = product.key(name)
    row = next(k for k in product.api("GET", "/keys")["keys"] if k["name"] == name)
    chat_upstream.play(sse(chat_events(["word "] * 2000), pause=0.02))
    began = time.monotonic()
    with stream(product, secret, "oai/m", path=PATHS[dialect]) as answer:
        pieces = answer.iter_text()
        next(pieces)
        product.api("PATCH", f"/keys/{row['id']}", {"isActive": False})
        with contextlib.suppress(httpx.RemoteProtocolError):
            for _ in pieces:
                pass
    assert time.monotonic() - began < 5
    assert wait_until(lambda: chat_upstream.received[0].gone_at, 2)
    found = product.log_of(answer.headers["x-omniroute-request-id"])
    assert (found["errorCode"], found["outcome"]) == ("key_revoked", "refused")
    assert found["outputTokens"] > 0
