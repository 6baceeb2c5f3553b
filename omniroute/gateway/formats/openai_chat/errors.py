"""Errors, in both directions: every vendor's shape -> UpstreamError; the gateway's own -> OpenAI's.

Seen shapes: OpenAI, Azure, OpenRouter (`metadata.raw`), Groq (`failed_generation`), Google (a list,
`details`), Mistral and vLLM (flat, `detail`), Cohere and Bedrock (`message`), xAI and Ollama
(`error` is a string), FastAPI (`detail` list), Cloudflare (`errors`), HTML and plain text.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import orjson

from omniroute.gateway.errors import GatewayError, Kind, UpstreamError

from . import verdict
from .redaction import clean

_MAX_RAW = 64 * 1024
_TITLE = re.compile(r"<title[^>]*>([^<]{1,300})", re.IGNORECASE)
_CODE = re.compile(r"[A-Za-z0-9_.:-]{1,64}\Z")

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
_CODES: dict[Kind, str] = {
    "invalid_request": "bad_request",
    "context_length": "context_length_exceeded",
    "authentication": "invalid_api_key",
    "billing": "payment_required",
    "permission": "insufficient_permissions",
    "not_found": "model_not_found",
    "too_large": "request_too_large",
    "rate_limit": "rate_limit_exceeded",
    "server": "internal_server_error",
    "overloaded": "service_unavailable",
    "timeout": "gateway_timeout",
}
_STATUS_CODES = {
    500: "internal_server_error",
    502: "bad_gateway",
    503: "service_unavailable",
    504: "gateway_timeout",
}


@dataclass(slots=True, kw_only=True)
class _Found:
    """What a body says, in its own words."""

    message: str = ""
    code: str = ""
    type: str = ""
    param: str = ""
    status: int | None = None
    retry_after: float | None = None


def read(status: int, body: bytes) -> UpstreamError:
    """A provider's error answer; `body` may be anything."""
    raw = body[:_MAX_RAW]
    try:
        value = orjson.loads(raw)
    except orjson.JSONDecodeError:
        return _made(status, _Found(message=_plain(raw.decode("utf-8", "replace"))))
    return _made(status, _found(value))


def inside(body: dict[str, Any]) -> UpstreamError:
    """The error in a body or an event that came with status 200."""
    return _made(200, _found(body))


def event(data: bytes) -> UpstreamError:
    """The error of an event that is named one; its data may hold the error itself."""
    return read(200, data)


def write(error: GatewayError, request_id: str) -> dict[str, Any]:
    told: dict[str, Any] = {
        **(error.details or {}),
        "message": error.message,
        "type": _TYPES[error.kind],
        "param": error.param,
        "code": error.code or _STATUS_CODES.get(error.status) or _CODES[error.kind],
    }
    return {"error": told, "request_id": request_id}


def _made(status: int, found: _Found) -> UpstreamError:
    told = status if status >= 400 else found.status or status
    words = f"{found.type} {found.code} {found.message}"
    kind = verdict.kind(told, words)
    told = verdict.status(told, kind)
    message = clean(found.message) or f"The provider answered with status {told} and no reason."
    wait = found.retry_after if found.retry_after is not None else verdict.wait(found.message)
    return UpstreamError(
        message,
        status=told,
        kind=kind,
        code=_code(found, kind),
        param=clean(found.param)[:200] or None,
        retry_after=None if wait is None else min(max(wait, 0.0), verdict.MAX_WAIT),
    )


def _code(found: _Found, kind: Kind) -> str:
    if _CODE.match(found.code) and not found.code.isdigit():
        return found.code
    return _CODES[kind]


def _found(value: object) -> _Found:
    if isinstance(value, list):
        value = value[0] if value else None
    if isinstance(value, str):
        return _Found(message=value)
    if not isinstance(value, dict):
        return _Found()
    error = value.get("error")
    if isinstance(error, dict):
        return _object(error)
    found = _object(value)
    if isinstance(error, str):
        found.message = f"{error}: {found.message}" if found.message else error
    return found


def _object(error: dict[str, Any]) -> _Found:
    code = error.get("code")
    number = next((n for n in map(_number, (code, error.get("status"))) if n), None)
    number = number or _number(error.get("status_code"))
    metadata = error.get("metadata")
    details = metadata if isinstance(metadata, dict) else {}
    return _Found(
        message=_message(error, details),
        code=code if isinstance(code, str) else _string(error, "status"),
        type=_string(error, "type"),
        param=_string(error, "param"),
        status=number,
        retry_after=_retry_after(error, details),
    )


def _message(error: dict[str, Any], metadata: dict[str, Any]) -> str:
    message = next(
        (
            said
            for key in ("message", "Message", "detail", "msg", "title", "error_description")
            if (said := _said(error.get(key)))
        ),
        "",
    )
    if not message and isinstance(error.get("errors"), list) and error["errors"]:
        message = _said(error["errors"][0])
    raw = metadata.get("raw")
    if isinstance(raw, str) and raw:
        inner = _inner(raw)
        return f"{message}: {inner}" if message else inner
    failed = error.get("failed_generation")
    return (
        f"{message} (the model wrote: {failed})" if isinstance(failed, str) and failed else message
    )


def _said(value: object) -> str:
    """A message that may be a string, an object with one, or FastAPI's list of complaints."""
    if isinstance(value, str):
        return value
    if isinstance(value, dict):
        return _said(value.get("message") or value.get("msg") or value.get("detail"))
    if isinstance(value, list):
        return "; ".join(_complaint(item) for item in value[:5])
    return ""


def _complaint(item: object) -> str:
    if not isinstance(item, dict) or not isinstance(item.get("loc"), list):
        return _said(item)
    return f"{'.'.join(str(step) for step in item['loc'])}: {_said(item)}"


def _inner(raw: str) -> str:
    """OpenRouter quotes the upstream's own answer, which may be JSON again."""
    try:
        value = orjson.loads(raw)
    except orjson.JSONDecodeError:
        return raw
    return _found(value).message or raw


def _retry_after(error: dict[str, Any], metadata: dict[str, Any]) -> float | None:
    details = error.get("details")
    holders = [error, metadata, *(details if isinstance(details, list) else ())]
    for holder in holders:
        if not isinstance(holder, dict):
            continue
        for key in ("retry_after", "retry_after_seconds", "retryDelay"):
            seconds = verdict.seconds(holder.get(key))
            if seconds is not None:
                return seconds
    return None


def _plain(text: str) -> str:
    """The title of a page, or the text itself."""
    title = _TITLE.search(text)
    if title:
        return title[1].strip()
    return "" if text.lstrip().startswith("<") else text


def _number(value: object) -> int | None:
    if isinstance(value, str) and value.isdigit() and len(value) == 3:
        value = int(value)
    if isinstance(value, int) and not isinstance(value, bool) and 400 <= value <= 599:
        return value
    return None


def _string(error: dict[str, Any], key: str) -> str:
    value = error.get(key)
    return value if isinstance(value, str) else ""
