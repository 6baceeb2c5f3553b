"""Errors towards a client, before a stream and inside of it."""

from __future__ import annotations

import orjson
import pytest

from omniroute.gateway.errors import (
    GatewayError,
    InvalidRequest,
    NotFound,
    RateLimited,
    Unauthenticated,
    Unavailable,
    UpstreamError,
)
from omniroute.gateway.formats.openai_responses import FORMAT

from .grammar import REQUIRED
from .wire import body


@pytest.mark.parametrize(
    ("error", "kind", "code"),
    [
        (InvalidRequest("x", param="input"), "invalid_request_error", "bad_request"),
        (Unauthenticated("x"), "authentication_error", "invalid_api_key"),
        (NotFound("x", code="model_not_found"), "invalid_request_error", "model_not_found"),
        (RateLimited("x"), "rate_limit_error", "rate_limit_exceeded"),
        (Unavailable("x"), "server_error", "service_unavailable"),
        (UpstreamError("x", status=502, kind="server"), "server_error", "bad_gateway"),
    ],
)
def test_it_writes_errors_as_openai_does(error, kind, code):
    found = FORMAT.write_error(error, "id")
    assert found["error"] == {"message": "x", "type": kind, "param": error.param, "code": code}


def test_it_tells_a_client_that_an_earlier_answer_is_gone():
    """SDKs and Codex look at the code."""
    with pytest.raises(InvalidRequest) as caught:
        FORMAT.read_request(body(previous_response_id="resp_1"))
    found = FORMAT.write_error(caught.value, "id")["error"]
    assert (found["code"], found["param"]) == (
        "previous_response_not_found",
        "previous_response_id",
    )


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (UpstreamError("x", status=502, kind="server", code="upstream_reset"), "server_error"),
        (UpstreamError("x", status=503, kind="overloaded", code="server_is_overloaded"), None),
        (UpstreamError("x", status=429, kind="rate_limit"), "server_error"),
        (GatewayError("x"), "server_error"),
        (UpstreamError("x", status=400, kind="context_length"), "context_length_exceeded"),
    ],
)
def test_it_ends_a_broken_stream_so_that_codex_asks_again(error, code):
    """`server_is_overloaded` would stop it, and silence would pass for success elsewhere."""
    told = FORMAT.stream_error(error, "0193-aa")
    assert told is not None
    found = _only(told)
    assert found["type"] == "response.failed"
    assert found["response"]["status"] == "failed"
    assert found["response"]["error"] == {"code": code or "server_error", "message": "x"}
    assert found["response"]["id"] == "resp_0193aa"
    assert not [field for field in REQUIRED if field not in found["response"]]


def test_it_numbers_the_last_event_behind_all_others():
    """Clients that resume skip what does not look new."""
    told = FORMAT.stream_error(GatewayError("x"), "id")
    assert told is not None
    assert _only(told)["sequence_number"] > 10**9


def _only(stream: bytes) -> dict:
    name, data = stream.removesuffix(b"\n\n").split(b"\n")
    assert name == b"event: response.failed"
    return orjson.loads(data.removeprefix(b"data: "))
