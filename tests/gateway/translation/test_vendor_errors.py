"""Errors of every vendor's shape."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from omniroute.gateway.errors import UpstreamError
from omniroute.gateway.translation import vendor_errors


def read(status: int, body: Any) -> UpstreamError:
    raw = body if isinstance(body, bytes) else orjson.dumps(body)
    return vendor_errors.read(status, raw)


@pytest.mark.parametrize(
    ("status", "body", "kind", "code", "message"),
    [
        pytest.param(
            401,
            {
                "error": {
                    "message": "Incorrect API key provided: sk-abcd1234.",
                    "type": "invalid_request_error",
                    "param": None,
                    "code": "invalid_api_key",
                }
            },
            "authentication",
            "invalid_api_key",
            "Incorrect API key provided: [redacted]",
            id="OpenAI",
        ),
        pytest.param(
            429,
            {
                "error": {
                    "message": "You exceeded your current quota",
                    "type": "insufficient_quota",
                    "code": "insufficient_quota",
                }
            },
            "billing",
            "insufficient_quota",
            "You exceeded your current quota",
            id="OpenAI, out of credit",
        ),
        pytest.param(
            400,
            {
                "error": {
                    "message": "This model's maximum context length is 8192 tokens.",
                    "code": "context_length_exceeded",
                }
            },
            "context_length",
            "context_length_exceeded",
            "This model's maximum context length is 8192 tokens.",
            id="context",
        ),
        pytest.param(
            400,
            {"error": {"message": "The requested model 'x' does not exist.", "code": 5}},
            "not_found",
            "model_not_found",
            "The requested model 'x' does not exist.",
            id="an unknown model answered 400",
        ),
        pytest.param(
            429,
            {"error": {"code": "429", "message": "Rate limit is exceeded."}},
            "rate_limit",
            "rate_limit_exceeded",
            "Rate limit is exceeded.",
            id="Azure",
        ),
        pytest.param(
            502,
            {
                "error": {
                    "message": "Provider returned error",
                    "code": 502,
                    "metadata": {
                        "raw": '{"error":{"message":"model is overloaded"}}',
                        "provider_name": "X",
                    },
                },
                "user_id": "user_123",
            },
            "overloaded",
            "service_unavailable",
            "Provider returned error: model is overloaded",
            id="OpenRouter, JSON inside",
        ),
        pytest.param(
            400,
            {"error": {"metadata": {"raw": "plain words"}}},
            "invalid_request",
            "bad_request",
            "plain words",
            id="OpenRouter, words inside",
        ),
        pytest.param(
            422,
            {"detail": [{"loc": ["body", "temperature"], "msg": "must be a number"}, "odd", 3]},
            "invalid_request",
            "bad_request",
            "body.temperature: must be a number; odd",
            id="FastAPI",
        ),
        pytest.param(
            422,
            {
                "object": "error",
                "message": {"detail": [{"loc": ["body", "stop"], "msg": "too long"}]},
                "type": "invalid_request_error",
                "code": None,
            },
            "invalid_request",
            "bad_request",
            "body.stop: too long",
            id="Mistral, nested",
        ),
        pytest.param(
            400,
            {"object": "error", "message": "Bad tool", "type": "BadRequest", "code": "3240"},
            "invalid_request",
            "bad_request",
            "Bad tool",
            id="Mistral, vLLM",
        ),
        pytest.param(
            401,
            {"detail": "Unauthorized"},
            "authentication",
            "invalid_api_key",
            "Unauthorized",
            id="Mistral, Voyage",
        ),
        pytest.param(
            400,
            {"id": "1", "message": "invalid role"},
            "invalid_request",
            "bad_request",
            "invalid role",
            id="Cohere",
        ),
        pytest.param(
            400,
            {"code": "Client specified an invalid argument", "error": "Incorrect API key provided"},
            "authentication",
            "invalid_api_key",
            "Incorrect API key provided",
            id="xAI",
        ),
        pytest.param(
            404,
            {"error": "model 'x' not found"},
            "not_found",
            "model_not_found",
            "model 'x' not found",
            id="Ollama",
        ),
        pytest.param(
            429,
            {"message": "Too many requests"},
            "rate_limit",
            "rate_limit_exceeded",
            "Too many requests",
            id="Bedrock",
        ),
        pytest.param(
            403,
            {"Message": "Denied"},
            "permission",
            "insufficient_permissions",
            "Denied",
            id="AWS",
        ),
        pytest.param(
            403,
            {"error": "Your team has used all available credits: out of credits"},
            "billing",
            "payment_required",
            "Your team has used all available credits: out of credits",
            id="xAI, out of credit",
        ),
        pytest.param(
            400,
            [
                {
                    "error": {
                        "code": 400,
                        "message": "API key not valid.",
                        "status": "INVALID_ARGUMENT",
                    }
                }
            ],
            "authentication",
            "INVALID_ARGUMENT",
            "API key not valid.",
            id="Google, in an array",
        ),
        pytest.param(
            400,
            {
                "error": {
                    "message": "No tool was called",
                    "code": "tool_use_failed",
                    "failed_generation": "maybe",
                }
            },
            "invalid_request",
            "tool_use_failed",
            "No tool was called (the model wrote: maybe)",
            id="Groq",
        ),
        pytest.param(
            400,
            {"errors": [{"code": 7003, "message": "No route"}], "success": False},
            "invalid_request",
            "bad_request",
            "No route",
            id="Cloudflare",
        ),
        pytest.param(
            502,
            b"<html><head><title>502 Bad Gateway</title></head><body>nginx</body></html>",
            "server",
            "internal_server_error",
            "502 Bad Gateway",
            id="HTML",
        ),
        pytest.param(
            500,
            b"  <html><body>secret stack</body></html>",
            "server",
            "internal_server_error",
            "The provider answered 500 (Internal Server Error).",
            id="HTML without a title",
        ),
        pytest.param(
            529, b"Overloaded", "overloaded", "service_unavailable", "Overloaded", id="plain text"
        ),
        pytest.param(400, '"words"', "invalid_request", "bad_request", "words", id="a JSON string"),
        pytest.param(
            413,
            b"",
            "too_large",
            "request_too_large",
            "The provider answered 413 (Request Entity Too Large).",
            id="empty",
        ),
        pytest.param(
            408,
            b"[]",
            "timeout",
            "gateway_timeout",
            "The provider answered 408 (Request Timeout).",
            id="an empty array",
        ),
        pytest.param(
            500,
            {"error": {"message": "upstream request timed out"}},
            "timeout",
            "gateway_timeout",
            "upstream request timed out",
            id="a timeout called 500",
        ),
        pytest.param(
            500,
            {"error": {"message": "model_not_found in context window"}},
            "server",
            "internal_server_error",
            "model_not_found in context window",
            id="words that a server fault merely quotes",
        ),
        pytest.param(
            429,
            {"error": {"message": "engine is overloaded", "type": "engine_overloaded_error"}},
            "overloaded",
            "service_unavailable",
            "engine is overloaded",
            id="Moonshot",
        ),
        pytest.param(
            400,
            {"error": {"message": 5, "msg": [3], "errors": [], "metadata": 3}},
            "invalid_request",
            "bad_request",
            "The provider answered 400 (Bad Request).",
            id="wrong types",
        ),
    ],
)
def test_it_reads_every_vendors_shape(status, body, kind, code, message):
    if isinstance(body, str):
        body = body.encode()
    error = read(status, body)
    assert (error.status, error.kind, error.code) == (status, kind, code)
    assert error.message == message


def test_it_keeps_the_parameter_and_refuses_an_unclean_code():
    error = read(400, {"error": {"message": "x", "param": "messages[0]", "code": "a b\n"}})
    assert (error.param, error.code) == ("messages[0]", "bad_request")


KEYS = """error message detail code type status metadata raw loc errors details retry_after
retryDelay failed_generation msg"""
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(KEYS.split()), inner, max_size=4)
    ),
    max_leaves=10,
)


@given(status=st.integers(0, 999), body=JSON)
def test_it_never_crashes(status, body):
    error = read(status, body)
    assert 400 <= error.status <= 599
    assert error.message
    assert error.code


@given(status=st.integers(100, 599), body=st.binary(max_size=60))
def test_it_never_crashes_on_bytes(status, body):
    assert vendor_errors.read(status, body).message
