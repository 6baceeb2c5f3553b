"""The gateway's errors in the shape of the Messages API, whole or in the middle of a stream."""

from __future__ import annotations

from typing import Any

import orjson

from omniroute.gateway import sse
from omniroute.gateway.errors import GatewayError, Kind

_TYPES: dict[Kind, str] = {
    "invalid_request": "invalid_request_error",
    "context_length": "invalid_request_error",
    "authentication": "authentication_error",
    "billing": "billing_error",
    "permission": "permission_error",
    "not_found": "not_found_error",
    "too_large": "request_too_large",
    "rate_limit": "rate_limit_error",
    "server": "api_error",
    "overloaded": "overloaded_error",
    "timeout": "timeout_error",
}
_TOO_LONG = "prompt is too long"


def write_error(error: GatewayError, request_id: str) -> dict[str, Any]:
    message = error.message
    if error.kind == "context_length" and _TOO_LONG not in message:
        message = f"{_TOO_LONG}: {message}"  # what clients look for before they compact
    body: dict[str, Any] = {"type": _TYPES[error.kind], "message": message}
    if error.code is not None:
        body["code"] = error.code
    if error.param is not None:
        body["param"] = error.param
    if error.details is not None:
        body["details"] = dict(error.details)
    return {"type": "error", "error": body, "request_id": request_id}


def stream_error(error: GatewayError, request_id: str) -> bytes:
    return sse.encode(orjson.dumps(write_error(error, request_id)), b"error")
