"""Errors of every make, read and written."""

from __future__ import annotations

from typing import Any, get_args

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from omniroute.gateway import errors
from omniroute.gateway.errors import GatewayError, InvalidRequest, Kind, UpstreamError
from omniroute.gateway.formats.anthropic import FORMAT

from .facts import events_in

HTML = b"""<!DOCTYPE html><html><head><title>502 Bad
Gateway</title></head><body><center><h1>502 Bad Gateway</h1></center>nginx</body></html>"""


SERVER_ERROR = "The provider answered 500 (Internal Server Error)."
TOO_LONG = "prompt is too long: 210000 tokens > 200000 maximum"
BROKE = "余额不足或无可用资源包"


def anthropic(word: str, message: str, **more: Any) -> bytes:
    error = {"type": word, "message": message, **more}
    return orjson.dumps({"type": "error", "error": error, "request_id": "r"})


def openai(message: str, **more: Any) -> bytes:
    return orjson.dumps({"error": {"message": message, **more}})


@pytest.mark.parametrize(
    ("status", "body", "kind", "message"),
    [
        (400, anthropic("invalid_request_error", "no"), "invalid_request", "no"),
        (400, anthropic("invalid_request_error", TOO_LONG), "context_length", TOO_LONG),
        (
            400,
            anthropic("invalid_request_error", "credit balance low"),
            "billing",
            "credit balance low",
        ),
        (
            401,
            anthropic("authentication_error", "invalid x-api-key"),
            "authentication",
            "invalid x-api-key",
        ),
        (403, anthropic("permission_error", "no"), "permission", "no"),
        (404, anthropic("not_found_error", "model: x"), "not_found", "model: x"),
        (413, anthropic("request_too_large", "too big"), "too_large", "too big"),
        (429, anthropic("rate_limit_error", "slow down"), "rate_limit", "slow down"),
        (500, anthropic("api_error", "internal"), "server", "internal"),
        (504, anthropic("timeout_error", "late"), "timeout", "late"),
        (529, anthropic("overloaded_error", "busy"), "overloaded", "busy"),
        (
            401,
            openai("bad", type="invalid_request_error", code="invalid_api_key"),
            "authentication",
            "bad",
        ),
        (429, openai("quota", type="insufficient_quota"), "billing", "quota"),
        (
            400,
            openai("maximum context is 8192", code="x"),
            "context_length",
            "maximum context is 8192",
        ),
        # GLM and MiniMax
        (429, openai(BROKE, code="1113"), "billing", BROKE),
        (500, b'{"code":500,"msg":"NOT_FOUND","success":false}', "server", "NOT_FOUND"),
        (400, b'{"base_resp":{"status_code":1004,"status_msg":"no"}}', "invalid_request", "no"),
        (
            401,
            anthropic("authentication_error", "no (1004)", http_code="401"),
            "authentication",
            "no (1004)",
        ),
        # Bedrock
        (
            429,
            b'{"message":"Too many tokens, please wait."}',
            "rate_limit",
            "Too many tokens, please wait.",
        ),
        (400, b'{"__type":"ThrottlingException","message":"Slow"}', "rate_limit", "Slow"),
        (400, b'{"message":"Input is too long."}', "context_length", "Input is too long."),
        # FastAPI, Cloudflare, Gemini, plain strings and pages
        (
            422,
            b'{"detail":[{"msg":"required","type":"missing"},{"msg":"bad"}]}',
            "invalid_request",
            "required; bad",
        ),
        (404, b'{"detail":"Not Found"}', "not_found", "Not Found"),
        (403, b'{"success":false,"errors":[{"code":10000,"message":"no"}]}', "permission", "no"),
        (503, b'[{"error":{"code":503,"message":"busy"}}]', "overloaded", "busy"),
        (502, b'{"error":"bad gateway"}', "server", "bad gateway"),
        (502, HTML, "server", "502 Bad Gateway"),
        (503, b"upstream connect error", "overloaded", "upstream connect error"),
        (500, b"", "server", SERVER_ERROR),
        (500, b"[]", "server", SERVER_ERROR),
        (500, b'{"error":' * 8 + b'"deep"' + b"}" * 8, "server", SERVER_ERROR),
        (599, b"null", "server", "The provider answered 599."),
        (418, b"{}", "invalid_request", "The provider answered 418 (I'm a Teapot)."),
        (408, b'{"error":{}}', "timeout", "The provider answered 408 (Request Timeout)."),
    ],
)
def test_it_reads_errors_of_every_vendor(
    status: int, body: bytes, kind: Kind, message: str
) -> None:
    error = FORMAT.read_error(status, body)
    assert (error.status, error.kind, error.message) == (status, kind, message)


def test_it_keeps_code_and_parameter_and_a_wait_that_only_the_text_tells() -> None:
    body = b'{"error":{"message":"Please try again in 7.5s.","code":1302,"param":"model"}}'
    error = FORMAT.read_error(429, body)
    assert (error.code, error.param, error.retry_after) == ("1302", "model", 7.5)
    assert FORMAT.read_error(429, b"retry after " + b"9" * 400 + b" s").retry_after == 86400


