"""A provider's error answer, of whatever shape, into one UpstreamError.

Seen shapes: OpenAI (Chat, Responses), Anthropic, Gemini (also in a list, `details`), Azure,
OpenRouter (`metadata.raw`), Groq (`failed_generation`), Mistral and vLLM (flat, `detail`), Cohere
and Bedrock (`message`, `__type`), xAI and Ollama (`error` is a string), GLM (`success`), MiniMax
(`base_resp`), FastAPI (`detail` list), Cloudflare (`errors`), HTML and plain text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import Any

import orjson

from omniroute.gateway.errors import Kind, UpstreamError
from omniroute.gateway.translation import verdict
from omniroute.gateway.translation.redaction import clean

_MAX_RAW = 64 * 1024
_MAX_NESTING = 5
_MAX_COMPLAINTS = 5
_SAID = ("message", "Message", "detail", "msg", "error_description", "title", "error", "errors")
_TITLE = re.compile(r"<(?:title|h1)[^>]*>([^<]{1,300})", re.IGNORECASE)
_CODE = re.compile(r"[A-Za-z0-9_.:-]{1,64}\Z")
CODES: dict[Kind, str] = {
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


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """What a body says, in its own words. `names` are its fields for the kind of the error."""

    message: str = ""
    code: str = ""
    names: tuple[str, ...] = ()
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
    return of(value, status)


def inside(value: object) -> UpstreamError | None:
    """The error in an answer or an event that came with status 200; None when it is none."""
    body = _first(value)
    if not isinstance(body, dict):
        return None
    reply = body.get("base_resp")
    wrong = (
        body.get("error")
        or body.get("errors")
        or body.get("type") == "error"
        or body.get("success") is False
        or (isinstance(reply, dict) and reply.get("status_code"))
    )
    return of(body) if wrong else None


def of(value: object, status: int = 200) -> UpstreamError:
    """The error that a decoded body or an error object tells."""
    return _made(status, _found(value))


def _made(status: int, found: _Found) -> UpstreamError:
    told = status if status >= 400 else found.status or status
    wait = found.retry_after if found.retry_after is not None else verdict.wait(found.message)
    kind = verdict.kind(told, found.names, found.message, waits=wait is not None)
    told = verdict.status(told, kind, found.names)
    return UpstreamError(
        clean(found.message) or _phrase(told),
        status=told,
        kind=kind,
        code=found.code or CODES[kind],
        param=clean(found.param)[:200] or None,
        retry_after=None if wait is None else min(max(wait, 0.0), verdict.MAX_WAIT),
    )


def _found(value: object) -> _Found:
    value = _first(value)
    if not isinstance(value, dict):
        return _Found(message=_said(value))
    error = _first(value.get("error") or value.get("errors"))
    if isinstance(error, dict):
        return _object(error)
    reply = value.get("base_resp")
    if isinstance(reply, dict):
        return _Found(message=_said(reply.get("status_msg")))
    found = _object({key: inner for key, inner in value.items() if key != "error"})
    if isinstance(error, str) and error:
        said = f"{error}: {found.message}" if found.message else error
        return replace(found, message=said)
    return found


def _object(error: dict[str, Any]) -> _Found:
    metadata = error.get("metadata")
    extras = metadata if isinstance(metadata, dict) else {}
    details = error.get("details")
    notes = (
        [note for note in details if isinstance(note, dict)] if isinstance(details, list) else []
    )
    code = error.get("code") if isinstance(error.get("code"), str) else error.get("status")
    reasons = [note.get("reason") for note in notes]
    given = [error.get("type"), error.get("__type"), error.get("code"), error.get("status")]
    numbers = map(_number, (error.get("code"), error.get("status"), error.get("status_code")))
    return _Found(
        message=_message(error, extras),
        code=_code(code),
        names=tuple(name for name in (*given, *reasons) if isinstance(name, str)),
        param=_string(error, "param"),
        status=next((number for number in numbers if number), None),
        retry_after=next(_waits([error, extras, *notes]), None),
    )


def _message(error: dict[str, Any], metadata: dict[str, Any]) -> str:
    message = _said(error)
    raw = _string(metadata, "raw")
    if raw:
        inner = _inner(raw)
        return f"{message}: {inner}" if message else inner
    failed = _string(error, "failed_generation")
    return f"{message} (the model wrote: {failed})" if failed else message


def _said(value: object, nesting: int = 0) -> str:
    """A message that may be a string, an object with one, or FastAPI's list of complaints."""
    if isinstance(value, str):
        return value
    if nesting > _MAX_NESTING:
        return ""
    if isinstance(value, dict):
        told = (_said(value.get(key), nesting + 1) for key in _SAID)
        return next(filter(None, told), "")
    if isinstance(value, list):
        told = (_complaint(item, nesting + 1) for item in value[:_MAX_COMPLAINTS])
        return "; ".join(filter(None, told))
    return ""


def _complaint(item: object, nesting: int) -> str:
    said = _said(item, nesting)
    if not isinstance(item, dict) or not isinstance(item.get("loc"), list):
        return said
    return f"{'.'.join(str(step) for step in item['loc'])}: {said}"


def _inner(raw: str) -> str:
    """OpenRouter quotes the upstream's own answer, which may be JSON again."""
    try:
        value = orjson.loads(raw)
    except orjson.JSONDecodeError:
        return raw
    return _found(value).message or raw


def _waits(holders: list[dict[str, Any]]) -> Iterator[float]:
    for holder in holders:
        for key in ("retry_after", "retry_after_seconds", "retryDelay"):
            seconds = verdict.seconds(holder.get(key))
            if seconds is not None:
                yield seconds


def _plain(text: str) -> str:
    """The title of a page, or the text itself."""
    title = _TITLE.search(text)
    if title:
        return title[1].strip()
    return "" if text.lstrip().startswith("<") else text


def _phrase(status: int) -> str:
    try:
        return f"The provider answered {status} ({HTTPStatus(status).phrase})."
    except ValueError:
        return f"The provider answered {status}."


def _first(value: object) -> object:
    if isinstance(value, list):
        return value[0] if value else None
    return value


def _number(value: object) -> int | None:
    if isinstance(value, str) and value.isdigit() and len(value) == 3:
        value = int(value)
    if isinstance(value, int) and not isinstance(value, bool) and 400 <= value <= 599:
        return value
    return None


def _code(value: object) -> str:
    """The provider's own word for the error; numbers are none."""
    if isinstance(value, str) and _CODE.match(value) and not value.isdigit():
        return value
    return ""


def _string(error: dict[str, Any], key: str) -> str:
    value = error.get(key)
    return value if isinstance(value, str) else ""
