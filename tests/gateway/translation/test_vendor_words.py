"""The words and statuses of many vendors, and what kind of failure they mean."""

from __future__ import annotations

from typing import Any, get_args

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from omniroute.gateway.errors import Kind
from omniroute.gateway.translation import vendor_errors

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


def gemini(message: str, status: str, *details: dict[str, Any]) -> bytes:
    error = {"code": 400, "message": message, "status": status, "details": details}
    return orjson.dumps({"error": error})


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
        # Gemini and Responses
        (
            400,
            gemini("API key not valid.", "INVALID_ARGUMENT"),
            "authentication",
            "API key not valid.",
        ),
        (
            400,
            gemini("Bad key", "INVALID_ARGUMENT", {"reason": "API_KEY_INVALID"}),
            "authentication",
            "Bad key",
        ),
        (400, gemini("Not here", "FAILED_PRECONDITION"), "invalid_request", "Not here"),
        (403, gemini("No", "PERMISSION_DENIED"), "permission", "No"),
        (404, gemini("models/x is not found", "NOT_FOUND"), "not_found", "models/x is not found"),
        (429, gemini("Too fast", "RESOURCE_EXHAUSTED"), "rate_limit", "Too fast"),
        (500, gemini("Oh", "INTERNAL"), "server", "Oh"),
        (503, gemini("Busy", "UNAVAILABLE"), "overloaded", "Busy"),
        (504, gemini("Late", "DEADLINE_EXCEEDED"), "timeout", "Late"),
        (
            400,
            openai("The requested model 'x' does not exist.", code="model_not_found"),
            "not_found",
            "The requested model 'x' does not exist.",
        ),
        (400, openai("no", code="invalid_prompt"), "invalid_request", "no"),
        # Words that say more than the status and the type
        (413, anthropic("request_too_large", TOO_LONG), "context_length", TOO_LONG),
        (403, anthropic("permission_error", "billing is off"), "billing", "billing is off"),
        (429, anthropic("permission_error", "no"), "rate_limit", "no"),
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
    error = vendor_errors.read(status, body)
    assert (error.status, error.kind, error.message) == (status, kind, message)


def test_it_keeps_the_parameter_and_a_wait_that_only_the_text_tells_and_no_bare_number() -> None:
    body = b'{"error":{"message":"Please try again in 7.5s.","code":1302,"param":"model"}}'
    error = vendor_errors.read(429, body)
    assert (error.code, error.param, error.retry_after) == ("rate_limit_exceeded", "model", 7.5)
    assert vendor_errors.read(429, b"retry after " + b"9" * 400 + b" s").retry_after == 86400


@pytest.mark.parametrize(
    "more",
    [
        {"details": [{"@type": "RetryInfo", "retryDelay": "48.9s"}]},
        {"message": "You exceeded your current quota, see billing. Please retry in 48.9s."},
    ],
)
def test_it_takes_no_account_for_empty_that_says_when_to_come_back(more: dict[str, Any]) -> None:
    said = {"message": "You exceeded your current quota, check billing details.", "code": 429}
    spent = vendor_errors.of({"error": said}, 429)
    assert (spent.kind, spent.retry_after) == ("billing", None)
    error = vendor_errors.of({"error": {**said, **more}}, 429)
    assert error.kind == "rate_limit"
    assert error.retry_after == pytest.approx(48.9)


@pytest.mark.parametrize(
    ("body", "status", "kind"),
    [
        (
            {"type": "error", "error": {"type": "overloaded_error", "message": "x"}},
            529,
            "overloaded",
        ),
        ({"type": "error", "code": "server_error", "message": "x"}, 502, "server"),
        ({"type": "error", "code": "rate_limit_exceeded", "message": "x"}, 429, "rate_limit"),
        ({"error": {"code": 503, "message": "x", "status": "UNAVAILABLE"}}, 503, "overloaded"),
        ([{"error": {"message": "x", "status": "PERMISSION_DENIED"}}], 403, "permission"),
        ({"errors": [{"message": "x"}]}, 502, "server"),
        ({"success": False, "code": 500, "msg": "x"}, 500, "server"),
        ({"base_resp": {"status_code": 1002, "status_msg": "rate limit"}}, 429, "rate_limit"),
    ],
)
def test_it_finds_an_error_that_came_with_status_200(body: Any, status: int, kind: Kind) -> None:
    error = vendor_errors.inside(body)
    assert error is not None
    assert (error.status, error.kind) == (status, kind)


@pytest.mark.parametrize(
    "body",
    [
        None,
        [],
        "x",
        {"error": None, "choices": []},
        {"base_resp": {"status_code": 0}},
        {"success": True},
        {"type": "message"},
    ],
)
def test_it_sees_no_error_where_there_is_none(body: Any) -> None:
    assert vendor_errors.inside(body) is None


def test_it_keeps_a_long_message_within_two_kilobytes() -> None:
    error = vendor_errors.read(500, ("ž" * 5000).encode())
    assert 2000 < len(error.message.encode()) <= 2048


@given(st.integers(100, 599), st.binary(max_size=200))
def test_it_reads_any_bytes(status: int, body: bytes) -> None:
    error = vendor_errors.read(status, body)
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
    assert vendor_errors.read(400, orjson.dumps(value)).message


def test_it_survives_bottomless_errors() -> None:
    for opening, closing in ((b'{"error":', b"}"), (b"[", b"]")):
        body = opening * 1000 + b"1" + closing * 1000
        assert vendor_errors.read(500, body).message
