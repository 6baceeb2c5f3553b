"""Errors: the gateway's own as Google writes them, and Google's as the gateway understands them."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from omniroute.gateway.errors import GatewayError, InvalidRequest, RateLimited, UpstreamError
from omniroute.gateway.formats.gemini import FORMAT

RPC = "type.googleapis.com/google.rpc."


@pytest.mark.parametrize(
    ("kind", "status", "word"),
    [
        ("invalid_request", 400, "INVALID_ARGUMENT"),
        ("context_length", 400, "INVALID_ARGUMENT"),
        ("authentication", 401, "UNAUTHENTICATED"),
        ("billing", 402, "RESOURCE_EXHAUSTED"),
        ("permission", 403, "PERMISSION_DENIED"),
        ("not_found", 404, "NOT_FOUND"),
        ("too_large", 413, "INVALID_ARGUMENT"),
        ("rate_limit", 429, "RESOURCE_EXHAUSTED"),
        ("server", 500, "INTERNAL"),
        ("overloaded", 503, "UNAVAILABLE"),
        ("timeout", 504, "DEADLINE_EXCEEDED"),
    ],
)
def test_it_says_every_error_in_googles_words(kind: Any, status: int, word: str):
    written = FORMAT.write_error(UpstreamError("Why.", status=status, kind=kind), "id-1")
    assert written["error"] == {
        "code": status,
        "message": "Why.",
        "status": word,
        "details": [{"@type": f"{RPC}RequestInfo", "requestId": "id-1"}],
    }


def test_it_gives_the_reason_the_field_and_the_wait():
    error = InvalidRequest("`n` must be one.", param="n", code="unsupported", retry_after=4.5)
    details = FORMAT.write_error(error, "id-1")["error"]["details"]
    assert [each.pop("@type").removeprefix(RPC) for each in details] == [
        "ErrorInfo",
        "BadRequest",
        "RetryInfo",
        "RequestInfo",
    ]
    assert details[0] == {"reason": "UNSUPPORTED", "domain": "omniroute"}
    assert details[1] == {
        "fieldViolations": [{"field": "n", "description": "`n` must be one."}],
    }
    assert details[2] == {"retryDelay": "4.5s"}
    told = FORMAT.write_error(GatewayError("x", details={"advice": "y", "code": 1}), "i")["error"]
    assert (told["advice"], told["code"]) == ("y", 500)


def test_it_puts_an_error_into_a_stream_as_an_object_that_clients_repeat_for():
    error = RateLimited("Slow down.", retry_after=1)
    raw = FORMAT.stream_error(error, "id-1")
    assert raw is not None
    assert raw.startswith(b"data: {")
    assert raw.endswith(b"\n\n")
    assert orjson.loads(raw[6:]) == FORMAT.write_error(error, "id-1")


@pytest.mark.parametrize(
    ("status", "error", "kind"),
    [
        (
            400,
            {
                "code": 400,
                "message": "API key not valid. Please pass a valid API key.",
                "status": "INVALID_ARGUMENT",
                "details": [{"@type": f"{RPC}ErrorInfo", "reason": "API_KEY_INVALID"}],
            },
            "authentication",
        ),
        (400, {"code": 400, "message": "Bad.", "status": "INVALID_ARGUMENT"}, "invalid_request"),
        (
            400,
            {
                "code": 400,
                "message": "The input token count (1200000) exceeds the maximum number of tokens"
                " allowed (1048576).",
                "status": "INVALID_ARGUMENT",
            },
            "context_length",
        ),
        (403, {"code": 403, "message": "No.", "status": "PERMISSION_DENIED"}, "permission"),
        (
            404,
            {"code": 404, "message": "models/x is not found", "status": "NOT_FOUND"},
            "not_found",
        ),
        (503, {"code": 503, "message": "Overloaded.", "status": "UNAVAILABLE"}, "overloaded"),
        (500, {"code": 500, "message": "Internal.", "status": "INTERNAL"}, "server"),
        (504, {"code": 504, "message": "Late.", "status": "DEADLINE_EXCEEDED"}, "timeout"),
    ],
)
def test_it_understands_googles_errors_also_inside_of_a_list(status: int, error: Any, kind: str):
    for body in ({"error": error}, [{"error": error}]):
        found = FORMAT.read_error(status, orjson.dumps(body))
        assert (found.status, found.kind) == (status, kind)
        assert error["message"] in found.message


def test_it_finds_out_how_long_to_wait():
    error = {
        "code": 429,
        "message": "You exceeded your current quota. Please retry in 48.9s.",
        "status": "RESOURCE_EXHAUSTED",
        "details": [{"@type": f"{RPC}RetryInfo", "retryDelay": "48s"}],
    }
    found = FORMAT.read_error(429, orjson.dumps({"error": error}))
    assert (found.kind, found.retry_after) == ("rate_limit", 48.0)
    del error["details"]
    assert FORMAT.read_error(429, orjson.dumps({"error": error})).retry_after == 48.9
