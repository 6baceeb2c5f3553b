"""A provider's error answer, of whatever shape, into one UpstreamError.

Anthropic's own shape, OpenAI's, Gemini's, Bedrock's, those of GLM and MiniMax (also inside a 200),
FastAPI's and Cloudflare's, plain strings, and the HTML of proxies.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import orjson

from omniroute.gateway.errors import Kind, UpstreamError
from omniroute.gateway.formats.anthropic.redact import clean

_KINDS: dict[str, Kind] = {
    "invalid_request_error": "invalid_request",
    "authentication_error": "authentication",
    "billing_error": "billing",
    "insufficient_quota": "billing",
    "permission_error": "permission",
    "not_found_error": "not_found",
    "request_too_large": "too_large",
    "rate_limit_error": "rate_limit",
    "api_error": "server",
    "server_error": "server",
    "overloaded_error": "overloaded",
    "timeout_error": "timeout",
    "ValidationException": "invalid_request",
    "AccessDeniedException": "permission",
    "ThrottlingException": "rate_limit",
    "ServiceUnavailableException": "overloaded",
}
_BY_STATUS: dict[int, Kind] = {
    401: "authentication",
    402: "billing",
    403: "permission",
    404: "not_found",
    408: "timeout",
    413: "too_large",
    429: "rate_limit",
    503: "overloaded",
    504: "timeout",
    529: "overloaded",
}
_STATUS: dict[Kind, int] = {
    "invalid_request": 400,
    "context_length": 400,
    "authentication": 401,
    "billing": 402,
    "permission": 403,
    "not_found": 404,
    "too_large": 413,
    "rate_limit": 429,
    "server": 502,
    "overloaded": 529,
    "timeout": 504,
}
_MAX_PAGE = 4096
_MAX_NESTING = 5
_TOO_LONG = re.compile(
    r"(?i)prompt is too long|context[ _](?:length|window|limit)|maximum context"
    r"|input is too long|too many (?:input )?tokens"
)
_BROKE = re.compile(
    r"(?i)credit balance|insufficient (?:balance|quota|credit|fund)|billing|余额不足"
)
_TITLE = re.compile(r"(?is)<(?:title|h1)[^>]*>(.*?)</")
_SECONDS = re.compile(r"(?i)(?:try again|retry) (?:in|after) (\d+(?:\.\d+)?) ?s")


def read_error(status: int, body: bytes) -> UpstreamError:
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError:
        value = _page(body[:_MAX_PAGE].decode("utf-8", "replace"))
    found = find(value)
    return fault(value if found is None else found, status)


def find(body: Any) -> Any:
    """The error object inside an answer; None when the answer is no error."""
    if isinstance(body, list):
        body = body[0] if body else None
    if not isinstance(body, Mapping):
        return None
    for key in ("error", "errors"):
        if body.get(key):
            inner = body[key]
            return inner[0] if isinstance(inner, list) else inner
    if body.get("type") == "error":
        return body
    reply = body.get("base_resp")  # MiniMax
    if isinstance(reply, Mapping) and reply.get("status_code"):
        return {"message": reply.get("status_msg"), "code": reply["status_code"]}
    return body if body.get("success") is False else None  # GLM


def fault(error: Any, status: int = 200) -> UpstreamError:
    """The error object, text or number `error` of an answer with `status`."""
    fields = error if isinstance(error, Mapping) else {}
    message = _message(error)
    word = fields.get("type") or fields.get("__type") or fields.get("code")
    kind = _kind(str(word), status, message)
    code, param = fields.get("code"), fields.get("param")
    wait = _SECONDS.search(message)
    return UpstreamError(
        clean(message) or _phrase(status),
        status=status if status >= 400 else _STATUS[kind],
        kind=kind,
        code=None if code is None else clean(str(code))[:64],
        param=param if isinstance(param, str) else None,
        retry_after=min(float(wait[1]), 86400.0) if wait else None,
    )


def _kind(word: str, status: int, message: str) -> Kind:
    kind = _KINDS.get(word)
    if kind in (None, "invalid_request", "server"):  # words that some use for everything
        fallback: Kind = "invalid_request" if 400 <= status < 500 else "server"
        kind = _BY_STATUS.get(status) or kind or fallback
    if kind in ("invalid_request", "too_large") and _TOO_LONG.search(message):
        return "context_length"
    if kind in ("invalid_request", "rate_limit", "permission") and _BROKE.search(message):
        return "billing"
    return kind


def _message(error: Any, nesting: int = 0) -> str:
    if nesting > _MAX_NESTING or error is None:
        return ""
    if isinstance(error, Mapping):
        for key in ("message", "Message", "msg", "detail", "error_description", "title", "error"):
            if error.get(key):
                return _message(error[key], nesting + 1)
        return ""
    if isinstance(error, list):
        return "; ".join(filter(None, (_message(one, nesting + 1) for one in error[:5])))
    return str(error)


def _page(text: str) -> str:
    """What a page of HTML is about; other text is the message itself."""
    title = _TITLE.search(text)
    return re.sub(r"<[^>]*>", " ", title[1] if title else text)


def _phrase(status: int) -> str:
    try:
        return f"The provider answered {status} ({HTTPStatus(status).phrase})."
    except ValueError:
        return f"The provider answered {status}."
