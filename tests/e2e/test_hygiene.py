"""What a provider sends cannot attack the client, and what a client sends cannot redirect a key."""

from __future__ import annotations

import httpx
import pytest

from tests.e2e.wire import PATHS, ask, stream
from tests.product import Product
from tests.upstream import Answer, FakeUpstream, chat_events, chat_reply, reply, sse

HOSTILE = {
    "set-cookie": "session=stolen",
    "content-security-policy": "default-src *",
    "location": "https://evil.example",
    "refresh": "0;url=https://evil.example",
    "clear-site-data": '"*"',
    "alt-svc": 'h3=":443"',
    "access-control-allow-origin": "*",
    "strict-transport-security": "max-age=1",
    "server": "evil/1.0",
    "x-request-id": "theirs",
}


@pytest.mark.parametrize("streamed", [True, False])
def test_no_header_of_the_provider_reaches_the_client(
    product: Product, key: str, chat_upstream: FakeUpstream, streamed: bool
) -> None:
    answer = sse(chat_events()) if streamed else reply(chat_reply())
    answer.headers |= HOSTILE | {"content-type": "text/html"}
    chat_upstream.play(answer)
    got = ask(product, key, "oai/m", stream=streamed)
    assert got.status_code == 200
    for name, value in HOSTILE.items():
        assert got.headers.get(name) != value
    assert got.headers["content-type"].split(";")[0] in {"application/json", "text/event-stream"}
    assert got.headers["x-content-type-options"] == "nosniff"
    assert got.headers["content-security-policy"] == "sandbox; default-src 'none'"
    assert "server" not in got.headers


def test_an_error_page_never_comes_through_as_html(
    product: Product, chat_upstream: FakeUpstream
) -> None:
    product.node("html", "openai-compatible", f"{chat_upstream.url}/v1")
    key = product.key()
    chat_upstream.reset()
    chat_upstream.play(
        Answer(
            status=502,
            headers={"content-type": "text/html"},
            pieces=[b"<html><script>alert(1)</script></html>"],
        )
    )
    got = ask(product, key, "html/m")
    assert got.status_code == 502
    assert got.headers["content-type"] == "application/json"
    assert "<script>" not in got.text


FIELDS = ["api_base", "base_url", "baseURL", "custom_host", "region", "endpoint", "proxy"]


@pytest.mark.parametrize("dialect", PATHS)
@pytest.mark.parametrize("model", ["oai/m", "ant/m"])
def test_a_key_only_goes_to_the_origin_it_was_stored_for(
    product: Product, key: str, dialect: str, model: str
) -> None:
    with FakeUpstream() as stranger:
        evil = dict.fromkeys(FIELDS, stranger.url)
        ask(
            product,
            key,
            model,
            path=f"{PATHS[dialect]}?base_url={stranger.url}",
            **evil,
            metadata={"user_id": "u"},
            litellm_params=evil,
        )
        httpx.post(
            product.url + PATHS[dialect],
            json={"model": model, "messages": [{"role": "user", "content": "x"}], "max_tokens": 5},
            headers={"Authorization": f"Bearer {key}", **{f"x-{n}": stranger.url for n in FIELDS}},
        )
        assert stranger.received == []


def test_the_callers_credentials_and_cookies_stay_here(
    product: Product, key: str, chat_upstream: FakeUpstream, messages_upstream: FakeUpstream
) -> None:
    for model, path, upstream in (
        ("oai/m", PATHS["openai_chat"], chat_upstream),
        ("ant/m", PATHS["anthropic"], messages_upstream),
        ("oai/m", PATHS["anthropic"], chat_upstream),
    ):
        httpx.post(
            product.url + path,
            json={"model": model, "messages": [{"role": "user", "content": "x"}], "max_tokens": 5},
            headers={"x-api-key": key, "cookie": "a=b", "x-forwarded-for": "1.2.3.4"},
        )
        sent = upstream.received[-1].headers
        assert key not in str(sent)
        assert {"cookie", "x-forwarded-for"}.isdisjoint(sent)
        assert "up-secret" in str(sent)


@pytest.mark.parametrize("name", ["a\x01b", "m\r\nx-evil: 1", "snow☃man", "line\u2028sep"])
def test_odd_model_names_cannot_break_headers_or_streams(
    product: Product, key: str, name: str
) -> None:
    with stream(product, key, f"oai/{name}") as answer:
        text = answer.read().decode()
    assert answer.status_code == 200
    assert "x-evil" not in answer.headers
    assert answer.headers["x-omniroute-model"].isprintable()
    assert text.endswith("data: [DONE]\n\n")


def test_a_body_that_is_too_large_is_refused_early(product: Product, key: str) -> None:
    import http.client

    connection = http.client.HTTPConnection("127.0.0.1", product.port, timeout=5)
    connection.putrequest("POST", PATHS["anthropic"])
    connection.putheader("content-length", str(300 * 2**20))
    connection.putheader("authorization", f"Bearer {key}")
    connection.endheaders()
    answer = connection.getresponse()
    assert answer.status == 413
    assert b'"request_too_large"' in answer.read()
    connection.close()


@pytest.mark.parametrize(
    "content",
    [
        b"[" * 1000 + b"]" * 1000,
        b'{"a":' * 70 + b"1" + b"}" * 70,
        b'{"messages":[' + b"{}," * 200_001 + b"{}]}",
        b'{"model": "oai/m", "x": NaN}',
        b'"text"',
        b"\xff\xfe",
    ],
    ids=["array", "deep", "many", "nan", "string", "bytes"],
)
def test_hostile_json_is_a_plain_400(product: Product, key: str, content: bytes) -> None:
    answer = httpx.post(
        product.url + PATHS["openai_chat"],
        content=content,
        headers={"Authorization": f"Bearer {key}", "content-type": "application/json"},
    )
    assert answer.status_code == 400
    assert answer.json()["error"]["type"] == "invalid_request_error"
