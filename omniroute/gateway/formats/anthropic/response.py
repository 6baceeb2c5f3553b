"""Whole answers, in both directions."""

from __future__ import annotations

from typing import Any

from omniroute.gateway import ir
from omniroute.gateway.errors import InvalidRequest, UpstreamFailure
from omniroute.gateway.formats import Head
from omniroute.gateway.formats.anthropic import counts, parts, stops
from omniroute.gateway.formats.anthropic.blocks import read_content
from omniroute.gateway.formats.anthropic.name import FORMAT_NAME
from omniroute.gateway.tokens import estimate
from omniroute.gateway.translation import vendor_errors
from omniroute.gateway.translation.answers import name
from omniroute.gateway.translation.fields import Fields, filed, own
from omniroute.gateway.usage import Usage

_MODELLED = ("id", "type", "role", "model", "content", "stop_reason", "stop_sequence", "usage")


def read_response(body: Any) -> ir.Response:
    """Raises UpstreamError for an error inside a 200, UpstreamFailure for malformed ones."""
    error = vendor_errors.inside(body)
    if error is not None:
        raise error
    if not isinstance(body, dict) or not isinstance(body.get("content"), list | str):
        raise UpstreamFailure("protocol", "not a message")
    try:
        content = read_content(Fields(body, dotted=True))
    except InvalidRequest as exc:
        raise UpstreamFailure("protocol", exc.message) from exc
    reason, sequence = body.get("stop_reason"), body.get("stop_sequence")
    rest = {key: value for key, value in body.items() if key not in _MODELLED}
    fields = {**rest, **stops.unusual(reason)}
    return ir.Response(
        id=name(body.get("id")),
        model=name(body.get("model")),
        parts=content,
        finish=stops.read(reason, has_calls(content)),
        stop_sequence=sequence if isinstance(sequence, str) else None,
        usage=counts.read(body.get("usage")),
        extra=filed(FORMAT_NAME, fields),
    )


def has_calls(content: tuple[ir.Part, ...]) -> bool:
    return any(isinstance(part, ir.ToolCall) for part in content)


def is_plain(body: Any) -> bool:
    return isinstance(body, dict) and body.get("type") == "message" and not body.get("error")


def write_response(response: ir.Response, head: Head) -> dict[str, Any]:
    blocks = [
        block
        for n, part in enumerate(response.parts)
        for block in (parts.luggage_block(part), _block(part, head, n))
        if block is not None
    ]
    return {
        "id": message_id(head),
        "type": "message",
        "role": "assistant",
        "model": head.model,
        "content": blocks,
        "stop_reason": stops.write(response.finish, has_calls(response.parts)),
        "stop_sequence": response.stop_sequence,
        "usage": counts.write(response.usage or _estimated(blocks, head)),
        **own(response.extra, FORMAT_NAME),
    }


def _estimated(blocks: list[dict[str, Any]], head: Head) -> Usage:
    output = estimate(len(str(blocks))) if blocks else 0
    return Usage(input=head.prompt_estimate, output=output, basis="estimated")


def message_id(head: Head) -> str:
    return "msg_" + head.id.replace("-", "")


def call_fallback(head: Head, n: int) -> str:
    """The id of a call that its provider gave none."""
    return f"toolu_{head.id.replace('-', '')}_{n}"


def _block(part: ir.Part, head: Head, n: int) -> dict[str, Any] | None:
    match part:
        case ir.Text() | ir.Refusal():
            return parts.text_block(part)
        case ir.Thinking():
            return parts.thinking_block(part)
        case ir.ToolCall():
            block = parts.call_block(part, part.name)
            block["id"] = parts.call_id(part.id, call_fallback(head, n))
            return block
        case ir.Opaque(format=name, value=value):
            return dict(value) if name == FORMAT_NAME else None
        case _:
            return {"type": "text", "text": parts.unshown(part)}


def rename(body: Any, model: str) -> None:
    if isinstance(body, dict) and "model" in body:
        body["model"] = model


def response_usage(body: Any) -> Usage | None:
    return counts.read(body.get("usage")) if isinstance(body, dict) else None