@pytest.mark.parametrize(
    "secret",
    [
        "sk-ant-api03-abcdefghijklmnop",
        "Bearer abcdefghijklmnop.qrstuv",
        "AIzaSyA1234567890abcdefgh",
        "x-api-key: 0123456789abcdef",
        'api_key="0123456789abcdef"',
        "key=0123456789abcdef",
        "gsk_0123456789abcdef",
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abc",
        "AKIAIOSFODNN7EXAMPLE",
        "https://internal.example:8443/v1?key=abc",
        "http://10.0.0.7/admin",
    ],
)
def test_it_never_passes_a_secret_or_an_address_on(secret: str) -> None:
    for body in (f'{{"error":{{"message":"Bad: {secret.replace(chr(34), "")}, sorry"}}}}', secret):
        message = FORMAT.read_error(401, body.encode()).message
        for hidden in (
            "0123456789abcdef",
            "abcdefghijklmnop",
            "eyJzdWI",
            "IOSFODNN7",
            "internal",
            "10.0",
        ):
            assert hidden not in message


HIDDEN = ("0123456789abcdef", "abcdefghijklmnop", "eyJzdWI", "IOSFODNN7", "internal", "10.0")


def test_it_keeps_words_that_only_look_like_secrets() -> None:
    text = "token limit: 200000, key features, mask-token-count, risk-averse"
    assert FORMAT.read_error(400, text.encode()).message == text


def test_it_keeps_a_long_message_within_two_kilobytes() -> None:
    error = FORMAT.read_error(500, ("ž" * 5000).encode())
    assert 2000 < len(error.message.encode()) <= 2048


@given(st.integers(100, 599), st.binary(max_size=200))
def test_it_reads_any_bytes(status: int, body: bytes) -> None:
    error = FORMAT.read_error(status, body)
    assert error.message
    assert error.kind in get_args(Kind)
    assert error.status >= 400


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 999) | st.sampled_from(["x", "error", "api_error"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["error", "type", "message", "code", "errors", "detail", "base_resp"]),
            inner,
            max_size=3,
        )
    ),
)


@given(json_values)
def test_it_reads_any_json(value: Any) -> None:
    assert FORMAT.read_error(400, orjson.dumps(value)).message


def test_it_survives_bottomless_errors() -> None:
    for opening, closing in ((b'{"error":', b"}"), (b"[", b"]")):
        body = opening * 1000 + b"1" + closing * 1000
        assert FORMAT.read_error(500, body).message


# --- what the client is told ---


@pytest.mark.parametrize(
    ("status", "kind", "word"),
    [
        (400, "invalid_request", "invalid_request_error"),
        (400, "context_length", "invalid_request_error"),
        (401, "authentication", "authentication_error"),
        (402, "billing", "billing_error"),
        (403, "permission", "permission_error"),
        (404, "not_found", "not_found_error"),
        (413, "too_large", "request_too_large"),
        (422, "invalid_request", "invalid_request_error"),
        (429, "rate_limit", "rate_limit_error"),
        (500, "server", "api_error"),
        (503, "overloaded", "overloaded_error"),
        (504, "timeout", "timeout_error"),
        (529, "overloaded", "overloaded_error"),
    ],
)
def test_it_words_every_error_as_clients_key_on_it(status: int, kind: Kind, word: str) -> None:
    error = UpstreamError("prompt is too long: no.", status=status, kind=kind)
    assert FORMAT.write_error(error, "req_1") == {
        "type": "error",
        "error": {"type": word, "message": "prompt is too long: no."},
        "request_id": "req_1",
    }


@pytest.mark.parametrize(
    "error",
    [
        errors.Unauthenticated,
        errors.PaymentRequired,
        errors.Forbidden,
        errors.NotFound,
        errors.TooLarge,
        errors.RateLimited,
        errors.Unavailable,
    ],
)
def test_it_words_the_gateways_own_errors(error: type[GatewayError]) -> None:
    written = FORMAT.write_error(error("Sorry."), "r")["error"]
    assert written["code"] == error.code
    assert written["type"].endswith(("_error", "_large"))


def test_it_has_a_word_for_every_kind() -> None:
    for kind in get_args(Kind):
        assert FORMAT.write_error(UpstreamError("", status=500, kind=kind), "r")["error"]["type"]


def test_it_says_prompt_is_too_long_in_the_words_that_make_clients_compact() -> None:
    error = UpstreamError("maximum context length is 8192", status=400, kind="context_length")
    message = FORMAT.write_error(error, "r")["error"]["message"]
    assert message == "prompt is too long: maximum context length is 8192"


def test_it_tells_details_and_the_field() -> None:
    error = InvalidRequest("x", param="thread", details={"error_code": "thread_not_found"})
    assert FORMAT.write_error(error, "r")["error"] == {
        "type": "invalid_request_error",
        "message": "x",
        "param": "thread",
        "details": {"error_code": "thread_not_found"},
    }


def test_it_writes_an_error_into_a_stream_as_an_event() -> None:
    error = UpstreamError("Gone.", status=502, kind="server", code="upstream_reset")
    written = FORMAT.stream_error(error, "req_1")
    assert written is not None
    assert events_in(written) == [("error", FORMAT.write_error(error, "req_1"))]
    reader = FORMAT.reader()
    assert len(reader.feed(written)) == 1
