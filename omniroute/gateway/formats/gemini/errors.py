"""The gateway's errors as Google writes them (google.rpc.Status), whole or inside of a stream."""

from __future__ import annotations

from typing import Any

import orjson

from omniroute.gateway import sse
from omniroute.gateway.errors import GatewayError, Kind

_STATUSES: dict[Kind, str] = {
    "invalid_request": "INVALID_ARGUMENT",
    "context_length": "INVALID_ARGUMENT",
    "authentication": "UNAUTHENTICATED",
    "billing": "RESOURCE_EXHAUSTED",
    "permission": "PERMISSION_DENIED",
    "not_found": "NOT_FOUND",
    "too_large": "INVALID_ARGUMENT",
    "rate_limit": "RESOURCE_EXHAUSTED",
    "server": "INTERNAL",
    "overloaded": "UNAVAILABLE",
    "timeout": "DEADLINE_EXCEEDED",
}
_RPC = "type.googleapis.com/google.rpc."


def write(error: GatewayError, request_id: str) -> dict[str, Any]:
    details: list[dict[str, Any]] = []
    if error.code is not None:
        info = {"reason": error.code.upper(), "domain": "omniroute"}
        details.append({"@type": f"{_RPC}ErrorInfo", **info})
    if error.param is not None:
        wrong = {"field": error.param, "description": error.message}
        details.append({"@type": f"{_RPC}BadRequest", "fieldViolations": [wrong]})
    if error.retry_after is not None:
        details.append({"@type": f"{_RPC}RetryInfo", "retryDelay": f"{error.retry_after:g}s"})
    details.append({"@type": f"{_RPC}RequestInfo", "requestId": request_id})
    told = {
        **(error.details or {}),
        "code": error.status,
        "message": error.message,
        "status": _STATUSES[error.kind],
        "details": details,
    }
    return {"error": told}


def stream(error: GatewayError, request_id: str) -> bytes:
    return sse.encode(orjson.dumps(write(error, request_id)))
