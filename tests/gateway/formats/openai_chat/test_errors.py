"""Errors of every vendor's shape, and the gateway's own in OpenAI's."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from omniroute.gateway import errors as gw
from omniroute.gateway.formats.openai_chat import FORMAT


def read(status: int, body: Any) -> gw.UpstreamError:
    raw = body if isinstance(body, bytes) else orjson.dumps(body)
    return FORMAT.read_error(status, raw)


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
            "body.temperature: must be a number; odd;",
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
            "The provider answered with status 500 and no reason.",
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
            "The provider answered with status 413 and no reason.",
            id="empty",
        ),
        pytest.param(
            408,
            b"[]",
            "timeout",
            "gateway_timeout",
            "The provider answered with status 408 and no reason.",
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
            "The provider answered with status 400 and no reason.",
            id="wrong types",
        ),
    ],
)
def test_it_reads_every_vendors_shape(status, body, kind, code, message):
    if isinstance(body, str):
        body = body.encode()
    error = read(status, body)
    assert (error.status, error.kind, error.code) == (status, kind, code)
    assert error.message.strip() == message


@pytest.mark.parametrize(
    ("status", "body", "told", "kind"),
    [
        (200, {"error": {"code": 429, "message": "x"}}, 429, "rate_limit"),
        (200, {"error": {"code": "503", "message": "x"}}, 503, "overloaded"),
        (200, {"error": {"message": "x", "status_code": 404}}, 404, "not_found"),
        (200, {"error": {"message": "x", "status": 401}}, 401, "authentication"),
        (200, {"error": {"message": "x", "code": True}}, 502, "server"),
        (200, {"error": {"message": "x", "type": "invalid_request_error"}}, 400, "invalid_request"),
        (200, {"error": {"message": "Rate limit reached"}}, 429, "rate_limit"),
        (200, {"error": {"message": "x"}}, 502, "server"),
        (302, {"error": {"message": "x"}}, 502, "server"),
        (999, b"", 502, "server"),
    ],
)
def test_what_is_no_error_status_gets_one_that_fits(status, body, told, kind):
    error = read(status, body)
    assert (error.status, error.kind) == (told, kind)


@pytest.mark.parametrize(
    ("error", "seconds"),
    [
        ({"message": "Please try again in 20s."}, 20),
        ({"message": "Please try again in 1m2.5s."}, 62.5),
        ({"message": "Please retry in 48.9s"}, 48.9),
        ({"message": "Please try again in 350ms"}, 0.35),
        ({"message": "try again in 2 hours"}, 7200),
        ({"message": "retry your request in 3 minutes"}, 180),
        ({"message": "Try later."}, None),
        ({"message": "x", "retry_after": 7}, 7),
        ({"message": "x", "retry_after": "7"}, 7),
        ({"message": "x", "retry_after": "soon"}, None),
        ({"message": "x", "retry_after": True}, None),
        ({"message": "x", "retry_after": -5}, 0),
        ({"message": "x", "retry_after": 10**12}, 86_400),
        ({"message": "x", "metadata": {"retry_after_seconds": 1.5}}, 1.5),
        ({"message": "x", "details": ["odd", {"retryDelay": "48.9s"}]}, 48.9),
        ({"message": "x", "details": {"retryDelay": "1s"}}, None),
    ],
)
def test_it_finds_how_long_to_wait(error, seconds):
    assert read(429, {"error": error}).retry_after == (
        None if seconds is None else pytest.approx(seconds)
    )


def test_it_keeps_the_parameter_and_refuses_an_unclean_code():
    error = read(400, {"error": {"message": "x", "param": "messages[0]", "code": "a b\n"}})
    assert (error.param, error.code) == ("messages[0]", "bad_request")


SECRETS = [
    "sk-proj-abcdefghij1234567890",
    "sk-ant-api03-abcdefghij1234567890-AA",
    "sk-or-v1-0123456789abcdef0123456789",
    "sk-abcd************************wxyz",
    "gsk_abcdefghij1234567890",
    "xai-abcdefghij1234567890",
    "pplx-abcdefghij1234567890",
    "hf_abcdefghijKLMNOP123456",
    "AIzaSyA-abcdefghijklmnopqrstuvwxyz01234",
    "ya29.a0AfH6SMBabcdefghijk",
    "AKIAIOSFODNN7EXAMPLE",
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl",
    "ann.lee+dev@corp.example.com",
    "10.1.2.3:8443",
]


@pytest.mark.parametrize("secret", SECRETS)
def test_it_tells_no_secret(secret):
    for said in (f"No access with {secret}.", f'{{"key": "{secret}"}}', f"({secret})"):
        for body in ({"error": {"message": said, "param": said, "code": secret}}, said.encode()):
            error = read(403, body)
            assert secret not in error.message + str(error.param)


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("Authorization: Bearer abcdefgh123 refused", "Authorization: Bearer [redacted] refused"),
        ("api_key=abcdefgh1 is bad", "api_key=[redacted] is bad"),
        ('"password": "hunter22"', '"password": "[redacted]"'),
        ("see https://api.x.com/docs?key=abcdef#top", "see https://api.x.com/docs"),
        ("at http://worker-7.prod.svc/v1", "at [address]"),
        ("at http://worker.internal:8080/v1", "at [address]"),
        ("at http://localhost/v1", "at [address]"),
        ("at https://10.0.0.1/v1", "at [address]"),
        ("at https://api.x.com:8443/v1", "at [address]"),
        ("at redis://cache.x.com/0", "at [address]"),
        ("at http://[broken/v1", "at [address]"),
        ("line\r\nData: x\x00y", "line Data: x y"),
        (
            "Unknown keyboard_interrupt_handler in sk-learn",
            "Unknown keyboard_interrupt_handler in sk-learn",
        ),
    ],
)
def test_it_tells_no_internal_address_and_keeps_the_rest(said, told):
    assert read(400, {"error": {"message": said}}).message == told


def test_a_message_is_short_even_when_the_answer_is_not():
    for text in ("x" * 10_000, "ü" * 10_000, "🙂" * 10_000, "a@" * 50_000):
        message = read(400, {"error": {"message": text}}).message
        assert len(message.encode()) <= 2048
        message.encode().decode()


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
    assert FORMAT.read_error(status, body).message


@pytest.mark.parametrize(
    ("error", "type_", "code"),
    [
        (gw.InvalidRequest("x", param="n"), "invalid_request_error", "bad_request"),
        (gw.Unsupported("x"), "invalid_request_error", "unsupported_parameter"),
        (gw.Unauthenticated("x"), "authentication_error", "invalid_api_key"),
        (gw.PaymentRequired("x"), "billing_error", "budget_exceeded"),
        (gw.Forbidden("x"), "permission_error", "forbidden"),
        (gw.NotFound("x"), "invalid_request_error", "not_found"),
        (gw.TooLarge("x"), "invalid_request_error", "request_too_large"),
        (gw.RateLimited("x"), "rate_limit_error", "rate_limit_exceeded"),
        (gw.Unavailable("x"), "server_error", "service_unavailable"),
        (gw.UpstreamError("x", status=502, kind="server"), "server_error", "bad_gateway"),
        (gw.UpstreamError("x", status=504, kind="timeout"), "server_error", "gateway_timeout"),
        (
            gw.UpstreamError("x", status=529, kind="overloaded"),
            "server_error",
            "service_unavailable",
        ),
        (
            gw.UpstreamError("x", status=400, kind="context_length"),
            "invalid_request_error",
            "context_length_exceeded",
        ),
    ],
)
def test_it_writes_the_gateways_errors_as_openai_does(error, type_, code):
    assert FORMAT.write_error(error, "req-1") == {
        "error": {"message": "x", "type": type_, "param": error.param, "code": code},
        "request_id": "req-1",
    }


def test_details_stand_beside_the_message_and_never_replace_it():
    error = gw.RateLimited("Wait.", details={"reset_seconds": 5, "message": "other"})
    assert FORMAT.write_error(error, "r")["error"] == {
        "reset_seconds": 5,
        "message": "Wait.",
        "type": "rate_limit_error",
        "param": None,
        "code": "rate_limit_exceeded",
    }
