"""The gateway's errors in OpenAI's shape."""

from __future__ import annotations

import pytest

from omniroute.gateway import errors as gw
from omniroute.gateway.formats.openai_chat import FORMAT


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


def test_it_puts_details_beside_the_message_and_never_over_it():
    error = gw.RateLimited("Wait.", details={"reset_seconds": 5, "message": "other"})
    assert FORMAT.write_error(error, "r")["error"] == {
        "reset_seconds": 5,
        "message": "Wait.",
        "type": "rate_limit_error",
        "param": None,
        "code": "rate_limit_exceeded",
    }
