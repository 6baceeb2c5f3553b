"""What an error answer means for the caller: a status, and how long to wait."""

from __future__ import annotations

import pytest

from .test_vendor_errors import read


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
def test_it_finds_a_status_for_what_has_none(status, body, told, kind):
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
