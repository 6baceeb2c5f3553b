"""The hub's parts into Gemini's, for requests and for answers alike."""

from __future__ import annotations

from typing import Any

import orjson

from omniroute.gateway import ir
from omniroute.gateway.formats.gemini.spelling import FORMAT_NAME
from omniroute.gateway.translation.fields import own

Part = dict[str, Any]


def text(part: ir.Text | ir.Refusal) -> Part:
    return {"text": part.text, **own(part.extra, FORMAT_NAME)}


def thought(part: ir.Thinking) -> Part:
    """A signature belongs to it only if Gemini made it."""
    written: Part = {"text": part.text, "thought": True}
    if part.origin != FORMAT_NAME:
        return written
    if part.signature:
        written["thoughtSignature"] = part.signature
    return {**written, **own(part.extra, FORMAT_NAME)}


def call(part: ir.ToolCall, name: str) -> Part:
    called = {"name": name, "args": arguments(part)}
    if part.id:
        called = {"id": part.id, **called}
    return {"functionCall": called, **own(part.extra, FORMAT_NAME)}


def arguments(part: ir.ToolCall) -> dict[str, Any]:
    """The arguments as an object. Text that is none is handed on whole, under one key."""
    if part.freeform:
        return {"input": part.arguments}
    value = decoded(part.arguments)
    return value if isinstance(value, dict) else {"arguments": part.arguments}


def decoded(given: str) -> Any:
    """The JSON in `given`, no arguments as an empty object; None when it is not whole, or nested
    too deeply to be written again."""
    try:
        value = orjson.loads(given or "{}")
        orjson.dumps(value)
    except (orjson.JSONDecodeError, orjson.JSONEncodeError):
        return None
    return value


def blob(source: ir.Source) -> Part:
    """Media that is there as data."""
    return {"mimeType": kind(source), "data": source.data}


def kind(source: ir.Source) -> str:
    return source.media_type or "application/octet-stream"
