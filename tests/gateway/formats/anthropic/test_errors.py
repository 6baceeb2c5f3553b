"""The gateway's errors in the shape of the Messages API."""

from __future__ import annotations

from typing import get_args

import pytest

from omniroute.gateway import errors
from omniroute.gateway.errors import GatewayError, InvalidRequest, Kind, UpstreamError
from omniroute.gateway.formats.anthropic import FORMAT

from .facts import events_in


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
