"""The gateway's errors in OpenAI's answers."""

from __future__ import annotations

from typing import Any

from omniroute.gateway.errors import GatewayError, Kind
from omniroute.gateway.translation.vendor_errors import CODES

_TYPES: dict[Kind, str] = {
    "invalid_request": "invalid_request_error",
    "context_length": "invalid_request_error",
    "authentication": "authentication_error",
    "billing": "billing_error",
    "permission": "permission_error",
    "not_found": "invalid_request_error",
    "too_large": "invalid_request_error",
    "rate_limit": "rate_limit_error",
    "server": "server_error",
    "overloaded": "server_error",
    "timeout": "server_error",
}
_STATUS_CODES = {
    500: "internal_server_error",
    502: "bad_gateway",
    503: "service_unavailable",
    504: "gateway_timeout",
}


def write(error: GatewayError, request_id: str) -> dict[str, Any]:
    told: dict[str, Any] = {
        **(error.details or {}),
        "message": error.message,
        "type": _TYPES[error.kind],
        "param": error.param,
        "code": error.code or _STATUS_CODES.get(error.status) or CODES[error.kind],
    }
    return {"error": told, "request_id": request_id}
