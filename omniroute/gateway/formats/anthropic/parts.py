"""The hub's parts into content blocks, for requests and for whole answers alike."""

from __future__ import annotations

from base64 import b64decode
from typing import Any

import orjson

from omniroute.gateway import ir
from omniroute.gateway.errors import Unsupported
from omniroute.gateway.formats.anthropic.name import FORMAT_NAME
from omniroute.gateway.translation import callids, carrier
from omniroute.gateway.translation.fields import own

Block = dict[str, Any]


def text_block(part: ir.Text | ir.Refusal) -> Block | None:
    """None for empty text, which no block may hold."""
    fields = own(part.extra, FORMAT_NAME)
    if "block" in fields:
        return dict(fields["block"])
    return {"type": "text", "text": part.text, **fields} if part.text else None


def thinking_block(part: ir.Thinking) -> Block:
    fields = own(part.extra, FORMAT_NAME)
    if part.redacted is not None and part.origin == FORMAT_NAME:
        return {"type": "redacted_thinking", "data": part.redacted, **fields}
    signature = carrier.signature_of(part, FORMAT_NAME)
    return {"type": "thinking", "thinking": part.text, "signature": signature, **fields}


def luggage_block(part: ir.Part) -> Block | None:
    """The block before a part that carries what must come back with it."""
    signature = carrier.luggage(part)
    if signature is None:
        return None
    return {"type": "thinking", "thinking": "", "signature": signature}


def call_block(part: ir.ToolCall, name: str) -> Block:
    arguments = call_input(part)
    fields = own(part.extra, FORMAT_NAME)
    return {"type": "tool_use", "id": part.id, "name": name, "input": arguments, **fields}


def call_input(part: ir.ToolCall) -> Block:
    """The arguments as an object. Text that is none is handed on whole, under one key."""
    if part.freeform:
        return {"input": part.arguments}
    try:
        value = orjson.loads(part.arguments or "{}")
    except orjson.JSONDecodeError:
        value = part.arguments
    return value if isinstance(value, dict) else {"arguments": value}


def media_block(part: ir.Image | ir.Document) -> Block:
    """Raises Unsupported for a document that is neither PDF nor text."""
    fields = own(part.extra, FORMAT_NAME)
    if isinstance(part, ir.Image):
        return {"type": "image", "source": _source(part.source), **fields}
    title = {"title": part.name} if part.name else {}
    if "source" in fields:
        return {"type": "document", **title, **fields}
    return {"type": "document", "source": _document_source(part.source), **title, **fields}


def _source(source: ir.Source) -> Block:
    if source.data is not None:
        return {"type": "base64", "media_type": source.media_type, "data": source.data}
    if source.url is not None:
        return {"type": "url", "url": source.url}
    return {"type": "file", "file_id": source.file_id}


def _document_source(source: ir.Source) -> Block:
    if source.data is None or source.media_type == "application/pdf":
        return _source(source)
    if not source.media_type.startswith("text/"):
        raise Unsupported(
            f"This provider reads PDF and text documents, not {source.media_type or 'this one'}. "
            "Send the document as PDF or text.",
            param="messages",
        )
    try:
        text = b64decode(source.data, validate=True).decode()
    except ValueError as exc:
        raise Unsupported("A text document is not valid base64.", param="messages") from exc
    return {"type": "text", "media_type": "text/plain", "data": text}


def call_id(given: str, fallback: str) -> str:
    """The id of a call towards a client: the provider's own, or one made from `fallback`."""
    return callids.encode(given) if given else fallback


def unshown(part: ir.Part) -> str:
    """What stands in an answer for a part that this API's clients cannot be shown."""
    return f"[The answer holds {type(part).__name__.lower()} content that this API cannot show.]"
